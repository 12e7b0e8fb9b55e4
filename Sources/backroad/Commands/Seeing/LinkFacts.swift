import Links
import Text
import Wire

/// What is known of a link besides what is seen of it: out of its file, and what the operator says of itself.
struct LinkFacts: Sendable {
  /// Whose it is.
  let workspace: String
  /// Its file.
  let link: Link
  /// The environment that it is of; nil where there is no profile, or nothing says it.
  let choice: EnvironmentChoice?
  /// Who is to be allowed; empty for what is not known.
  let principals: [String]

  init(_ link: Link, of workspace: String, _ profile: OperatorProfile?) {
    self.workspace = workspace
    self.link = link
    choice = profile?.environment(of: link)
    principals = profile?.principals ?? []
  }

  /// The networks that the customer is to let in.
  var networks: [IPPrefix] { choice?.environment.networks ?? [] }

  /// The principal to allow, in words.
  var principal: String { principals.isEmpty ? "this side's principal" : principals.joined(separator: ", ") }

  /// True for a kind whose targets are databases, which fail over.
  var isDatabase: Bool { ["postgres", "mysql", "redshift"].contains(link.kind) }

  /// What is to be asked about regions, the end of a sentence.
  var regions: String {
    guard let ours = choice?.environment.region, let theirs = link.serviceRegion else {
      return "is it the service's region, and is this side's region enabled for the service?"
    }
    return theirs.isSame(as: ours)
      ? "is the service in \(theirs), as the link says?"
      : "is \(ours) a supported region of the service, which is in \(theirs)?"
  }
}

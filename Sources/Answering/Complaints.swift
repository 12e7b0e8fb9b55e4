import Bounds
import Forwarding
import Wire
import Workspaces
import Zones

/// What a person at `dig` is told when there is no ordinary answer (RFC 8914). One place, so that they read alike.
enum Complaints {
  /// Nobody's client: the most common mistake, so the address that the server saw is named.
  static func noWorkspace(_ client: IPAddress) -> ExtendedError {
    ExtendedError(.prohibited, "client \(client) is in no workspace, add it to the clients of one or lease it")
  }

  /// Two workspaces claim the client's prefix.
  static func disputed(_ prefix: IPPrefix) -> ExtendedError {
    ExtendedError(.prohibited, "clients \(prefix) are claimed by two workspaces, run backroad check")
  }

  /// Two workspaces claim something else that the query shows.
  static func disputed(_ basis: Basis) -> ExtendedError {
    ExtendedError(.prohibited, "\(basis.phrase) is claimed by two workspaces, run backroad check")
  }

  /// What the query shows is of two workspaces. Which ones is in the log: a client is told of no other's.
  static func violation(_ first: Basis, _ second: Basis) -> ExtendedError {
    ExtendedError(.prohibited, "\(first.phrase) and \(second.phrase) are of different workspaces, see the server's log")
  }

  static func missing(_ basis: Basis) -> ExtendedError {
    switch basis {
    case .token: ExtendedError(.prohibited, "the workspace requires a token, and the query has none")
    case .listener: ExtendedError(.prohibited, "the workspace requires its own listening address, and this is another")
    case .lease: ExtendedError(.prohibited, "the workspace requires a lease, and the client's address has none")
    case .clients: ExtendedError(.prohibited, "the workspace requires its clients' prefixes, and the client is in none")
    }
  }

  static let unknownToken = ExtendedError(
    .prohibited, "the token is no workspace's, make one with backroad workspace token")
  static let tokenTwice = ExtendedError(.other, "the query has two tokens, and may have one")

  static let otherClass = ExtendedError(.notSupported, "only class IN, and CH for questions about the server")
  static let transfer = ExtendedError(.notSupported, "zones are not transferred from here")
  static let metaType = ExtendedError(.notSupported, "this type is not data and cannot be asked for")
  static let chaosName = ExtendedError(
    .notSupported, "in class CH ask TXT of version.bind, id.server, hostname.bind or whoami.backroad")

  static func notHeld(_ workspace: WorkspaceName) -> ExtendedError {
    ExtendedError(
      .notAuthoritative, "no zone of workspace \(workspace) holds this name, and recursion was not asked for")
  }

  static let delegated = ExtendedError(
    .other, "this name is delegated to the servers named, add a forwarding rule to have it resolved")
  static let chainTooLong = ExtendedError(.other, "the chain of CNAMEs is longer than 8 or goes in a circle")

  static func queriesSpent(at name: Name) -> ExtendedError {
    ExtendedError(
      .other,
      "the \(Limits.Forwarding.queriesOfQuestion) queries that a question may cost were spent on the way to \(name)")
  }

  static let tooLarge = ExtendedError(.other, "the answer does not fit into a message")

  static func noRule(_ workspace: WorkspaceName, _ name: Name) -> ExtendedError {
    ExtendedError(.noReachableAuthority, "workspace \(workspace) has no forwarding for \(name)")
  }

  static func closed(_ rule: ForwardRule, _ workspace: WorkspaceName) -> ExtendedError {
    let isServers = rule.author == .server
    let text =
      switch rule.origin {
      case .specialNames where rule.zone == SpecialNames.whoAmI:
        "\(rule.zone) is answered in class CH alone, ask for CH TXT"
      case .specialNames: "forwarding of \(rule.zone) is closed, for no upstream has such names, a rule for it opens it"
      case .searchList:
        "\(rule.zone) is a search domain, closed by the search list of \(isServers ? "the server" : "workspace \(workspace)")"
      case .forwarding:
        isServers
          ? "forwarding of \(rule.zone) is closed by a rule of the server"
          : "forwarding of \(rule.zone) is closed in workspace \(workspace)"
      }
    return ExtendedError(.blocked, text)
  }

  static func aliasTargetMissing(_ target: Name) -> ExtendedError {
    ExtendedError(.other, "the ALIAS leads to \(target), which does not exist")
  }

  static func aliasTargetDelegated(_ target: Name) -> ExtendedError {
    ExtendedError(
      .other, "the ALIAS leads to \(target), which is delegated, add a forwarding rule to have it resolved")
  }

  /// A link's name that is not answered, whatever was asked.
  static func closed(_ link: String, _ closure: LinkGuards.Closure) -> ExtendedError {
    switch closure {
    case .noEndpoint:
      ExtendedError(.notReady, "link \(link) has no endpoint yet, give it one with backroad link set-endpoint")
    case .publicAddress(let address): publicAddress(link, address)
    case .noAddress(let name): ExtendedError(.other, "link \(link) leads to \(name), which a zone says does not exist")
    case .serviceBinding: serviceBinding(link)
    case .endless: chainTooLong
    }
  }

  /// The same of a name that stands in the zones.
  static func closed(_ node: Int, _ walk: borrowing ZoneWalk, _ workspace: Workspace) -> ExtendedError {
    let entry = walk.image.name(of: node).flatMap { workspace.guards.entry(for: $0) }
    return entry.flatMap { entry in entry.closure.map { closed(entry.link, $0) } }
      ?? ExtendedError(.notReady, "this name of a link is not answered, run backroad check")
  }

  static func publicAddress(_ link: String, _ address: IPAddress) -> ExtendedError {
    ExtendedError(
      .blocked, "link \(link) leads to the public address \(address.unmapped), and a link's names stay private")
  }

  static func noAddress(_ link: String) -> ExtendedError {
    ExtendedError(.notReady, "the endpoint of link \(link) has no address yet, it may not be accepted")
  }

  static func delegated(_ link: String) -> ExtendedError {
    ExtendedError(.blocked, "link \(link) leads to a name that is delegated to other servers, which may be public")
  }

  static func serviceBinding(_ link: String) -> ExtendedError {
    ExtendedError(.blocked, "link \(link) leads to SVCB or HTTPS records, which may name what is public")
  }

  static let workspaceGone = ExtendedError(.notReady, "the client's workspace was removed while its question waited")

  static let tooLate = ExtendedError(.noReachableAuthority, "the upstreams did not answer in time")
}

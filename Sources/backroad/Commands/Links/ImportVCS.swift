import Bounds
import Links
import Text

extension ImportCommands {
  private static let product = Flag(
    "--product", VCSProduct.allCases.map(\.rawValue).joined(separator: "|"), help: "what the Git server is")
  private static let subdomains = Flag(
    "--subdomains", help: "GitHub's subdomain isolation: lead *.HOST there too")
  private static let registry = Flag("--registry", "HOST", help: "the host of GitLab's container registry")
  private static let pages = Flag("--pages", "HOST", help: "the domain of GitLab Pages, with all hosts below it")

  /// `backroad import vcs`.
  static let vcs = Command(
    words: ["import", "vcs"], summary: "make a link of a Git server", operands: "[HOST…]",
    operandCount: 0...Int.max,
    flags: flags(beside: [product, subdomains, registry, pages, from]),
    details: """
      Each host becomes a zone of its own, so that it hides no other name. A host may be given as a URL of
      a repository. A file has one host a line, or is the form that the customer filled in: endpoint
      service, private hosted zone, DNS record. Git over SSH alone needs no names: its clients use the
      endpoint's own name as host.
      """,
    examples: [
      "backroad import vcs --workspace acme --link git --endpoint 10.1.2.3 --product github --subdomains ghe.corp.example",
      "backroad import vcs --workspace acme --link git --endpoint 10.1.2.3 --pages pages.corp.example gitlab.corp.example",
      "backroad import vcs --workspace acme --link git --endpoint 10.1.2.3 --from form.txt",
    ],
    run: { arguments, console in
      var options = VCSImport.Options(try arguments.linkRequest())
      options.product = try readProduct(arguments)
      options.subdomains = arguments.has(subdomains)
      options.registry = arguments.value(registry)
      options.pages = arguments.value(pages)
      if let why = options.contradiction { throw UsageError(why) }
      let workspace = try arguments.workspace()
      let input = try readServer(arguments, options, console)
      return try LinkChange(workspace, arguments, console).make { folder in
        do {
          return try VCSImport.plan(input, options: options, in: folder)
        } catch {
          // A host that is refused and is a file here was to be read, most likely.
          try refuseMissingFile(arguments)
          guard !arguments.has(from), let path = arguments.operands.first(where: { isFile($0) }) else { throw error }
          throw Problem("\(shown(path)) is a file here; to read it, write \(from.name) \(path)")
        }
      }
    })

  private static func readProduct(_ arguments: Arguments) throws(UsageError) -> VCSProduct? {
    guard let text = arguments.value(product) else { return nil }
    guard let known = VCSProduct(rawValue: text) else {
      throw unknown("product", text, among: VCSProduct.allCases.map(\.rawValue), command: "backroad import vcs")
    }
    return known
  }

  private static func readServer(
    _ arguments: Arguments, _ options: VCSImport.Options, _ console: Console
  ) throws -> VCSImport.Input {
    if let pasted = arguments.pasted, let input = pasted.input { return try VCSImport.read(input, file: pasted.file) }
    guard let path = arguments.value(from) else {
      guard !arguments.operands.isEmpty || options.registry != nil || options.pages != nil else {
        throw UsageError(
          "no hosts; name the server's as arguments, or a file with \(from.name); for Git over SSH alone no name is needed: "
            + "clients use the endpoint's own name as host")
      }
      return .hosts(arguments.operands.map { HostsImport.Item($0) }, file: nil)
    }
    guard arguments.operands.isEmpty else {
      throw UsageError("hosts come as arguments or with \(from.name), not both")
    }
    let bytes = try readInput(path, "a form or a list of hosts", maximumOctets: Limits.Links.pasteOctets, console)
    return try VCSImport.read(bytes, file: inputName(path))
  }
}

import Bounds
import Links
import Storage
import SystemIO
import Text
import Wire
import Zones

/// `backroad import …`: one command for each kind of link.
enum ImportCommands {
  static let commands = ofKinds + [ImportPasted.command(for: ofKinds)]

  /// A command for each kind.
  private static let ofKinds = [snowflake, databricks, vcs, postgres, mysql, redshift, s3, hosts]

  /// The kinds of links.
  static let kinds = ofKinds.compactMap { $0.words.dropFirst().first }

  private static let stageEndpoint = Flag(
    "--stage-endpoint", "VPCE", help: "the endpoint of the internal stage's storage, which is another one")
  private static let stageHost = Flag(
    "--stage-host", "NAME", .repeated,
    help: "a host of the internal stage's storage; without it the config may name one")
  private static let primary = Flag(
    "--primary", help: "the connection URLs of client redirect lead to this link's account now")
  private static let zone = Flag("--zone", "Z", help: "put the hosts into this zone, instead of one zone for each")
  private static let miss = Flag(
    "--miss", "forward|nxdomain", help: "what that zone does for names that it does not hold")
  static let from = Flag("--from", "FILE|-", help: "read the hosts from a file, or standard input")

  /// The flags of an import: those that all kinds have, and its own among them.
  static func flags(beside own: [Flag]) -> [Flag] {
    [.workspace, .link, .endpoint, .address, .standby, .failoverAfter] + Flag.availability + own + [
      .port, .ttl, .answer, .prune, .replace, .takeOver, .isPublic,
    ]
      + Arguments.zonesFlags + [.dryRun, .all, .json]
  }

  private static let snowflake = Command(
    words: ["import", "snowflake"],
    summary: "make a link of what SYSTEM$GET_PRIVATELINK_CONFIG() or SYSTEM$ALLOWLIST_PRIVATELINK() returns",
    operands: "[FILE|-]", operandCount: 0...1,
    flags: flags(beside: [stageEndpoint, stageHost, primary]),
    details: """
      Reads a file, or standard input: the cell as it was copied, a download as CSV, table or JSON, or a mail with
      it. The output of the two functions goes into one link, one after the other. The workspace's zones are
        made again from all of its links, all at once or not at all.
      """,
    examples: [
      "backroad import snowflake --workspace acme --link snowflake-prod \\",
      "  --endpoint vpce-0a1b2c3d-x7y8z9.vpce-svc-0123456789abcdef0.us-east-1.vpce.amazonaws.com=10.1.2.3 config.csv",
    ],
    run: { arguments, console in
      var options = SnowflakeImport.Options(try arguments.linkRequest())
      if let text = arguments.value(stageEndpoint) {
        let stage = try Endpoint.read(text, flag: stageEndpoint.name)
        options.stage = stage.endpoint
        options.link.warnings += stage.warnings
      }
      options.stageHosts = try readStageHosts(arguments)
      options.isPrimary = arguments.has(primary)
      let path = arguments.operands.first ?? "-"
      let workspace = try arguments.workspace()
      let input: [UInt8]
      if let pasted = arguments.pasted {
        // A word of a paste is text, whatever files there are.
        input = pasted.input ?? Array(arguments.operands.joined(separator: "\n").utf8)
      } else {
        input = try readInput(path, "a private link config", maximumOctets: Limits.Links.pasteOctets, console)
      }
      return try LinkChange(workspace, arguments, console).make { folder in
        try SnowflakeImport.plan(input, file: arguments.pasted?.file ?? inputName(path), options: options, in: folder)
      }
    })

  private static let hosts = Command(
    words: ["import", "hosts"], summary: "make a link of host names inside a network",
    operands: "[HOST…]", operandCount: 0...Int.max,
    flags: flags(beside: [from, zone, miss]),
    details: """
      Each host becomes a zone of its own, so that it hides no other name; with --zone all of them stand in
      that zone, and --miss says what it does for names beside them. A file has one host a line; # starts
      a comment.
      """,
    examples: [
      "backroad import hosts --workspace acme --link git --endpoint 10.1.2.3 git.corp.example",
      "backroad import hosts --workspace acme --link git --endpoint 10.1.2.3 --zone corp.example --miss forward --from hosts.txt",
    ],
    run: { arguments, console in
      var options = HostsImport.Options(try arguments.linkRequest())
      options.zone = try readZone(arguments)
      let workspace = try arguments.workspace()
      let (items, file) = try readHosts(arguments, console)
      return try LinkChange(workspace, arguments, console).make { folder in
        do {
          return try HostsImport.plan(items, file: file, options: options, in: folder)
        } catch {
          // A host that is refused and is a file here was to be read, most likely.
          if file == nil, arguments.pasted == nil { try refuseMissingFile(arguments) }
          guard file == nil, arguments.pasted == nil, let path = arguments.operands.first(where: { isFile($0) }) else {
            throw error
          }
          throw Problem(
            "\(shown(path)) is a file here; to read hosts from it, write \(from.name) \(path)")
        }
      }
    })

  /// Refuses an argument that is called as a file is, and is none.
  static func refuseMissingFile(_ arguments: Arguments) throws(Problem) {
    guard let path = arguments.operands.first(where: { isCalledAsFile($0) && !isFile($0) }) else { return }
    throw Problem("there is no file \(shown(path)) here; a file with hosts is read with \(from.name) FILE")
  }

  /// True for a name that ends as files do.
  static func isCalledAsFile(_ path: String) -> Bool {
    let endings = [
      ".txt", ".csv", ".tsv", ".json", ".eml", ".msg", ".log", ".yaml", ".yml", ".html", ".out", ".docx", ".xlsx",
      ".pdf",
    ]
    let lower = path.asciiLowercased
    return endings.contains { lower.hasSuffix($0) }
  }

  static func isFile(_ path: String) -> Bool { (try? Files.identity(path)?.kind) == .file }

  private static func readStageHosts(_ arguments: Arguments) throws(UsageError) -> Set<Name> {
    let texts = arguments.values(stageHost)
    guard texts.isEmpty || arguments.has(stageEndpoint) else {
      throw UsageError(
        "\(stageHost.name) says what leads to the stage's endpoint; name that with \(stageEndpoint.name)")
    }
    var names: Set<Name> = []
    for text in texts {
      do throws(NameTextError) {
        names.insert(try Name(text).lowercased)
      } catch {
        throw UsageError("\(stageHost.name): \(shown(text)) is not a host name: \(error)")
      }
    }
    return names
  }

  private static func readZone(_ arguments: Arguments) throws(UsageError) -> (name: String, miss: MissPolicy)? {
    switch (arguments.value(zone), arguments.value(miss)) {
    case (nil, nil): return nil
    case (nil, _): throw UsageError("\(miss.name) says what a zone does; name it with \(zone.name)")
    case (_, nil):
      throw UsageError("what is \(zone.name) to do for other names? say --miss forward or --miss nxdomain")
    case (let name?, let text?):
      guard let miss = MissPolicy(rawValue: text) else {
        throw UsageError("\(miss.name) is forward or nxdomain, not \(shown(text))")
      }
      return (name, miss)
    }
  }

  private static func readHosts(
    _ arguments: Arguments, _ console: Console
  ) throws -> (items: [HostsImport.Item], file: String?) {
    if let pasted = arguments.pasted, let input = pasted.input {
      return (try HostsImport.items(input, file: pasted.file), pasted.file)
    }
    guard let path = arguments.value(from) else {
      guard !arguments.operands.isEmpty else {
        throw UsageError("no hosts; name them as arguments, or their file with \(from.name)")
      }
      return (arguments.operands.map { HostsImport.Item($0) }, nil)
    }
    guard arguments.operands.isEmpty else {
      throw UsageError("hosts come as arguments or with \(from.name), not both")
    }
    let input = try readInput(path, "a list of hosts", maximumOctets: Limits.Links.pasteOctets, console)
    return (try HostsImport.items(input, file: inputName(path)), inputName(path))
  }
}

import Bounds
import Links
import Server
import Storage
import Synchronization
import SystemIO
import Text
import Wire
import Workspaces
import Zones

/// `backroad doctor`.
enum DoctorCommand {
  private static let server = Flag(
    "--server", "ADDR:PORT", help: "the server to ask (default: where the configuration listens, or 127.0.0.1:5300)")
  private static let source = Flag("--from", "ADDR", help: "ask from this address, one of the workspace's clients")
  private static let token = Flag("--token", "HEX", help: "ask with this token of the workspace")
  private static let connect = Flag("--connect", "PORT", help: "try to reach each address, too, by TCP on this port")

  private static let timeout = Flag(
    "--timeout", "SECONDS", help: "how long to ask in all (default: \(Limits.Links.lookSeconds))")

  static let command = Command(
    words: ["doctor"], summary: "ask the running server for every host of a workspace's links, and judge the answers",
    flags: [.workspace, server, source, token, connect, timeout] + Arguments.zonesFlags + [.json],
    details: """
      Each host must lead to its link's endpoint and to the addresses that are pinned there, and to private ones alone
      (RFC 1918, RFC 4193, RFC 6598): a public one would carry the traffic around the private link. The questions are
      real ones, so they must come from one of the workspace's clients (--from), or carry its token (--token); nothing
      is asked where the server takes them for another workspace's. The exit status is 1 when anything is wrong.
      """,
    examples: ["backroad doctor --workspace acme --connect 443"],
    run: run)

  private static func run(_ arguments: Arguments, _ console: Console) throws -> ExitStatus {
    let workspace = try workspaceName(arguments.value(.workspace) ?? "")
    let folder = WorkspaceFolder(try arguments.zonesFolder().contents(of: workspace))
    let port = try arguments.number(connect, in: 1...65_535).map { UInt16($0) }
    let option = try arguments.value(token).map { text throws(UsageError) in
      guard let octets = hexadecimal(text) else {
        throw UsageError("\(token.name) is hexadecimal, as backroad workspace token printed it")
      }
      return (code: ServerConfiguration.defaultTokenOption, data: octets)
    }
    let networks = try privateNetworks(of: folder, arguments)
    var hosts: [LinkHost] = []
    for name in folder.linkNames {
      let link = try folder.link(name)
      for route in link.routes {
        hosts += route.hosts.map {
          LinkHost(name: $0.name, link: link.name, endpoint: route.endpoint, networks: networks)
        }
      }
    }
    let (server, source) = (try serverAddress(arguments), try sourceAddress(arguments))
    let time = LookTime(seconds: try arguments.number(timeout, in: 1...86_400) ?? Limits.Links.lookSeconds)
    try checkIsAskedAs(workspace, server, from: source, option: option, time)
    let findings = try HostRound(server: server, source: source, option: option, port: port, time: time)
      .findings(hosts)
    if arguments.has(.json) {
      console.print(JSON.array(findings.map(\.json)).text)
    } else {
      console.print(HostFinding.table(findings), ifEmpty: "workspace \(workspace) has no links, and so no hosts")
    }
    return findings.allSatisfy(\.complaints.isEmpty) ? .done : .refused
  }

  /// The networks that a link of the workspace may lead to: by the configuration and the workspace's file.
  private static func privateNetworks(of folder: WorkspaceFolder, _ arguments: Arguments) throws -> PrivateNetworks {
    let path = folder.shown(WorkspaceFile.fileName)
    let own = try WorkspaceFile(folder.files[WorkspaceFile.fileName] ?? [], file: path).ownNetworks
    return PrivateNetworks(own: try arguments.configurationFile().ownNetworks ?? []).adding(own)
  }

  /// Refuses to go on where the server takes the questions for another workspace's: its answers would be judged.
  private static func checkIsAskedAs(
    _ workspace: WorkspaceName, _ server: SocketAddress, from source: IPAddress?,
    option: (code: UInt16, data: [UInt8])?, _ time: LookTime
  ) throws(Problem) {
    guard let whoAmI = try? Name("whoami.backroad") else { return }
    var client = try QuestionClient(server, from: source, endNanoseconds: time.endNanoseconds)
    let answer = try client.ask(whoAmI, .txt, class: .chaos, option: option)
    let remedy = "ask from one of \(workspace)'s clients with --from ADDR, or with its token with --token HEX"
    let key = "workspace="
    if let asked = answer.texts.first(where: { $0.hasPrefix(key) })?.dropFirst(key.count) {
      guard asked != workspace.description else { return }
      throw Problem("these questions are workspace \(asked)'s, not \(workspace)'s: \(remedy)")
    }
    guard answer.status == "REFUSED" else {
      throw Problem(
        "the server at \(server) does not say whose client this is (\(answer.status) for CH TXT whoami.backroad), as a "
          + "Backroad does; name that with --server")
    }
    throw Problem("these questions are refused\(answer.complaint.map { ": \($0.text)" } ?? ""); \(remedy)")
  }

  private static func serverAddress(_ arguments: Arguments) throws -> SocketAddress {
    guard let text = arguments.value(server) else { return arguments.serverAddress }
    return try readFlag(server) { () throws(Problem) in try ServerSettings.listenAddress(text) }
  }

  private static func sourceAddress(_ arguments: Arguments) throws(UsageError) -> IPAddress? {
    guard let text = arguments.value(source) else { return nil }
    guard let address = IPAddress(text) else { throw UsageError("\(source.name): \(shown(text)) is no address") }
    return address
  }
}

/// How long hosts are asked for in all.
struct LookTime: Sendable {
  let seconds: Int
  /// On the monotonic clock.
  let endNanoseconds: UInt64

  init(seconds: Int) {
    self.seconds = seconds
    endNanoseconds = System.monotonicNanoseconds() + UInt64(seconds) * 1_000_000_000
  }

  var isOver: Bool { System.monotonicNanoseconds() >= endNanoseconds }

  /// Why something was not done.
  var reason: String { "\(seconds) s for all hosts are over" }
}

/// Asks for many hosts, some at the same time, and for no longer than a limit.
private final class HostRound: Sendable {
  private let server: SocketAddress
  private let source: IPAddress?
  private let option: (code: UInt16, data: [UInt8])?
  private let port: UInt16?
  private let time: LookTime
  /// True once the server could not be asked: then nothing more is.
  private let hasFailed = Atomic<Bool>(false)

  init(
    server: SocketAddress, source: IPAddress?, option: (code: UInt16, data: [UInt8])?, port: UInt16?, time: LookTime
  ) {
    self.time = time
    self.server = server
    self.source = source
    self.option = option
    self.port = port
  }

  /// What was found, in the hosts' order.
  ///
  /// - Throws: why the server could not be asked.
  func findings(_ hosts: [LinkHost]) throws(Problem) -> [HostFinding] {
    let results = concurrentMap(hosts.count, threads: Limits.Links.questionsAtOnce) { [self] in find(hosts[$0]) }
    var findings: [HostFinding] = []
    for result in results {
      if let finding = try result.get() { findings.append(finding) }
    }
    return findings
  }

  /// Nil when the server could not be asked before.
  private func find(_ host: LinkHost) -> Result<HostFinding?, Problem> {
    guard !hasFailed.load(ordering: .relaxed) else { return .success(nil) }
    let notAsked = HostFinding(host, complaint: "not asked: \(time.reason)")
    guard !time.isOver else { return .success(notAsked) }
    do throws(Problem) {
      var client = try QuestionClient(server, from: source, endNanoseconds: time.endNanoseconds)
      return .success(try HostFinding(host, &client, option: option, port: port, time))
    } catch {
      guard !time.isOver else { return .success(notAsked) }
      hasFailed.store(true, ordering: .relaxed)
      return .failure(error)
    }
  }
}

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
  private static let server = Flag("--server", "ADDR:PORT", help: "the server to ask (default: 127.0.0.1:5300)")
  private static let source = Flag("--from", "ADDR", help: "ask from this address, one of the workspace's clients")
  private static let token = Flag("--token", "HEX", help: "ask with this token of the workspace")
  private static let connect = Flag("--connect", "PORT", help: "try to reach each address, too, by TCP on this port")

  static let command = Command(
    words: ["doctor"], summary: "ask the running server for every host of a workspace's links, and judge the answers",
    flags: [.workspace, server, source, token, connect] + Arguments.zonesFlags + [.json],
    details: """
      Each host must lead to addresses, and to private ones alone (RFC 1918, RFC 4193, RFC 6598): a public one would
      carry the traffic around the private link. The questions are real ones, so they must come from one of the
      workspace's clients, or carry its token. The exit status is 1 when anything is wrong.
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
    var hosts: [(host: Name, link: String)] = []
    for name in folder.linkNames {
      let link = try folder.link(name)
      hosts += link.routes.flatMap(\.hosts).map { ($0.name, link.name) }
    }
    let findings = try HostRound(
      server: try serverAddress(arguments), source: try sourceAddress(arguments), option: option, port: port
    ).findings(hosts)
    if arguments.has(.json) {
      console.print(JSON.array(findings.map(\.json)).text)
    } else {
      console.print(HostFinding.table(findings), ifEmpty: "workspace \(workspace) has no links, and so no hosts")
    }
    return findings.allSatisfy(\.complaints.isEmpty) ? .done : .refused
  }

  private static func serverAddress(_ arguments: Arguments) throws -> SocketAddress {
    guard let text = arguments.value(server) else { return ServerConfiguration.defaultListen[0] }
    return try readFlag(server) { () throws(Problem) in try ServerSettings.listenAddress(text) }
  }

  private static func sourceAddress(_ arguments: Arguments) throws(UsageError) -> IPAddress? {
    guard let text = arguments.value(source) else { return nil }
    guard let address = IPAddress(text) else { throw UsageError("\(source.name): \(shown(text)) is no address") }
    return address
  }
}

/// Asks for many hosts, some at the same time, and for no longer than a limit.
private final class HostRound: Sendable {
  private let server: SocketAddress
  private let source: IPAddress?
  private let option: (code: UInt16, data: [UInt8])?
  private let port: UInt16?
  private let endNanoseconds = System.monotonicNanoseconds() + UInt64(Limits.Links.lookSeconds) * 1_000_000_000
  /// True once the server could not be asked: then nothing more is.
  private let hasFailed = Atomic<Bool>(false)

  init(server: SocketAddress, source: IPAddress?, option: (code: UInt16, data: [UInt8])?, port: UInt16?) {
    self.server = server
    self.source = source
    self.option = option
    self.port = port
  }

  /// What was found, in the hosts' order.
  ///
  /// - Throws: why the server could not be asked.
  func findings(_ hosts: [(host: Name, link: String)]) throws(Problem) -> [HostFinding] {
    let results = concurrentMap(hosts.count, threads: Limits.Links.questionsAtOnce) { [self] index in
      find(hosts[index].host, hosts[index].link)
    }
    var findings: [HostFinding] = []
    for result in results {
      if let finding = try result.get() { findings.append(finding) }
    }
    return findings
  }

  /// Nil when the server could not be asked before.
  private func find(_ host: Name, _ link: String) -> Result<HostFinding?, Problem> {
    guard !hasFailed.load(ordering: .relaxed) else { return .success(nil) }
    guard System.monotonicNanoseconds() < endNanoseconds else {
      return .success(
        HostFinding(host, link: link, complaint: "not asked: \(Limits.Links.lookSeconds) s for all hosts are over"))
    }
    do throws(Problem) {
      var client = try QuestionClient(server, from: source)
      return .success(try HostFinding(host, link: link, &client, option: option, port: port))
    } catch {
      hasFailed.store(true, ordering: .relaxed)
      return .failure(error)
    }
  }
}

/// What was found of a host.
private struct HostFinding: Sendable {
  let host: Name
  let link: String
  /// The names that the host's leads to.
  let chain: [Name]
  let addresses: [IPAddress]
  /// What is wrong; nothing when all is well.
  private(set) var complaints: [String] = []

  private static let connectMilliseconds: UInt64 = 3000

  init(
    _ host: Name, link: String, _ client: inout QuestionClient, option: (code: UInt16, data: [UInt8])?, port: UInt16?
  ) throws(Problem) {
    self.host = host
    self.link = link
    var addresses: [IPAddress] = []
    var chain: [Name] = []
    for type in [RecordType.a, .aaaa] {
      let answer = try client.ask(host, type, option: option)
      if answer.status != "NOERROR" {
        let why = answer.complaint.map { ": \($0.text)" } ?? ""
        complaints.append("\(type) is \(answer.status)\(why)")
      }
      chain = chain.isEmpty ? Array(answer.chain(from: host).dropFirst()) : chain
      addresses += answer.answer.filter { $0.type == type }.compactMap { IPAddress(octets: $0.data) }
    }
    self.chain = chain
    self.addresses = addresses
    if addresses.isEmpty, complaints.isEmpty { complaints.append("no address") }
    for address in addresses where !address.isPrivate { complaints.append("\(address) is public") }
    guard let port else { return }
    for address in addresses {
      let place = SocketAddress(address, port: port)
      if let obstacle = QuestionClient.obstacle(to: place, milliseconds: Self.connectMilliseconds) {
        complaints.append("\(place) is not reached: \(obstacle)")
      }
    }
  }

  /// A host that was not asked for.
  init(_ host: Name, link: String, complaint: String) {
    self.host = host
    self.link = link
    chain = []
    addresses = []
    complaints = [complaint]
  }

  static func table(_ findings: [HostFinding]) -> Table {
    var table = Table("HOST", "LINK", "LEADS TO", "ADDRESSES", "VERDICT")
    for finding in findings {
      table.add(
        finding.host.textWithoutFinalDot, finding.link, finding.chain.last?.textWithoutFinalDot ?? "",
        finding.addresses.map { "\($0)" }.joined(separator: ", "),
        finding.complaints.isEmpty ? "ok" : finding.complaints.joined(separator: "; "))
    }
    return table
  }

  var json: JSON {
    [
      "host": .string(host.textWithoutFinalDot), "link": .string(link),
      "chain": .array(chain.map { .string($0.textWithoutFinalDot) }),
      "addresses": .array(
        addresses.map { ["address": .string("\($0)"), "private": JSON(.bool($0.isPrivate))] as JSON }),
      "complaints": .array(complaints.map { .string($0) }),
    ]
  }
}

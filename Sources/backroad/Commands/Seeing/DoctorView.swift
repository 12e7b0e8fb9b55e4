import Admin
import Bounds
import Server
import Synchronization
import SystemIO
import Text
import Wire
import Workspaces
import Zones

/// How a question comes to be a workspace's.
struct Asking {
  /// The server that a flag names.
  let server: SocketAddress?
  let source: IPAddress?
  let option: (code: UInt16, data: [UInt8])?

  init(_ arguments: Arguments, server: Flag, source: Flag, token: Flag) throws(UsageError) {
    if let text = arguments.value(server) {
      self.server = try readFlag(server) { () throws(Problem) in try ServerSettings.listenAddress(text) }
    } else {
      self.server = nil
    }
    if let text = arguments.value(source) {
      guard let address = IPAddress(text) else { throw UsageError("\(source.name): \(shown(text)) is no address") }
      self.source = address
    } else {
      self.source = nil
    }
    if let text = arguments.value(token) {
      guard let octets = hexadecimal(text) else {
        throw UsageError("\(token.name) is hexadecimal, as backroad workspace token printed it")
      }
      option = (code: ServerConfiguration.defaultTokenOption, data: octets)
    } else {
      option = nil
    }
  }

  /// True where a person has said how to ask.
  var isSaid: Bool { server != nil || source != nil || option != nil }
}

/// Whose answers `doctor` looks at, proven before anything is judged by them.
struct DoctorView: Sendable {
  /// The way to them.
  enum Way: Sendable {
    case client(SocketAddress, from: IPAddress?, option: (code: UInt16, data: [UInt8])?)
    case admin(AdminClient)
  }

  let way: Way
  /// Whose answers they are, and by what the server says so: a line for a person.
  let text: String

  /// Finds the server, and has it say whose questions they are.
  ///
  /// - Throws: where they are another workspace's, or nobody's: its answers would be judged.
  init(of workspace: WorkspaceName, _ asking: Asking, _ arguments: Arguments, _ time: LookTime) throws {
    let server = asking.server ?? arguments.serverAddress
    do throws(Problem) {
      let proof = try Self.proof(that: workspace, server, asking, time)
      way = .client(server, from: asking.source, option: asking.option)
      text = "as a client of workspace \(workspace), asked at \(server): \(proof)"
    } catch {
      // A machine that is nobody's client asks the server itself, whoever may.
      guard !asking.isSaid, let admin = try? arguments.runningServer(),
        let status = try? admin.ask(.get, ["v1", "status"])
      else { throw error }
      let names = status.list("listen").compactMap(\.asString).joined(separator: ", ")
      way = .admin(admin)
      text = "as the server on \(names) says that it answers workspace \(workspace), through its admin interface"
    }
  }

  /// What the server says of who asks.
  private static func proof(
    that workspace: WorkspaceName, _ server: SocketAddress, _ asking: Asking, _ time: LookTime
  ) throws(Problem) -> String {
    guard let whoAmI = try? Name("whoami.backroad") else { return "" }
    var client = try QuestionClient(server, from: asking.source, endNanoseconds: time.endNanoseconds)
    let answer = try client.ask(whoAmI, .txt, class: .chaos, option: asking.option)
    let remedy = "ask from one of \(workspace)'s clients with --from ADDR, or with its token with --token HEX"
    let key = "workspace="
    if let asked = answer.texts.first(where: { $0.hasPrefix(key) })?.dropFirst(key.count) {
      guard asked != workspace.description else { return answer.texts.map { onOneLine($0) }.joined(separator: " ") }
      throw Problem("these questions are workspace \(asked)'s, not \(workspace)'s: \(remedy)")
    }
    // A Backroad that refuses says why.
    guard answer.status == "REFUSED", let why = answer.complaint?.text, !why.isEmpty else {
      throw Problem(
        "the server at \(server) does not say whose client this is (\(answer.status) for CH TXT whoami.backroad), as a "
          + "Backroad does; name that with --server")
    }
    throw Problem("these questions are refused: \(why); \(remedy)")
  }
}

/// Asks for many hosts, some at the same time, and for no longer than a limit.
final class HostRound: Sendable {
  private let workspace: WorkspaceName
  private let view: DoctorView
  private let time: LookTime
  /// True once the server could not be asked: then nothing more is.
  private let hasFailed = Atomic<Bool>(false)

  init(_ workspace: WorkspaceName, _ view: DoctorView, _ time: LookTime) {
    self.workspace = workspace
    self.view = view
    self.time = time
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
    let made = connections(to: findings.flatMap(\.destinations))
    for index in findings.indices { findings[index].take(made, orElse: time.reason) }
    return findings
  }

  /// Tries destinations, each once however many hosts lead there: whoever serves a thousand of them is asked as if it were one.
  private func connections(to all: [SocketAddress]) -> [SocketAddress: ConnectAttempt] {
    var seen: Set<SocketAddress> = []
    let destinations = all.filter { seen.insert($0).inserted }
    let attempts = concurrentMap(destinations.count, threads: Limits.Links.questionsAtOnce) { [time] index in
      time.isOver
        ? nil : ConnectAttempt(to: destinations[index], endNanoseconds: time.end(within: Self.connectNanoseconds))
    }
    return Dictionary(uniqueKeysWithValues: attempts.compactMap { $0.map { ($0.destination, $0) } })
  }

  private static let connectNanoseconds: UInt64 = 3_000_000_000

  /// Nil when the server could not be asked before.
  private func find(_ host: LinkHost) -> Result<HostFinding?, Problem> {
    guard !hasFailed.load(ordering: .relaxed) else { return .success(nil) }
    let notAsked = HostFinding(host, complaint: "not asked: \(time.reason)")
    guard !time.isOver else { return .success(notAsked) }
    do throws(Problem) {
      return .success(try look(for: host))
    } catch {
      guard !time.isOver else { return .success(notAsked) }
      hasFailed.store(true, ordering: .relaxed)
      return .failure(error)
    }
  }

  private func look(for host: LinkHost) throws(Problem) -> HostFinding {
    switch view.way {
    case .client(let server, let source, let option):
      let client = try QuestionClient(server, from: source, endNanoseconds: time.endNanoseconds)
      var asked = ClientView(client, option: option)
      return try HostFinding(host, &asked)
    case .admin(let admin):
      var asked = AdminView(admin: admin, workspace: workspace.description, endNanoseconds: time.endNanoseconds)
      return try HostFinding(host, &asked)
    }
  }
}

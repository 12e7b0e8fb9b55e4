import Answering
import Forwarding
import Text
import Wire
import Workspaces
import Zones

/// A workspace as a test writes it.
public struct TestWorkspace {
  let source: WorkspaceSource
  let guards: LinkGuards

  /// Takes the content of its files.
  ///
  /// - Parameters:
  ///   - settings: `workspace.json`.
  ///   - zones: master files by their zone; one without an SOA gets `preamble` before it.
  ///   - links: the names of links that are never answered with what is public, by link.
  ///   - requested: the same of links that have no endpoint yet.
  ///   - zonal: addresses of links by the availability zone whose clients are to have them first.
  public init(
    _ name: String = "acme", settings: String = TestWorkspace.defaultSettings, zones: [String: String] = [:],
    links: [String: [String]] = [:], requested: [String: [String]] = [:],
    zonal: [String: [String]] = [:]
  ) {
    var guards = LinkGuards()
    guards.zonal = zonal.mapValues { Set($0.compactMap { IPAddress($0) }) }
    for (link, names) in links { for host in names { guards.add(TestKit.name(host), .init(link: link)) } }
    for (link, names) in requested {
      for host in names { guards.add(TestKit.name(host), .init(link: link, closure: .noEndpoint)) }
    }
    self.guards = guards
    guard let workspace = WorkspaceName(name) else { preconditionFailure("\(name) is no workspace's name") }
    var files = [WorkspaceFile.fileName: Array(settings.utf8)]
    for (zone, text) in zones {
      let whole = text.contains("SOA") ? text : Self.preamble + text
      files[zone + WorkspaceSource.zoneSuffix] = Array(whole.utf8)
    }
    source = WorkspaceSource(name: workspace, folder: "zones/\(name)", files: files)
  }

  /// All of 10.0.0.0/8 are clients, and nothing is forwarded but by the server's rules.
  public static let defaultSettings = "{ \"clients\": [\"10.0.0.0/8\"] }"

  /// An apex; negative answers have the TTL 300.
  public static let preamble = """
    $TTL 3600
    @ SOA ns hostmaster 1 7200 900 1209600 300
    @ NS ns
    ns A 192.0.2.53

    """
}

/// The answering with its workspaces and upstreams, without sockets and threads.
public final class TestServer {
  /// What it answers from.
  public private(set) var snapshot: Snapshot
  /// Whom it forwards to.
  public let upstreams: ScriptedUpstreams
  /// The queries that were nobody's.
  public var refusals: AskRefusals { responder.refusals }
  /// True to go the long way each time, as if nothing had been answered before.
  public var forgetsAnswers = false
  /// The cache's, as a flush moves it.
  public var cacheEpoch: UInt64 = 0
  private lazy var responder = newResponder()
  private let names = CompressionMemory(seed: .known)
  /// Whether refusals to nobody's clients explain themselves in a limited number alone; set before the first question.
  public var limitsExplanations = false

  private func newResponder() -> Responder {
    Responder(
      identity: ServerIdentity(version: "backroad test", hostName: "host.test"),
      explanations: ExplanationAllowance(isLimited: limitsExplanations))
  }

  /// How many answers were given again without going their whole way.
  public var recalledCount: UInt64 { responder.recalledCount }

  /// Loads workspaces, whose files must be without errors.
  ///
  /// - Parameters:
  ///   - forward: the server's own rules, upstreams by zone.
  ///   - closesSpecialNames: whether the rules of `SpecialNames` are among the server's.
  ///   - grants: what workspaces may claim, as `"grants"` has it. Then files may have errors: as in a running server,
  ///     such a workspace stays as an earlier one of the list with its name was, or is not there.
  public init(
    _ workspaces: [TestWorkspace], forward: [String: String] = [:], closesSpecialNames: Bool = false,
    grants: String? = nil, _ upstreams: ScriptedUpstreams = .init()
  ) {
    var rules = forward.sorted { $0.key < $1.key }.map { zone, address in
      ForwardRule(owner: .server, zone: name(zone), upstreams: Upstream(address).map { [$0] } ?? [])
    }
    if closesSpecialNames { rules += SpecialNames.rules(beside: rules) }
    let granted = grants.map { Self.grants($0) }
    var builder = SnapshotBuilder(grants: granted)
    for workspace in workspaces {
      let (loaded, problems) = Workspace.load(
        workspace.source, guarding: workspace.guards,
        in: WorkspaceSetting(serverRules: ForwardRules(rules), grants: granted))
      if let loaded {
        builder.set(loaded)
      } else if granted == nil {
        preconditionFailure("the test's own zones: \(problems)")
      }
    }
    _ = builder.build()
    snapshot = builder.snapshot
    self.upstreams = upstreams
  }

  private static func grants(_ text: String) -> Grants {
    do {
      return try Grants(JSON.parse(Array(text.utf8), file: "backroad.json", comments: false), file: "backroad.json")
    } catch {
      preconditionFailure("the test's own grants: \(error)")
    }
  }

  /// Leases addresses to workspaces, by address, for a day; what was leased before is forgotten.
  public func lease(_ leases: [String: String]) {
    var book = LeaseBook(seed: 1)
    for (client, workspace) in leases {
      guard let address = IPAddress(client), let name = WorkspaceName(workspace) else {
        preconditionFailure("\(client) and \(workspace) are an address and a name")
      }
      book.grant([address], to: name, until: upstreams.now + .seconds(86_400), now: upstreams.now)
    }
    let unleased = snapshot
    snapshot = unleased.with(book.table { unleased.workspaces.slot(of: $0) })
  }

  /// One workspace with these zones.
  public convenience init(
    zones: [String: String], settings: String = TestWorkspace.defaultSettings, forward: [String: String] = [:],
    _ upstreams: ScriptedUpstreams = .init()
  ) {
    self.init([TestWorkspace(settings: settings, zones: zones)], forward: forward, upstreams)
  }

  /// Asks a question, and gives the answer as `ParsedMessage.description` has it.
  ///
  /// - Parameters:
  ///   - size: EDNS's payload size; nil for a client without EDNS.
  ///   - flags: of the header; RD alone unless said otherwise.
  ///   - listener: where it arrives; `ADDRESS:PORT`.
  ///   - options: of EDNS, as raw octets.
  public func ask(
    _ question: String, _ type: RecordType = .a, class: RecordClass = .internet, from client: String = "10.0.0.1",
    via transport: Transport = .udp, size: UInt16? = 1232, flags: Flags = .recursionDesired, dnssecOK: Bool = false,
    at listener: String? = nil, options: [UInt8] = []
  ) -> String {
    var message = RawMessage.query(
      wire(question), type, `class`, flags: flags.rawValue, additional: size == nil ? 0 : 1)
    if let size { message = message.opt(size: size, flags: dnssecOK ? 0x8000 : 0, options: options) }
    guard
      let answer = answer(message.octets, from: client, via: transport, at: listener)
    else { return "no answer" }
    return Self.text(answer)
  }

  /// An answer as tests compare it, or why it cannot be read.
  public static func text(_ answer: [UInt8]) -> String {
    do throws(WireError) {
      return try ParsedMessage(answer).description
    } catch {
      return "unreadable: \(error)"
    }
  }

  /// Answers a message; nil when there is no answer.
  ///
  /// - Parameter port: the client's.
  public func answer(
    _ message: [UInt8], from client: String = "10.0.0.1", port: UInt16 = 40_000, via transport: Transport = .udp,
    at listener: String? = nil
  ) -> [UInt8]? {
    guard let address = IPAddress(client) else { preconditionFailure("\(client) is no address") }
    let peer = SocketAddress(address, port: port)
    var buffer = [UInt8](repeating: 0xee, count: transport == .udp ? 1_232 : 65_535)
    let ours = listener.flatMap { SocketAddress($0, defaultPort: 0) }
    let (response, count) = respond(message, peer, at: ours, transport, &buffer)
    switch response {
    case .none: return nil
    case .ready: return Array(buffer[..<count])
    case .resolve(let query, let decision):
      return resolve(Resolution(query, message.span, from: peer, via: transport, decision, in: snapshot), &buffer)
    }
  }

  /// Takes the first step of answering a message: the whole of it for what needs no upstream.
  public func respond(
    _ message: [UInt8], _ peer: SocketAddress, at listener: SocketAddress? = nil,
    _ transport: Transport, _ buffer: inout [UInt8]
  ) -> (Response, Int) {
    let limit = buffer.count
    if forgetsAnswers { responder = newResponder() }
    responder.moment = Moment(now: upstreams.now, cacheEpoch: cacheEpoch)
    let names = names
    var writer = MessageWriter(buffer.mutableSpan, limit: limit, names: names.table())
    let response = responder.respond(
      to: message.span, from: peer, at: listener, via: transport, in: snapshot, &writer)
    return (response, writer.count)
  }

  private func resolve(_ resolution: Resolution?, _ buffer: inout [UInt8]) -> [UInt8]? {
    guard let resolution else { return nil }
    // As many steps as hops, and then some: one that never ends would hang the test.
    for _ in 0..<100 {
      let (step, count) = run(resolution, &buffer)
      if step == .ready { return Array(buffer[..<count]) }
      guard let (result, queries) = upstreams.settle() else { return nil }
      resolution.learn(result, queries: queries)
    }
    return nil
  }

  private func run(_ resolution: Resolution, _ buffer: inout [UInt8]) -> (ResolutionStep, Int) {
    var source = upstreams
    let limit = buffer.count
    let names = names
    var writer = MessageWriter(buffer.mutableSpan, limit: limit, names: names.table())
    let step = responder.run(resolution, in: snapshot, &source, &writer)
    return (step, writer.count)
  }
}

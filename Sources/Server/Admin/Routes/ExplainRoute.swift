import Admin
import Answering
import Forwarding
import SystemIO
import Text
import Wire
import Workspaces
import Zones

/// `POST /v1/explain`: why a client's question gets its answer. It asks no upstream and changes nothing; it is a POST
/// because a token has no place in a path.
struct ExplainRoute: AdminHandler {
  private static let keys = ["client", "token", "listener", "workspace", "name", "type"]

  func answer(_ context: AdminContext, _ match: RouteMatch) throws(AdminError) -> AdminReply {
    let body = try match.body(known: Self.keys)
    guard let snapshot = context.leases.snapshot else {
      throw AdminError(.unavailable, "starting", "the server is starting; ask again")
    }
    let asker = try asker(body, match, snapshot, context)
    let (name, type) = try match.read { () throws(Problem) in (try Self.name(body), try Self.type(body)) }
    var surroundings = ExplainSurroundings()
    surroundings.troubles = { Self.troubles(context) }
    surroundings.broken = Set(context.state.view.broken.keys)
    let proxies = Proxies(context.configuration.proxies)
    surroundings.isLoadBalancer = { proxies.contains($0) }
    var explainer = Explainer(
      snapshot: snapshot, cache: context.cache,
      responder: Responder(identity: .running, tokenOption: context.configuration.tokenOption),
      now: Instant(nanoseconds: System.monotonicNanoseconds()), surroundings: surroundings)
    let explanation = explainer.explain(ExplainRequest(asker, name, type))
    guard case .object(var object) = explanation.json.content else { return .json(explanation.json) }
    object.members.append(JSON.Member("text", .string(explanation.text)))
    return .json(JSON(.object(object)))
  }

  /// What the upstreams do that every worker counts as down.
  private static func troubles(_ context: AdminContext) -> [Upstream: String] {
    let down = UpstreamHealth.all(context.reports().all).filter(\.isDown)
    return Dictionary(down.map { ($0.upstream, $0.trouble?.description ?? "is down") }) { first, _ in first }
  }

  private func asker(
    _ body: JSON.Object, _ match: RouteMatch, _ snapshot: Snapshot, _ context: AdminContext
  ) throws(AdminError) -> ExplainRequest.Asker {
    if let name = try context.workspace(body["workspace"], match) {
      guard body["client"] == nil, body["token"] == nil, body["listener"] == nil else {
        throw .invalid("name a workspace, or a client and what its query shows, and not both")
      }
      guard let slot = snapshot.workspaces.slot(of: name) else {
        throw .notFound("workspace \(name) is broken, and not served: run backroad check")
      }
      return .workspace(slot)
    }
    return try match.read { () throws(Problem) in try Self.client(body, context.configuration.listen) }
  }

  private static func client(
    _ body: JSON.Object, _ listeners: [SocketAddress]
  ) throws(Problem) -> ExplainRequest.Asker {
    guard let value = body["client"] else {
      throw Problem(file: "body", "\"client\" or \"workspace\" is missing: who asks")
    }
    let text = try value.expectString("\"client\"", file: "body")
    guard let address = IPAddress(text) else {
      throw Problem(file: "body", position: value.position, "\(quoted(text)) is no address")
    }
    var token: [UInt8]?
    if let value = body["token"] {
      token = hexadecimal(try value.expectString("\"token\"", file: "body"))
      if token == nil { throw Problem(file: "body", position: value.position, "the token is not hexadecimal") }
    }
    var listener: SocketAddress?
    if let value = body["listener"] {
      let text = try value.expectString("\"listener\"", file: "body")
      let address = try ServerSettings.listenAddress(text)
      guard listeners.contains(address) else {
        throw Problem(
          "no query comes to \(address): the server listens on \(listeners.map(\.description).joined(separator: ", "))")
      }
      listener = address
    }
    return .client(address, token: token, listener: listener)
  }

  private static func name(_ body: JSON.Object) throws(Problem) -> Name {
    guard let value = body["name"] else { throw Problem(file: "body", "\"name\" is missing: what is asked for") }
    let text = try value.expectString("\"name\"", file: "body")
    do throws(NameTextError) {
      return try Name(text)
    } catch {
      throw Problem(file: "body", position: value.position, "\(quoted(text)) is no name: it has \(error)")
    }
  }

  private static func type(_ body: JSON.Object) throws(Problem) -> RecordType {
    guard let value = body["type"] else { return .a }
    let text = try value.expectString("\"type\"", file: "body")
    guard let type = RecordType(mnemonic: text) else {
      throw Problem(
        file: "body", position: value.position, "\(quoted(text)) is no record type; write A, AAAA, TYPE65 …")
    }
    return type
  }
}

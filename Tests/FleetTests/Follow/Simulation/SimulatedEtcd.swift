import Fleet
import Forwarding
import Text

/// A cluster of etcd as its gateway shows it: requests in octets, answers in octets, and everything that may go wrong.
struct SimulatedEtcd {
  struct Member {
    var isUp = true
    /// It takes connections and requests, and does nothing.
    var isFrozen = false
    /// It is without a leader.
    var isParted = false
  }

  /// A watch on a connection.
  struct Watch {
    var start: [UInt8]
    var end: [UInt8]
    /// The last revision that was sent.
    var sent: Int64
    /// It has died, and nobody was told.
    var isSilent = false
    var fragments: Bool
    /// It wants to be told when the leader is lost.
    var asksForLeader = false
  }

  struct Connection {
    var member: Int
    var inbox: [UInt8] = []
    var watch: Watch?
  }

  /// What the cluster answers.
  enum Reply {
    case octets([UInt8], after: Duration = .zero)
    case end(after: Duration = .zero)
  }

  var model: StoreModel
  var members: [Member]
  var connections: [StoreConnection: Connection] = [:]
  /// The users' password, and the tokens that are good; nil for no users.
  var password: String?
  var tokens: Set<String> = []
  var nextToken = 0
  /// Requests that were answered, by their paths.
  var requests: [String: Int] = [:]
  /// How many revisions a watch is told of at once; its header says the newest all the same.
  var revisionsPerPush = Int64.max
  /// Revisions that no watch is told of.
  var leftOut: Set<Int64> = []
  /// The first revisions that watches were asked for.
  var starts: [Int64] = []
  var writtenWithoutAnswer = false

  /// Takes octets of a request, and answers those that are whole.
  mutating func received(_ octets: [UInt8], on connection: StoreConnection, now: Instant) -> [Reply] {
    connections[connection]?.inbox += octets
    var replies: [Reply] = []
    while let request = takeRequest(connection) { replies += answer(request, on: connection, now: now) }
    return replies
  }

  // MARK: Requests

  struct Request {
    var path: String
    var fields: [String: String]
    var body: JSON.Object

    func octets(_ key: String, in object: JSON.Object? = nil) -> [UInt8]? {
      (object ?? body)[key]?.asString.flatMap { Base64.decode(Array($0.utf8)) }
    }
    func number(_ key: String, in object: JSON.Object? = nil) -> Int64 {
      let value = (object ?? body)[key]
      return value?.asString.flatMap { Int64($0) } ?? value?.asInt.map { Int64($0) } ?? 0
    }
    func truth(_ key: String, in object: JSON.Object? = nil) -> Bool { (object ?? body)[key]?.asBool ?? false }
  }

  private mutating func takeRequest(_ connection: StoreConnection) -> Request? {
    guard let inbox = connections[connection]?.inbox, !inbox.isEmpty else { return nil }
    let mark = Array("\r\n\r\n".utf8)
    guard let end = inbox.indices.first(where: { inbox[$0...].starts(with: mark) }) else { return nil }
    let lines = String(decoding: inbox[..<end], as: UTF8.self).split(separator: "\r\n").map(String.init)
    var fields: [String: String] = [:]
    for line in lines.dropFirst() {
      guard let colon = line.firstIndex(of: ":") else { continue }
      fields[line[..<colon].lowercased()] = String(line[line.index(after: colon)...].drop { $0 == " " })
    }
    let length = fields["content-length"].flatMap { Int($0) } ?? 0
    guard inbox.count >= end + 4 + length else { return nil }
    let body = Array(inbox[(end + 4)..<(end + 4 + length)])
    connections[connection]?.inbox.removeFirst(end + 4 + length)
    let object = (try? JSON.parse(body, file: "request", comments: false, maximumOctets: 1 << 24))?.asObject
    return Request(
      path: String(lines[0].split(separator: " ")[1]), fields: fields, body: object ?? JSON.Object([]))
  }

  // MARK: Answers

  private func header(_ revision: Int64? = nil) -> String {
    "\"header\":{\"cluster_id\":\"\(model.clusterID)\",\"member_id\":\"\(UInt64.max - 5)\",\"revision\":\"\(revision ?? model.revision)\""
      + ",\"raft_term\":\"\(model.term)\"}"
  }

  private func whole(_ status: String, _ body: String) -> [Reply] {
    [
      .octets(
        Array(
          "HTTP/1.1 \(status)\r\nContent-Type: application/json\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
            .utf8))
    ]
  }

  private func chunk(_ body: String) -> String { "\(String(body.utf8.count, radix: 16))\r\n\(body)\r\n" }

  private func refusal(_ status: String, _ code: Int, _ message: String, after: Duration = .zero) -> [Reply] {
    let body = chunk("{\"error\":\"\(message)\",\"message\":\"\(message)\",\"code\":\(code)}")
    let head = "HTTP/1.1 \(status)\r\nTrailer: Grpc-Trailer-Content-Type\r\nTransfer-Encoding: chunked\r\n\r\n"
    return [
      .octets(Array((head + body + "0\r\nGrpc-Trailer-Content-Type: application/grpc\r\n\r\n").utf8), after: after)
    ]
  }

  private mutating func answer(_ request: Request, on connection: StoreConnection, now: Instant) -> [Reply] {
    requests[request.path, default: 0] += 1
    guard let member = connections[connection].map({ members[$0.member] }) else { return [] }
    if request.path == "/v3/auth/authenticate" { return authenticate(request) }
    if request.path == "/v3/watch" { return watch(request, on: connection, member, now) }
    if password != nil {
      guard let token = request.fields["authorization"] else {
        return refusal("400 Bad Request", 3, "etcdserver: user name is empty")
      }
      guard tokens.contains(token) else { return refusal("401 Unauthorized", 16, "etcdserver: invalid auth token") }
    }
    if member.isParted {
      // A write may have gone through all the same.
      if request.path == "/v3/kv/put", writtenWithoutAnswer { _ = put(request, now) }
      return refusal("503 Service Unavailable", 14, "etcdserver: request timed out", after: .seconds(7))
    }
    switch request.path {
    case "/v3/kv/range": return range(request)
    case "/v3/kv/put": return put(request, now)
    case "/v3/lease/grant":
      guard !model.isFull else { return noSpace() }
      let id = model.grant(request.number("TTL"), now: now)
      return whole("200 OK", "{\(header()),\"ID\":\"\(id)\",\"TTL\":\"\(request.number("TTL"))\"}")
    case "/v3/lease/keepalive":
      let id = request.number("ID")
      if let seconds = model.leases[id]?.seconds {
        model.leases[id]?.expires = now + .seconds(seconds)
        return stream("{\"result\":{\(header()),\"ID\":\"\(id)\",\"TTL\":\"\(seconds)\"}}\n")
      }
      return stream("{\"result\":{\(header()),\"ID\":\"\(id)\"}}\n")
    case "/v3/lease/revoke":
      let id = request.number("ID")
      guard model.leases[id] != nil else { return refusal("404 Not Found", 5, "etcdserver: requested lease not found") }
      model.revoke(id, now: now)
      return whole("200 OK", "{\(header())}")
    default: return refusal("404 Not Found", 5, "Not Found")
    }
  }

  private func noSpace() -> [Reply] {
    refusal("429 Too Many Requests", 8, "etcdserver: mvcc: database space exceeded")
  }

  private func stream(_ body: String) -> [Reply] {
    [.octets(Array("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\(chunk(body))0\r\n\r\n".utf8))]
  }

  private mutating func authenticate(_ request: Request) -> [Reply] {
    guard let password else {
      return refusal("400 Bad Request", 9, "etcdserver: authentication is not enabled")
    }
    guard request.body["password"]?.asString == password else {
      return refusal("400 Bad Request", 3, "etcdserver: authentication failed, invalid user ID or password")
    }
    nextToken += 1
    tokens.insert("token.\(nextToken)")
    return whole("200 OK", "{\(header()),\"token\":\"token.\(nextToken)\"}")
  }

  private func base64(_ octets: [UInt8]) -> String { String(decoding: Base64.encode(octets), as: UTF8.self) }

  private func keyValue(_ key: [UInt8], _ entry: StoreModel.Entry, keysOnly: Bool) -> String {
    var text =
      "{\"key\":\"\(base64(key))\",\"create_revision\":\"\(entry.create)\",\"mod_revision\":\"\(entry.mod)\",\"version\":\"\(entry.version)\""
    if !keysOnly, !entry.value.isEmpty { text += ",\"value\":\"\(base64(entry.value))\"" }
    if entry.lease != 0 { text += ",\"lease\":\"\(entry.lease)\"" }
    return text + "}"
  }

  private func range(_ request: Request) -> [Reply] {
    let revision = request.number("revision")
    guard revision == 0 || revision >= model.compacted else {
      return refusal("400 Bad Request", 11, "etcdserver: mvcc: required revision has been compacted")
    }
    guard revision <= model.revision else {
      return refusal("400 Bad Request", 11, "etcdserver: mvcc: required revision is a future revision")
    }
    let found = model.range(
      request.octets("key") ?? [], request.octets("range_end"), at: revision == 0 ? nil : revision)
    let limit = Int(request.number("limit"))
    let page = limit > 0 ? Array(found.prefix(limit)) : found
    var body = "{\(header())"
    if !page.isEmpty {
      let keysOnly = request.truth("keys_only")
      body += ",\"kvs\":[" + page.map { keyValue($0.key, $0.entry, keysOnly: keysOnly) }.joined(separator: ",") + "]"
    }
    if page.count < found.count { body += ",\"more\":true" }
    if !found.isEmpty { body += ",\"count\":\"\(found.count)\"" }
    return whole("200 OK", body + "}")
  }

  private mutating func put(_ request: Request, _ now: Instant) -> [Reply] {
    guard !model.isFull else { return noSpace() }
    let lease = request.number("lease")
    guard lease == 0 || model.leases[lease] != nil else {
      return refusal("404 Not Found", 5, "etcdserver: requested lease not found")
    }
    let revision = model.commit(
      [(request.octets("key") ?? [], request.octets("value") ?? [])], lease: lease, now: now)
    return whole("200 OK", "{\(header(revision))}")
  }

  // MARK: Watching

  private mutating func watch(
    _ request: Request, on connection: StoreConnection, _ member: Member, _ now: Instant
  ) -> [Reply] {
    let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    let create = request.body["create_request"]?.asObject ?? JSON.Object([])
    if password != nil, !tokens.contains(request.fields["authorization"] ?? "") {
      let canceled =
        "{\"result\":{\(header()),\"created\":true,\"canceled\":true,\"cancel_reason\":\"etcdserver: permission denied\"}}\n"
      return [.octets(Array((head + chunk(canceled)).utf8))]
    }
    if member.isParted, request.fields["grpc-metadata-hasleader"] == "true" {
      return [.octets(Array((head + noLeader).utf8)), .end()]
    }
    let start = request.number("start_revision", in: create)
    starts.append(start)
    var replies: [Reply] = [.octets(Array((head + chunk("{\"result\":{\(header()),\"created\":true}}\n")).utf8))]
    guard start == 0 || start >= model.compacted else {
      let canceled = "{\"result\":{\(header(0)),\"canceled\":true,\"compact_revision\":\"\(model.compacted)\"}}\n"
      replies.append(.octets(Array(chunk(canceled).utf8)))
      return replies
    }
    connections[connection]?.watch = Watch(
      start: request.octets("key", in: create) ?? [], end: request.octets("range_end", in: create) ?? [],
      sent: (start == 0 ? model.revision + 1 : start) - 1, fragments: request.truth("fragment", in: create),
      asksForLeader: request.fields["grpc-metadata-hasleader"] == "true")
    return replies
  }

  /// A stream's error, without a line's end behind it.
  var noLeader: String {
    chunk(
      "{\"error\":{\"grpc_code\":14,\"http_code\":503,\"message\":\"etcdserver: no leader\",\"http_status\":\"Service Unavailable\"}}"
    )
      + "0\r\n\r\n"
  }

  /// What the watch of a connection has to say now.
  mutating func push(_ connection: StoreConnection, fragmentAt: (Int) -> Int?) -> [Reply] {
    guard let state = connections[connection], let watch = state.watch, !watch.isSilent,
      !members[state.member].isParted, watch.sent < model.revision
    else { return [] }
    let upTo = model.revision - watch.sent <= revisionsPerPush ? model.revision : watch.sent + revisionsPerPush
    connections[connection]?.watch?.sent = upTo
    var events: [String] = []
    for revision in (watch.sent + 1)...upTo where !leftOut.contains(revision) {
      for event in model.history[revision]?.events ?? [] {
        guard !event.key.lexicographicallyPrecedes(watch.start), event.key.lexicographicallyPrecedes(watch.end) else {
          continue
        }
        if let entry = event.entry {
          let kind = entry.mod % 2 == 0 ? "\"type\":\"PUT\"," : ""
          events.append("{\(kind)\"kv\":\(keyValue(event.key, entry, keysOnly: false))}")
        } else {
          events.append(
            "{\"type\":\"DELETE\",\"kv\":{\"key\":\"\(base64(event.key))\",\"mod_revision\":\"\(revision)\"}}")
        }
      }
    }
    guard !events.isEmpty else { return [] }
    var replies: [Reply] = []
    var rest = events[...]
    while !rest.isEmpty {
      let count = min(rest.count, watch.fragments ? fragmentAt(rest.count) ?? rest.count : rest.count)
      let isLast = count == rest.count
      let body =
        "{\"result\":{\(header())\(isLast ? "" : ",\"fragment\":true"),\"events\":[\(rest.prefix(count).joined(separator: ","))]}}\n"
      rest = rest.dropFirst(count)
      replies.append(.octets(Array(chunk(body).utf8)))
    }
    return replies
  }
}

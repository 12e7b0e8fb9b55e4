import Fleet
import TestKit

/// An API server in front of a model cluster, behind connections that do whatever connections do.
struct ModelAPIServer {
  /// What it does wrong, each one time in so many; never where it is nil.
  var faults: Int?
  /// It is away until then.
  var downUntil: UInt64 = 0
  private(set) var connections: [UInt64: Connection] = [:]
  private var lists: [String: (revision: UInt64, rest: [String])] = [:]
  private var lastList = 0

  struct Connection {
    var isOpen = false
    var out: [UInt8] = []
    var sent = 0
    /// Where in the octets something is whole, and up to which revision it tells.
    var marks: [(end: Int, revision: UInt64)] = []
    var resource = KubernetesResource.pods
    var isWatch = false
    /// A watch: what was sent up to.
    var at: UInt64 = 0
    /// And the next place in the log.
    var place = 0
    /// The last page of a list of this revision.
    var wholeList: UInt64?
    var isDead = false
    var endsAt = UInt64.max
    var nextBookmark: UInt64 = 0
    var hasEnded = false
  }

  // MARK: What is asked

  mutating func open(_ number: UInt64) { connections[number] = Connection() }
  mutating func close(_ number: UInt64) { connections[number] = nil }
  mutating func accept(_ number: UInt64) { connections[number]?.isOpen = true }
  mutating func die(_ number: UInt64) { connections[number]?.isDead = true }
  mutating func take(_ number: UInt64, _ count: Int) { connections[number]?.sent += count }

  mutating func ask(
    _ number: UInt64, _ octets: [UInt8], _ cluster: ModelCluster, now: UInt64, _ random: inout SeededGenerator
  ) {
    guard var connection = connections[number] else { return }
    let target = String(decoding: octets, as: UTF8.self).split(separator: " ")[1]
    let parts = target.split(separator: "?", maxSplits: 1)
    connection.resource = parts[0].hasSuffix("/pods") ? .pods : .namespaces
    var query: [Substring: String] = [:]
    for pair in (parts.count > 1 ? parts[1] : "").split(separator: "&") {
      let sides = pair.split(separator: "=", maxSplits: 1)
      query[sides[0]] = String(sides.count > 1 ? sides[1] : "")
    }
    if fails(8, &random) {
      let status = random.pick([500, 503, 429, 401, 403, 504])
      Self.answer(&connection, status, #"{"kind":"Status","code":\#(status),"message":"no"}"#)
    } else if query["watch"] != nil {
      watch(&connection, query, cluster, now, &random)
    } else {
      list(&connection, query, cluster, &random)
    }
    connections[number] = connection
  }

  private func fails(_ factor: Int, _ random: inout SeededGenerator) -> Bool {
    guard let faults else { return false }
    return random.oneIn(faults * factor)
  }

  private static func answer(_ connection: inout Connection, _ status: Int, _ body: String) {
    connection.out = Array("HTTP/1.1 \(status) X\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)".utf8)
    connection.hasEnded = true
  }

  private mutating func list(
    _ connection: inout Connection, _ query: [Substring: String], _ cluster: ModelCluster,
    _ random: inout SeededGenerator
  ) {
    var revision = cluster.revision
    var rest = cluster.objects(connection.resource)
    if let token = query["continue"] {
      guard let list = lists[token], list.revision >= cluster.compacted, !fails(1, &random) else {
        return Self.answer(&connection, 410, #"{"kind":"Status","code":410,"reason":"Expired","message":"gone"}"#)
      }
      (revision, rest) = list
    }
    let limit = query["limit"].flatMap { Int($0) } ?? .max
    let page = rest.prefix(limit)
    let more = Array(rest.dropFirst(page.count))
    var next = ""
    if !more.isEmpty {
      lastList += 1
      next = "token-\(lastList)"
      lists[next] = (revision, more)
    }
    let metadata = #""metadata":{"resourceVersion":"\#(revision)","continue":"\#(next)"}"#
    let items = #""items":[\#(page.joined(separator: ","))]"#
    Self.answer(
      &connection, 200, random.oneIn(2) ? "{\(metadata),\(items)}" : "{\(items), \(metadata)}\n")
    if more.isEmpty { connection.wholeList = revision }
  }

  private func watch(
    _ connection: inout Connection, _ query: [Substring: String], _ cluster: ModelCluster, _ now: UInt64,
    _ random: inout SeededGenerator
  ) {
    connection.at = query["resourceVersion"].flatMap { UInt64($0) } ?? 0
    guard connection.at >= cluster.compacted else {
      let status = #"{"kind":"Status","status":"Failure","code":410,"reason":"Expired","message":"too old"}"#
      guard random.oneIn(2) else { return Self.answer(&connection, 410, status) }
      connection.out = Array("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".utf8)
      Self.chunk(&connection, #"{"type":"ERROR","object":\#(status)}"# + "\n")
      return
    }
    connection.out = Array("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".utf8)
    connection.isWatch = true
    connection.place = cluster.log.firstIndex { $0.revision > connection.at } ?? cluster.log.count
    connection.endsAt = now + 1000 * (query["timeoutSeconds"].flatMap { UInt64($0) } ?? 300)
    connection.nextBookmark = now + 60_000
  }

  private static func chunk(_ connection: inout Connection, _ text: String) {
    connection.out += Array("\(String(text.utf8.count, radix: 16))\r\n\(text)\r\n".utf8)
  }

  // MARK: What happens by itself

  /// Lets watches tell of what is new.
  mutating func step(_ cluster: ModelCluster, now: UInt64, _ random: inout SeededGenerator) {
    for number in connections.keys.sorted() {
      guard var connection = connections[number], connection.isWatch, !connection.isDead, !connection.hasEnded else {
        continue
      }
      tell(&connection, cluster, now, &random)
      connections[number] = connection
    }
  }

  private func tell(
    _ connection: inout Connection, _ cluster: ModelCluster, _ now: UInt64, _ random: inout SeededGenerator
  ) {
    while connection.place < cluster.log.count {
      let change = cluster.log[connection.place]
      connection.place += 1
      guard change.resource == connection.resource else { continue }
      Self.chunk(&connection, #"{"type":"\#(change.type)","object":\#(change.text)}"# + "\n")
      connection.at = change.revision
      connection.marks.append((connection.out.count, change.revision))
      if fails(4, &random) { repeatOld(&connection, cluster, &random) }
    }
    if now >= connection.nextBookmark {
      connection.nextBookmark = now + 60_000
      connection.at = cluster.revision
      let object = #"{"kind":"Pod","metadata":{"resourceVersion":"\#(connection.at)"},"spec":{"containers":null}}"#
      Self.chunk(&connection, #"{"type":"BOOKMARK","object":\#(object)}"# + "\n")
      connection.marks.append((connection.out.count, connection.at))
    }
    if fails(40, &random) {
      Self.chunk(&connection, #"{"type":"ERROR","object":{"kind":"Status","code":500,"message":"internal"}}"#)
      connection.hasEnded = true
    } else if now >= connection.endsAt || fails(40, &random) {
      connection.out += Array("0\r\n\r\n".utf8)
      connection.hasEnded = true
    }
  }

  /// Tells again of something that was told already: as a duplicate, or late. A deletion comes late as the change before it.
  private func repeatOld(
    _ connection: inout Connection, _ cluster: ModelCluster, _ random: inout SeededGenerator
  ) {
    let old = cluster.log[max(0, connection.place - 60)..<connection.place].filter {
      $0.resource == connection.resource
    }
    guard !old.isEmpty else { return }
    let change = random.pick(old)
    Self.chunk(&connection, #"{"type":"\#(change.type)","object":\#(change.text)}"# + "\n")
  }
}

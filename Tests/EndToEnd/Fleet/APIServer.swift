import Foundation
import Glibc
import Synchronization

/// An API server with pods and namespaces, on a port of loopback: lists and watches, one request a connection.
final class APIServer: Sendable {
  struct Change: Sendable {
    let revision: Int
    let resource: String
    let type: String
    let text: String
  }

  private struct State {
    var revision = 1000
    /// What there is, by kind and uid.
    var objects: [String: [String: String]] = ["pods": [:], "namespaces": [:]]
    var log: [Change] = []
    /// Watches from before this are told that they are too late (410).
    var compacted = 0
    /// Goes up with each stop: who serves for an earlier one ends.
    var run = 0
    var isUp = false
    var lists = 0
    var expired = 0
  }

  let address: Endpoint
  private let state = Mutex(State())

  private init() throws { address = Endpoint("127.0.0.1", try Port.free()) }

  /// Runs one for the length of a body.
  static func run<Result>(_ body: (APIServer) throws -> Result) throws -> Result {
    let server = try APIServer()
    try server.start()
    defer { server.stop() }
    return try body(server)
  }

  var url: String { "http://\(address.text)" }
  /// How many lists were asked for, and how many watches came too late.
  var counts: (lists: Int, expired: Int) { state.withLock { ($0.lists, $0.expired) } }

  // MARK: The cluster

  func setNamespace(_ name: String, workspace: String) {
    set("namespaces", "ns-\(name)") { revision in
      #"""
      {"metadata":{"name":"\#(name)","uid":"ns-\#(name)","resourceVersion":"\#(revision)",\#
      "annotations":{"backroad.dev/workspace":"\#(workspace)"}},"status":{"phase":"Active"}}
      """#
    }
  }

  func setPod(
    _ uid: String, in namespace: String, _ addresses: [String], phase: String = "Running", hostNetwork: Bool = false
  ) {
    let list = addresses.map { #"{"ip":"\#($0)"}"# }.joined(separator: ",")
    set("pods", uid) { revision in
      #"""
      {"metadata":{"name":"pod-\#(uid)","namespace":"\#(namespace)","uid":"\#(uid)","resourceVersion":"\#(revision)"},\#
      "spec":{"hostNetwork":\#(hostNetwork)},"status":{"phase":"\#(phase)","podIP":"\#(addresses[0])","podIPs":[\#(list)],\#
      "containerStatuses":[{"name":"c","state":{"running":{"startedAt":"x"}}}]}}
      """#
    }
  }

  func removePod(_ uid: String) {
    state.withLock { state in
      guard let text = state.objects["pods"]?.removeValue(forKey: uid) else { return }
      state.revision += 1
      // A deletion has the pod as it was, with the deletion's revision.
      let last = text.replacing(/"resourceVersion":"\d+"/, with: #""resourceVersion":"\#(state.revision)""#)
      state.log.append(Change(revision: state.revision, resource: "pods", type: "DELETED", text: last))
    }
  }

  private func set(_ resource: String, _ uid: String, _ text: (Int) -> String) {
    state.withLock { state in
      state.revision += 1
      let text = text(state.revision)
      let type = state.objects[resource]?.updateValue(text, forKey: uid) == nil ? "ADDED" : "MODIFIED"
      state.log.append(Change(revision: state.revision, resource: resource, type: type, text: text))
    }
  }

  /// Forgets what was.
  func compact() { state.withLock { $0.compacted = $0.revision } }

  // MARK: Serving

  func start() throws {
    let listener = try TestSocket(SOCK_STREAM, address)
    // One that was stopped a moment ago closes its own first.
    try eventually("port \(address.port) is free", within: 10) { listener.bind() }
    listener.listen()
    let run = state.withLock { state in
      state.isUp = true
      return state.run
    }
    let box = Handover(listener)
    Thread { self.serve(box.take(), run) }.start()
  }

  /// Ends it, with all connections, within a few hundredths of a second.
  func stop() {
    state.withLock { state in
      state.run += 1
      state.isUp = false
    }
  }

  private func isOver(_ run: Int) -> Bool { state.withLock { !$0.isUp || $0.run != run } }

  private func serve(_ listener: TestSocket, _ run: Int) {
    while !isOver(run) {
      guard let client = listener.accept(milliseconds: 20) else { continue }
      let box = Handover(client)
      Thread { self.answer(box.take(), run) }.start()
    }
  }

  private func answer(_ client: TestSocket, _ run: Int) {
    var head: [UInt8] = []
    while head.firstRange(of: Array("\r\n\r\n".utf8)) == nil {
      guard !isOver(run), let octets = client.receive(milliseconds: 5000), !octets.isEmpty else { return }
      head += octets
    }
    let words = String(decoding: head, as: UTF8.self).split(separator: " ")
    guard words.count > 1, let target = URLComponents(string: String(words[1])) else { return }
    let query = Dictionary(
      (target.queryItems ?? []).map { ($0.name, $0.value ?? "") }, uniquingKeysWith: { first, _ in first })
    let resource = target.path.replacingOccurrences(of: "/api/v1/", with: "")
    if query["watch"] != nil {
      watch(client, resource, from: Int(query["resourceVersion"] ?? "") ?? 0, run)
    } else {
      client.send(Self.whole(list(resource)))
    }
  }

  private static func whole(_ body: String) -> [UInt8] {
    Array(
      "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
        .utf8)
  }

  private func list(_ resource: String) -> String {
    state.withLock { state in
      // kubectl asks for more than is asked of it.
      if state.objects[resource] != nil { state.lists += 1 }
      let items = (state.objects[resource] ?? [:]).values.sorted().joined(separator: ",")
      return #"{"kind":"List","metadata":{"resourceVersion":"\#(state.revision)"},"items":[\#(items)]}"#
    }
  }

  private func watch(_ client: TestSocket, _ resource: String, from revision: Int, _ run: Int) {
    let isLate = state.withLock { state in
      if revision < state.compacted { state.expired += 1 }
      return revision < state.compacted
    }
    client.send(
      Array(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
          .utf8))
    if isLate {
      let status = #"{"kind":"Status","status":"Failure","code":410,"reason":"Expired","message":"too old"}"#
      client.send(Self.chunk(#"{"type":"ERROR","object":\#(status)}"#) + Array("0\r\n\r\n".utf8))
      return
    }
    var at = revision
    while !isOver(run) {
      let news = state.withLock { state in state.log.filter { $0.resource == resource && $0.revision > at } }
      for change in news {
        guard client.send(Self.chunk(#"{"type":"\#(change.type)","object":\#(change.text)}"#)) else { return }
        at = change.revision
      }
      // The other side says nothing more, so that this is its end.
      if client.isReadable(milliseconds: 5), client.receive(milliseconds: 0)?.isEmpty != false { return }
    }
  }

  private static func chunk(_ text: String) -> [UInt8] {
    Array("\(String(text.utf8.count + 1, radix: 16))\r\n\(text)\n\r\n".utf8)
  }
}

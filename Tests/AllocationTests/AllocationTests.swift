import Answering
import CAllocationCount
import TestKit
import Testing
import Wire
import Workspaces

/// An answer from the zones allocates nothing: its cost is that of the copy, whatever the load.
///
/// Without the optimizer a closure or an existential may be on the heap, so this holds for release builds alone:
/// `swift test -c release --filter AllocationTests`.
@Suite(.enabled(if: isOptimized, "counts only in a release build: swift test -c release --filter AllocationTests"))
struct AllocationTests {
  let snapshot = TestServer(zones: [
    "example": """
    www     60  A      192.0.2.1
    www     60  A      192.0.2.2
    many    60  TXT    "\(String(repeating: "x", count: 250))"
    *.wild  60  A      192.0.2.3
    one     60  CNAME  two
    two     60  CNAME  three.other.test.
    gone    60  CNAME  nope
    child   60  NS     ns.elsewhere.test.
    """,
    "other.test": "three 60 A 192.0.2.4\n",
  ]).snapshot

  /// How many blocks one answer takes, once everything that is made on first use is there.
  func allocations(
    _ question: String, _ type: RecordType, size: UInt16?, options: [UInt8] = [], from address: UInt32 = 0x0a00_0001,
    rounds: Int = 3, in snapshot: Snapshot? = nil
  ) throws -> (count: Int, answer: String) {
    let snapshot = snapshot ?? self.snapshot
    var query = RawMessage.query(wire(question), type, additional: size == nil ? 0 : 1)
    if let size { query = query.opt(size: size, options: options) }
    let message = query.octets
    let client = SocketAddress(.v4(address), port: 40_000)
    var responder = Responder(identity: ServerIdentity(version: "test", hostName: "test"))
    var buffer = [UInt8](repeating: 0, count: 1_232)
    var result = (count: 0, length: 0)
    let names = CompressionMemory(seed: .known)
    for _ in 0..<rounds {
      var writer = MessageWriter(buffer.mutableSpan, limit: 1_232, names: names.table())
      allocation_count_start()
      let response = responder.respond(
        to: message.span, from: client, at: SocketAddress(.v4(0x7f00_0001), port: 53), via: .udp, in: snapshot, &writer)
      result = (allocation_count_stop(), writer.count)
      guard case .ready = response else { throw NotAnswered() }
    }
    return (result.count, TestServer.text(Array(buffer[..<result.length])))
  }

  struct NotAnswered: Error {}

  static let questions: [(name: String, type: RecordType, starts: String)] = [
    ("www.example", .a, "NOERROR aa rd ra\nwww.example. 60 IN A 192.0.2.1"),
    ("WWW.EXAMPLE", .any, "NOERROR aa rd ra\nWWW.EXAMPLE. 60 IN A 192.0.2.1"),
    ("www.example", .mx, "NOERROR aa rd ra\nauthority: example. 300 IN SOA"),
    ("nope.example", .a, "NXDOMAIN aa rd ra\nauthority: example. 300 IN SOA"),
    ("any.wild.example", .a, "NOERROR aa rd ra\nany.wild.example. 60 IN A 192.0.2.3"),
    ("one.example", .a, "NOERROR aa rd ra\none.example. 60 IN CNAME two.example."),
    ("gone.example", .a, "NXDOMAIN aa rd ra\ngone.example. 60 IN CNAME nope.example."),
    ("x.child.example", .a, "NOERROR rd ra\nauthority: child.example. 60 IN NS"),
  ]

  @Test(arguments: questions) func anAnswerFromTheZonesAllocatesNothing(
    name: String, type: RecordType, starts: String
  ) throws {
    for size in [nil, 1_232] as [UInt16?] {
      let (count, answer) = try allocations(name, type, size: size)
      #expect(answer.hasPrefix(starts))
      #expect(count == 0, "\(answer)")
    }
  }

  /// The chain of a private name whose end an upstream gave, and a name that no zone holds.
  @Test(arguments: ["link.example", "public.test"]) func anAnswerThatIsRememberedAllocatesNothing(name: String) throws {
    let server = TestServer(
      zones: ["example": "link 60 CNAME vpce.test."], forward: [".": "10.9.0.9"],
      ScriptedUpstreams([
        "vpce.test. A": "NOERROR\nvpce.test. 60 A 192.0.2.1\nvpce.test. 60 A 192.0.2.2",
        "public.test. A": "NOERROR\npublic.test. 60 A 192.0.2.3",
      ]))
    let query = RawMessage.query(wire(name), .a, additional: 1).opt(size: 1_232).octets
    let first = try #require(server.answer(query))
    var buffer = [UInt8](repeating: 0, count: 1_232)
    let client = SocketAddress(.v4(0x0a00_0001), port: 40_000)
    allocation_count_start()
    let (response, length) = server.respond(query, client, .udp, &buffer)
    let count = allocation_count_stop()
    guard case .ready = response else { throw NotAnswered() }
    #expect(Array(buffer[..<length]) == first)
    #expect(count == 0)
  }

  /// Nor does deciding by a token that is hashed and looked up, by a listening address, and by what is required.
  @Test func aTokenAllocatesNothing() throws {
    let token = [UInt8](0..<32)
    let settings = """
      {
        "clients": ["10.0.0.0/8"], "require": ["token", "listener", "clients"], "listen": ["127.0.0.1:53"],
        "tokens": [{ "id": "t", "sha256": "\(SHA256.digest(token))" }]
      }
      """
    let snapshot = TestServer(zones: ["example": "www 60 A 192.0.2.1\n"], settings: settings).snapshot
    let options = option(10, [1, 2]) + option(Int(Responder.defaultTokenOption), token)
    let (count, answer) = try allocations("www.example", .a, size: 1_232, options: options, in: snapshot)
    #expect(answer.hasPrefix("NOERROR aa rd ra\nwww.example. 60 IN A 192.0.2.1"))
    #expect(count == 0)
  }

  /// Nor does an answer with the addresses of the client's availability zone first.
  @Test func aClientOfAZoneAllocatesNothing() throws {
    let settings = #"{ "clients": ["10.0.0.0/8"], "client-zones": { "a": ["10.0.0.0/16"] } }"#
    let acme = TestWorkspace(
      settings: settings, zones: ["example": "www 60 A 192.0.2.1\nwww 60 A 192.0.2.2\n"], zonal: ["a": ["192.0.2.2"]])
    let snapshot = TestServer([acme]).snapshot
    for (client, first) in [(0x0a00_0001, 2), (0x0a01_0001, 1)] as [(UInt32, Int)] {
      let (count, answer) = try allocations("www.example", .a, size: 1_232, from: client, in: snapshot)
      #expect(answer.hasPrefix("NOERROR aa rd ra\nwww.example. 60 IN A 192.0.2.\(first)"), "\(answer)")
      #expect(count == 0)
    }
  }

  /// Nor does refusing who is nobody's client, once the explanations are used up: a flood costs what a query costs.
  @Test func aRefusalAllocatesNothing() throws {
    let (count, answer) = try allocations("www.example", .a, size: 1_232, from: 0xcb00_7101, rounds: 100)
    #expect(answer.hasPrefix("REFUSED rd") && !answer.contains("error"), "\(answer)")
    #expect(count == 0)
  }

  /// Nor does a lease, wherever in its table it is.
  @Test func aLeaseAllocatesNothing() throws {
    let server = TestServer(
      zones: ["example": "www 60 A 192.0.2.1\n"], settings: #"{ "clients": [], "require": ["lease"] }"#)
    server.lease(["10.0.0.1": "acme"])
    let (count, answer) = try allocations("www.example", .a, size: 1_232, in: server.snapshot)
    #expect(answer.hasPrefix("NOERROR aa rd ra\nwww.example. 60 IN A 192.0.2.1"))
    #expect(count == 0)
  }

  /// Nor does counting it for its workspace, where that is switched on.
  @Test func countingByWorkspaceAllocatesNothing() throws {
    var builder = SnapshotBuilder(countsQueries: true)
    for (_, workspace) in snapshot.workspaces.all { builder.set(workspace) }
    _ = builder.build()
    let workspaces = builder.snapshot.workspaces
    allocation_count_start()
    workspaces.tally(of: 0)?.count(.init([]))
    let count = allocation_count_stop()
    #expect(workspaces.tally(of: 0)?[.noError] == 1)
    #expect(count == 0)
  }

  @Test func aTruncatedAnswerAllocatesNothing() throws {
    let label = String(repeating: "l", count: 60)
    let long = "\(label).\(label).\(label).many.wild.example"
    let (count, _) = try allocations(long, .a, size: 512)
    #expect(count == 0)
  }

  /// The counter counts: otherwise all of the above would pass for nothing.
  @Test func theCounterCounts() {
    allocation_count_start()
    let array = [UInt8](repeating: 1, count: Int.random(in: 100...200))
    let count = allocation_count_stop()
    #expect(count >= 1 && array.count >= 100)
  }
}

private var isOptimized: Bool {
  #if DEBUG
    false
  #else
    true
  #endif
}

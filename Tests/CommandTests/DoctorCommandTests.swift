import Foundation
import Glibc
import Synchronization
import Testing

/// What `doctor` waits for, and for how long: it asks whom it is told to, and nobody's answer ends it or holds it up.
struct DoctorCommandTests {
  let backroad: Backroad

  init() throws {
    backroad = try Backroad()
    // Endpoints are made on the loopback addresses, and looked at there.
    try backroad.write("backroad.json", #"{ "own-networks": ["127.0.0.0/8"] }"#)
    _ = try backroad("workspace add acme --client 127.0.0.0/8")
  }

  private func importHosts(_ count: Int) throws {
    let hosts = (0..<count).map { "h\($0).corp.example\n" }.joined()
    let line = "import hosts --workspace acme --link l --endpoint 10.0.0.1 --zone corp.example --miss forward --from -"
    #expect(try backroad(line, input: hosts).status == 0)
  }

  /// As many are asked for at once as is said, and nobody after the time for all.
  @Test func aSilentServerIsAskedForNoLongerThanIsSaid() throws {
    try importHosts(40)
    let server = try FakeServer { _ in }
    let outcome = try backroad("doctor --workspace acme --server 127.0.0.1:\(server.port) --timeout 1")
    #expect(outcome.status == 1 && outcome.errors == "")
    #expect(outcome.output.split(separator: "\n").count { $0.hasSuffix("not asked: 1 s for all hosts are over") } == 40)
    #expect(server.count == 17, "one to ask who it is")
  }

  /// A hundred addresses, none of which takes a connection.
  @Test func addressesThatDoNotAnswerAreTriedForNoLongerThanIsSaid() throws {
    try importHosts(1)
    let server = try FakeServer { peer in
      while let query = peer.query() { peer.send(FakeServer.answer(query, addresses: 100)) }
    }
    let full = try FakeServer.full()
    let line = "doctor --workspace acme --server 127.0.0.1:\(server.port) --timeout 1 --connect \(full.port)"
    let (process, output, _) = try backroad.start(line.split(separator: " ").map { String($0) })
    let end = Date().addingTimeInterval(60)
    while process.isRunning {
      guard Date() < end else {
        process.terminate()
        Issue.record("it tries one address after the other")
        return
      }
      usleep(10_000)
    }
    let said = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    // As many are tried at once as is said.
    #expect(said.contains("84 addresses are not tried"), "\(said)")
    #expect(said.contains("is not reached: no answer"))
    #expect(process.terminationStatus == 1)
  }

  /// The hosts of a link lead to one endpoint, which is not to be asked a thousand times.
  @Test func anAddressIsTriedOnceForAllItsHosts() throws {
    let hosts = (0..<40).map { "h\($0).corp.example\n" }.joined()
    let other = try FakeServer { _ in }
    let line = "import hosts --workspace acme --link l --endpoint 127.77.0.0 --port \(other.port) --zone corp.example"
    #expect(try backroad("\(line) --miss forward --from -", input: hosts).status == 0)
    let server = try FakeServer { peer in
      while let query = peer.query() { peer.send(FakeServer.answer(query, addresses: 1)) }
    }
    let outcome = try backroad("doctor --workspace acme --server 127.0.0.1:\(server.port)")
    #expect(outcome.status == 0, "\(outcome.output)\(outcome.errors)")
    #expect(outcome.output.split(separator: "\n").count { $0.hasSuffix("ok") } == 40)
    #expect(outcome.output.split(separator: "\n").count { $0.hasSuffix("reached") } == 1, "\(outcome.output)")
    let again = try FakeServer { peer in
      while let query = peer.query() { peer.send(FakeServer.answer(query, addresses: 1)) }
    }
    let json = try backroad("doctor --workspace acme --server 127.0.0.1:\(again.port) --json").output
    #expect(json.matches(of: /"verdict": "ok"/).count == 40)
    // Each connection comes from a port of its own.
    let sources = json.matches(of: /"source": "[^"]*"/).map { $0.output }
    #expect(sources.count == 40 && Set(sources).count == 1, "\(json)")
  }

  /// A link without names has an endpoint all the same, which clients use by its own name or its addresses.
  @Test func theEndpointOfALinkWithoutNamesIsTried() throws {
    let other = try FakeServer { _ in }
    for (link, endpoint) in [("db", "127.77.0.0"), ("ssh", "endpoint.corp.example")] {
      let line =
        "import postgres --workspace acme --link \(link) --no-records --port \(other.port) --endpoint \(endpoint)"
      #expect(try backroad(line).status == 0)
      let server = try FakeServer { peer in
        while let query = peer.query() { peer.send(FakeServer.answer(query, addresses: 1)) }
      }
      let outcome = try backroad("doctor --workspace acme --link \(link) --server 127.0.0.1:\(server.port)")
      #expect(outcome.status == 0, "\(outcome.output)\(outcome.errors)")
      #expect(outcome.output.contains("\(endpoint)") && outcome.output.contains("reached\n"), "\(outcome.output)")
    }
    _ = try backroad("import postgres --workspace acme --link db --no-records --port 1 --endpoint 127.77.0.0")
    let server = try FakeServer { peer in
      while let query = peer.query() { peer.send(FakeServer.answer(query, addresses: 1)) }
    }
    let outcome = try backroad("doctor --workspace acme --link db --server 127.0.0.1:\(server.port)")
    #expect(outcome.status == 1 && outcome.output.contains("127.77.0.0:1 is not reached"), "\(outcome.output)")
  }

  /// A link that may be public is told of as one, and not connected to.
  @Test func aPublicAddressThatMayBeIsNoted() throws {
    let line = "import hosts --workspace acme --link l --public --endpoint 203.0.113.0 --port 443 a.corp.example"
    #expect(try backroad(line).status == 0)
    let server = try FakeServer { peer in
      while let query = peer.query() { peer.send(FakeServer.answer(query, addresses: 1, of: [203, 0, 113])) }
    }
    let outcome = try backroad("doctor --workspace acme --server 127.0.0.1:\(server.port)")
    #expect(outcome.status == 0, "\(outcome.output)\(outcome.errors)")
    #expect(outcome.output.contains("203.0.113.0 is public, as the link may be (\"public\"), and is not connected to"))
    #expect(!outcome.output.contains("TIME (UTC)"), "\(outcome.output)")
  }

  /// What answers at a public address is not the link. (0.0.0.0 is none of the private ones, and leads to this machine.)
  @Test func nothingIsConnectedToAtAPublicAddress() throws {
    try importHosts(1)
    let server = try FakeServer { peer in
      while let query = peer.query() { peer.send(FakeServer.answer(query, addresses: 1, of: [0, 0, 0])) }
    }
    let other = try FakeServer { _ in }
    let outcome = try backroad(
      "doctor --workspace acme --server 127.0.0.1:\(server.port) --connect \(other.port)")
    #expect(outcome.status == 1 && outcome.output.contains("\n  0.0.0.0 is public\n"), "\(outcome.output)")
    #expect(!outcome.output.contains("TIME (UTC)") && other.count == 0)
  }

  /// The links' files choose address and port: this machine's services are not theirs to knock at.
  @Test func nothingOfThisMachineIsConnectedToUnlessTheOperatorNamesIt() throws {
    try backroad.write("backroad.json", "{}")
    let other = try FakeServer { _ in }
    let server = try FakeServer { peer in
      while let query = peer.query() { peer.send(FakeServer.answer(query, addresses: 1)) }
    }
    try importHosts(1)
    let outcome = try backroad("doctor --workspace acme --server 127.0.0.1:\(server.port) --connect \(other.port)")
    #expect(outcome.status == 1, "\(outcome.output)\(outcome.errors)")
    #expect(
      outcome.output.contains(
        "127.77.0.0 is not connected to: it is this machine's own: where a link does end on it, list 127.77.0.0 in"),
      "\(outcome.output)")
    #expect(!outcome.output.contains("TIME (UTC)") && other.count == 0)
  }

  @Test func whatIsNoTimeIsTold() throws {
    for time in ["5", "m", "0s", "25h", "-1m", "1d"] {
      let outcome = try backroad("doctor --workspace acme --wait=\(time)")
      #expect(outcome.status == 2 && outcome.errors.contains("--wait is a time like 90s, 5m or 1h, at most 24h"))
    }
  }

  @Test func aLinkThatIsNotThereIsToldOfWithThoseThatAre() throws {
    let empty = try backroad("doctor --workspace acme --link nope --server 127.0.0.1:1")
    #expect(empty.status == 1 && empty.errors.contains("has no link \"nope\", nor any other"), "\(empty.errors)")
    try importHosts(1)
    let one = try backroad("doctor --workspace acme --link nope --server 127.0.0.1:1")
    #expect(one.errors.contains("has no link \"nope\"; there is l\n"), "\(one.errors)")
  }

  /// Where an address is pinned at a zone's apex, or an ALIAS stands there, no CNAME shows what it leads to.
  @Test func whatAHostLeadsToIsShownWithoutACNAMEToo() throws {
    let endpoint = "endpoint.corp.example"
    _ = try backroad(
      "import hosts --workspace acme --link l --endpoint \(endpoint)=127.77.0.0 --port 1 git.corp.example")
    let server = try FakeServer { peer in
      while let query = peer.query() { peer.send(FakeServer.answer(query, addresses: 1)) }
    }
    // It is so although no port is reached.
    let outcome = try backroad("doctor --workspace acme --server 127.0.0.1:\(server.port)")
    #expect(outcome.output.contains("git.corp.example  l     \(endpoint)  127.77.0.0  wrong"), "\(outcome.output)")
  }

  /// Another DNS server refuses too, and says nothing of clients.
  @Test func anotherServersRefusalIsNotTakenForBackroads() throws {
    let server = try FakeServer(endsConnections: true, isBackroad: false) { peer in
      guard let query = peer.query() else { return }
      peer.send([0, UInt8(query.count), query[0], query[1], 0x81, 0x05] + query[4...])
    }
    let outcome = try backroad("doctor --workspace acme --server 127.0.0.1:\(server.port)")
    #expect(outcome.status == 1)
    #expect(
      outcome.errors.contains(
        "does not say whose client this is (REFUSED for CH TXT whoami.backroad), as a Backroad does"),
      "\(outcome.errors)")
  }

  /// What a server may say in an answer's place.
  static let nonsense: [(what: String, said: String, behaviour: @Sendable (FakeServer.Peer) -> Void)] = [
    ("nothing, and the end", "it does not answer", { _ = $0.query() }),
    (
      "a part of an answer, and the end", "it does not answer",
      { $0.send([0, 100] + [UInt8](repeating: 0, count: 10)) }
    ),
    ("octets without end", "what it says is no answer", { while $0.send([UInt8](repeating: 0xff, count: 65_536)) {} }),
    ("an empty message", "what it says is no answer", { $0.send([0, 0]) }),
    (
      "an answer to another question", "what it says is no answer",
      { peer in
        guard let query = peer.query() else { return }
        peer.send([0, UInt8(query.count), query[0], query[1] &+ 1] + query[2...])
      }
    ),
  ]

  @Test(arguments: nonsense.indices) func whatIsNoAnswerEndsIt(index: Int) throws {
    let (what, said, behaviour) = Self.nonsense[index]
    try importHosts(1)
    let server = try FakeServer(endsConnections: true, behaviour)
    let outcome = try backroad("doctor --workspace acme --server 127.0.0.1:\(server.port)")
    #expect(outcome.status == 1 && outcome.output == "", "\(what): \(outcome.output)")
    #expect(outcome.errors.contains("cannot be asked: "), "\(what): \(outcome.errors)")
    // A server that ends a connection while it is written to may have reset it.
    #expect(outcome.errors.contains(said) || outcome.errors.contains("reset by peer"), "\(what): \(outcome.errors)")
  }

  /// One octet after the other, each within the time for an answer.
  @Test func anAnswerThatNeverEndsIsNotWaitedFor() throws {
    try importHosts(1)
    let server = try FakeServer { peer in
      peer.send([0xff])
      while peer.send([0xff]) { usleep(20_000) }
    }
    let outcome = try backroad("doctor --workspace acme --server 127.0.0.1:\(server.port) --timeout 1")
    #expect(outcome.output.contains("not asked: 1 s for all hosts are over"), "\(outcome)")
  }
}

/// A TCP server on loopback that does with each connection what a test says.
final class FakeServer: Sendable {
  /// A connection.
  struct Peer: Sendable {
    let raw: Int32

    /// False when the other end is gone.
    @discardableResult
    func send(_ octets: [UInt8]) -> Bool {
      // unsafe: the call reads inside the array, whose length it is given.
      unsafe octets.withUnsafeBytes { unsafe Glibc.send(raw, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) } >= 0
    }

    /// The next message; nil at the end.
    func query() -> [UInt8]? {
      guard let length = read(2), let message = read(Int(length[0]) << 8 | Int(length[1])) else { return nil }
      return message
    }

    private func read(_ count: Int) -> [UInt8]? {
      var octets = [UInt8](repeating: 0, count: count)
      // unsafe: the call writes inside the array, whose length it is given.
      let got = unsafe octets.withUnsafeMutableBytes {
        unsafe recv(raw, $0.baseAddress, count, Int32(MSG_WAITALL))
      }
      return got == count ? octets : nil
    }
  }

  let port: UInt16
  private let listener: Int32
  private let connections = Mutex<[Int32]>([])

  /// How many connections were made.
  var count: Int { connections.withLock { $0.count } }

  private init(backlog: Int32) throws {
    listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let raw = listener
    // unsafe: the calls read and write a local of the length that they are given.
    let outcome = unsafe withUnsafeMutablePointer(to: &address) { pointer in
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { any in
        unsafe bind(raw, any, length) == 0 && listen(raw, backlog) == 0 && getsockname(raw, any, &length) == 0
      }
    }
    try #require(outcome)
    port = UInt16(bigEndian: address.sin_port)
  }

  /// On the first connection it says that who asks is acme's client; what the test says is for those after it.
  ///
  /// - Parameter endsConnections: when the test's part is done; otherwise they stay open.
  /// - Parameter isBackroad: false for one that says nothing on the first connection either but what the test says.
  convenience init(
    endsConnections: Bool = false, isBackroad: Bool = true, _ behaviour: @escaping @Sendable (Peer) -> Void
  ) throws {
    try self.init(backlog: 128)
    let listener = listener
    let note: @Sendable (Int32) -> Void = { [weak self] raw in self?.connections.withLock { $0.append(raw) } }
    Thread.detachNewThread {
      var isFirst = isBackroad
      while true {
        let raw = accept(listener, nil, nil)
        guard raw >= 0 else { return }
        note(raw)
        let tellsWho = isFirst
        isFirst = false
        Thread.detachNewThread {
          if tellsWho {
            let peer = Peer(raw: raw)
            if let query = peer.query() { peer.send(Self.answer(query, text: "workspace=acme")) }
          } else {
            behaviour(Peer(raw: raw))
          }
          if endsConnections { shutdown(raw, Int32(SHUT_RDWR)) }
        }
      }
    }
  }

  /// One whose queue is full, so that whoever connects waits in vain.
  static func full() throws -> FakeServer {
    let server = try FakeServer(backlog: 0)
    for _ in 0..<4 {
      let raw = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0)
      server.connections.withLock { $0.append(raw) }
      var address = sockaddr_in()
      address.sin_family = sa_family_t(AF_INET)
      address.sin_port = server.port.bigEndian
      address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
      // unsafe: the call reads a local of the length that it is given.
      _ = unsafe withUnsafePointer(to: &address) { pointer in
        unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { any in
          unsafe connect(raw, any, socklen_t(MemoryLayout<sockaddr_in>.size))
        }
      }
    }
    return server
  }

  deinit {
    shutdown(listener, Int32(SHUT_RDWR))
    close(listener)
    connections.withLock { $0.forEach { close($0) } }
  }

  /// A framed answer to a question for text in class CH.
  static func answer(_ query: [UInt8], text: String) -> [UInt8] {
    var end = 12
    while query[end] != 0 { end += Int(query[end]) + 1 }
    var message = query[..<2] + [0x81, 0x80, 0, 1, 0, 1, 0, 0, 0, 0] + query[12..<(end + 5)]
    message += [0xc0, 12, 0, 16, 0, 3, 0, 0, 0, 0, 0, UInt8(text.utf8.count + 1), UInt8(text.utf8.count)] + text.utf8
    return [UInt8(message.count >> 8), UInt8(message.count & 0xff)] + message
  }

  /// A framed answer to a question for addresses: so many of 127.77.0.0/24 or another network, and none of another type.
  static func answer(_ query: [UInt8], addresses: Int, of network: [UInt8] = [127, 77, 0]) -> [UInt8] {
    var end = 12
    while query[end] != 0 { end += Int(query[end]) + 1 }
    let isA = query[end + 2] == 1
    let count = UInt8(isA ? addresses : 0)
    var message = query[..<2] + [0x81, 0x80, 0, 1, 0, count, 0, 0, 0, 0] + query[12..<(end + 5)]
    for number in 0..<count { message += [0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4] + network + [number] }
    return [UInt8(message.count >> 8), UInt8(message.count & 0xff)] + message
  }
}

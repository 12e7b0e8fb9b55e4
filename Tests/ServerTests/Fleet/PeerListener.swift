import Fleet
import Glibc
import SystemIO
import Wire

@testable import Server

/// The other end of the connections of a `FleetSockets`. Nothing blocks, and everything has a limit.
final class PeerListener {
  struct TooLate: Error {}

  private let socket: Socket
  let member: StoreAddress.Member

  init(_ socket: consuming Socket, _ member: StoreAddress.Member) {
    self.socket = socket
    self.member = member
  }

  /// Listens at a free port.
  convenience init(_ host: String) throws {
    guard let address = IPAddress(host) else { throw TooLate() }
    let socket = try Socket.tcpServer(SocketAddress(address, port: 0))
    guard let port = socket.localAddress?.port else { throw TooLate() }
    self.init(socket, .tcp(host: host, port: port))
  }

  var port: UInt16 { if case .tcp(_, let port) = member { port } else { 0 } }

  /// When a test has waited for long enough.
  static func limit() -> UInt64 { System.monotonicNanoseconds() + 20_000_000_000 }

  /// Tries until something is there.
  static func wait<Result>(_ body: () throws -> Result?) throws -> Result {
    let end = limit()
    while System.monotonicNanoseconds() < end {
      if let result = try body() { return result }
      SystemIO.Thread.pause(milliseconds: 1)
    }
    throw TooLate()
  }

  /// Takes a connection, while the sockets do what they have to.
  func accept(_ sockets: inout FleetSockets) throws -> Peer {
    let end = Self.limit()
    while System.monotonicNanoseconds() < end {
      var peer: Peer?
      _ = try socket.acceptConnection { peer = Peer($0) }
      if let peer { return peer }
      _ = try sockets.wait(until: System.monotonicNanoseconds() + 1_000_000)
    }
    throw TooLate()
  }
}

/// A connection's other end.
final class Peer {
  private final class Holder {
    let socket: Socket
    init(_ socket: consuming Socket) { self.socket = socket }
  }

  private var holder: Holder?

  init(_ socket: consuming Socket) { holder = Holder(socket) }

  func close() { holder = nil }

  func write(_ octets: [UInt8]) throws {
    let count = try holder?.socket.descriptor.write(octets[...])
    guard count == octets.count else { throw PeerListener.TooLate() }
  }

  /// Writes until nothing is taken any more; how many octets that were.
  func fill() -> Int {
    let piece = [UInt8](repeating: 7, count: 64 << 10)
    var count = 0
    while let taken = try? holder?.socket.descriptor.write(piece[...]) {
      count += taken
    }
    return count
  }

  func read(_ count: Int) throws -> [UInt8] {
    var octets: [UInt8] = []
    while octets.count < count {
      octets += try PeerListener.wait { try piece(count - octets.count) }
    }
    return octets
  }

  /// True once the other side has closed.
  func readEnd() throws -> Bool { try PeerListener.wait { try piece(1) }.isEmpty }

  private func piece(_ most: Int) throws -> [UInt8]? {
    var buffer = [UInt8](repeating: 0, count: most)
    let count = try holder?.socket.descriptor.read(into: &buffer)
    return count.map { Array(buffer[..<$0]) }
  }
}

/// Listens, and takes no connection: what comes beyond its queue is not answered.
final class SilentListener {
  private let raw: Int32
  private var waiting: [PeerHolder] = []

  private final class PeerHolder {
    let socket: Socket
    init(_ socket: consuming Socket) { self.socket = socket }
  }

  init(_ host: String, port: UInt16) throws {
    guard let address = IPAddress(host), case .v4(let number) = address else { throw PeerListener.TooLate() }
    raw = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var name = sockaddr_in()
    name.sin_family = sa_family_t(AF_INET)
    name.sin_port = port.bigEndian
    name.sin_addr.s_addr = number.bigEndian
    // unsafe: the call reads a local, whose size it is given.
    let isBound = unsafe withUnsafeBytes(of: &name) { octets in
      unsafe bind(raw, octets.baseAddress?.assumingMemoryBound(to: sockaddr.self), socklen_t(octets.count))
    }
    guard isBound == 0, listen(raw, 0) == 0 else { throw PeerListener.TooLate() }
    for _ in 0..<4 {
      waiting.append(PeerHolder(try .client(.tcp, to: SocketAddress(address, port: port))))
    }
  }

  deinit { _ = close(raw) }
}

extension FleetSockets {
  /// Events, until there are so many.
  mutating func events(until count: Int) throws -> [Event] {
    var events: [Event] = []
    let end = PeerListener.limit()
    while true {
      while events.count < count, let event = next() { events.append(event) }
      guard events.count < count else { return events }
      guard System.monotonicNanoseconds() < end else { throw PeerListener.TooLate() }
      _ = try wait(until: end)
    }
  }

  /// What a connection brings, until there is so much of it.
  mutating func octets(_ count: Int, of number: UInt64) throws -> [UInt8] {
    var octets: [UInt8] = []
    while octets.count < count {
      guard case .received(number, let more)? = try events(until: 1).first else { throw PeerListener.TooLate() }
      octets += more
    }
    return octets
  }
}

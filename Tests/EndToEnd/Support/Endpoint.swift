import Glibc
import Synchronization

/// A port on loopback that a test may use.
enum Port {
  /// Below the ports that the kernel gives to clients, so that no client's socket takes one meanwhile.
  private static let next = Atomic<UInt16>(UInt16.random(in: 15_000..<22_000))

  /// A port that is free for UDP and TCP on every address.
  static func free() throws -> UInt16 {
    for _ in 0..<5000 {
      let port = next.add(1, ordering: .relaxed).newValue
      let isFree = try [SOCK_DGRAM, SOCK_STREAM].allSatisfy { type in
        try ["0.0.0.0", "::"].allSatisfy { host in try TestSocket(type, Endpoint(host, port)).bind() }
      }
      if isFree { return port }
    }
    throw LabError("no free port")
  }
}

/// An address and port of a server.
struct Endpoint: Sendable {
  let host: String
  let port: UInt16

  init(_ host: String, _ port: UInt16) {
    self.host = host
    self.port = port
  }

  var isIPv6: Bool { host.contains(":") }
  /// As configuration files write it.
  var text: String { isIPv6 ? "[\(host)]:\(port)" : "\(host):\(port)" }

  /// Asks until there is an answer of any kind.
  func awaitAnswer(from program: Program, seconds: Double = 30) throws {
    try eventually("\(program.name) answers on \(text); it said \(program.errors)", within: seconds) {
      guard program.isRunning else {
        throw LabError("\(program.name) ended at once: \(program.errors)\(program.output)")
      }
      let socket = try TestSocket(SOCK_DGRAM, self)
      guard socket.connect() else { return false }
      _ = socket.send(Message.query("ready.invalid", id: 7))
      return socket.receive(milliseconds: 200) != nil
    }
  }
}

/// A blocking socket, as thin as can be: the tests' own way to the server, apart from what the server uses.
final class TestSocket {
  private let descriptor: Int32
  private let endpoint: Endpoint

  init(_ type: __socket_type, _ endpoint: Endpoint) throws {
    self.endpoint = endpoint
    let family = endpoint.isIPv6 ? AF_INET6 : AF_INET
    descriptor = socket(family, Int32(type.rawValue | SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { throw LabError("no socket: errno \(errno)") }
    // An IPv6 socket of the wildcard address would take the port of IPv4 too.
    if endpoint.isIPv6 { set(Int32(IPPROTO_IPV6), IPV6_V6ONLY, 1) }
  }

  private init(accepted descriptor: Int32, _ endpoint: Endpoint) {
    self.descriptor = descriptor
    self.endpoint = endpoint
  }

  deinit { close(descriptor) }

  /// Has the kernel keep no more than a little of what comes; before it is connected.
  func keepsLittle() { set(SOL_SOCKET, SO_RCVBUF, 4096) }

  private func set(_ level: Int32, _ option: Int32, _ value: Int32) {
    var value = value
    // unsafe: the call reads a local.
    _ = unsafe setsockopt(descriptor, level, option, &value, socklen_t(MemoryLayout<Int32>.size))
  }

  /// Hands on the address in the form that its family has.
  private func withAddress(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32) -> Bool {
    // unsafe: pointers to locals, of the type that the family names, for the length of the call.
    unsafe endpoint.isIPv6 ? withIPv6Address(body) == 0 : withIPv4Address(body) == 0
  }

  private func withIPv4Address(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32) -> Int32 {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = endpoint.port.bigEndian
    unsafe inet_pton(AF_INET, endpoint.host, &address.sin_addr)
    let length = socklen_t(MemoryLayout<sockaddr_in>.size)
    return unsafe withUnsafePointer(to: &address) { address in
      unsafe address.withMemoryRebound(to: sockaddr.self, capacity: 1) { unsafe body($0, length) }
    }
  }

  private func withIPv6Address(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32) -> Int32 {
    var address = sockaddr_in6()
    address.sin6_family = sa_family_t(AF_INET6)
    address.sin6_port = endpoint.port.bigEndian
    unsafe inet_pton(AF_INET6, endpoint.host, &address.sin6_addr)
    let length = socklen_t(MemoryLayout<sockaddr_in6>.size)
    return unsafe withUnsafePointer(to: &address) { address in
      unsafe address.withMemoryRebound(to: sockaddr.self, capacity: 1) { unsafe body($0, length) }
    }
  }

  /// Takes the address; false when it is taken.
  func bind() -> Bool {
    set(SOL_SOCKET, SO_REUSEADDR, 1)
    return unsafe withAddress { unsafe Glibc.bind(descriptor, $0, $1) }
  }

  func connect() -> Bool { unsafe withAddress { unsafe Glibc.connect(descriptor, $0, $1) } }

  /// Connects from an IPv4 address of this machine.
  func connect(from host: String) -> Bool {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    // unsafe: the calls read and write a local of the type that the family names.
    unsafe inet_pton(AF_INET, host, &address.sin_addr)
    let length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let isBound = unsafe withUnsafePointer(to: &address) { address in
      unsafe address.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        unsafe Glibc.bind(descriptor, $0, length) == 0
      }
    }
    return isBound && connect()
  }

  func listen(backlog: Int32 = 64) { _ = Glibc.listen(descriptor, backlog) }

  /// The next connection; nil when none comes in time.
  func accept(milliseconds: Int32) -> TestSocket? {
    guard isReadable(milliseconds: milliseconds) else { return nil }
    let accepted = Glibc.accept(descriptor, nil, nil)
    guard accepted >= 0 else { return nil }
    _ = fcntl(accepted, F_SETFD, FD_CLOEXEC)
    return TestSocket(accepted: accepted, endpoint)
  }

  func isReadable(milliseconds: Int32) -> Bool {
    var waiting = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    return unsafe poll(&waiting, 1, milliseconds) > 0
  }

  /// Tells the other side that nothing more comes.
  func shutdownSending() { _ = shutdown(descriptor, Int32(SHUT_WR)) }

  /// Sends what fits at once; false when nothing does, or the other side is gone.
  @discardableResult
  func send(_ octets: [UInt8], waits: Bool = true) -> Bool {
    let flags = Int32(MSG_NOSIGNAL) | (waits ? 0 : Int32(MSG_DONTWAIT))
    // unsafe: reads the array, whose length it is given.
    return unsafe octets.withUnsafeBytes { unsafe Glibc.send(descriptor, $0.baseAddress, $0.count, flags) } >= 0
  }

  /// The next datagram, or some octets of a stream; nil when none come in time, empty at a stream's end.
  func receive(milliseconds: Int32) -> [UInt8]? {
    guard isReadable(milliseconds: milliseconds) else { return nil }
    var buffer = [UInt8](repeating: 0, count: 65_536)
    // unsafe: writes inside the array, whose length it is given.
    let count = unsafe buffer.withUnsafeMutableBytes { unsafe recv(descriptor, $0.baseAddress, $0.count, 0) }
    return count < 0 ? nil : Array(buffer[..<count])
  }

  /// The next datagram and who sent it, to answer with `send(_:to:)`.
  func receiveFrom(milliseconds: Int32) -> (octets: [UInt8], peer: Peer)? {
    guard isReadable(milliseconds: milliseconds) else { return nil }
    var buffer = [UInt8](repeating: 0, count: 65_536)
    var peer = Peer()
    // unsafe: writes inside the array and the peer's storage, whose lengths it is given.
    let count = unsafe buffer.withUnsafeMutableBytes { octets in
      unsafe withUnsafeMutablePointer(to: &peer.storage) { storage in
        unsafe storage.withMemoryRebound(to: sockaddr.self, capacity: 1) {
          unsafe recvfrom(descriptor, octets.baseAddress, octets.count, 0, $0, &peer.length)
        }
      }
    }
    return count < 0 ? nil : (Array(buffer[..<count]), peer)
  }

  func send(_ octets: [UInt8], to peer: Peer) {
    var peer = peer
    // unsafe: reads the array and the peer's storage, whose lengths it is given.
    _ = unsafe octets.withUnsafeBytes { octets in
      unsafe withUnsafePointer(to: &peer.storage) { storage in
        unsafe storage.withMemoryRebound(to: sockaddr.self, capacity: 1) {
          unsafe sendto(descriptor, octets.baseAddress, octets.count, 0, $0, peer.length)
        }
      }
    }
  }

  /// Who sent a datagram.
  struct Peer {
    var storage = sockaddr_storage()
    var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
  }

  // MARK: Messages on streams

  private var received: [UInt8] = []

  /// Sends messages in one go, each behind its length (RFC 1035 §4.2.2).
  @discardableResult
  func send(messages: [[UInt8]]) -> Bool { send(messages.flatMap { Message.bigEndian($0.count) + $0 }) }

  /// The next whole message of a stream; nil when it does not come in time, or the stream ends.
  func message(milliseconds: Int32 = 5000) -> [UInt8]? {
    while true {
      if received.count >= 2 {
        let length = Int(received[0]) << 8 | Int(received[1])
        if received.count >= 2 + length {
          defer { received.removeFirst(2 + length) }
          return Array(received[2..<(2 + length)])
        }
      }
      guard let more = receive(milliseconds: milliseconds), !more.isEmpty else { return nil }
      received += more
    }
  }
}

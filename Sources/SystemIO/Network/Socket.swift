import CLinux
import Glibc
import Wire

/// A socket of either kind, never blocking, closed when its owner goes.
public struct Socket: ~Copyable, Sendable {
  /// The open socket.
  public let descriptor: FileDescriptor

  /// Which of the two protocols a socket speaks.
  public enum Transport: Sendable {
    case udp
    case tcp

    var type: Int32 {
      switch self {
      case .udp: Int32(SOCK_DGRAM.rawValue)
      case .tcp: Int32(SOCK_STREAM.rawValue)
      }
    }
  }

  /// The descriptor's number.
  public var raw: Int32 { descriptor.raw }

  init(_ transport: Transport, family: Int32, _ subject: String) throws(SystemError) {
    let flags = Int32(SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
    let raw = try checked("socket", subject) { socket(family, transport.type | flags, 0) }
    descriptor = FileDescriptor(owning: raw)
  }

  init(accepted raw: Int32) { descriptor = FileDescriptor(owning: raw) }

  private func set(_ level: Int32, _ option: Int32, _ value: Int32 = 1) throws(SystemError) {
    var value = value
    // unsafe: the call reads the four octets of a local.
    try checked("setsockopt") {
      unsafe setsockopt(raw, level, option, &value, socklen_t(MemoryLayout<Int32>.size))
    }
  }

  private func bind(to address: SocketAddress) throws(SystemError) {
    let rawAddress = RawAddress(address)
    // unsafe: the pointer is to the local above.
    try checked("bind", "\(address)") { unsafe rawAddress.withPointer { unsafe Glibc.bind(raw, $0, $1) } }
  }

  private func bind(toInterface name: String) throws(SystemError) {
    let octets = Array(name.utf8)
    try checked("setsockopt", name) {
      // unsafe: the call reads the array, whose length it is given.
      unsafe octets.withUnsafeBytes { octets in
        unsafe setsockopt(raw, SOL_SOCKET, SO_BINDTODEVICE, octets.baseAddress, socklen_t(octets.count))
      }
    }
  }

  /// From where a client's socket reaches its peer, when the routing table must not decide it.
  public enum Source: Hashable, Sendable {
    case address(IPAddress)
    case interface(String)
  }

  /// A server's UDP socket, one of several that share the address (SO_REUSEPORT).
  public static func udpServer(_ address: SocketAddress) throws(SystemError) -> Socket {
    let socket = try Socket(.udp, family: address.address.family, "\(address)")
    try socket.set(SOL_SOCKET, SO_REUSEPORT)
    if address.address.family == AF_INET6 { try socket.set(Int32(IPPROTO_IPV6), IPV6_V6ONLY) }
    // A burst waits here while a worker is at work. FORCE goes past the system's limit, where the process may.
    try socket.set(SOL_SOCKET, SO_RCVBUF, 4 << 20)
    try? socket.set(SOL_SOCKET, SO_RCVBUFFORCE, 4 << 20)
    if address.address.isUnspecified {
      try check(cl_enable_packet_info(socket.raw, address.address.family), "setsockopt", "\(address)")
    }
    try check(cl_set_dont_fragment(socket.raw, address.address.family), "setsockopt", "\(address)")
    try socket.bind(to: address)
    return socket
  }

  /// A server's listening TCP socket, one of several that share the address.
  public static func tcpServer(_ address: SocketAddress) throws(SystemError) -> Socket {
    let socket = try Socket(.tcp, family: address.address.family, "\(address)")
    try socket.set(SOL_SOCKET, SO_REUSEADDR)
    try socket.set(SOL_SOCKET, SO_REUSEPORT)
    if address.address.family == AF_INET6 { try socket.set(Int32(IPPROTO_IPV6), IPV6_V6ONLY) }
    try socket.bind(to: address)
    try checked("listen", "\(address)") { listen(socket.raw, 512) }
    return socket
  }

  /// Throws when another process has the address: sockets that share one would not notice.
  public static func checkIsFree(_ address: SocketAddress) throws(SystemError) {
    for transport in [Transport.udp, .tcp] {
      let socket = try Socket(transport, family: address.address.family, "\(address)")
      if address.address.family == AF_INET6 { try socket.set(Int32(IPPROTO_IPV6), IPV6_V6ONLY) }
      if transport == .tcp { try socket.set(SOL_SOCKET, SO_REUSEADDR) }
      try socket.bind(to: address)
    }
  }

  /// A client's socket to one address; the kernel chooses a random local port. For TCP the connection is under way
  /// when this returns: it is made, or has failed, when the socket turns writable.
  public static func client(
    _ transport: Transport, to address: SocketAddress, from source: Source? = nil
  ) throws(SystemError) -> Socket {
    let socket = try Socket(transport, family: address.address.family, "\(address)")
    switch transport {
    case .udp: try check(cl_set_dont_fragment(socket.raw, address.address.family), "setsockopt", "\(address)")
    case .tcp: try socket.set(Int32(IPPROTO_TCP), TCP_NODELAY)
    }
    switch source {
    case nil: break
    case .address(let own): try socket.bind(to: SocketAddress(own, port: 0))
    case .interface(let name): try socket.bind(toInterface: name)
    }
    let rawAddress = RawAddress(address)
    do throws(SystemError) {
      // unsafe: the pointer is to the local above.
      try checked("connect", "\(address)") { unsafe rawAddress.withPointer { unsafe connect(socket.raw, $0, $1) } }
    } catch  where error.code == EINPROGRESS {
    }
    return socket
  }

  /// The error that a connection ended with, if any; reading it clears it.
  public func takeError() -> SystemError? {
    var code: Int32 = 0
    var length = socklen_t(MemoryLayout<Int32>.size)
    // unsafe: the call fills two locals.
    let result = unsafe getsockopt(raw, SOL_SOCKET, SO_ERROR, &code, &length)
    return result == 0 && code == 0 ? nil : SystemError("connect", code: result == 0 ? code : errno)
  }

  /// Hands on the next connection that waits on a listening socket, with who made it.
  ///
  /// A closure takes them and not a struct, because Swift 6.3.1 reads the socket of such a struct from address 0 when it
  /// is taken out of it in another module without optimization.
  /// - Returns: false when no connection waits.
  public func accept(
    _ take: (consuming Socket, SocketAddress) throws(SystemError) -> Void
  ) throws(SystemError) -> Bool {
    var from = RawAddress()
    // unsafe: the call fills a local that has room for any address.
    let result = unsafe cl_accept(raw, &from.storage)
    switch result {
    case 0...:
      let socket = Socket(accepted: result)
      try? socket.set(Int32(IPPROTO_TCP), TCP_NODELAY)
      guard let address = from.address else { return false }
      try take(socket, address)
      return true
    case -EAGAIN, -EINTR, -ECONNABORTED, -EPROTO:
      return false
    default:
      throw SystemError("accept4", code: -result)
    }
  }

  /// The address a socket is bound to.
  public var localAddress: SocketAddress? {
    var address = RawAddress()
    // unsafe: the call fills a local that has room for any address.
    let result = unsafe address.withMutablePointer { unsafe getsockname(raw, $0, $1) }
    return result == 0 ? address.address : nil
  }

  /// Sends one datagram on a connected socket; false when it could not be sent now.
  public func send(_ datagram: [UInt8]) throws(SystemError) -> Bool {
    try descriptor.write(datagram[...]) != nil
  }
}

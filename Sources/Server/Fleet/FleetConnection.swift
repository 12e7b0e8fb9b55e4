import Bounds
import Fleet
import Glibc
import SystemIO
import Wire

/// One connection of a `FleetSockets`, made or being made.
final class FleetConnection {
  /// A socket that is connected, or being connected, to one of the member's addresses.
  final class Attempt {
    let socket: Socket
    /// Nil for a Unix socket.
    let address: SocketAddress?

    init(to address: SocketAddress) throws(SystemError) {
      socket = try .client(.tcp, to: address)
      self.address = address
    }

    init(path: String) throws(SystemError) {
      socket = try .unixClient(path)
      address = nil
    }

    /// Why the connection is not made, once the kernel says that something came of it.
    var failure: SystemError? {
      if let error = socket.takeError() { return error }
      // On this machine a socket may meet itself where nobody listens (RFC 9293 §3.5, simultaneous opens).
      guard let address, socket.localAddress == address else { return nil }
      return SystemError("connect", code: ECONNREFUSED)
    }
  }

  let number: UInt64
  let member: StoreAddress.Member
  var attempt: Attempt?
  var isOpen = false
  /// The addresses that are tried when this one does not take the connection.
  var further: ArraySlice<IPAddress> = []
  /// When the next address is tried; nil where there is none, or nothing is being tried.
  var passedOverAt: UInt64?
  /// What the other end has not taken yet.
  var unsent = OctetQueue()
  /// Why nothing is sent any more; what the other end has said until then is read all the same.
  var writeFailure: String?

  init(_ number: UInt64, to member: StoreAddress.Member) {
    (self.number, self.member) = (number, member)
  }

  /// The host's name or address, and the port; nil for a Unix socket.
  var host: (name: String, port: UInt16)? {
    guard case .tcp(let name, let port) = member else { return nil }
    return (name, port)
  }
}

import Glibc
import Links
import SystemIO
import Wire

/// One connection that is being made, to see whether it can be.
final class WatchConnection {
  let number: UInt64
  /// When it counts as silent, in milliseconds.
  let deadline: UInt64
  let socket: Socket
  private let destination: SocketAddress

  /// Begins to connect.
  init(_ number: UInt64, to destination: SocketAddress, deadline: UInt64) throws(SystemError) {
    socket = try .client(.tcp, to: destination)
    (self.number, self.destination, self.deadline) = (number, destination, deadline)
  }

  /// What came of it, once the kernel says that something did.
  var outcome: ConnectOutcome {
    if let error = socket.takeError() { return ConnectOutcome(error) }
    // On this machine a socket may meet itself where nobody listens (RFC 9293 §3.5, simultaneous opens).
    return socket.localAddress == destination ? .refused : .reached
  }
}

extension ConnectOutcome {
  /// What an error says of the endpoint: nothing, where this machine is the reason.
  init(_ error: SystemError) {
    switch error.code {
    case ECONNREFUSED, ECONNRESET: self = .refused
    case ETIMEDOUT: self = .silent
    case EHOSTUNREACH, ENETUNREACH, EACCES, EPERM: self = .failed(error.reason)
    default: self = error.isLack ? .postponed : .failed(error.reason)
    }
  }
}

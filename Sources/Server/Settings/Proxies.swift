import Answering
import Forwarding
import SystemIO
import Wire

/// The load balancers whose word counts on who the client is.
///
/// Of them a PROXY header is required: one that came without would make the load balancer the client. From anybody else
/// it is not believed: those octets are read as DNS, which they are not.
struct Proxies: Sendable {
  /// Their addresses.
  let prefixes: [IPPrefix]

  init(_ prefixes: [IPPrefix] = []) { self.prefixes = prefixes }

  func contains(_ address: IPAddress) -> Bool { prefixes.contains { $0.contains(address) } }

  /// Who truly sent a datagram, and where the message starts in it; nil when it is to be dropped.
  func unwrap(_ datagram: Span<UInt8>, from source: SocketAddress) -> (client: SocketAddress, start: Int)? {
    guard contains(source.address) else { return (source, 0) }
    // Port 0 cannot be answered, whatever the header says.
    guard source.port != 0, case .header(let header) = ProxyHeader.read(datagram) else { return nil }
    return (header.client ?? source, header.length)
  }
}

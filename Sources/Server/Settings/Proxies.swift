import Answering
import Forwarding
import SystemIO
import Wire

/// The load balancers whose word counts on who the client is.
///
/// Of them a PROXY header is required: one that came without would make the load balancer the client. From anybody else
/// it is not believed, and what begins with one is not answered: it is no DNS message, and whoever sends it would take
/// the answer for its client's.
struct Proxies: Sendable {
  /// Who sent a datagram.
  enum Sender {
    /// A client, whose message starts there.
    case client(SocketAddress, start: Int)
    /// A listed load balancer that does not say for whom.
    case withoutHeader
    /// Somebody who says for whom, and is not listed.
    case unlisted
  }

  /// Their addresses.
  let prefixes: [IPPrefix]

  init(_ prefixes: [IPPrefix] = []) { self.prefixes = prefixes }

  func contains(_ address: IPAddress) -> Bool { prefixes.contains { $0.contains(address) } }

  /// Who truly sent a datagram. But for a client's it is to be dropped.
  func sender(of datagram: Span<UInt8>, from source: SocketAddress) -> Sender {
    guard contains(source.address) else {
      return ProxyHeader.begins(datagram) ? .unlisted : .client(source, start: 0)
    }
    // Port 0 cannot be answered, whatever the header says.
    guard source.port != 0, case .header(let header) = ProxyHeader.read(datagram) else { return .withoutHeader }
    return .client(header.client ?? source, start: header.length)
  }
}

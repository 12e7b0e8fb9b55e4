/// What counts as one client where something is shared or limited: an IPv4 address, or an IPv6 /64, of which one machine
/// has as many addresses as it likes.
public struct ClientNetwork: Hashable, Sendable {
  private let isV6: Bool
  /// The address, or the upper half of it: 64 bits, which halves every key.
  private let bits: UInt64

  /// The network that an address is in.
  public init(_ client: IPAddress) {
    switch client {
    case .v4(let bits): (isV6, self.bits) = (false, UInt64(bits))
    case .v6(let bits): (isV6, self.bits) = (true, UInt64(truncatingIfNeeded: bits >> 64))
    }
  }
}

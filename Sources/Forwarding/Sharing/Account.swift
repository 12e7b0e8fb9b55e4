import Bounds
import Wire

/// On whose account something bounded is: a workspace's client, or nobody's for what the server does by itself, which
/// gives way before all others.
typealias Account = ShareHolder<UInt32, ClientNetwork>

/// A client as shares are counted: of IPv6 its /64, for a host takes as many addresses of it as it likes.
struct ClientNetwork: Hashable, Sendable {
  private let isV6: Bool
  /// The address, or the upper half of it.
  private let bits: UInt64

  init(_ client: IPAddress) {
    switch client {
    case .v4(let bits): (isV6, self.bits) = (false, UInt64(bits))
    case .v6(let bits): (isV6, self.bits) = (true, UInt64(truncatingIfNeeded: bits >> 64))
    }
  }
}

extension Asker {
  /// On whose account its questions are.
  var account: Account { Account(workspace, ClientNetwork(client)) }
}

extension Account {
  /// What nobody waits for.
  static let server = Account(nil, ClientNetwork(.v4(0)))
}

import Bounds
import Wire

/// On whose account something bounded is: a workspace's client, or nobody's for what the server does by itself, which
/// gives way before all others.
typealias Account = ShareHolder<UInt32, ClientNetwork>

extension Asker {
  /// On whose account its questions are.
  var account: Account { Account(workspace, ClientNetwork(client)) }
}

extension Account {
  /// What nobody waits for.
  static let server = Account(nil, ClientNetwork(.v4(0)))
}

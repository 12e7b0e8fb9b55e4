import Bounds
import Wire

/// How the connections to all upstreams are shared: one that has no questions goes first, then whoever uses most gives
/// way. A connection is on the account of the question that has been on it longest of those that are on it still.
struct StreamPool {
  private var share: FairShare<UInt32, ClientNetwork, SocketToken>
  /// Those without questions, in the order in which they came to have none.
  private var idle: FairShare<UInt8, UInt8, SocketToken>

  private static let all = ShareHolder<UInt8, UInt8>(0, 0)

  init(capacity: Int) {
    share = FairShare(capacity: capacity)
    idle = FairShare(capacity: capacity)
  }

  var count: Int { share.count }

  /// How many are on one account.
  func count(of account: Account) -> Int { share.count(of: account) }

  /// What becomes of one more connection.
  func admission(of account: Account) -> FairShare<UInt32, ClientNetwork, SocketToken>.Admission {
    guard share.count >= share.capacity else { return .room }
    if let unused = idle.oldest(of: Self.all) { return .inPlaceOf(unused) }
    return share.admission(of: account)
  }

  mutating func insert(_ token: SocketToken, _ account: Account) { share.insert(token, of: account) }

  mutating func remove(_ token: SocketToken) {
    share.remove(token)
    idle.remove(token)
  }

  /// A question goes out on a connection.
  mutating func use(_ token: SocketToken, _ account: Account) {
    if idle.holder(of: token) != nil { share.move(token, to: account) }
    idle.remove(token)
    share.touch(token)
  }

  /// A connection is on another's account from now on.
  mutating func charge(_ token: SocketToken, to account: Account) { share.move(token, to: account) }

  /// A connection has no questions any more.
  mutating func rest(_ token: SocketToken) { idle.insert(token, of: Self.all) }
}

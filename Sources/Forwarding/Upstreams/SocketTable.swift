import Bounds
import Wire

/// Who uses each socket, and how the UDP sockets are shared. A token is a slot and how often the slot was used before, so
/// that what is told of a socket that was closed reaches nobody.
struct SocketTable {
  /// What a socket is for.
  enum User {
    case datagram(Attempt)
    case stream(UpstreamStream)
  }

  private var users: [User?] = []
  private var generations: [UInt32] = []
  private var free: [Int] = []
  private var share: FairShare<UInt32, ClientNetwork, SocketToken>

  /// - Parameter datagrams: the most UDP sockets.
  init(datagrams: Int) { share = FairShare(capacity: datagrams) }

  /// Open UDP sockets.
  var datagramCount: Int { share.count }

  /// What becomes of one more UDP socket.
  func admission(of account: Account) -> FairShare<UInt32, ClientNetwork, SocketToken>.Admission {
    share.admission(of: account)
  }

  mutating func open(_ attempt: Attempt, _ account: Account) -> SocketToken {
    let token = open(.datagram(attempt))
    share.insert(token, of: account)
    return token
  }

  mutating func open(_ stream: UpstreamStream) -> SocketToken { open(.stream(stream)) }

  /// A UDP socket is on another's account from now on.
  mutating func charge(_ token: SocketToken, to account: Account) { share.move(token, to: account) }

  private mutating func open(_ user: User) -> SocketToken {
    let slot: Int
    if let reused = free.popLast() {
      slot = reused
      users[slot] = user
    } else {
      slot = users.count
      users.append(user)
      generations.append(0)
    }
    return token(slot)
  }

  mutating func close(_ token: SocketToken) {
    guard let slot = slot(token) else { return }
    users[slot] = nil
    generations[slot] &+= 1
    free.append(slot)
    share.remove(token)
  }

  /// Nil for a socket that is closed.
  subscript(token: SocketToken) -> User? { slot(token).flatMap { users[$0] } }

  private func token(_ slot: Int) -> SocketToken {
    SocketToken(rawValue: UInt64(generations[slot]) << 32 | UInt64(slot))
  }

  private func slot(_ token: SocketToken) -> Int? {
    let slot = Int(token.rawValue & 0xffff_ffff)
    guard slot < users.count, users[slot] != nil, self.token(slot) == token else { return nil }
    return slot
  }
}

import Bounds
import Forwarding
import Wire

/// What may still be sent over UDP to clients that have waited for long.
///
/// Whoever can have upstreams answer late can save up answers and have all of them sent to a victim in one moment
/// (DNSBomb, CVE-2024-33655). Unbound sends nothing after 1.9 s. `dig` and stub resolvers wait for five, and the
/// failures of a dead upstream come late by nature, so here a client's late answers are limited by their octets: a few
/// are sent, a burst is not. Addresses are not forged over TCP, so nothing is limited there.
public struct LateAnswers: Sendable {
  /// An answer is late when its question came longer ago than this.
  public static let after = Duration.milliseconds(1900)
  /// How many octets of late answers a client is sent in one second; 130 failures with their reason, or 13 full answers.
  public static let octetsPerSecond = 16 << 10

  /// How many answers were not sent.
  public private(set) var dropped = 0

  private struct Client: Hashable {
    let workspace: Int
    let network: ClientNetwork
  }

  private var second: UInt64 = 0
  private var sent: [Client: Int] = [:]
  /// Whose the counts are.
  private var share = FairShare<Int, Client, Client>(capacity: Limits.Clients.lateAnswerClients)
  /// Workspaces that others had to take counts from. Whom a count was taken from cannot be told from a new client, so
  /// nobody new of such a workspace is sent anything late in that second.
  private var crowded: Set<Int> = []

  /// Nothing sent yet.
  public init() {}

  /// True when an answer may be sent over UDP; what may be sent is counted.
  ///
  /// - Parameter workspace: the number of the workspace whose client it is.
  public mutating func admit(
    octets: Int, to address: IPAddress, of workspace: Int, askedAt: Instant, now: Instant
  ) -> Bool {
    guard now.since(askedAt) > Self.after else { return true }
    let current = now.nanoseconds / 1_000_000_000
    if current != second {
      second = current
      sent.removeAll(keepingCapacity: true)
      share = FairShare(capacity: Limits.Clients.lateAnswerClients)
      crowded.removeAll(keepingCapacity: true)
    }
    let client = Client(workspace: workspace, network: ClientNetwork(address))
    let total = sent[client, default: 0] + octets
    guard total <= Self.octetsPerSecond, sent[client] != nil || makeRoom(for: client) else {
      dropped += 1
      return false
    }
    sent[client] = total
    return true
  }

  /// Begins to count a client: when as many are counted as can be, in the place of one of whichever workspace has most.
  private mutating func makeRoom(for client: Client) -> Bool {
    guard !crowded.contains(client.workspace) else { return false }
    let holder = FairShare<Int, Client, Client>.Holder(client.workspace, client)
    switch share.admission(of: holder) {
    case .room: break
    case .inPlaceOf(let other):
      guard other.workspace != client.workspace else { return false }
      crowded.insert(other.workspace)
      share.remove(other)
      sent[other] = nil
    case .none: return false
    }
    share.insert(client, of: holder)
    return true
  }
}

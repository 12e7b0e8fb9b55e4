import Answering
import Forwarding
import Links
import Wire
import Workspaces
import Zones

/// A name whose addresses are asked for as a client of a workspace would ask, through its zones and its forwarding: first
/// those of IPv4, then those of IPv6.
final class AddressQuestion {
  /// The probe's number, which is the ticket, too.
  let number: UInt64
  let name: Name
  /// When it is given up.
  let deadline: Instant
  private let slot: Int
  private(set) var resolution: Resolution
  private var type = RecordType.a
  private var addresses: [IPAddress] = []

  /// Nil for a workspace that is not served.
  init?(_ number: UInt64, _ name: Name, of workspace: WorkspaceName, in snapshot: Snapshot, deadline: Instant) {
    guard let slot = snapshot.workspaces.slot(of: workspace),
      let resolution = Self.resolution(name, .a, slot, snapshot)
    else { return nil }
    (self.number, self.name, self.slot, self.deadline) = (number, name, slot, deadline)
    self.resolution = resolution
  }

  private static func resolution(
    _ name: Name, _ type: RecordType, _ slot: Int, _ snapshot: Snapshot
  ) -> Resolution? {
    let message = ClientQuery.message(id: 0, name, type)
    guard let query = try? Query(message.span) else { return nil }
    let decision = Decision(workspace: slot, shown: [], clientEntry: nil)
    return Resolution(
      query, message.span, from: SocketAddress(.v4(0x7f00_0001), port: 1), via: .tcp, decision, in: snapshot)
  }

  /// Takes an answer. What a limit of this server's stood in the way of is never the endpoint's: not even a part of its
  /// addresses, which may be the part that does not answer.
  ///
  /// - Parameter isOverloaded: a limit of this server's stood in the way.
  /// - Returns: what came of it all; nil when it goes on with the other family.
  func take(_ answer: Span<UInt8>, isOverloaded: Bool, in snapshot: Snapshot) -> ResolveOutcome? {
    guard let listing = try? MessageListing(answer) else { return .postponed }
    guard listing.code == ResponseCode.noError.rawValue || listing.code == ResponseCode.nameError.rawValue else {
      guard !isOverloaded, resolution.queriesLeft > 0 else { return .postponed }
      // Clients are given those of one family as well.
      if !addresses.isEmpty { return .addresses(addresses, reason: "") }
      return .failed(listing.complaint?.text ?? listing.status)
    }
    addresses += listing.answer.filter { $0.type == type }.compactMap { IPAddress(octets: $0.data) }
    guard type == .a, listing.code == ResponseCode.noError.rawValue, snapshot.workspaces[resolution.workspace] != nil,
      let next = Self.resolution(name, .aaaa, slot, snapshot)
    else { return .addresses(addresses, reason: listing.complaint?.text ?? "") }
    (type, resolution) = (.aaaa, next)
    return nil
  }
}

/// Asks the watcher's own forwarder, and notes when that has no room.
struct WatchHops: HopSource {
  let forwarder: Forwarder
  let ticket: Ticket
  let asker: Asker
  let now: Instant
  private(set) var isOverloaded = false

  init(_ forwarder: Forwarder, _ question: AddressQuestion, now: Instant) {
    self.forwarder = forwarder
    ticket = Ticket(question.number)
    asker = Asker(
      workspace: UInt32(question.resolution.decision.workspace), client: question.resolution.client.address)
    self.now = now
  }

  mutating func ask(_ question: ForwardQuestion, queries: Int) -> ForwardOutcome {
    let outcome = forwarder.ask(question, ticket: ticket, asker: asker, queries: queries, now: now)
    if case .done(let result) = outcome { note(result) }
    return outcome
  }

  mutating func known(_ question: ForwardQuestion) -> ForwardResult? { nil }

  /// Takes note of a result.
  mutating func note(_ result: ForwardResult) {
    if case .failure(let failure) = result, failure.reason == .overload { isOverloaded = true }
  }
}

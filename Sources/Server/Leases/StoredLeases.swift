import Bounds
import Forwarding
import Storage
import Synchronization
import SystemIO
import Text
import Wire
import Workspaces

/// The store of a fleet's leases, locked by whoever changes leases, while that is written.
final class StoreOfLeases: Sendable {
  let content: Mutex<any LeaseStore>

  init(_ store: consuming sending any LeaseStore) { content = Mutex(store) }
}

// Leases in a store that the server follows. Whoever follows it says what is there; whoever changes leases here writes
// them there, and has them counted at once.
extension LeaseKeeper {
  // MARK: What the store tells

  /// Takes what the store has at pods' keys: one revision's changes, whole, or a piece of a load.
  ///
  /// - Parameter pods: the values; nil for a key that is gone.
  func take(_ pods: [IPAddress: [UInt8]?], revision: Int64, moment: Moment = .current) {
    guard !pods.isEmpty else { return }
    var news = FollowedLeases.News()
    put { state in
      news = state.followed.take(pods, revision: revision, into: &state.leases.book, now: moment.now)
      return true
    }
    if news.isFull {
      log.note(
        """
        the store has more leases than the \(limits.maximumCount) that are kept: others wait until there is room, the \
        lowest addresses first
        """)
    }
    if let first = news.unreadable {
      let more = news.unreadableCount > 1 ? " and \(news.unreadableCount - 1) more" : ""
      log.note("what the store has of \(first)\(more) does not say whose client it is: it is nobody's")
    }
  }

  /// A load has ended: all that the store has at its revision was taken.
  func loaded(revision: Int64, moment: Moment = .current) {
    put { state in
      state.followed.loaded(revision: revision, into: &state.leases.book, now: moment.now)
      return true
    }
  }

  /// The store is another one than before: to be said before anything of it is taken.
  func storeIsAnother(moment: Moment = .current) {
    put { state in
      state.followed.turned(&state.leases.book, now: moment.now)
      return true
    }
  }

  /// At that moment nothing was missed that the store had: leases count for the time of `secondsWithoutContact` from then on.
  ///
  /// The workers are told in time, and not each time.
  func heard(at contact: Instant, moment: Moment = .current) {
    var isBack = false
    put { state in
      let told = state.snapshot?.leases.holdsUntil ?? state.followed.holdsUntil
      let wasOver = told <= moment.now && told.nanoseconds > 0
      state.followed.heard(at: contact)
      let end = state.followed.holdsUntil
      isBack = wasOver && end > moment.now
      return told <= moment.now || end > told + .seconds(Limits.Leases.secondsWithoutContact / 10)
    }
    if isBack { log.note("the store was heard again: clients with leases are served") }
  }

  /// Says so where leases no longer count, for lack of contact to the store. That they do not is no matter of this call.
  ///
  /// - Returns: when to ask next; nil while there is no contact.
  func expire(moment: Moment = .current) -> Instant? {
    let (until, toTell) = state.withLock { state -> (Instant, Bool) in
      let until = state.followed.holdsUntil
      return (until, until <= moment.now && state.followed.isEndToBeTold())
    }
    if toTell {
      log.note(
        """
        without contact to the store for \(Limits.Leases.secondsWithoutContact) s nobody knows whose the pods' addresses \
        are: clients are refused that only a lease makes a workspace's, until the store is heard
        """)
    }
    return until > moment.now ? until : nil
  }

  // MARK: Requests

  /// Leases addresses to a workspace, or renews the leases, in the store.
  func add(
    _ addresses: [IPAddress], to workspace: WorkspaceName, _ ttlSeconds: UInt64, in store: StoreOfLeases,
    _ moment: Moment
  ) throws(Failure) -> [Lease] {
    let end = moment.now + .seconds(Int64(ttlSeconds))
    try writing(addresses, of: workspace, until: end, in: store, moment) { book, snapshot, store throws(Failure) in
      let surroundings = LeaseSurroundings(snapshot)
      do throws(LeaseRefusal) {
        try book.checkClaim(addresses, to: workspace, ttlSeconds: ttlSeconds, in: surroundings)
        try book.checkRoom(for: addresses, now: moment.now)
      } catch {
        throw .refused(error)
      }
      do throws(LeaseStoreFailure) {
        return try store.grant(addresses, to: workspace, seconds: ttlSeconds) { surroundings.index($0) != nil }
      } catch {
        throw Failure(error)
      }
    }
    return addresses.map { Lease(address: $0, workspace: workspace, end: end) }
  }

  /// Ends leases of a workspace in the store.
  func remove(
    _ addresses: [IPAddress], of workspace: WorkspaceName, in store: StoreOfLeases, _ moment: Moment
  ) throws(Failure) {
    try writing(addresses, of: nil, until: moment.now, in: store, moment) { book, _, store throws(Failure) in
      do throws(LeaseRefusal) { try book.checkCount(addresses) } catch { throw .refused(error) }
      do throws(LeaseStoreFailure) {
        return try store.remove(addresses, of: workspace)
      } catch {
        throw Failure(error)
      }
    }
  }

  /// Writes into the store, and has what was written counted here at once.
  ///
  /// - Parameters:
  ///   - workspace: whose the addresses are then; nil for nobody's.
  ///   - change: checks a request against what is served, and writes it; gives the store's revision.
  private func writing(
    _ addresses: [IPAddress], of workspace: WorkspaceName?, until end: Instant, in store: StoreOfLeases,
    _ moment: Moment, _ change: (inout LeaseBook, Snapshot, any LeaseStore) throws(Failure) -> Int64
  ) throws(Failure) {
    try store.content.withLock { store throws(Failure) in
      var (book, snapshot, holdsUntil) = state.withLock { state in
        (state.leases.book, state.snapshot, state.followed.holdsUntil)
      }
      guard let snapshot, holdsUntil > moment.now else {
        throw .unwritten(
          Problem("this server has no contact to the store, and nothing was changed; ask again, or another one"))
      }
      state.withLock { $0.followed.begin(addresses) }
      let revision: Int64
      do throws(Failure) {
        revision = try change(&book, snapshot, store)
      } catch {
        state.withLock { $0.followed.giveUp(addresses) }
        throw error
      }
      var isOfThisStore = true
      put { state in
        isOfThisStore = state.followed.wrote(
          addresses, of: workspace, until: end, revision: revision, into: &state.leases.book, now: moment.now)
        return true
      }
      guard isOfThisStore else {
        throw .unwritten(Problem("the store was replaced by another one meanwhile; ask again"))
      }
    }
  }

  // MARK: How it stands

  /// How the leases of a store stand.
  struct Followed: Sendable {
    /// Leases count until then; nil where they do not count now.
    var holdsUntil: Instant?
    /// How many there is no room for.
    var waiting: Int
    /// How many addresses have values that nobody understands.
    var unreadable: Int
  }

  /// How the leases of a store stand; nil where there is a journal.
  func followed(moment: Moment = .current) -> Followed? {
    guard case .store = backing else { return nil }
    return state.withLock { state in
      let followed = state.followed
      return Followed(
        holdsUntil: followed.holdsUntil > moment.now ? followed.holdsUntil : nil, waiting: followed.waiting.count,
        unreadable: followed.unreadable.count)
    }
  }
}

extension LeaseKeeper.Failure {
  fileprivate init(_ failure: LeaseStoreFailure) {
    switch failure {
    case .refused(let refusal): self = .refused(refusal)
    case .problem(let problem): self = .unwritten(problem)
    }
  }
}

extension LeaseLimits {
  /// Those of a server that follows a store.
  static var ofStore: LeaseLimits {
    var limits = LeaseLimits()
    limits.maximumAddresses = Limits.Leases.addressesOfTransaction
    return limits
  }
}

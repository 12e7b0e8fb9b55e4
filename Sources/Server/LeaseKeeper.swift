import Forwarding
import Storage
import Synchronization
import SystemIO
import Text
import Wire
import Workspaces

/// Keeps the leases: in the journal, and in what the workers answer from.
///
/// Every snapshot passes through here on its way to the workers, so that each has the leases of its moment, and leases
/// never meet another snapshot's indices. Used by the reloader's thread and the admin interface's.
final class LeaseKeeper: Sendable {
  /// The leases' moment: the clock they end by, and the clock that outlives the process.
  struct Moment: Sendable {
    let now: Instant
    let clock: LeaseClock

    init(now: Instant, clock: LeaseClock) {
      self.now = now
      self.clock = clock
    }

    /// The machine's clocks.
    static var current: Moment {
      Moment(
        now: Instant(nanoseconds: System.monotonicNanoseconds()),
        clock: LeaseClock(sinceBoot: System.bootMilliseconds(), wall: System.wallClockMilliseconds()))
    }

    /// How many milliseconds are left until a lease's end.
    func left(until end: Instant) -> UInt64 { end > now ? (end.nanoseconds - now.nanoseconds) / 1_000_000 : 0 }

    /// A lease's end by the wall clock, in milliseconds since 1970.
    func wall(_ end: Instant) -> UInt64 { clock.wall + left(until: end) }
  }

  private struct State {
    var book: LeaseBook
    var journal: LeaseJournal
    /// Why no lease can be taken: what was wrong with the journal at the start.
    var obstacle: Problem?
    /// What is served: the reloader's last snapshot, with the leases.
    var snapshot: Snapshot?

    /// Takes the reloader's next snapshot, and gives it with the leases.
    mutating func take(_ next: Snapshot) -> Snapshot {
      if snapshot?.workspaces.membership != next.workspaces.membership { book.unbind() }
      return lease(next)
    }

    /// The same snapshot with the leases as they are now.
    mutating func lease(_ unleased: Snapshot) -> Snapshot {
      let leased = unleased.with(book.table { unleased.workspaces.slot(of: $0) })
      snapshot = leased
      return leased
    }
  }

  private let state: Mutex<State>
  /// Hands a snapshot to the workers.
  private let hand: @Sendable (Snapshot) -> Void

  /// Why a request was not carried out.
  enum Failure: Error {
    case refused(LeaseRefusal)
    /// The journal cannot be written.
    case unwritten(Problem)
  }

  /// Reads the journal.
  ///
  /// A journal that cannot be read does not keep the server from starting: without their leases clients are refused, and
  /// no new lease is taken until it is mended.
  ///
  /// - Parameters:
  ///   - seed: a random number.
  ///   - hand: hands a snapshot to the workers.
  init(
    path: String, limits: LeaseLimits = LeaseLimits(), seed: UInt64, moment: Moment = .current, log: Log,
    hand: @escaping @Sendable (Snapshot) -> Void
  ) {
    var book = LeaseBook(limits: limits, seed: seed)
    var journal = LeaseJournal(path: path)
    var obstacle: Problem?
    do throws(Problem) {
      let recovery = try journal.recover(at: moment.clock) { book.restore($0, now: moment.now) }
      book.finishRestoring(now: moment.now)
      for problem in recovery.problems { log.problem(problem) }
      if recovery.isDated { Self.renew(&journal, book, moment, log) }
    } catch {
      log.problem(error)
      log.note("no lease holds and none is taken until this is mended and the server started again")
      obstacle = error
    }
    self.hand = hand
    state = Mutex(State(book: book, journal: journal, obstacle: obstacle))
  }

  /// Has the journal tell what is left of each lease by this start's clock: otherwise a wall clock that is wrong at several
  /// starts would give it the same time again at each.
  private static func renew(_ journal: inout LeaseJournal, _ book: LeaseBook, _ moment: Moment, _ log: Log) {
    do throws(Problem) {
      try journal.renew(records(of: book, moment), at: moment.clock)
    } catch {
      log.problem(error)
    }
  }

  private static func records(of book: LeaseBook, _ moment: Moment) -> [LeaseRecord] {
    book.leases(at: moment.now).map {
      .granted($0.address, $0.workspace, milliseconds: moment.left(until: $0.end))
    }
  }

  // MARK: Snapshots

  /// Takes the reloader's next snapshot.
  ///
  /// - Returns: the same with the leases.
  func adopt(_ snapshot: Snapshot) -> Snapshot {
    state.withLock { $0.take(snapshot) }
  }

  /// Takes the reloader's next snapshot, and hands it to the workers with the leases.
  func publish(_ snapshot: Snapshot) {
    state.withLock { state in
      // Inside the lock, so that an older one never comes after.
      hand(state.take(snapshot))
    }
  }

  /// What is served, with the leases; nil before the first.
  var snapshot: Snapshot? { state.withLock { $0.snapshot } }

  /// Why no lease can be taken; nil when one can.
  var obstacle: Problem? { state.withLock { $0.obstacle } }

  /// How many leases have not ended.
  func count(moment: Moment = .current) -> Int {
    let book = state.withLock { $0.book }
    return book.count(at: moment.now)
  }

  // MARK: Requests

  /// Leases addresses to a workspace, or renews the leases; when this returns, the journal has them and every query
  /// that is received from now on sees them.
  func add(
    _ addresses: [IPAddress], to workspace: WorkspaceName, ttlSeconds: UInt64, moment: Moment = .current
  ) throws(Failure) -> [Lease] {
    try changing { state, snapshot throws(Failure) in
      do throws(LeaseRefusal) {
        try state.book.checkGrant(
          addresses, to: workspace, ttlSeconds: ttlSeconds, in: .init(snapshot), now: moment.now)
      } catch {
        throw .refused(error)
      }
      let end = moment.now + .seconds(Int64(ttlSeconds))
      let leases = addresses.map { Lease(address: $0, workspace: workspace, end: end) }
      var next = state.book
      next.grant(addresses, to: workspace, until: end, now: moment.now)
      let records = leases.map { LeaseRecord.granted($0.address, workspace, milliseconds: ttlSeconds * 1000) }
      try Self.write(records, next, &state, moment)
      return leases
    }
  }

  /// Ends leases of a workspace; as lasting and as prompt as `add`.
  func remove(
    _ addresses: [IPAddress], of workspace: WorkspaceName, moment: Moment = .current
  ) throws(Failure) {
    try changing { state, _ throws(Failure) in
      do throws(LeaseRefusal) {
        try state.book.checkRevoke(addresses, of: workspace, now: moment.now)
      } catch {
        throw .refused(error)
      }
      var next = state.book
      next.revoke(addresses, now: moment.now)
      try Self.write(addresses.map { .revoked($0) }, next, &state, moment)
    }
  }

  /// Runs a change, and hands what came of it to the workers.
  private func changing<Result: Sendable>(
    _ change: (inout State, Snapshot) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try state.withLock { state throws(Failure) -> Result in
      if let obstacle = state.obstacle { throw .unwritten(obstacle) }
      guard let snapshot = state.snapshot else { throw .unwritten(Problem("the server is starting; ask again")) }
      let result = try change(&state, snapshot)
      hand(state.lease(snapshot))
      return result
    }
  }

  /// Writes records, and then takes the book that has them.
  private static func write(
    _ records: [LeaseRecord], _ next: LeaseBook, _ state: inout State, _ moment: Moment
  ) throws(Failure) {
    do throws(Problem) {
      let book = state.book
      try state.journal.append(records, at: moment.clock) { Self.records(of: book, moment) }
    } catch {
      throw .unwritten(error)
    }
    state.book = next
  }

  /// Leases that have not ended, in the order of their addresses.
  func list(
    of workspace: WorkspaceName?, after first: IPAddress?, limit: Int, moment: Moment = .current
  ) -> [Lease] {
    // The copy is of a few references: the list is made without the lock.
    let book = state.withLock { $0.book }
    return book.leases(of: workspace, after: first, limit: limit, at: moment.now)
  }
}

extension LeaseSurroundings {
  init(_ snapshot: Snapshot) {
    self.init(
      clients: snapshot.clients, index: { snapshot.workspaces.slot(of: $0) }, name: { snapshot.workspaces[$0].name })
  }
}

import Bounds
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
/// never meet another snapshot's indices. Used by the reloader's thread and the admin interface's, which never wait here
/// for the disk, and by the one that changes leases.
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

  /// The leases, and the snapshot whose slots their table names.
  private struct BoundBook {
    var book: LeaseBook
    private var membership: UInt64?

    init(_ book: LeaseBook) { self.book = book }

    /// The leases as they are now, for a snapshot.
    mutating func table(for snapshot: Snapshot) -> LeaseTable {
      let workspaces = snapshot.workspaces
      if membership != workspaces.membership { book.unbind() }
      membership = workspaces.membership
      return book.table { workspaces.slot(of: $0) }
    }
  }

  /// What is served; locked for moments only, and never while the disk is waited for.
  private struct State {
    var leases: BoundBook
    /// The reloader's last snapshot, with the leases.
    var snapshot: Snapshot?
  }

  private let state: Mutex<State>
  /// Locked by whoever changes leases, while that is written: the book is changed by them alone.
  private let journal: Mutex<LeaseJournal>
  /// How many leases there may be, and how long they hold.
  let limits: LeaseLimits
  /// Why no lease can be taken, which was wrong with the journal at the start; nil when one can.
  let obstacle: Problem?
  private let log: Log
  /// Hands a snapshot to the workers; gives what nobody answers from any more.
  private let hand: @Sendable (Snapshot) -> [Snapshot]

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
  ///   - hand: hands a snapshot to the workers, and gives those that nobody answers from any more.
  init(
    path: String, limits: LeaseLimits = LeaseLimits(), seed: UInt64, moment: Moment = .current, log: Log,
    hand: @escaping @Sendable (Snapshot) -> [Snapshot]
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
    self.log = log
    self.hand = hand
    self.limits = limits
    self.obstacle = obstacle
    self.journal = Mutex(journal)
    state = Mutex(State(leases: BoundBook(book)))
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
    state.withLock { state in
      let leased = snapshot.with(state.leases.table(for: snapshot))
      state.snapshot = leased
      return leased
    }
  }

  /// Takes the reloader's next snapshot, and hands it to the workers with the leases.
  func publish(_ snapshot: Snapshot) {
    put(in: nil) { _ in snapshot }
  }

  /// Puts another snapshot, other leases, or both in the place of what is served. What nobody answers from any more ends
  /// with this call, outside the lock: on the caller's thread, which is never a worker's.
  private func put(in leases: BoundBook?, _ next: (Snapshot?) -> Snapshot?) {
    _ = state.withLock { state -> [Snapshot] in
      let former = state.snapshot
      if let leases { state.leases = leases }
      guard let unleased = next(former) else { return [] }
      let leased = unleased.with(state.leases.table(for: unleased))
      state.snapshot = leased
      // Inside the lock, so that an older one never comes after.
      return hand(leased) + (former.map { [$0] } ?? [])
    }
  }

  /// What is served, with the leases; nil before the first.
  var snapshot: Snapshot? { state.withLock { $0.snapshot } }

  /// How many leases have not ended.
  func count(moment: Moment = .current) -> Int {
    let book = state.withLock { $0.leases.book }
    return book.count(at: moment.now)
  }

  // MARK: Requests

  /// Leases addresses to a workspace, or renews the leases; when this returns, the journal has them and every query
  /// that is received from now on sees them.
  func add(
    _ addresses: [IPAddress], to workspace: WorkspaceName, ttlSeconds: UInt64, moment: Moment = .current
  ) throws(Failure) -> [Lease] {
    try changing { book, snapshot, journal throws(Failure) in
      do throws(LeaseRefusal) {
        try book.checkGrant(addresses, to: workspace, ttlSeconds: ttlSeconds, in: .init(snapshot), now: moment.now)
      } catch {
        throw .refused(error)
      }
      let before = book
      let end = moment.now + .seconds(Int64(ttlSeconds))
      let leases = addresses.map { Lease(address: $0, workspace: workspace, end: end) }
      book.grant(addresses, to: workspace, until: end, now: moment.now)
      let records = leases.map { LeaseRecord.granted($0.address, workspace, milliseconds: ttlSeconds * 1000) }
      try write(records, before, to: &journal, moment)
      return leases
    }
  }

  /// Ends leases of a workspace; as lasting and as prompt as `add`.
  func remove(
    _ addresses: [IPAddress], of workspace: WorkspaceName, moment: Moment = .current
  ) throws(Failure) {
    try changing { book, _, journal throws(Failure) in
      do throws(LeaseRefusal) {
        try book.checkRevoke(addresses, of: workspace, now: moment.now)
      } catch {
        throw .refused(error)
      }
      let before = book
      book.revoke(addresses, now: moment.now)
      try write(addresses.map { .revoked($0) }, before, to: &journal, moment)
    }
  }

  /// Runs a change, and hands what came of it to the workers.
  ///
  /// A snapshot that is published while the change is written gets the leases of before, and then those of after: the
  /// disk holds back other changes of leases, and nothing else.
  ///
  /// - Parameter change: changes a copy of the book, checked against what is served, and writes what it changed.
  private func changing<Result: Sendable>(
    _ change: (inout LeaseBook, Snapshot, inout LeaseJournal) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    if let obstacle { throw .unwritten(obstacle) }
    return try journal.withLock { journal throws(Failure) -> Result in
      var (leases, snapshot) = state.withLock { ($0.leases, $0.snapshot) }
      guard let snapshot else { throw .unwritten(Problem("the server is starting; ask again")) }
      let result = try change(&leases.book, snapshot, &journal)
      put(in: leases) { $0 }
      return result
    }
  }

  /// Writes the records of a change.
  ///
  /// - Parameter before: the book without the change, which a file written anew has: if the change is refused, nobody is to
  ///   find it there.
  private func write(
    _ records: [LeaseRecord], _ before: LeaseBook, to journal: inout LeaseJournal, _ moment: Moment
  ) throws(Failure) {
    do throws(Problem) {
      let warning = try journal.append(records, at: moment.clock) { Self.records(of: before, moment) }
      if let warning { log.problem(warning) }
    } catch {
      throw .unwritten(error)
    }
  }

  /// What a workspace and an address may stand for of which there is no lease: the address, of whoever has it, or the
  /// nearest of those that the workspace has; the first ones of them, where it has many.
  func meant(by address: IPAddress, of workspace: WorkspaceName, moment: Moment = .current) -> LeaseRefusal.Meant? {
    let book = state.withLock { $0.leases.book }
    if let holder = book.lease(of: address, at: moment.now)?.workspace {
      // It may have come since it was looked for.
      return holder == workspace ? nil : .workspace(holder)
    }
    let own = book.leases(of: workspace, after: nil, limit: Limits.Leases.looks, at: moment.now).map(
      \.address.description)
    return nearest(to: address.description, among: own).flatMap { IPAddress($0) }.map { .address($0) }
  }

  /// Leases that have not ended, in the order of their addresses.
  func list(
    of workspace: WorkspaceName?, after first: IPAddress?, limit: Int, moment: Moment = .current
  ) -> [Lease] {
    // The copy is of a few references: the list is made without the lock.
    let book = state.withLock { $0.leases.book }
    return book.leases(of: workspace, after: first, limit: limit, at: moment.now)
  }
}

extension LeaseSurroundings {
  init(_ snapshot: Snapshot) {
    self.init(
      clients: snapshot.clients, index: { snapshot.workspaces.slot(of: $0) }, name: { snapshot.workspaces[$0].name },
      grants: snapshot.grants)
  }
}

import Bounds
import Forwarding
import Storage
import Synchronization
import SystemIO
import Text
import Wire
import Workspaces

/// Keeps the leases: in the journal or the fleet's store, and in what the workers answer from.
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
  struct BoundBook {
    var book: LeaseBook
    private var membership: UInt64?

    init(_ book: LeaseBook) { self.book = book }

    /// The leases as they are now, for a snapshot.
    mutating func table(for snapshot: Snapshot, holdsUntil: Instant) -> LeaseTable {
      let workspaces = snapshot.workspaces
      if membership != workspaces.membership { book.unbind() }
      membership = workspaces.membership
      return book.table(holdsUntil: holdsUntil) { workspaces.slot(of: $0) }
    }
  }

  /// What is served; locked for moments only, and never while the disk or the store is waited for.
  struct State {
    var leases: BoundBook
    /// What the book does not have of a store's leases.
    var followed = FollowedLeases()
    /// The reloader's last snapshot, with the leases.
    var snapshot: Snapshot?
  }

  /// Where the leases are kept.
  enum Backing: Sendable {
    case journal(JournalOfLeases)
    case store(StoreOfLeases)
  }

  let state: Mutex<State>
  let backing: Backing
  /// How many leases there may be, and how long they hold.
  let limits: LeaseLimits
  /// Why no lease can be taken, which was wrong with the journal at the start; nil when one can.
  let obstacle: Problem?
  let log: Log
  /// Hands a snapshot to the workers; gives what nobody answers from any more.
  private let hand: @Sendable (Snapshot) -> [Snapshot]

  /// Why a request was not carried out.
  enum Failure: Error {
    case refused(LeaseRefusal)
    /// The journal, or the store, cannot be written.
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
    backing = .journal(JournalOfLeases(journal))
    state = Mutex(State(leases: BoundBook(book)))
  }

  /// Keeps the leases of a store, which the server follows: none counts before the store was heard.
  ///
  /// - Parameters:
  ///   - store: writes leases into the store.
  ///   - seed: a random number.
  ///   - hand: hands a snapshot to the workers, and gives those that nobody answers from any more.
  init(
    store: StoreOfLeases, limits: LeaseLimits = .ofStore, seed: UInt64, log: Log,
    hand: @escaping @Sendable (Snapshot) -> [Snapshot]
  ) {
    self.log = log
    self.hand = hand
    self.limits = limits
    obstacle = nil
    backing = .store(store)
    state = Mutex(State(leases: BoundBook(LeaseBook(limits: limits, seed: seed))))
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

  static func records(of book: LeaseBook, _ moment: Moment) -> [LeaseRecord] {
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
      let leased = snapshot.with(table(of: &state, for: snapshot))
      state.snapshot = leased
      return leased
    }
  }

  private func table(of state: inout State, for snapshot: Snapshot) -> LeaseTable {
    let end =
      switch backing {
      case .journal: Instant(nanoseconds: .max)
      case .store: state.followed.holdsUntil
      }
    return state.leases.table(for: snapshot, holdsUntil: end)
  }

  /// Takes the reloader's next snapshot, and hands it to the workers with the leases.
  func publish(_ snapshot: Snapshot) {
    put { state in
      state.snapshot = snapshot
      return true
    }
  }

  /// Puts another snapshot, other leases, or both in the place of what is served. What nobody answers from any more ends
  /// with this call, outside the lock: on the caller's thread, which is never a worker's.
  ///
  /// - Parameter change: false where all is as it was.
  func put(_ change: (inout State) -> Bool) {
    _ = state.withLock { state -> [Snapshot] in
      let former = state.snapshot
      guard change(&state), let unleased = state.snapshot else { return [] }
      let leased = unleased.with(table(of: &state, for: unleased))
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

  /// Leases addresses to a workspace, or renews the leases; when this returns, the journal or the store has them and every
  /// query that is received from now on sees them.
  func add(
    _ addresses: [IPAddress], to workspace: WorkspaceName, ttlSeconds: UInt64, moment: Moment = .current
  ) throws(Failure) -> [Lease] {
    switch backing {
    case .journal(let journal): try add(addresses, to: workspace, ttlSeconds, in: journal, moment)
    case .store(let store): try add(addresses, to: workspace, ttlSeconds, in: store, moment)
    }
  }

  /// Ends leases of a workspace; as lasting and as prompt as `add`.
  func remove(
    _ addresses: [IPAddress], of workspace: WorkspaceName, moment: Moment = .current
  ) throws(Failure) {
    switch backing {
    case .journal(let journal): try remove(addresses, of: workspace, in: journal, moment)
    case .store(let store): try remove(addresses, of: workspace, in: store, moment)
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

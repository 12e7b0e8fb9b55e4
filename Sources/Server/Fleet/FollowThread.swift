import Bounds
import Fleet
import Forwarding
import Storage
import Synchronization
import SystemIO
import Text
import Workspaces

/// Follows a store, on a thread of its own: carries out what a `Follower` wants, has pods' addresses served, and leaves what
/// becomes of workspaces to the thread that keeps the mirror.
///
/// It holds nobody up: workers, files and the admin interface go on without it, and what is served stays as it was while the
/// store, or the disk, says nothing.
final class FollowThread {
  /// What whoever started it keeps.
  final class Handle: Sendable {
    fileprivate let thread: RunningThread
    fileprivate let isConfirmed = Atomic(false)

    fileprivate init() throws(SystemError) { thread = try RunningThread() }

    /// A person confirms that the workspaces which are held are gone.
    func confirm() {
      isConfirmed.store(true, ordering: .releasing)
      thread.waker.wake()
    }

    /// Has it end.
    func beginToStop() { thread.beginToStop() }

    /// Waits until it has ended, or the monotonic clock shows a time.
    func waitForEnd(until deadline: UInt64) -> Bool { thread.waitForEnd(until: deadline) }
  }

  /// What the thread tells of what it does.
  struct Surroundings: Sendable {
    /// Where changed workspaces are to be read again.
    let desk: ReloadDesk
    /// Whose client a pod's address is.
    let leases: LeaseKeeper
    /// How the store is followed.
    let state: StoreState
    /// What is served.
    let served: ServerState
    /// Whether there is something to serve.
    let readiness: Readiness
    let log: Log
  }

  /// How long the store is given to take back what the server has there, when it ends.
  private static let goodbye = Duration.seconds(1)
  /// How long what was read first may take to be served, and how often that is looked at.
  private static let (firstService, servicePause) = (Duration.seconds(10), Duration.milliseconds(20))

  private let handle: Handle
  private let follower: Follower
  private let store: StoreAddress
  private var sockets: FleetSockets
  private let desk: MirrorDesk
  private let around: Surroundings
  private var lines: StoreLines
  private var actions: [FollowAction] = []
  private var heard: Instant?
  /// Until when it is waited for what was read first to be served; nil where it is, or there is something else to serve.
  private var servedBy: Instant?
  /// When leases cease to count unless the store is heard; nil while they do not.
  private var expireAt: Instant?

  private init(
    _ store: StoreAddress, _ credentials: StoreCredentials?, _ replica: ReplicaDescription, served: Set<WorkspaceName>,
    identity: StoreIdentity, _ desk: MirrorDesk, _ around: Surroundings, _ handle: Handle
  ) throws(SystemError) {
    sockets = try FleetSockets()
    try sockets.wait(alsoFor: handle.thread.waker.descriptor)
    var random = SystemRandomNumberGenerator()
    follower = Follower(
      store: store, replica: replica, credentials: credentials, served: served, identity: identity
    ) { random.next() }
    (self.store, self.desk, self.around, self.handle) = (store, desk, around, handle)
    lines = StoreLines(store)
  }

  /// Starts following.
  ///
  /// - Parameters:
  ///   - served: the workspaces that there are already.
  ///   - identity: which store they are of.
  ///   - desk: where what becomes of workspaces is left.
  static func start(
    _ store: StoreAddress, _ credentials: StoreCredentials?, _ replica: ReplicaDescription, served: Set<WorkspaceName>,
    identity: StoreIdentity, _ desk: MirrorDesk, _ around: Surroundings
  ) throws(SystemError) -> Handle {
    let handle = try Handle()
    let thread = try FollowThread(store, credentials, replica, served: served, identity: identity, desk, around, handle)
    try Thread(name: "follow") {
      // It gives way to nobody: it has little to do, and whose a pod's address is now is waited for.
      do throws(SystemError) { try thread.run() } catch {
        around.log.note("the store is not followed any more: \(error)")
        around.state.put { $0.report = nil }
      }
      handle.thread.hasEnded()
    }.detach()
    return handle
  }

  private var now: Instant { Instant(nanoseconds: System.monotonicNanoseconds()) }

  // MARK: Turns

  private func run() throws(SystemError) {
    follower.start(now: now)
    carryOut()
    while !handle.thread.mustStop {
      try giveRoom()
      try turn(
        until: [follower.nextDeadline, expireAt, lines.due, servedBy.map { _ in now + Self.servicePause }]
          .compactMap { $0 }.min())
      if handle.isConfirmed.exchange(false, ordering: .acquiring) { follower.confirm(now: now) }
      carryOut()
      afterTurn()
    }
    follower.stop(now: now)
    carryOut()
    let end = now + Self.goodbye
    while let next = follower.nextDeadline, now < end {
      try turn(until: min(next, end))
      carryOut()
    }
  }

  /// Reads no more of the store while the mirror has much to do of what was read.
  private func giveRoom() throws(SystemError) {
    guard follower.report.isLoading else { return }
    while desk.isFull, !handle.thread.mustStop {
      var poller = try Poller()
      try poller.add(handle.thread.waker.descriptor.raw, .readable, token: 0)
      _ = try poller.wait(timeoutMilliseconds: 5)
      handle.thread.waker.reset()
    }
  }

  /// Waits for what comes, and hands it on.
  private func turn(until deadline: Instant?) throws(SystemError) {
    if try sockets.wait(until: deadline?.nanoseconds) { handle.thread.waker.reset() }
    while let event = sockets.next() {
      switch event {
      case .opened(let number): follower.opened(StoreConnection(rawValue: number), now: now)
      case .received(let number, let octets): follower.received(StoreConnection(rawValue: number), octets, now: now)
      case .ended(let number, let why): follower.ended(StoreConnection(rawValue: number), why: why, now: now)
      }
      // In between, so that what came is not held twice.
      carryOut()
    }
    follower.advance(to: now)
  }

  /// Does what the follower wants, until it wants no more.
  private func carryOut() {
    while true {
      follower.takeActions(into: &actions)
      guard !actions.isEmpty else { break }
      for action in actions { carryOut(action) }
      actions.removeAll(keepingCapacity: true)
    }
  }

  private func carryOut(_ action: FollowAction) {
    switch action {
    case .open(let connection, let endpoint): sockets.open(connection.rawValue, to: store.members[endpoint])
    case .send(let connection, let octets): sockets.send(connection.rawValue, octets)
    case .close(let connection): sockets.close(connection.rawValue)
    case .take(let change): take(change)
    case .loaded(let load): loaded(load)
    case .held(let missing, let all): say(lines.held(missing, of: all))
    case .gone(let names): remove(names)
    case .tell(let news):
      if case .otherStore = news { around.leases.storeIsAnother() }
      say(lines.line(of: news, now))
    }
  }

  private func say(_ line: String?) { if let line { around.log.note(line) } }

  private func afterTurn() {
    let now = now
    say(lines.takeRest(now))
    lookForService(now)
    if let contact = follower.lastContact, contact != heard {
      heard = contact
      around.leases.heard(at: contact)
    }
    if expireAt.map({ $0 <= now }) ?? true { expireAt = around.leases.expire() }
    desk.mark(MirrorDesk.Mark(identity: follower.identity, heardAt: heard))
    let (report, counters) = (follower.report, follower.counters)
    let held = follower.held.isEmpty ? [] : follower.held.lowest(Limits.Admin.problemsOfStatus, by: \.self)
    around.state.put { view in (view.report, view.counters, view.held) = (report, counters, held) }
  }

  // MARK: Taking

  private func take(_ change: StoreChange) {
    // Pods first: who has an address now is not to wait for anybody's files.
    around.leases.take(change.pods, revision: change.revision)
    desk.take(change.workspaces)
    for strange in change.strangers { say(lines.stranger(strange, now)) }
  }

  private func remove(_ names: Set<WorkspaceName>) {
    var gone = WorkspaceChange()
    gone.isGone = true
    desk.take(Dictionary(uniqueKeysWithValues: names.map { ($0, gone) }))
  }

  private func loaded(_ load: StoreLoad) {
    remove(load.gone)
    around.leases.loaded(revision: load.revision)
    say(lines.loaded(load, now))
    if !around.state.view.isReady { servedBy = servedBy ?? now + Self.firstService }
  }

  /// Says that there is something to serve, once what was read first is served or has taken long.
  private func lookForService(_ now: Instant) {
    guard let servedBy else { return }
    let view = around.served.view
    let known = (view.snapshot?.workspaces.count ?? 0) + view.broken.values.count { !$0.isServed }
    guard (desk.isIdle && known >= around.state.view.mirrored) || servedBy <= now else { return }
    self.servedBy = nil
    around.state.put { $0.hasServed = true }
    around.readiness.lacks(nil)
  }
}

import Bounds
import Fleet
import Text
import Workspaces

/// What a store says of workspaces that the mirror does not have yet: of each workspace one change, all that came of it put together.
///
/// Each has its turn, in the order in which they changed. One whose changes take long rests after each for four times as long, so
/// whoever writes it, however often, leaves the others most of the time. One with a key that is no file waits until that is
/// gone; one that the disk did not take, or that would not be served, is tried again later, or with what comes next.
/// Meanwhile each is served as it was.
///
/// Times are nanoseconds of the monotonic clock.
struct WaitingChanges {
  /// What waits of a workspace, and why.
  struct Waiting {
    var change = WorkspaceChange()
    /// Keys that are no files, and why, by path.
    var bad: [String: String] = [:]
    /// Why it is not taken; none where it only waits for its turn.
    var problems: [Problem] = []
    /// Something has come since it was tried.
    var isNew = false
  }

  /// By workspace.
  private(set) var all: [WorkspaceName: Waiting] = [:]
  /// Those that are held up by something that is wrong.
  private(set) var held: Set<WorkspaceName> = []
  private var queue: [WorkspaceName] = []
  private var first = 0
  private var queued: Set<WorkspaceName> = []
  private var resting = DueTimes<WorkspaceName>()
  private var retries = Retries<WorkspaceName>()

  /// After a change that took some time its workspace rests so many times as long.
  private static let restFactor: UInt64 = 4

  /// Takes a change.
  mutating func take(_ change: WorkspaceChange, of name: WorkspaceName) {
    var waiting = all[name] ?? Waiting()
    if change.isWhole || change.isGone { waiting.bad = [:] }
    // A value that was too long has given way to another.
    for path in change.files.keys { waiting.bad[path] = nil }
    for (path, reason) in change.bad { waiting.bad[path] = reason }
    waiting.change.append(change)
    waiting.problems = []
    waiting.isNew = true
    all[name] = waiting
    guard waiting.bad.isEmpty else {
      held.insert(name)
      return
    }
    held.remove(name)
    enqueue(name)
  }

  private mutating func enqueue(_ name: WorkspaceName) {
    guard resting[name] == nil, queued.insert(name).inserted else { return }
    queue.append(name)
  }

  /// Takes out the next change that is to be made; nil where none is now.
  mutating func next(at now: UInt64) -> (name: WorkspaceName, change: WorkspaceChange)? {
    for name in resting.takeDue(at: now) where all[name]?.isNew == true { enqueue(name) }
    for name in retries.takeDue(at: now) where all[name] != nil { enqueue(name) }
    while first < queue.count {
      let name = queue[first]
      first += 1
      queued.remove(name)
      // Each step is paid for by the one that filled the place.
      if first * 2 >= queue.count {
        queue.removeFirst(first)
        first = 0
      }
      guard let waiting = all[name], waiting.bad.isEmpty else { continue }
      all[name] = nil
      held.remove(name)
      return (name, waiting.change)
    }
    return nil
  }

  /// When there may be something to do next; nil when nothing waits for its time.
  func milliseconds(from now: UInt64) -> Int32? {
    if first < queue.count { return 0 }
    return [resting.milliseconds(from: now), retries.milliseconds(from: now)].compactMap { $0 }.min()
  }

  /// A change was made, and took some time.
  mutating func made(_ name: WorkspaceName, nanoseconds: UInt64, at now: UInt64) {
    retries.succeeded(name)
    rest(name, nanoseconds, now)
  }

  /// What comes meanwhile waits until the rest is over; after something short there is none.
  private mutating func rest(_ name: WorkspaceName, _ nanoseconds: UInt64, _ now: UInt64) {
    guard nanoseconds > 1_000_000 else { return }
    resting.set(name, at: now &+ nanoseconds &* Self.restFactor)
  }

  /// A change was not made, which took some time too.
  ///
  /// - Parameter isRetried: it may go better later; else it waits for what comes next of the workspace.
  mutating func failed(
    _ change: WorkspaceChange, of name: WorkspaceName, _ problems: [Problem], isRetried: Bool, nanoseconds: UInt64,
    at now: UInt64
  ) {
    rest(name, nanoseconds, now)
    var waiting = Waiting(change: change, problems: problems)
    if let since = all[name] {
      waiting.change.append(since.change)
      (waiting.bad, waiting.isNew) = (since.bad, since.isNew)
    }
    all[name] = waiting
    held.insert(name)
    if isRetried { retries.failed(name, at: now) }
  }

  /// What is wrong with a workspace, by the store's name for it: as much as is told of one.
  func problems(of name: WorkspaceName, in store: String) -> [Problem] {
    guard let waiting = all[name] else { return [] }
    let paths = waiting.bad.keys.lowest(Limits.Building.linesOfReport) { OctetText($0) }
    let bad = paths.map { path in
      Problem(
        file: "\(store)/ws/\(name)/\(path)",
        """
        \(waiting.bad[path] ?? ""); until this is mended the workspace stays as it was (backroad store check tells all of \
        them)
        """)
    }
    return bad + waiting.problems.prefix(Limits.Building.linesOfReport)
  }
}

extension WorkspaceChange {
  /// What this change and one after it come to.
  mutating func append(_ next: WorkspaceChange) {
    guard !next.isWhole, !next.isGone else {
      self = next
      bad = [:]
      return
    }
    // What comes after a workspace has gone is all there is of it.
    if isGone { (isGone, isWhole, files) = (false, true, [:]) }
    for (path, content) in next.files {
      // Of all there is, what is gone is not there; of some of it, it is to go.
      if isWhole, content == nil { files[path] = nil } else { files[path] = .some(content) }
    }
    author = next.author ?? author
  }

  /// How many octets its files have.
  var octets: Int { files.values.reduce(0) { $0 + ($1?.count ?? 0) } }
}

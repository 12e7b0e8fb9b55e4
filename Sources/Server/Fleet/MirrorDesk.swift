import Bounds
import Fleet
import Forwarding
import Synchronization
import SystemIO
import Text
import Workspaces

/// Where the thread that follows a store leaves what is to become of the mirror, and the one that keeps the mirror finds it.
final class MirrorDesk: Sendable {
  /// How far what was handed on goes.
  struct Mark: Sendable {
    var identity = StoreIdentity()
    /// When the store last proved that nothing is missed; nil for never.
    var heardAt: Instant?
  }

  private struct Content {
    var waiting = WaitingChanges()
    var octets = 0
    var mark = Mark()
    /// A change is being made.
    var isBusy = false
  }

  private let content = Mutex(Content())
  /// The thread that keeps the mirror.
  private let thread: RunningThread

  init(_ thread: RunningThread) { self.thread = thread }

  /// Leaves changes of workspaces.
  func take(_ changes: [WorkspaceName: WorkspaceChange]) {
    guard !changes.isEmpty else { return }
    content.withLock { content in
      for (name, change) in changes.sorted(by: { $0.key < $1.key }) { content.waiting.take(change, of: name) }
      content.octets += changes.values.reduce(0) { $0 + $1.octets }
    }
    thread.waker.wake()
  }

  /// Notes how far everything goes that was left here.
  func mark(_ mark: Mark) { content.withLock { $0.mark = mark } }

  /// True while there is so much that who reads all of the store had better wait.
  var isFull: Bool { content.withLock { $0.octets > Limits.Following.octetsToMirror } }

  /// True when nothing waits but what is held up by something that is wrong.
  var isIdle: Bool {
    content.withLock { content in !content.isBusy && content.waiting.all.count == content.waiting.held.count }
  }

  // MARK: For the thread that keeps the mirror

  /// The next change that is to be made; nil where none is now.
  func next(at now: UInt64) -> (name: WorkspaceName, change: WorkspaceChange)? {
    content.withLock { content in
      let next = content.waiting.next(at: now)
      content.isBusy = next != nil
      if content.waiting.all.isEmpty { content.octets = 0 }
      return next
    }
  }

  /// A change was made.
  func made(_ name: WorkspaceName, _ change: WorkspaceChange, nanoseconds: UInt64, at now: UInt64) {
    content.withLock { content in
      content.octets = max(0, content.octets - change.octets)
      content.waiting.made(name, nanoseconds: nanoseconds, at: now)
    }
  }

  /// A change was not made.
  func failed(
    _ change: WorkspaceChange, of name: WorkspaceName, _ problems: [Problem], isRetried: Bool, since start: UInt64
  ) {
    let now = System.monotonicNanoseconds()
    content.withLock {
      $0.waiting.failed(change, of: name, problems, isRetried: isRetried, nanoseconds: now &- start, at: now)
    }
  }

  /// How long until there may be something to do; nil while there is nothing.
  func milliseconds(from now: UInt64) -> Int32? { content.withLock { $0.waiting.milliseconds(from: now) } }

  /// How far the mirror goes; nil while something waits, and it is behind that.
  var whole: Mark? { content.withLock { $0.waiting.all.isEmpty && !$0.isBusy ? $0.mark : nil } }
  /// What is known of the store.
  var identity: StoreIdentity { content.withLock { $0.mark.identity } }

  /// The workspaces that are held up, as many as are listed, and what is wrong with each; and how many there are.
  func held(in store: String) -> (listed: [(name: WorkspaceName, problems: [Problem])], count: Int) {
    content.withLock { content in
      let names = content.waiting.held.lowest(Limits.Admin.problemsOfStatus, by: \.self)
      return (names.map { ($0, content.waiting.problems(of: $0, in: store)) }, content.waiting.held.count)
    }
  }
}

import Fleet
import Forwarding
import Synchronization
import SystemIO
import Text
import Workspaces

/// How the store is followed, for whoever asks the admin interface. Written by the thread that follows it.
final class StoreState: Sendable {
  /// Everything of one moment.
  struct View: Sendable {
    /// The follower's own report; nil before it runs.
    var report: FollowReport?
    /// What it has counted.
    var counters = FollowCounters()
    /// All that the store has was read once, since the server started, and is served.
    var hasServed = false
    /// The workspaces that are missing in the store and served on, as many as are listed.
    var held: [WorkspaceName] = []
    /// The workspaces that are not as the store has them, and what is wrong, as many as are listed.
    var waiting: [(name: WorkspaceName, problems: [Problem])] = []
    /// How many there are.
    var waitingCount = 0
    /// How many workspaces the mirror has.
    var mirrored = 0
    /// When the mirror was last known to have all that the store had, in seconds since 1970, as of the server's start.
    var mirrorHeardAt: UInt64?
    /// The mirror had workspaces when the server started.
    var hadMirror = false
  }

  /// The store's address, for people.
  let address: StoreAddress
  private let content = Mutex(View())

  init(_ address: StoreAddress) { self.address = address }

  /// What is so now.
  var view: View { content.withLock { $0 } }

  /// Puts what is so now.
  func put(_ change: (inout View) -> Void) { content.withLock { change(&$0) } }
}

extension StoreState.View {
  /// For how long nothing has shown that what is served is what the store has, in seconds; nil where nothing ever has.
  func age(now: Instant, wallSeconds: UInt64) -> UInt64? {
    if let contact = report?.lastContact {
      return UInt64(now.wholeSeconds(since: contact))
    }
    return mirrorHeardAt.map { wallSeconds > $0 ? wallSeconds - $0 : 0 }
  }

  /// There is something to answer from: what the store has, or had when the mirror was written.
  var isReady: Bool { hasServed || hadMirror }
}

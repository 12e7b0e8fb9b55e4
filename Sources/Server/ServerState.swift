import Bounds
import Synchronization
import SystemIO
import Text
import Workspaces

/// What the server answers from and how it got there, for whoever asks the admin interface. Written by the reloader.
final class ServerState: Sendable {
  /// Everything of one moment.
  struct View: Sendable {
    /// What is served; nil before the first files are read.
    var snapshot: Snapshot?
    /// Workspaces that are served in their last good state, or not at all.
    var broken: [WorkspaceName: BrokenWorkspace] = [:]
    /// How often files were read since the start, and how often that met an error.
    var reloadCount: UInt64 = 0
    var failedReloadCount: UInt64 = 0
    /// The last time, in seconds since 1970, and what it brought.
    var lastReload: (at: UInt64, outcome: ReloadOutcome)?
    /// What keeps the zones folder from being read, or from counting, now.
    var folderProblem: Problem?

    /// A workspace that is served; nil when none of the name is.
    func workspace(_ name: WorkspaceName) -> Workspace? {
      guard let workspaces = snapshot?.workspaces else { return nil }
      return workspaces.slot(of: name).map { workspaces[$0] }
    }

    /// The first of those with errors, in the order of their names.
    func broken(atMost count: Int) -> [BrokenWorkspace] { broken.values.lowest(count, by: \.name) }
  }

  private let content = Mutex(View())

  /// What is so now.
  var view: View { content.withLock { $0 } }

  /// This is what is served now, and what is wrong.
  func serves(_ snapshot: Snapshot, broken: [WorkspaceName: BrokenWorkspace]) {
    // What was there before ends outside the lock.
    _ = content.withLock { view in
      defer { (view.snapshot, view.broken) = (snapshot, broken) }
      return (view.snapshot, view.broken)
    }
  }

  /// This is what is wrong with the zones folder now; nil for nothing.
  func folderHas(_ problem: Problem?) { content.withLock { $0.folderProblem = problem } }

  /// A reload has ended.
  func reloaded(_ outcome: ReloadOutcome) {
    let now = System.wallClockSeconds()
    content.withLock { view in
      view.reloadCount += 1
      if outcome.hasErrors { view.failedReloadCount += 1 }
      view.lastReload = (now, outcome)
    }
  }
}

import Bounds
import Links
import Workspaces

/// The lines of the log of changed states, and of links that the server moves: each change one, up to so many in a minute, of
/// a workspace and of all. How many there were beyond that is said when the minute is over.
struct ChangeLines {
  private var minute: UInt64 = 0
  private var told: [WorkspaceName: Int] = [:]
  private var toldOfAll = 0
  private var left: [WorkspaceName: Int] = [:]

  /// The line of a change; nil for one too many.
  ///
  /// - Parameter isAtStandby: true where the link's names lead to its standby now.
  mutating func line(_ change: HealthChange, isAtStandby: Bool = false) -> String? {
    guard hasRoom(for: change.workspace) else { return nil }
    let isLinks = change.id.role == .main && !isAtStandby
    let which = isLinks ? "" : "the \(change.id.role.rawValue) endpoint of "
    let former = change.former.state == .unknown ? "" : ", before \(change.former.state.rawValue)"
    let why = change.health.why.isEmpty ? "" : ": \(change.health.why)"
    let whose = change.id.role == .standby && isAtStandby ? ", where its names lead," : ""
    return
      "\(which)link \(change.id.link) of workspace \(change.workspace)\(whose) is \(change.health.state.rawValue) since "
      + "\(change.health.since ?? "now")\(former)\(why)"
  }

  /// The line of what has become of a link at the server's own decision; nil for one too many.
  mutating func line(_ line: FailoverKeeper.Line) -> String? { hasRoom(for: line.id.workspace) ? line.text : nil }

  /// True when a workspace may have a line now, which is counted as told then, or else as left out.
  private mutating func hasRoom(for workspace: WorkspaceName) -> Bool {
    guard told[workspace] ?? 0 < Limits.Watching.linesOfWorkspace, toldOfAll < Limits.Watching.lines else {
      left[workspace, default: 0] += 1
      return false
    }
    told[workspace, default: 0] += 1
    toldOfAll += 1
    return true
  }

  /// What is to be said at the end of a minute, once in each.
  ///
  /// - Parameter seconds: of a clock that nobody sets.
  mutating func takeRest(at seconds: UInt64) -> String? {
    guard seconds / 60 != minute else { return nil }
    defer { (minute, told, toldOfAll, left) = (seconds / 60, [:], 0, [:]) }
    let count = left.values.reduce(0, +)
    guard count > 0, let most = left.max(by: { ($0.value, $1.key) < ($1.value, $0.key) }) else { return nil }
    let whose =
      left.count == 1 ? "of workspace \(most.key)" : "of \(left.count) workspaces, \(most.value) of them of \(most.key)"
    return
      "links changed their states, or were moved, \(count) times more within a minute, \(whose); see backroad link list"
  }
}

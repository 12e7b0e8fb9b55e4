import Links
import Synchronization
import SystemIO
import Workspaces

/// Which links this server has failed over to their standbys by itself: in its memory alone, for several servers may read one
/// folder, and each sees what it sees. The files stay as they are.
///
/// The builders ask it for the links of the workspace that they build. Whatever changes has that workspace built again, and no
/// other one.
final class FailoverKeeper: Sendable {
  /// A link that is failed over.
  struct FailedOver: Sendable {
    let id: LinkID
    /// Since when, in seconds since 1970.
    let sinceSeconds: UInt64
  }

  /// What is to be told of a link in the log, as far as there is room for lines of its workspace.
  struct Line: Hashable, Sendable {
    let id: LinkID
    let text: String
  }

  private struct State {
    var book = FailoverBook()
    /// The links that are failed over, by workspace, and since when.
    var failedOver: [WorkspaceName: [String: UInt64]] = [:]
    var moveCount: UInt64 = 0

    /// Does as the book says; true when the workspace is to be built again.
    mutating func follow(_ id: LinkID, _ move: FailoverBook.Move) -> Bool {
      guard move != .held else { return false }
      moveCount += 1
      failedOver[id.workspace, default: [:]][id.link] = move == .over ? System.wallClockSeconds() : nil
      if failedOver[id.workspace]?.isEmpty == true { failedOver[id.workspace] = nil }
      return true
    }
  }

  private let state = Mutex(State())
  private let desk: ReloadDesk

  /// - Parameter desk: where workspaces are asked to be built again.
  init(desk: ReloadDesk) { self.desk = desk }

  /// The links of a workspace that are failed over.
  func links(of workspace: WorkspaceName) -> Set<String> {
    state.withLock { Set($0.failedOver[workspace].map { Array($0.keys) } ?? []) }
  }

  /// The links that are failed over and served so, in order: one for which the zones cannot be made is not.
  func failedOver(in view: ServerState.View) -> [FailedOver] {
    let decided = state.withLock { state in
      state.failedOver.flatMap { workspace, links in
        links.map { FailedOver(id: LinkID(workspace, $0.key), sinceSeconds: $0.value) }
      }
    }
    return decided.filter { view.workspace($0.id.workspace)?.guards.failedOver.contains($0.id.link) ?? false }
      .sorted { $0.id < $1.id }
  }

  /// How often links were moved since the start, there and back.
  var moveCount: UInt64 { state.withLock { $0.moveCount } }

  /// Looks at all links that are served and fail over by themselves, and moves those whose time has come. To be called again and
  /// again: time passes by being looked at.
  ///
  /// - Parameters:
  ///   - now: nanoseconds of the monotonic clock.
  ///   - health: how a link's endpoint is, or its standby; called under the keeper's lock, so it asks nobody and waits for nobody.
  /// - Returns: what is to be told of it, in the order of the links.
  func look(
    at snapshot: Snapshot, now: UInt64, health: (_ link: LinkID, _ isStandby: Bool) -> EndpointHealth
  ) -> [Line] {
    var changed: Set<WorkspaceName> = []
    var lines: [Line] = []
    state.withLock { state in
      var present: Set<LinkID> = []
      for (_, workspace) in snapshot.workspaces.all where !workspace.guards.automatic.isEmpty {
        for (name, link) in workspace.guards.automatic {
          let id = LinkID(workspace.name, name)
          present.insert(id)
          let sighting = FailoverBook.Sighting(link, main: health(id, false), standby: health(id, true))
          guard let move = state.book.note(id, sighting, at: now) else { continue }
          lines.append(Line(id: id, text: Self.text(id, link, move)))
          if state.follow(id, move) { changed.insert(id.workspace) }
        }
      }
      // What is not served any more, or is failed over by a person now, is its file's matter.
      for id in state.book.links where !present.contains(id) && state.book.forget(id, at: now) {
        if state.follow(id, .back) { changed.insert(id.workspace) }
      }
    }
    if !changed.isEmpty { desk.rebuild(changed) }
    return lines.sorted { $0.id < $1.id }
  }

  private static func text(_ id: LinkID, _ link: AutomaticFailover, _ move: FailoverBook.Move) -> String {
    let what = "workspace \(id.workspace), link \(id.link)"
    return switch move {
    case .over:
      "\(what): the endpoint \(link.endpoint) has failed for \(FailoverRule.text(seconds: link.rule.afterSeconds)), so its names "
        + "lead to the standby \(link.standby) now"
    case .back: "\(what): its names lead to the endpoint \(link.endpoint) again"
    case .held: "\(what): it would be moved again, and was too often within an hour, so it stays where it is"
    }
  }
}

import Links
import Synchronization
import Workspaces

/// How the links of all workspaces stand, as whoever watches them has seen it. Written by the watcher; any thread may ask.
final class LinkStates: Sendable {
  private let content = Mutex<[WorkspaceName: [(id: LinkTarget.ID, health: LinkHealth)]]>([:])
  /// False where nobody watches.
  let isWatching: Bool

  /// Nothing is known yet.
  init(isWatching: Bool) { self.isWatching = isWatching }

  /// This is how a workspace's endpoints stand now, in the order of their links; none for a workspace that has none.
  func put(_ endpoints: [(id: LinkTarget.ID, health: LinkHealth)], of workspace: WorkspaceName) {
    content.withLock { $0[workspace] = endpoints.isEmpty ? nil : endpoints }
  }

  /// How one endpoint stands; nil where nothing is known of it.
  func health(of workspace: WorkspaceName, _ id: LinkTarget.ID) -> LinkHealth? {
    content.withLock { $0[workspace]?.first { $0.id == id }?.health }
  }

  /// How a workspace's links stand, in order.
  ///
  /// - Parameter atStandby: those whose names lead to their standbys, as `LinkGuards` has them.
  func links(of workspace: WorkspaceName, atStandby: Set<String>) -> [LinkStanding] {
    LinkStanding.all(content.withLock { $0[workspace] ?? [] }, atStandby: atStandby)
  }

  /// The workspaces that have any links, in no order.
  var workspaces: [WorkspaceName] { content.withLock { Array($0.keys) } }

  /// Every endpoint of every workspace.
  var all: [WorkspaceName: [(id: LinkTarget.ID, health: LinkHealth)]] { content.withLock { $0 } }

  /// How many links there are in each state, by workspace.
  ///
  /// - Parameter view: what is served, which says where their names lead.
  func counts(in view: ServerState.View) -> [(name: WorkspaceName, counts: Counts)] {
    all.map { name, endpoints in
      (name, Counts(LinkStanding.all(endpoints, atStandby: view.workspace(name)?.guards.atStandby ?? [])))
    }
  }

  /// How many links are in each state.
  struct Counts: Hashable, Sendable {
    private var byState: [LinkHealth.State: Int] = [:]

    init(_ links: [LinkStanding] = []) {
      for link in links { byState[link.health.state, default: 0] += 1 }
    }

    subscript(state: LinkHealth.State) -> Int { byState[state] ?? 0 }

    static func + (a: Counts, b: Counts) -> Counts {
      var sum = a
      sum.byState.merge(b.byState) { $0 + $1 }
      return sum
    }
  }
}

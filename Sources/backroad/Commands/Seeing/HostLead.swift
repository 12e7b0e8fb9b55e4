import Admin
import Links
import Server
import Text
import Wire
import Workspaces

/// Which end of a link its main hosts lead to now, and whose decision that is.
enum HostLead: Sendable {
  /// The link's endpoint.
  case endpoint
  /// The standby, where the link's file says so.
  case person
  /// The standby, where the server has failed the link over by itself.
  case server
  /// The endpoint, or this standby: a server may have failed the link over by itself, and could not be asked.
  case unknown(standby: Endpoint)

  /// What is said behind where the names lead; empty for nothing. As in `link list`.
  var text: String {
    switch self {
    case .endpoint, .unknown: ""
    case .person: "(standby)"
    case .server: "(standby, by the server)"
    }
  }

  /// Who has failed the link over, for programs; nil for nobody, as far as is known.
  var decider: String? {
    switch self {
    case .endpoint, .unknown: nil
    case .person: "person"
    case .server: "server"
    }
  }

  /// True where the names lead to the standby.
  var isAtStandby: Bool { decider != nil }
}

/// Where links' main hosts lead now: what the files say, and what the running server has decided by itself, which no file tells.
struct HostLeads {
  private let workspace: WorkspaceName
  /// Nil where nobody could be asked.
  private let running: RunningLinks?

  /// Asks the running server, where a link may have been failed over by it.
  ///
  /// - Parameter server: the server whose answers are judged, where a flag names it: another one decides for itself.
  init(of links: [Link], in workspace: WorkspaceName, judging server: SocketAddress?, _ arguments: Arguments) {
    self.workspace = workspace
    guard links.contains(where: Self.mayMove), let admin = try? arguments.runningServer().patient(milliseconds: 5000)
    else {
      running = nil
      return
    }
    let isJudged = server.map { Self.listens(admin, at: $0) } ?? true
    let links = try? RunningLinks(admin, of: workspace)
    running = isJudged ? links : nil
  }

  /// True for a link that a server may have failed over by itself.
  private static func mayMove(_ link: Link) -> Bool {
    link.failover != nil && link.standby != nil && !link.usesStandby
  }

  private static func listens(_ admin: AdminClient, at address: SocketAddress) -> Bool {
    let status = try? admin.ask(.get, ["v1", "status"])
    return status?.list("listen").contains { $0.asString.flatMap { SocketAddress($0, defaultPort: 53) } == address }
      ?? false
  }

  /// The same for one link.
  func lead(of link: Link) -> HostLead {
    if link.usesStandby { return .person }
    guard Self.mayMove(link), let standby = link.standby else { return .endpoint }
    guard let running else { return .unknown(standby: standby) }
    return running.isFailedOver(link.name, in: workspace) ? .server : .endpoint
  }
}

import Admin
import Bounds
import Forwarding
import Storage
import SystemIO
import Text
import Workspaces

/// What the admin interface's routes answer from.
struct AdminContext: Sendable {
  let configuration: ServerConfiguration
  let folder: ZonesFolder
  let state: ServerState
  var desk: ReloadDesk
  let readiness: Readiness
  let mail: Crew.Mail
  let leases: LeaseKeeper
  let cache: AnswerCache
  /// How the links stand.
  let links: LinkStates
  /// Which links are failed over.
  let failovers: FailoverKeeper
  /// How the store is followed; nil where a folder is served.
  let store: StoreState?
  let log: Log
  /// When the server started, on the monotonic clock and in seconds since 1970.
  let startedAt: (nanoseconds: UInt64, wallSeconds: UInt64)

  /// What the workers say of themselves, within half a second.
  func reports() -> WorkerReports {
    do throws(SystemError) {
      return WorkerReports(all: try ReportDesk().ask(mail.mailboxes), workers: mail.mailboxes.count)
    } catch {
      // No descriptor is left to wait with.
      return WorkerReports(all: [], workers: mail.mailboxes.count)
    }
  }

  /// The workspace of a path.
  func workspaceName(_ match: RouteMatch) throws(AdminError) -> WorkspaceName {
    let text = match.parameters["workspace"] ?? ""
    guard let name = WorkspaceName(text), isKnown(name) else { throw noWorkspace(text) }
    return name
  }

  /// The workspace of a body; nil when it names none.
  ///
  /// - Throws: `not-found` for one that nobody knows, so that a slip in a name does not look like nothing to do.
  func workspace(_ value: JSON?, _ match: RouteMatch) throws(AdminError) -> WorkspaceName? {
    guard let value else { return nil }
    let name = try match.read { () throws(Problem) in try ReloadRoute.workspaceName(value) }
    guard isKnown(name) else { throw noWorkspace(name.description) }
    return name
  }

  /// That there is no such workspace, naming the nearest that there is.
  func noWorkspace(_ text: String) -> AdminError {
    let view = state.view
    let served = view.snapshot?.workspaces.all.map(\.workspace.name.description) ?? []
    let near = nearest(to: text, among: (served + view.broken.keys.map(\.description)).sorted())
    let remedy = near.map { "did you mean \(quoted($0))?" } ?? "see backroad workspace list"
    return .notFound("there is no workspace \(quoted(text)) here; \(remedy)")
  }

  /// True for a workspace that is served, or would be without its errors.
  func isKnown(_ name: WorkspaceName) -> Bool {
    let view = state.view
    return view.broken[name] != nil || view.workspace(name) != nil
  }
}

/// What the workers that were asked said of themselves.
struct WorkerReports: Sendable {
  /// In no order. Each of these workers has taken what was left for it before.
  let all: [WorkerReport]
  /// How many said nothing: all that is made of the others' reports is without them.
  let silentCount: Int

  init(all: [WorkerReport], workers: Int) {
    self.all = all
    silentCount = max(0, workers - all.count)
  }
}

/// A request and what its route took out of the path.
struct RouteMatch: Sendable {
  let request: HTTPRequest
  let parameters: [String: String]

  /// How many rows of a list are wanted: the query's `limit`, or the usual number.
  func rows() throws(AdminError) -> Int {
    guard let text = request.query["limit"] else { return Limits.Admin.rowsUsually }
    guard let limit = Int(text), (1...Limits.Admin.rows).contains(limit) else {
      throw .invalid("\"limit\" is a whole number from 1 to \(Limits.Admin.rows), not \(quoted(text))")
    }
    return limit
  }

  /// The body: an object with these keys and no others.
  func body(known keys: [String]) throws(AdminError) -> JSON.Object {
    do throws(Problem) {
      let object = try JSON.parse(request.body, file: "body", comments: false).expectObject("the body", file: "body")
      try object.check(known: keys, file: "body")
      return object
    } catch {
      throw .invalid("\(error)")
    }
  }

  /// Reads a member of the body; what is wrong with it is told with its place.
  func read<Value>(_ body: () throws(Problem) -> Value) throws(AdminError) -> Value {
    do throws(Problem) { return try body() } catch { throw .invalid("\(error)") }
  }
}

/// What a route says.
enum AdminReply: Sendable {
  case now(HTTPResponse)
  /// One workspace is to be read again, or all for nil; it goes on with what comes of that and how many workers do not say
  /// that they serve it.
  case afterReload(of: WorkspaceName?, AfterReload)

  /// It goes on with what the thread that may wait for the disk makes of this.
  case later(DiskThread.Job)

  typealias AfterReload = @Sendable (ReloadOutcome, _ silentWorkers: Int) -> AdminReply

  /// An answer in JSON.
  static func json(_ value: JSON, status: HTTPStatus = .ok) -> AdminReply { .now(.json(value, status: status)) }
}

/// Answers the requests of one route.
///
/// A protocol and no closure, because Swift 6.3.1 crashes on a function with a typed throw that is turned into one.
protocol AdminHandler: Sendable {
  func answer(_ context: AdminContext, _ match: RouteMatch) throws(AdminError) -> AdminReply
}

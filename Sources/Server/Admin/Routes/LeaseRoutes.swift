import Admin
import Forwarding
import Storage
import Text
import Wire
import Workspaces

/// `GET /v1/leases`: the live leases in the order of their addresses; one workspace's with `workspace`, those behind an
/// address with `after`, so many at most with `limit`.
struct LeaseListRoute: AdminHandler {

  func answer(_ context: AdminContext, _ match: RouteMatch) throws(AdminError) -> AdminReply {
    let query = match.request.query
    for key in query.keys where !["workspace", "after", "limit"].contains(key) {
      throw .invalid("the query takes workspace, after and limit, and not \(quoted(key))")
    }
    let workspace = try query["workspace"].map { text throws(AdminError) in
      guard let name = WorkspaceName(text) else { throw .invalid("\(quoted(text)) is not a workspace's name") }
      return name
    }
    let after = try query["after"].map { text throws(AdminError) in
      guard let address = IPAddress(text) else { throw .invalid("\(quoted(text)) is no address to go on after") }
      return address
    }
    let wanted = try match.rows()
    let moment = LeaseKeeper.Moment.current
    let found = context.leases.list(of: workspace, after: after, limit: wanted + 1, moment: moment)
    // One that was removed may have leases still.
    if let workspace, found.isEmpty, !context.isKnown(workspace) { throw context.noWorkspace(workspace.description) }
    return .json([
      "leases": .array(found.prefix(wanted).map { $0.json(moment) }), "more": JSON(.bool(found.count > wanted)),
    ])
  }
}

/// `POST /v1/leases`: leases addresses to a workspace, or renews their leases: all or none.
struct LeaseAddRoute: AdminHandler {
  func answer(_ context: AdminContext, _ match: RouteMatch) throws(AdminError) -> AdminReply {
    let body = try match.body(known: ["workspace", "addresses", "ttl"])
    let request = try LeaseBody(body, match)
    let seconds = context.leases.limits.ttlSeconds
    let ttl = try match.read { () throws(Problem) in
      guard let value = body["ttl"] else { throw Problem(file: "body", "\"ttl\" is missing: the lease's seconds") }
      return try value.expectInt("\"ttl\"", in: Int(seconds.lowerBound)...Int(seconds.upperBound), file: "body")
    }
    let grant = Grant(context: context, request: request, ttlSeconds: UInt64(ttl))
    return .later { grant.reply(after: nil) }
  }

  /// What is asked for.
  private struct Grant: Sendable {
    let context: AdminContext
    let request: LeaseBody
    let ttlSeconds: UInt64

    /// Makes the leases.
    ///
    /// - Parameter reload: what came of reading the workspace for this; nil while it was not.
    func reply(after reload: ReloadOutcome?) -> AdminReply {
      let moment = LeaseKeeper.Moment.current
      do throws(LeaseKeeper.Failure) {
        let leases = try context.leases.add(
          request.addresses, to: request.workspace, ttlSeconds: ttlSeconds, moment: moment)
        return .json(["leases": .array(leases.map { $0.json(moment) })])
      } catch {
        guard case .refused(.noWorkspace(let name)) = error else { return .now(error.adminError.response) }
        // What whoever asks has just written may not be read yet: then it is, and this is tried again.
        guard reload != nil || (try? context.folder.contains(name)) != true else {
          return .afterReload(of: name) { outcome, _ in .later { reply(after: outcome) } }
        }
        // A broken one is known, and told of as such.
        var refusal = context.isKnown(name) ? error.adminError : context.noWorkspace(name.description)
        refusal.problems = reload?.problems ?? []
        return .now(refusal.response)
      }
    }
  }
}

/// `POST /v1/leases/remove`: ends leases of a workspace: all or none.
struct LeaseRemoveRoute: AdminHandler {
  func answer(_ context: AdminContext, _ match: RouteMatch) throws(AdminError) -> AdminReply {
    let request = try LeaseBody(try match.body(known: ["workspace", "addresses"]), match)
    return .later {
      do throws(LeaseKeeper.Failure) {
        try context.leases.remove(request.addresses, of: request.workspace)
        return .json(["removed": .number(request.addresses.count)])
      } catch {
        return .now(Self.refusal(context, request.workspace, error).response)
      }
    }
  }

  /// Why nothing was removed, with what may have been meant: of what whoever asks may list as well.
  private static func refusal(
    _ context: AdminContext, _ workspace: WorkspaceName, _ failure: LeaseKeeper.Failure
  ) -> AdminError {
    guard case .refused(.notLeased(let address, _, _)) = failure else { return failure.adminError }
    // One that was removed may have leases still, and one that is new is not served yet.
    let isSomewhere =
      context.isKnown(workspace) || (try? context.folder.contains(workspace)) == true
      || !context.leases.list(of: workspace, after: nil, limit: 1).isEmpty
    guard isSomewhere else { return context.noWorkspace(workspace.description) }
    let meant = context.leases.meant(by: address, of: workspace)
    return LeaseKeeper.Failure.refused(.notLeased(address, workspace, meant)).adminError
  }
}

/// What both requests name.
private struct LeaseBody: Sendable {
  let workspace: WorkspaceName
  let addresses: [IPAddress]

  init(_ body: JSON.Object, _ match: RouteMatch) throws(AdminError) {
    workspace = try match.read { () throws(Problem) in
      guard let value = body["workspace"] else { throw Problem(file: "body", "\"workspace\" is missing") }
      return try ReloadRoute.workspaceName(value)
    }
    addresses = try match.read { () throws(Problem) in
      guard let value = body["addresses"] else { throw Problem(file: "body", "\"addresses\" is missing") }
      var addresses: [IPAddress] = []
      var known: Set<IPAddress> = []
      for element in try value.expectArray("\"addresses\"", file: "body") {
        let text = try element.expectString("an address", file: "body")
        guard let address = IPAddress(text) else {
          throw Problem(file: "body", position: element.position, "\(quoted(text)) is no address")
        }
        if known.insert(address).inserted { addresses.append(address) }
      }
      return addresses
    }
  }
}

extension Lease {
  /// For programs.
  fileprivate func json(_ moment: LeaseKeeper.Moment) -> JSON {
    let ends = end != Self.endless
    return [
      "address": .string("\(address)"), "workspace": .string("\(workspace)"),
      "secondsLeft": ends ? .number(secondsLeft(at: moment.now)) : nil,
      "ends": ends ? .number(moment.wall(end) / 1000) : nil,
    ]
  }
}

extension LeaseKeeper.Failure {
  /// Why a request was not carried out, in the form that all errors have.
  fileprivate var adminError: AdminError {
    switch self {
    case .refused(let refusal):
      switch refusal {
      case .noWorkspace, .notLeased: .notFound(refusal.message)
      case .leased: AdminError(.conflict, "leased", refusal.message)
      case .ofPod: AdminError(.conflict, "of-a-pod", refusal.message)
      case .granted: AdminError(.conflict, "granted-to-another", refusal.message)
      case .inPrefix: AdminError(.conflict, "in-clients", refusal.message)
      case .notAClient, .addressCount, .ttl: .invalid(refusal.message)
      case .tooMany: AdminError(.conflict, "too-many-leases", refusal.message)
      }
    case .unwritten(let problem):
      AdminError(.unavailable, "leases-not-kept", "the lease cannot be kept: \(problem)", problems: [problem])
    }
  }
}

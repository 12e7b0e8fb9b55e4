import Admin
import Text

/// `GET /healthz`: that the process lives. It says nothing of what is served: to end a server because its files are wrong, or
/// because it has much to do, would mend neither.
struct HealthRoute: AdminHandler {
  func answer(_ context: AdminContext, _ match: RouteMatch) throws(AdminError) -> AdminReply { .json(["alive": true]) }
}

/// `GET /readyz`: whether clients are to be sent here.
struct ReadyRoute: AdminHandler {
  func answer(_ context: AdminContext, _ match: RouteMatch) throws(AdminError) -> AdminReply {
    if let reason = context.readiness.reason { throw AdminError(.unavailable, "not-ready", reason) }
    return .json(["ready": true])
  }
}

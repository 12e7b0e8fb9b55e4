import Admin
import Storage
import Text
import Workspaces

/// `POST /v1/reload`: reads all workspaces again, or one, and answers when every worker serves what came of it,
/// or with how many do not say so.
struct ReloadRoute: AdminHandler {
  func answer(_ context: AdminContext, _ match: RouteMatch) throws(AdminError) -> AdminReply {
    let body = try match.body(known: ["workspace"])
    let name = try match.read { () throws(Problem) -> WorkspaceName? in
      try body["workspace"].map { value throws(Problem) in try Self.workspaceName(value) }
    }
    let reload = AdminReply.afterReload(of: name) { .json(Self.json(of: $0, silentWorkers: $1)) }
    guard let name, !context.isKnown(name) else { return reload }
    // What is new on the disk is read now; where the disk cannot be looked at, the reload says so.
    return .later {
      (try? context.folder.contains(name)) == false ? .now(context.noWorkspace(name.description).response) : reload
    }
  }

  private static func json(of outcome: ReloadOutcome, silentWorkers: Int) -> JSON {
    [
      "changed": .array(outcome.changed.map { .string($0.description) }),
      "problems": .array(outcome.problems.map(\.json)),
      "milliseconds": .number(outcome.nanoseconds / 1_000_000),
      "silentWorkers": .number(silentWorkers),
    ]
  }

  /// A workspace's name in a body.
  static func workspaceName(_ value: JSON) throws(Problem) -> WorkspaceName {
    let text = try value.expectString("\"workspace\"", file: "body")
    guard let name = WorkspaceName(text) else {
      throw Problem(
        file: "body", position: value.position, "\(quoted(text)) is not a workspace's name: \(WorkspaceName.rule)")
    }
    return name
  }
}

import Admin
import Forwarding
import Text
import Wire
import Workspaces

/// `POST /v1/cache/flush`: forgets everything, what a workspace's own rules brought, or a name and what is below.
struct CacheFlushRoute: AdminHandler {
  func answer(_ context: AdminContext, _ match: RouteMatch) throws(AdminError) -> AdminReply {
    let body = try match.body(known: ["workspace", "name"])
    let workspace = try context.workspace(body["workspace"], match)
    let name = try match.read { () throws(Problem) in
      try body["name"].map { value throws(Problem) in try Self.name(value) }
    }
    let selection = CacheSelection(owner: workspace.map { .workspace($0.description) }, name: name)
    return .json(["flushed": .number(context.cache.flush(selection))])
  }

  private static func name(_ value: JSON) throws(Problem) -> Name {
    let text = try value.expectString("\"name\"", file: "body")
    do throws(NameTextError) {
      return try Name(text)
    } catch {
      throw Problem(file: "body", position: value.position, "\(quoted(text)) is not a name: \(error)")
    }
  }
}

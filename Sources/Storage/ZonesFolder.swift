import SystemIO
import Text
import Workspaces

/// The folder that holds the workspaces' folders.
///
/// Nothing is kept between calls: each looks at the disk anew.
public struct ZonesFolder: Sendable {

  /// The path as the person named it, without slashes at its end.
  public let path: String

  /// Takes a path, absolute or from the current folder.
  public init(path: String) {
    var path = Substring(path)
    while path.count > 1, path.hasSuffix("/") { path.removeLast() }
    self.path = String(path)
  }

  /// A workspace's folder as the person would name it.
  public func path(of name: WorkspaceName) -> String { path == "/" ? "/\(name)" : "\(path)/\(name)" }

  /// True when there is something at the folder's path.
  public func exists() throws(Problem) -> Bool { try kind(path) != nil }

  /// Makes the zones folder; the folder that it is in must be there.
  public func make() throws(Problem) {
    try trying(to: "make the zones folder", file: path) { () throws(SystemError) in try Files.makeFolder(path) }
  }

  /// The workspaces' names, in order: folders, or links to folders, whose names are workspaces' names.
  ///
  /// - Throws: when there is no zones folder, or it cannot be listed.
  public func workspaceNames() throws(Problem) -> [WorkspaceName] {
    var names: [WorkspaceName] = []
    for entry in try entries() {
      if let name = WorkspaceName(entry), try kind(path(of: name)) == .folder { names.append(name) }
    }
    return names
  }

  /// True when the workspace has a folder.
  public func contains(_ name: WorkspaceName) throws(Problem) -> Bool { try kind(path(of: name)) == .folder }

  /// A problem for each entry that looks like a workspace and is none: a folder whose name cannot be a workspace's, or
  /// a link that leads nowhere. What starts with a dot is left alone, and so are plain files, like a README.
  public func strays() throws(Problem) -> [Problem] {
    var problems: [Problem] = []
    for entry in try entries() where !entry.hasPrefix(".") {
      let shown = "\(path)/\(entry)"
      switch try kind(shown) {
      case .folder where WorkspaceName(entry) == nil:
        problems.append(
          Problem(
            file: shown,
            "this folder is not served, because its name is not a workspace's (\(WorkspaceName.rule)); rename it"))
      case nil:
        problems.append(Problem(file: shown, "this link leads nowhere; mend or remove it"))
      default: break
      }
    }
    return problems
  }

  /// Throws when there is no zones folder.
  public func checkIsThere() throws(Problem) {
    guard let kind = try kind(path) else {
      throw Problem(
        file: path, "there is no such zones folder; name one with --zones DIR, or make it with backroad workspace add")
    }
    guard kind == .folder else { throw Problem(file: path, "this is not a folder; name one with --zones DIR") }
  }

  private func entries() throws(Problem) -> [String] {
    try checkIsThere()
    return try trying(to: "list the zones folder", file: path) { () throws(SystemError) in try Files.list(path) }
  }

  func kind(_ path: String) throws(Problem) -> Files.Kind? {
    try trying(to: "look at this", file: path) { () throws(SystemError) in try Files.identity(path)?.kind }
  }
}

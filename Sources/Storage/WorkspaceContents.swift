import Bounds
import SystemIO
import Text
import Workspaces

/// A workspace's files as they were at one moment, and what tells whether they still are.
public struct WorkspaceContents: Sendable {
  /// Whose they are.
  public let name: WorkspaceName
  /// The folder as the person named it: `zones/acme`.
  public let folder: String
  /// `workspace.json`, the zone files, and `links/*.json`, each by its path within the folder.
  public let files: [String: [UInt8]]
  /// Where the folder really is, symbolic links followed.
  let place: String
  /// What stood there.
  let tree: FolderTree
}

extension ZonesFolder {
  /// What a server reads of a workspace: `workspace.json` and the zone files, all of one moment.
  ///
  /// Between two looks at the folder that differ the files are read again, so that an import, or the swap of a
  /// Kubernetes volume's `..data`, is seen whole or not at all.
  ///
  /// - Throws: when the folder is not there, keeps changing, or holds a file that cannot be read or is too large.
  public func source(of name: WorkspaceName) throws(Problem) -> WorkspaceSource {
    let folder = path(of: name)
    let files = try stable(folder) { () throws(Problem) in
      let before = try self.identity(folder)
      let names = try list(folder).filter { WorkspaceSource.isRead($0) }
      let (files, areSteady) = try read(names, in: folder)
      let after = try self.identity(folder)
      return areSteady && before == after ? files : nil
    }
    return WorkspaceSource(name: name, folder: folder, files: files)
  }

  /// What an import or a change of links needs of a workspace, all of one moment.
  ///
  /// - Throws: as `source(of:)`, and when the workspace does not exist.
  public func contents(of name: WorkspaceName) throws(Problem) -> WorkspaceContents {
    let folder = path(of: name)
    guard try contains(name) else { throw try noWorkspace(name) }
    return try stable(folder) { () throws(Problem) in
      let place = try trying(to: "follow this path", file: folder) { () throws(SystemError) in
        try Files.realPath(folder)
      }
      let tree = try FolderTree(of: place, shown: folder)
      var names = try list(folder).filter { WorkspaceSource.isRead($0) }
      if try kind("\(folder)/links") == .folder {
        names += try list("\(folder)/links").filter { $0.hasSuffix(".json") && !$0.hasPrefix(".") }.map {
          "links/\($0)"
        }
      }
      let (files, areSteady) = try read(names, in: folder)
      let after = try FolderTree(of: place, shown: folder)
      guard areSteady, tree.isSame(as: after) else { return nil }
      return WorkspaceContents(name: name, folder: folder, files: files, place: place, tree: tree)
    }
  }

  /// That a workspace does not exist, naming the nearest that does.
  public func noWorkspace(_ name: WorkspaceName) throws(Problem) -> Problem {
    let near = nearest(to: name.description, among: try workspaceNames().map(\.description))
    let remedy =
      near.map { "did you mean \(quoted($0))?" } ?? "make it with backroad workspace add \(name) --client CIDR"
    return Problem(file: path, "there is no workspace \(quoted(name.description)) here; \(remedy)")
  }

  /// What `body` gives once it does not give nil.
  private func stable<Result>(_ folder: String, _ body: () throws(Problem) -> Result?) throws(Problem) -> Result {
    for _ in 0..<Limits.Files.readings {
      if let result = try body() { return result }
    }
    throw Problem(file: folder, "the folder keeps changing while it is read; run it again when that has ended")
  }

  /// Reads files of a folder.
  ///
  /// - Returns: their contents, and whether every file was the same before and after.
  private func read(_ names: [String], in folder: String) throws(Problem) -> (files: [String: [UInt8]], areSteady: Bool)
  {
    var files: [String: [UInt8]] = [:]
    var octets = 0
    for name in names {
      let path = "\(folder)/\(name)"
      guard let (content, identity) = try read(path) else {
        // Written meanwhile, gone since it was listed, or a link that leads nowhere: only that is still there.
        if try identity(path) == nil,
          try trying(
            to: "look at this", file: path,
            { () throws(SystemError) in try Files.identity(path, followsLinks: false) }) != nil
        {
          throw Problem(file: path, "this link leads nowhere; mend or remove it")
        }
        return (files, false)
      }
      guard identity.kind == .file else { throw Problem(file: path, "this is not a file; rename or remove it") }
      octets += content.count
      guard octets <= Limits.Files.octetsOfWorkspace else {
        throw Problem(
          file: folder, "more than \(Limits.Files.octetsOfWorkspace >> 20) MiB of files; split the workspace")
      }
      files[name] = content
    }
    return (files, true)
  }

  /// A file's content; nil when it is gone or was written meanwhile.
  private func read(_ path: String) throws(Problem) -> (content: [UInt8], identity: Files.Identity)? {
    do throws(SystemError) {
      return try Files.readSteady(path, maximumSize: Limits.Files.octets)
    } catch {
      switch error.kind {
      case .notFound: return nil
      case .tooLarge:
        throw Problem(
          file: path, "larger than \(Limits.Files.octets >> 20) MiB, the most of one file; split the zone")
      default: throw .cannot("read this", error, file: path)
      }
    }
  }

  private func identity(_ path: String) throws(Problem) -> Files.Identity? {
    try trying(to: "look at this", file: path) { () throws(SystemError) in try Files.identity(path) }
  }

  private func list(_ folder: String) throws(Problem) -> [String] {
    try trying(to: "list this folder", file: folder) { () throws(SystemError) in try Files.list(folder) }
  }
}

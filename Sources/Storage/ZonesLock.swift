import SystemIO
import Text
import Workspaces

/// The right to change a zones folder, which one process at a time has.
///
/// Whatever a process with it does is done whole or not at all, even when it is killed: what it works on stands beside
/// the workspace under a name that starts with a dot, and takes the workspace's place in one step of the file system.
public struct ZonesLock: ~Copyable {
  /// The folder that is locked.
  public let zones: ZonesFolder
  private let descriptor: FileDescriptor

  init(_ zones: ZonesFolder, beforeWaiting wait: () -> Void = {}) throws(Problem) {
    self.zones = zones
    descriptor = try trying(to: "lock the zones folder", file: zones.path) { () throws(SystemError) in
      try Files.lock(folder: zones.path, beforeWaiting: wait)
    }
  }

  /// Puts a workspace into a new state.
  ///
  /// - Parameters:
  ///   - changes: each file's new content by its path within the folder; nil removes the file.
  ///   - contents: the state that the changes were worked out from.
  /// - Throws: when the workspace is no longer in that state, or cannot be written; then nothing has changed.
  public func commit(_ changes: [String: [UInt8]?], to contents: WorkspaceContents) throws(Problem) {
    let real = changes.filter { contents.files[$0.key] != $0.value }
    guard !real.isEmpty else { return }
    try checkPlaces(real.keys.sorted(), in: contents)
    let (parent, _) = split(contents.place)
    // A link may lead to a folder that another zones folder links to as well.
    let realZones = try trying(to: "follow this path", file: zones.path) { () throws(SystemError) in
      try Files.realPath(zones.path)
    }
    let other = parent == realZones ? nil : try ZonesLock(ZonesFolder(path: parent))
    let staging = try Staging(for: contents.place, shown: contents.folder)
    do throws(Problem) {
      if let only = real.first, real.count == 1, staging.canReplaceAlone(only.key, in: contents) {
        try staging.replace(only.key, with: only.value, in: contents)
      } else {
        try staging.build(real, from: contents)
        try staging.swap(with: contents)
      }
    } catch {
      staging.clear()
      throw error
    }
    staging.clear()
    _ = consume other
  }

  /// Makes a workspace.
  ///
  /// - Parameter files: its files, by path within the folder.
  /// - Throws: when there is one of that name, or it cannot be written; then nothing has changed.
  public func addWorkspace(_ name: WorkspaceName, files: [String: [UInt8]]) throws(Problem) {
    let folder = zones.path(of: name)
    let here = try trying(to: "look at this", file: folder) { () throws(SystemError) in
      try Files.identity(folder, followsLinks: false)
    }
    guard here == nil else { throw Problem(file: folder, "the workspace \(quoted(name.description)) exists already") }
    let staging = try Staging(for: folder, shown: folder)
    do throws(Problem) {
      try staging.build(files)
      try staging.moveIntoPlace()
    } catch {
      staging.clear()
      throw error
    }
  }

  /// Removes a workspace with all its files. Of one that is a link to a folder elsewhere, only the link goes.
  ///
  /// - Throws: when there is none, or it cannot be removed; then nothing has changed.
  public func removeWorkspace(_ name: WorkspaceName) throws(Problem) {
    guard try zones.contains(name) else { throw try zones.noWorkspace(name) }
    let staging = try Staging(for: zones.path(of: name), shown: zones.path(of: name))
    try staging.moveAway()
    try staging.remove()
  }

  /// Refuses paths whose change would reach out of the folder: through a link, or where a folder stands.
  private func checkPlaces(_ paths: [String], in contents: WorkspaceContents) throws(Problem) {
    for path in paths {
      let parts = path.split(separator: "/", omittingEmptySubsequences: false)
      precondition(!parts.contains("") && !parts.contains("..") && !parts.contains("."), "a path within the folder")
      for count in 1...parts.count {
        let part = parts.prefix(count).joined(separator: "/")
        guard let kind = contents.tree.identity(part)?.kind else { break }
        let wanted: Files.Kind = count == parts.count ? .file : .folder
        guard kind != wanted else { continue }
        throw Problem(
          file: "\(contents.folder)/\(part)",
          "a \(wanted == .file ? "file" : "folder") must be written here, and this is "
            + (kind == .other ? "a link" : kind == .folder ? "a folder" : "a file")
            + "; put the real one in its place, or move it away")
      }
    }
  }
}

extension ZonesFolder {
  /// Takes the folder's lock, and holds it while `body` reads, plans and writes.
  ///
  /// - Parameter wait: called before waiting for another process that has the lock.
  /// - Throws: what `body` throws, or a problem: that there is no such folder, or that it cannot be locked.
  public func withLock<Result>(
    beforeWaiting wait: () -> Void = {}, _ body: (borrowing ZonesLock) throws -> Result
  ) throws -> Result {
    _ = try workspaceNames()
    let lock = try ZonesLock(self, beforeWaiting: wait)
    return try body(lock)
  }
}

/// A path's folder and last part.
func split(_ path: String) -> (folder: String, name: String) {
  guard let slash = path.lastIndex(of: "/") else { return (".", path) }
  let folder = path[..<slash]
  return (folder.isEmpty ? "/" : String(folder), String(path[path.index(after: slash)...]))
}

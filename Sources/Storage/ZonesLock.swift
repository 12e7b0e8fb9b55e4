import Bounds
import Glibc
import SystemIO
import Text
import Workspaces

/// The right to change a zones folder, which one process at a time has: the lock of `.backroad/lock` in it. The folder itself
/// is not locked, as everybody who may read it could keep that lock.
///
/// Whatever a process with it does is done whole or not at all, even when it is killed: what it works on stands beside
/// the workspace under a name that starts with a dot, and takes the workspace's place in one step of the file system.
public struct ZonesLock: ~Copyable {
  /// The folder that is locked.
  public let zones: ZonesFolder
  private let folder: Folder
  /// Ends with this.
  private let lock: LockFile

  /// The folder in the zones folder that has what is no workspace's, and the lock in it.
  static let stateFolder = ".backroad"
  private static let lockName = "lock"
  /// How long the lock of another folder is waited for, in milliseconds; its owner may be one who keeps it.
  private static let patience = 10_000

  init(_ zones: ZonesFolder, beforeWaiting wait: () -> Void = {}) throws(Problem) {
    let folder = try zones.open()
    if let state = try? folder.folder(Self.stateFolder), Mirror.isMirror(state) {
      throw Problem(
        file: zones.path,
        "this is a server's mirror of a store, and is as the store is: change that, with --store etcd:…")
    }
    lock = try Self.lock(folder, isOperators: true, within: nil, beforeWaiting: wait, "lock the zones folder")
    self.zones = zones
    self.folder = folder
  }

  /// Takes a folder's lock.
  ///
  /// - Parameter isOperators: the folder is the operator's, who may have put a link in the state folder's place; it is followed
  ///   wherever it leads.
  private static func lock(
    _ folder: borrowing Folder, isOperators: Bool, within milliseconds: Int?, beforeWaiting wait: () -> Void = {},
    _ what: String
  ) throws(Problem) -> LockFile {
    let shown = "\(folder.path)/\(stateFolder)/\(lockName)"
    do throws(SystemError) {
      let access = try folder.access
      do throws(SystemError) {
        try folder.makePrivateFolder(stateFolder)?.setAccess(access.ofStateFolder)
      } catch  where error.kind == .exists {}
      let state =
        isOperators
        ? try Folder(opening: "\(folder.path)/\(stateFolder)") : try folder.folder(stateFolder, links: .refused)
      return try state.lock(lockName, like: access.ofLock, within: milliseconds, beforeWaiting: wait)
    } catch {
      if error.kind == .denied, let owner = try? folder.access.ownerName {
        throw Problem(
          file: shown,
          "cannot \(what): \(error.reason); give this user the right to write in \(folder.path), or run as its owner \(owner)"
        )
      }
      guard error.code == EWOULDBLOCK else { throw .cannot(what, error, file: shown) }
      throw Problem(
        file: shown, "another process keeps this lock, so nothing was changed; run it again when that has ended")
    }
  }

  /// Removes the lock of a zones folder that has nothing else in it, so that it can be removed; nobody has it meanwhile.
  static func clear(_ zones: ZonesFolder) {
    do throws(SystemError) {
      let folder = try Folder(opening: zones.path)
      let state = try folder.folder(stateFolder, links: .refused)
      guard try folder.list() == [stateFolder] else { return }
      let names = try state.list()
      guard names == [lockName] else {
        // A failure may have left it without its lock; with anything else in it, it stays.
        return try folder.removeFolder(stateFolder)
      }
      let lock = try state.lock(lockName, within: 0)
      try state.removeFile(lockName)
      try folder.removeFolder(stateFolder)
      _ = consume lock
    } catch {
      // Then it is in use.
    }
  }

  /// Puts a workspace into a new state.
  ///
  /// - Parameters:
  ///   - changes: each file's new content by its path within the folder; nil removes the file.
  ///   - contents: the state that the changes were worked out from.
  /// - Returns: what is to be said although it is done.
  /// - Throws: when the workspace is no longer in that state, or cannot be written; then nothing has changed.
  @discardableResult
  public func commit(
    _ changes: [String: [UInt8]?], to contents: WorkspaceContents
  ) throws(Problem) -> [Problem] {
    let real = changes.filter { contents.files[$0.key] != $0.value }
    guard !real.isEmpty else { return [] }
    try checkPlaces(real.keys.sortedByOctets(), in: contents)
    // The workspace may be a link to a folder elsewhere beneath the zones folder.
    let place = try trying(to: "follow this path", file: contents.folder) { () throws(SystemError) in
      try folder.place(of: contents.name.description)
    }
    let other = try lockOther(place.folder)
    let staging = try Staging(for: place.name, in: again(place.folder), shown: contents.folder)
    let warnings: [Problem]
    do throws(Problem) {
      if let only = real.first, real.count == 1, staging.canReplaceAlone(only.key, in: contents) {
        if let content = only.value { try staging.stage(content, for: only.key, in: contents) }
        try checkIsWritten(real, to: contents) { path throws(Problem) in
          try ZonesFolder.read(staging.place, in: staging.parent, shown: "\(contents.folder)/\(path)")
        }
        warnings = try staging.replace(only.key, with: only.value, in: contents)
      } else {
        let new = try staging.build(real, from: contents)
        try checkIsWritten(real, to: contents) { path throws(Problem) in
          try ZonesFolder.read(path, in: new, shown: "\(contents.folder)/\(path)")
        }
        warnings = try staging.swap(new, with: contents)
      }
    } catch {
      staging.clear()
      throw error
    }
    staging.clear()
    _ = consume other
    return warnings
  }

  /// Takes the lock of the folder that a workspace's folder really stands in, which another zones folder may be, or lead
  /// into; this one's is taken already.
  private func lockOther(_ parent: borrowing Folder) throws(Problem) -> LockFile? {
    let isSame = try trying(to: "look at this", file: parent.path) { () throws(SystemError) in
      try parent.identity.isSame(as: folder.identity)
    }
    return isSame ? nil : try Self.lock(parent, isOperators: false, within: Self.patience, "lock this folder")
  }

  /// The same folder once more.
  private func again(_ folder: borrowing Folder) throws(Problem) -> Folder {
    try trying(to: "open this folder", file: folder.path) { () throws(SystemError) in try folder.folder("") }
  }

  /// Refuses a state of which the disk does not give back what was written, or that is beyond the limits of those who read
  /// it later.
  private func checkIsWritten(
    _ changes: [String: [UInt8]?], to contents: WorkspaceContents, _ read: (String) throws(Problem) -> [UInt8]?
  ) throws(Problem) {
    var files = contents.files
    for (path, content) in changes {
      files[path] = content
      guard let content else { continue }
      guard try read(path) == content else {
        throw Problem(
          file: "\(contents.folder)/\(path)", "what was written here is not what is read here; look at the disk")
      }
    }
    guard files.values.reduce(0, { $0 + $1.count }) <= Limits.Files.octetsOfWorkspace else {
      throw ZonesFolder.tooLarge(contents.folder)
    }
  }

  /// Makes a workspace.
  ///
  /// - Parameter files: its files, by path within the folder.
  /// - Returns: what is to be said although it is done.
  /// - Throws: when there is one of that name, or it cannot be written; then nothing has changed.
  @discardableResult
  public func addWorkspace(_ name: WorkspaceName, files: [String: [UInt8]]) throws(Problem) -> [Problem] {
    let shown = zones.path(of: name)
    let here = try trying(to: "look at this", file: shown) { () throws(SystemError) in
      try folder.identity(name.description, links: .refused)
    }
    guard here == nil else { throw Problem(file: shown, "the workspace \(quoted(name.description)) exists already") }
    let staging = try Staging(for: name.description, in: again(folder), shown: shown)
    do throws(Problem) {
      let new = try staging.build(files)
      for (path, content) in files {
        guard try ZonesFolder.read(path, in: new, shown: "\(shown)/\(path)") == content else {
          throw Problem(file: "\(shown)/\(path)", "what was written here is not what is read here; look at the disk")
        }
      }
      return try staging.moveIntoPlace()
    } catch {
      staging.clear()
      throw error
    }
  }

  /// Removes a workspace with all its files. Of one that is a link to a folder elsewhere, only the link goes.
  ///
  /// - Returns: what is to be said although it is done: that some of the files could not be removed, too.
  /// - Throws: when there is none, or it cannot be removed; then nothing has changed.
  @discardableResult
  public func removeWorkspace(_ name: WorkspaceName) throws(Problem) -> [Problem] {
    guard try zones.contains(name) else { throw try zones.noWorkspace(name) }
    let staging = try Staging(for: name.description, in: again(folder), shown: zones.path(of: name))
    var warnings = try staging.moveAway()
    do throws(Problem) {
      try staging.remove()
    } catch {
      warnings.append(
        Problem(
          file: "\(zones.path)/\(staging.place)", severity: .warning,
          "the workspace is removed, but some of its files are still here: \(error.message); remove this folder"))
    }
    return warnings
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
  @discardableResult
  public func withLock<Result>(
    beforeWaiting wait: () -> Void = {}, _ body: (borrowing ZonesLock) throws -> Result
  ) throws -> Result {
    let lock = try ZonesLock(self, beforeWaiting: wait)
    return try body(lock)
  }
}

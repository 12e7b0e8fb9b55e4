import SystemIO
import Text

/// The place beside a workspace's folder where its next state is built, and where its last one ends.
///
/// The name starts with a dot, which no workspace's does, so that nobody serves what is in it. A process that is killed
/// leaves it behind, and the next change of the same workspace clears it away.
///
/// A workspace's folder may belong to somebody else than this process's user, who may be root. So everything here is done by
/// descriptor and without following links; what is built is out of anybody else's reach until it is whole, and its folder is
/// handed over to the workspace's owner as the last thing before it is put in place. What is new belongs to whom the folder
/// belongs that it is made in, whoever makes it and with whatever umask.
struct Staging: ~Copyable {
  /// The folder that the workspace's folder stands in.
  let parent: Folder
  /// The workspace's folder there.
  let target: String
  /// The workspace's folder as the person named it.
  let shown: String
  /// Where the next state is built, in the same folder.
  let place: String

  /// What the name of such a place holds between the workspace's name and the process's id.
  private static let infix = ".staging-"

  /// Clears away what killed processes left. The caller has the lock, so that none of it is in use.
  init(for target: String, in parent: consuming Folder, shown: String) throws(Problem) {
    self.target = target
    self.shown = shown
    let prefix = ".\(target)\(Self.infix)"
    place = "\(prefix)\(System.processID)"
    self.parent = parent
    let path = self.parent.path
    let names = try trying(to: "list this folder", file: path) { () throws(SystemError) in try self.parent.list() }
    for name in names where name.startsSame(as: prefix) && Int(name.dropFirst(prefix.count)) != nil {
      try trying(to: "remove what an interrupted change left", file: "\(path)/\(name)") { () throws(SystemError) in
        try self.parent.removeAll(name)
      }
    }
  }

  /// Builds the next state of a workspace: hard links to what stays, and new files.
  ///
  /// - Returns: the folder, whole and on the disk, and this process's alone until `handOver`.
  func build(_ changes: [String: [UInt8]?], from contents: WorkspaceContents) throws(Problem) -> Folder {
    let tree = contents.tree
    let old = try trying(to: "open this folder", file: shown) { () throws(SystemError) in
      try parent.folder(target, links: .refused)
    }
    for path in tree.folders + [""] {
      // A folder that was closed to writing is meant to stay as it is; and its twin could not be removed afterwards.
      try trying(to: "write here", file: FolderTree.join(shown, path)) { () throws(SystemError) in
        try old.folder(path, links: .refused).checkWritable()
      }
    }
    let new = try makePlace()
    for path in tree.folders { try makeFolders(path, in: new) }
    for path in tree.files where changes[path] == nil {
      try trying(to: "keep this file as it is", file: "\(shown)/\(path)") { () throws(SystemError) in
        let (folder, name) = split(path)
        try old.folder(folder, links: .refused).link(name, as: name, in: new.folder(folder, links: .refused))
      }
    }
    for (path, content) in changes.sorted(by: { OctetText($0.key) < OctetText($1.key) }) {
      guard let content else { continue }
      try makeFolders(split(path).folder, in: new)
      try write(content, at: path, in: new, like: access(ofFile: path, in: old))
    }
    // Folders are handed over once all is in them; nobody reaches them before the outermost is.
    for path in try FolderTree(of: new, shown: shown, ReadingBudget(shown)).folders.reversed() {
      let access = try access(ofFolder: path, in: old)
      try trying(to: "give this to its owner", file: FolderTree.join(shown, path)) { () throws(SystemError) in
        try new.folder(path, links: .refused).setAccess(access)
      }
    }
    try synchronize(new)
    return new
  }

  /// Builds a workspace that was not there.
  func build(_ files: [String: [UInt8]]) throws(Problem) -> Folder {
    let new = try makePlace()
    let above = try trying(to: "look at this", file: parent.path) { () throws(SystemError) in try parent.access }
    for (path, content) in files.sorted(by: { OctetText($0.key) < OctetText($1.key) }) {
      try makeFolders(split(path).folder, in: new)
      try write(content, at: path, in: new, like: .newFile(in: above))
    }
    for path in try FolderTree(of: new, shown: shown, ReadingBudget(shown)).folders.reversed() + [""] {
      try trying(to: "give this to its owner", file: FolderTree.join(shown, path)) { () throws(SystemError) in
        // The outermost keeps out who is to be kept out; what is in it may be copied to where others read it.
        let access: Files.Access = path.isEmpty ? .newRoom(in: above) : .newFolder(in: above)
        try new.folder(path, links: .refused).setAccess(access)
      }
    }
    try synchronize(new)
    return new
  }

  /// Makes the folder where the next state is built, and opens it.
  private func makePlace() throws(Problem) -> Folder {
    let made: Folder?
    do throws(SystemError) {
      made = try parent.makePrivateFolder(place)
    } catch {
      throw .cannotChange(error, file: shown, in: parent.path)
    }
    // Who may write the folder that it stands in put another in its place.
    guard let made else {
      throw Problem(file: shown, "somebody else changes the folder that this stands in; nothing was written")
    }
    return made
  }

  /// Makes a folder of the next state, and those that it is in, where they are missing.
  private func makeFolders(_ path: String, in new: borrowing Folder) throws(Problem) {
    guard !path.isEmpty else { return }
    let present = try trying(to: "look at this", file: FolderTree.join(shown, path)) { () throws(SystemError) in
      try new.identity(path, links: .refused)
    }
    guard present == nil else { return }
    let (folder, name) = split(path)
    try makeFolders(folder, in: new)
    try trying(to: "write here", file: "\(shown)/\(path)") { () throws(SystemError) in
      _ = try new.folder(folder, links: .refused).makePrivateFolder(name)
    }
  }

  /// Whose a file of the next state is: a present one's owner's, or that of the folder that it is made in.
  private func access(ofFile path: String, in old: borrowing Folder) throws(Problem) -> Files.Access {
    if let access = try present(path, in: old) { return access }
    return .newFile(in: try access(ofFolder: split(path).folder, in: old))
  }

  /// The same of a folder.
  private func access(ofFolder path: String, in old: borrowing Folder) throws(Problem) -> Files.Access {
    if let access = try present(path, in: old) { return access }
    guard !path.isEmpty else { throw Problem(file: shown, "the folder went away while it was changed; run it again") }
    return .newFolder(in: try access(ofFolder: split(path).folder, in: old))
  }

  private func present(_ path: String, in old: borrowing Folder) throws(Problem) -> Files.Access? {
    try trying(to: "look at this", file: FolderTree.join(shown, path)) { () throws(SystemError) in
      try path.isEmpty ? old.access : old.access(path)
    }
  }

  private func write(
    _ content: [UInt8], at path: String, in new: borrowing Folder, like access: Files.Access
  ) throws(Problem) {
    try trying(to: "write this", file: "\(shown)/\(path)") { () throws(SystemError) in
      let (folder, name) = split(path)
      try new.folder(folder, links: .refused).create(name, content, like: access)
    }
  }

  /// Waits until the folders of the next state are on the disk; its files are.
  private func synchronize(_ new: borrowing Folder) throws(Problem) {
    for path in try FolderTree(of: new, shown: shown, ReadingBudget(shown)).folders + [""] {
      try trying(to: "write this", file: FolderTree.join(shown, path)) { () throws(SystemError) in
        try new.folder(path, links: .refused).synchronize()
      }
    }
  }

  /// Removes whatever stands at the place.
  func remove() throws(Problem) {
    try trying(to: "remove all of what was here before", file: shown) { () throws(SystemError) in
      try parent.removeAll(place)
    }
  }

  /// Removes what it can; the rest is cleared away by the next change, which says so if it cannot.
  func clear() {
    do throws(Problem) { try remove() } catch {}
  }
}

extension Staging {
  /// Puts the next state in the place of the present one, unless that is no longer what the next was worked out from.
  ///
  /// - Returns: what is to be said although it is done.
  func swap(_ new: borrowing Folder, with contents: WorkspaceContents) throws(Problem) -> [Problem] {
    try check(contents, at: target)
    try trying(to: "give this to its owner", file: shown) { () throws(SystemError) in
      guard let access = try parent.access(target) else { return }
      try new.setAccess(access)
      try new.synchronize()
    }
    try exchange()
    do throws(Problem) {
      // Someone may have written between the check and the exchange; nobody finds the old state by its path any more.
      try check(contents, at: place)
    } catch {
      do throws(Problem) {
        try exchange()
      } catch let second {
        throw Problem(
          file: shown,
          """
          the new state is in place; that nobody changed the old one meanwhile could not be made sure of \
          (\(error.message)), and it could not be put back (\(second.message)): look at \(parent.path)/\(place)
          """)
      }
      throw error
    }
    return settle(parent)
  }

  /// Waits until what was done in a folder is on the disk.
  ///
  /// - Returns: that it may not be, as a warning: what was done is done, and whoever looks finds it so.
  func settle(_ folder: borrowing Folder) -> [Problem] {
    do throws(SystemError) {
      try folder.synchronize()
      return []
    } catch {
      return [.unconfirmed(error, file: shown)]
    }
  }

  private func exchange() throws(Problem) {
    do throws(SystemError) {
      try parent.exchange(place, with: target)
    } catch {
      guard error.kind == .unsupported else { throw .cannot("put the new state in place", error, file: shown) }
      throw Problem(
        file: shown, "this file system cannot swap two folders in one step; keep the zones on ext4, XFS, Btrfs or tmpfs"
      )
    }
  }

  private func check(_ contents: WorkspaceContents, at name: String) throws(Problem) {
    let folder = try trying(to: "open this folder", file: shown) { () throws(SystemError) in
      try parent.folder(name, links: .refused)
    }
    guard try FolderTree(of: folder, shown: shown, ReadingBudget(shown)).isSame(as: contents.tree) else {
      throw Problem(
        file: shown, "someone else changed the workspace in the meantime, so nothing was written; run it again")
    }
  }

  /// True when a change of one file needs no folder to be made for it.
  func canReplaceAlone(_ path: String, in contents: WorkspaceContents) -> Bool {
    let folder = split(path).folder
    return folder.isEmpty || contents.tree.identity(folder)?.kind == .folder
  }

  /// Writes one file's next content at the place.
  func stage(_ content: [UInt8], for path: String, in contents: WorkspaceContents) throws(Problem) {
    let old = try trying(to: "open this folder", file: shown) { () throws(SystemError) in
      try parent.folder(target, links: .refused)
    }
    let access = try access(ofFile: path, in: old)
    do throws(SystemError) {
      try parent.create(place, content, like: access)
    } catch {
      throw .cannotChange(error, file: shown, in: parent.path)
    }
  }

  /// Changes one file in one step, to what is at the place; nil for its content removes it.
  ///
  /// - Returns: what is to be said although it is done.
  func replace(_ path: String, with content: [UInt8]?, in contents: WorkspaceContents) throws(Problem) -> [Problem] {
    let (inner, name) = split(path)
    let folder = try trying(to: "open this folder", file: shown) { () throws(SystemError) in
      try parent.folder(target, links: .refused).folder(inner, links: .refused)
    }
    try check(contents, at: target)
    try trying(to: "put this file in place", file: "\(shown)/\(path)") { () throws(SystemError) in
      switch (content, contents.tree.identity(path)) {
      case (nil, _): try folder.removeFile(name)
      // A link does not replace what someone else put there in the meantime.
      case (_, nil): try parent.link(place, as: name, in: folder)
      default: try parent.rename(place, to: name, in: folder)
      }
    }
    return settle(folder)
  }

  /// Puts the first state of a workspace in place. An empty folder gives way to it, anything else does not.
  func moveIntoPlace() throws(Problem) -> [Problem] {
    try rename(place, to: target)
    return settle(parent)
  }

  /// Takes the workspace from its place, whole.
  func moveAway() throws(Problem) -> [Problem] {
    try rename(target, to: place)
    return settle(parent)
  }

  private func rename(_ name: String, to other: String) throws(Problem) {
    do throws(SystemError) {
      try parent.rename(name, to: other, in: parent)
    } catch {
      throw .cannotChange(error, file: shown, in: parent.path)
    }
  }
}

/// A path's folder, which is empty for one that has none, and last part.
func split(_ path: String) -> (folder: String, name: String) {
  guard let slash = path.lastIndex(of: "/") else { return ("", path) }
  return (String(path[..<slash]), String(path[path.index(after: slash)...]))
}

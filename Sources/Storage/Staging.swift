import SystemIO
import Text

/// The place beside a workspace's folder where its next state is built, and where its last one ends.
///
/// The name starts with a dot, which no workspace's does, so that nobody serves what is in it. A process that is killed
/// leaves it behind, and the next change of the same workspace clears it away.
struct Staging {
  /// The workspace's folder, symbolic links followed.
  let target: String
  /// The workspace's folder as the person named it.
  let shown: String
  /// Where the next state is built.
  let place: String

  /// What the name of such a place holds between the workspace's name and the process's id.
  private static let infix = ".staging-"

  /// Clears away what killed processes left. The caller has the lock, so that none of it is in use.
  init(for target: String, shown: String) throws(Problem) {
    self.target = target
    self.shown = shown
    let (parent, name) = split(target)
    let prefix = ".\(name)\(Self.infix)"
    place = "\(parent)/\(prefix)\(System.processID)"
    let names = try trying(to: "list this folder", file: parent) { () throws(SystemError) in try Files.list(parent) }
    for name in names where name.hasPrefix(prefix) && Int(name.dropFirst(prefix.count)) != nil {
      try trying(to: "remove what an interrupted change left", file: "\(parent)/\(name)") { () throws(SystemError) in
        try Files.removeAll("\(parent)/\(name)")
      }
    }
  }

  /// Builds the next state of a workspace: hard links to what stays, and new files.
  func build(_ changes: [String: [UInt8]?], from contents: WorkspaceContents) throws(Problem) {
    let tree = contents.tree
    for path in tree.folders + [""] {
      // A folder that was closed to writing is meant to stay as it is; and its twin could not be removed afterwards.
      try trying(to: "write here", file: FolderTree.join(shown, path)) { () throws(SystemError) in
        try Files.checkWritable(folder: FolderTree.join(target, path))
      }
    }
    try makeFolder("", like: target)
    for path in tree.folders { try makeFolder(path, like: "\(target)/\(path)") }
    for path in tree.files where changes[path] == nil {
      try trying(to: "keep this file as it is", file: "\(shown)/\(path)") { () throws(SystemError) in
        try Files.link("\(target)/\(path)", as: "\(place)/\(path)")
      }
    }
    for (path, content) in changes.sorted(by: { $0.key < $1.key }) {
      guard let content else { continue }
      let parent = split(path).folder
      if parent != ".", tree.identity(parent) == nil { try makeParent(parent) }
      try write(content, at: path, like: tree.identity(path) == nil ? nil : "\(target)/\(path)")
    }
    try synchronize()
  }

  /// Builds a workspace that was not there.
  func build(_ files: [String: [UInt8]]) throws(Problem) {
    try makeFolder("", like: nil)
    for (path, content) in files.sorted(by: { $0.key < $1.key }) {
      let parent = split(path).folder
      if parent != "." { try makeParent(parent) }
      try write(content, at: path, like: nil)
    }
    try synchronize()
  }

  private func makeParent(_ path: String) throws(Problem) {
    let kind = try trying(to: "look at this", file: "\(shown)/\(path)") { () throws(SystemError) in
      try Files.identity("\(place)/\(path)")?.kind
    }
    if kind == nil { try makeFolder(path, like: nil) }
  }

  private func makeFolder(_ path: String, like model: String?) throws(Problem) {
    try trying(to: "make a folder beside it", file: shown) { () throws(SystemError) in
      let full = FolderTree.join(place, path)
      try Files.makeFolder(full)
      if let model, let access = try Files.access(model) { try Files.setAccess(access, of: full) }
    }
  }

  private func write(_ content: [UInt8], at path: String, like model: String?) throws(Problem) {
    try trying(to: "write this", file: FolderTree.join(shown, path)) { () throws(SystemError) in
      let full = FolderTree.join(place, path)
      try Files.create(full, content)
      if let model, let access = try Files.access(model) { try Files.setAccess(access, of: full) }
    }
  }

  /// Waits until the folders of the next state are on the disk; its files are.
  private func synchronize() throws(Problem) {
    for path in try FolderTree(of: place, shown: shown).folders + [""] {
      try trying(to: "write this", file: FolderTree.join(shown, path)) { () throws(SystemError) in
        try Files.synchronize(folder: FolderTree.join(place, path))
      }
    }
  }

  /// Removes whatever stands at the place.
  func remove() throws(Problem) {
    try trying(to: "remove all of what was here before", file: shown) { () throws(SystemError) in
      try Files.removeAll(place)
    }
  }

  /// Removes what it can; the rest is cleared away by the next change, which says so if it cannot.
  func clear() {
    do throws(Problem) { try remove() } catch {}
  }
}

extension Staging {
  /// Puts the next state in the place of the present one, unless that is no longer what the next was worked out from.
  func swap(with contents: WorkspaceContents) throws(Problem) {
    try check(contents, at: target)
    try exchange()
    do throws(Problem) {
      // Someone may have written between the check and the exchange; nobody finds the old state by its path any more.
      try check(contents, at: place)
      try trying(to: "write this", file: shown) { () throws(SystemError) in
        try Files.synchronize(folder: split(target).folder)
      }
    } catch {
      try exchange()
      throw error
    }
  }

  private func exchange() throws(Problem) {
    do throws(SystemError) {
      try Files.exchange(place, with: target)
    } catch {
      guard error.kind == .unsupported else { throw .cannot("put the new state in place", error, file: shown) }
      throw Problem(
        file: shown, "this file system cannot swap two folders in one step; keep the zones on ext4, XFS, Btrfs or tmpfs"
      )
    }
  }

  private func check(_ contents: WorkspaceContents, at path: String) throws(Problem) {
    guard try FolderTree(of: path, shown: shown).isSame(as: contents.tree) else {
      throw Problem(
        file: shown, "someone else changed the workspace in the meantime, so nothing was written; run it again")
    }
  }

  /// True when a change of one file needs no folder to be made for it.
  func canReplaceAlone(_ path: String, in contents: WorkspaceContents) -> Bool {
    let parent = split(path).folder
    return parent == "." || contents.tree.identity(parent)?.kind == .folder
  }

  /// Changes one file in one step; nil removes it.
  func replace(_ path: String, with content: [UInt8]?, in contents: WorkspaceContents) throws(Problem) {
    let file = "\(target)/\(path)"
    let old = contents.tree.identity(path)
    if let content { try write(content, at: "", like: old == nil ? nil : file) }
    try check(contents, at: target)
    try trying(to: "put this file in place", file: "\(shown)/\(path)") { () throws(SystemError) in
      switch (content, old) {
      case (nil, _): try Files.removeFile(file)
      // A link does not replace what someone else put there in the meantime.
      case (_, nil): try Files.link(place, as: file)
      default: try Files.rename(place, to: file)
      }
      try Files.synchronize(folder: split(file).folder)
    }
  }

  /// Puts the first state of a workspace in place. An empty folder gives way to it, anything else does not.
  func moveIntoPlace() throws(Problem) {
    try rename(place, to: target)
  }

  /// Takes the workspace from its place, whole.
  func moveAway() throws(Problem) {
    try rename(target, to: place)
  }

  private func rename(_ path: String, to other: String) throws(Problem) {
    try trying(to: "rename the workspace's folder", file: shown) { () throws(SystemError) in
      try Files.rename(path, to: other)
      try Files.synchronize(folder: split(target).folder)
    }
  }
}

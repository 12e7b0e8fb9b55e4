import Bounds
import Fleet
import Glibc
import SystemIO
import Text
import Workspaces

/// The folder in which a server has what the store has that it follows: in the zones folder's layout, so that it is read, served
/// and looked into as any zones folder is, and a cold start needs no store.
///
/// Each workspace is changed whole, by one exchange of its folder: whoever reads has all of the old or all of the new, even when
/// the process is killed meanwhile. Nothing waits for the disk. When the machine has crashed, each workspace is compared with its
/// sums, and one that is torn is taken away: its clients are refused until the store is heard, which has it.
public struct Mirror: ~Copyable, Sendable {
  /// Where it is.
  public let folder: ZonesFolder
  /// Which store it is of, and how far it goes.
  public private(set) var cursor: MirrorCursor
  /// The workspaces that it has.
  public private(set) var names: Set<WorkspaceName> = []
  /// What was wrong when it was opened, and mended.
  public private(set) var warnings: [Problem] = []
  private let root: Folder
  private let access: Files.Access
  /// Ends with this: one server has one mirror.
  private let lock: LockFile

  private static let (cursorName, lockName, stagingSuffix) = ("mirror.json", "mirror.lock", ".next")
  /// The largest cursor, in octets.
  private static let cursorOctets = 4096

  /// Opens a mirror, or makes one where there is nothing.
  ///
  /// - Parameter store: what it is to be of.
  /// - Throws: when the folder has workspaces and is no mirror, or is another fleet's, or another server has it.
  public static func open(_ folder: ZonesFolder, of store: StoreAddress) throws(Problem) -> Mirror {
    if try !folder.exists() { try folder.make() }
    let root = try folder.open()
    let access = try Self.access(of: root)
    let state = try state(in: root, access)
    let lock = try lock(state, folder)
    let names = try folder.workspaceNames()
    var warnings: [Problem] = []
    let cursor = try readCursor(state, folder, &warnings)
    if let cursor {
      guard cursor.prefix.isEmpty || cursor.prefix == store.prefix else {
        throw Problem(
          file: folder.path,
          "this is the mirror of another fleet, \(cursor.prefix), not of \(store.prefix); name another folder with --mirror"
        )
      }
    } else if !names.isEmpty {
      throw Problem(
        file: folder.path,
        """
        this zones folder is no mirror, and a mirror's workspaces are those of its store alone; name an empty folder, or one \
        that is not there, with --mirror
        """)
    }
    var mirror = Mirror(
      folder, cursor ?? MirrorCursor(prefix: store.prefix, boot: System.bootID), warnings, root: root, access, lock)
    mirror.cursor.prefix = store.prefix
    try mirror.clear(names)
    // From here on a command that would change it is told of the store. A disk that is full keeps nobody from answering.
    do throws(Problem) {
      try mirror.save()
    } catch {
      mirror.warnings.append(Problem(file: error.file, severity: .warning, error.message))
    }
    return mirror
  }

  private init(
    _ folder: ZonesFolder, _ cursor: MirrorCursor, _ warnings: [Problem], root: consuming Folder,
    _ access: Files.Access,
    _ lock: consuming LockFile
  ) {
    (self.folder, self.cursor, self.warnings, self.access) = (folder, cursor, warnings, access)
    self.root = root
    self.lock = lock
  }

  /// True for a zones folder that is a server's mirror.
  static func isMirror(_ state: borrowing Folder) -> Bool {
    (try? state.identity(cursorName, links: .refused)) ?? nil != nil
  }

  // MARK: Opening

  private static func access(of root: borrowing Folder) throws(Problem) -> Files.Access {
    try trying(to: "look at this", file: root.path) { () throws(SystemError) in try root.access }
  }

  private static func state(in root: borrowing Folder, _ access: Files.Access) throws(Problem) -> Folder {
    try trying(to: "make the folder of the server's own files", file: root.path) { () throws(SystemError) in
      do throws(SystemError) {
        try root.makePrivateFolder(ZonesLock.stateFolder)?.setAccess(access.ofStateFolder)
      } catch  where error.kind == .exists {}
      return try root.folder(ZonesLock.stateFolder, links: .refused)
    }
  }

  private static func lock(_ state: borrowing Folder, _ folder: ZonesFolder) throws(Problem) -> LockFile {
    do throws(SystemError) {
      return try state.lock(lockName, within: 0)
    } catch {
      guard error.code == EWOULDBLOCK else { throw .cannot("lock the mirror", error, file: folder.path) }
      throw Problem(file: folder.path, "another server keeps its mirror here; name another folder with --mirror")
    }
  }

  /// - Returns: nil where there is none. What cannot be read, as a crash may leave it, says nothing of the store.
  private static func readCursor(
    _ state: borrowing Folder, _ folder: ZonesFolder, _ warnings: inout [Problem]
  ) throws(Problem) -> MirrorCursor? {
    let shown = "\(folder.path)/\(ZonesLock.stateFolder)/\(cursorName)"
    let found = try trying(to: "look at this", file: shown) { () throws(SystemError) in
      try state.identity(cursorName, links: .refused)
    }
    guard found != nil else { return nil }
    do throws(Problem) {
      let octets = try trying(to: "read this", file: shown) { () throws(SystemError) in
        try state.readSteady(cursorName, maximumSize: cursorOctets)?.content
      }
      return try MirrorCursor(octets ?? [], file: shown)
    } catch {
      warnings.append(
        Problem(
          file: shown, severity: .warning,
          "\(error.message): which store this is the mirror of is not known until it is heard"))
      return MirrorCursor(prefix: "", boot: "")
    }
  }

  /// Clears away what a killed process left, and what is not as it was written.
  private mutating func clear(_ present: [WorkspaceName]) throws(Problem) {
    let path = folder.path
    let entries = try trying(to: "list the mirror", file: path) { () throws(SystemError) in try root.list() }
    for entry in entries where entry.startsSame(as: ".") && entry.hasSuffix(Self.stagingSuffix) {
      try trying(to: "remove what an interrupted change left", file: "\(path)/\(entry)") { () throws(SystemError) in
        try root.removeAll(entry)
      }
    }
    let isOfThisBoot = cursor.boot == System.bootID
    cursor.boot = System.bootID
    var torn: [WorkspaceName] = []
    for name in present {
      // Nobody looks at all of them where only the process has ended: the start is waited for.
      if isOfThisBoot || sums(of: name).map({ isWhole(name, $0) }) ?? false {
        names.insert(name)
      } else {
        torn.append(name)
        try trying(to: "remove what is torn", file: folder.path(of: name)) { () throws(SystemError) in
          try root.removeAll(name.description)
        }
      }
    }
    guard let first = torn.first else { return }
    warnings.append(
      Problem(
        file: folder.path(of: first), severity: .warning,
        """
        this workspace\(torn.count == 1 ? "" : " and \(torn.count - 1) more") of the mirror was not what had been written, and is \
        gone from it: its clients are refused until the store is heard
        """))
  }

  /// What the workspace's folder holds; nil where it says nothing that can be believed.
  private func sums(of name: WorkspaceName) -> MirrorSums? {
    guard let own = try? root.folder(name.description, links: .refused),
      let found = try? own.readSteady(MirrorSums.fileName, maximumSize: Limits.Following.octetsOfWorkspace)
    else { return nil }
    return MirrorSums(found.content)
  }

  private func isWhole(_ name: WorkspaceName, _ sums: MirrorSums) -> Bool {
    guard let own = try? root.folder(name.description, links: .refused) else { return false }
    return sums.files.allSatisfy { path, digest in
      let found = try? own.readSteady(path, maximumSize: Limits.Following.octetsOfWorkspace)
      guard let found else { return false }
      return SHA256.digest(found.content) == digest
    }
  }
}

extension Mirror {
  // MARK: Changing

  /// Makes a change of a workspace.
  ///
  /// - Parameter isWanted: asked once it is known that the workspace's files would be others; not of one that has gone.
  /// - Returns: false where everything is as it was.
  /// - Throws: why it cannot be made; then nothing has changed.
  public mutating func put(
    _ change: WorkspaceChange, of name: WorkspaceName, if isWanted: () -> Bool = { true }
  ) throws(Problem) -> Bool {
    guard !change.isGone else { return try remove(name) }
    let former = names.contains(name) ? sums(of: name) : MirrorSums()
    guard let former = change.isWhole ? former ?? MirrorSums() : former else {
      throw Problem(
        file: folder.path(of: name),
        "somebody has changed the mirror, which is the server's alone; start the server again, and it is mended")
    }
    var next = change.isWhole ? MirrorSums() : former
    for (path, content) in change.files { next.files[path] = content.map { SHA256.digest($0) } }
    guard next != former || !names.contains(name) else { return false }
    guard isWanted() else { return false }
    guard !next.files.isEmpty else { return try remove(name) }
    let place = place(of: name)
    do throws(SystemError) {
      try root.removeAll(place)
      try build(next, from: change, of: name, at: place)
      if names.contains(name) {
        try root.exchange(place, with: name.description)
      } else {
        try root.rename(place, to: name.description, in: root)
      }
    } catch {
      do throws(SystemError) { try root.removeAll(place) } catch {}
      throw .cannot("write this workspace of the mirror", error, file: folder.path(of: name))
    }
    names.insert(name)
    // What could not be removed is in nobody's way, and goes with the next change.
    do throws(SystemError) { try root.removeAll(place) } catch {}
    return true
  }

  /// Takes a workspace away.
  ///
  /// - Returns: false where there was none.
  public mutating func remove(_ name: WorkspaceName) throws(Problem) -> Bool {
    guard names.contains(name) else { return false }
    let place = place(of: name)
    try trying(to: "take this workspace from the mirror", file: folder.path(of: name)) { () throws(SystemError) in
      try root.removeAll(place)
      try root.rename(name.description, to: place, in: root)
    }
    names.remove(name)
    do throws(SystemError) { try root.removeAll(place) } catch {}
    return true
  }

  /// Notes how far it goes.
  public mutating func save(_ identity: StoreIdentity, heardAt: UInt64?) throws(Problem) {
    cursor.identity = identity
    cursor.heardAt = heardAt ?? cursor.heardAt
    try save()
  }

  private func save() throws(Problem) {
    let shown = "\(folder.path)/\(ZonesLock.stateFolder)/\(Self.cursorName)"
    try trying(to: "write this", file: shown) { () throws(SystemError) in
      let state = try root.folder(ZonesLock.stateFolder, links: .refused)
      let place = Self.cursorName + Self.stagingSuffix
      try state.removeFile(place)
      try state.create(place, cursor.octets, like: .newFile(in: access), isDurable: false)
      try state.rename(place, to: Self.cursorName, in: state)
    }
  }

  private func place(of name: WorkspaceName) -> String { ".\(name)\(Self.stagingSuffix)" }

  /// Builds the next state of a workspace: new files, hard links to what stays, and the sums.
  private func build(
    _ sums: MirrorSums, from change: WorkspaceChange, of name: WorkspaceName, at place: String
  ) throws(SystemError) {
    guard let new = try root.makePrivateFolder(place) else { throw SystemError("mkdirat", folder.path, code: EEXIST) }
    let old = names.contains(name) ? try root.folder(name.description, links: .refused) : nil
    var folders: Set<String> = []
    for path in sums.files.keys {
      let (above, last) = split(path)
      if !above.isEmpty, folders.insert(above).inserted {
        try new.makePrivateFolder(above)?.setAccess(.newFolder(in: access))
      }
      let into = try new.folder(above, links: .refused)
      if let content = change.files[path] ?? nil {
        try into.create(last, content, like: .newFile(in: access), isDurable: false)
      } else if old != nil {
        try root.folder("\(name)/\(above)", links: .refused).link(last, as: last, in: into)
      }
    }
    try new.create(MirrorSums.fileName, sums.octets, like: .newFile(in: access), isDurable: false)
    try new.setAccess(.newRoom(in: access))
  }
}

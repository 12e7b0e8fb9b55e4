import Bounds
import CLinux
import Glibc

/// An open folder. What is done in it is done beneath it: no path and no symbolic link leads out of it, whoever sets links
/// there meanwhile.
///
/// Paths are relative to the folder. Those that are read may have symbolic links on the way, as long as these lead to what is
/// in the folder too, as a Kubernetes volume's do; what is changed is named without links. What a link's target is, is
/// decided as it is opened (openat2, RESOLVE_BENEATH). A kernel before 5.6, or a container whose filter does not know the
/// call, has the way gone component by component here, with the same outcome.
public struct Folder: ~Copyable, Sendable {
  private let descriptor: FileDescriptor
  /// The path as whoever opened it named it, for errors.
  public let path: String

  /// Whether links within the folder are followed.
  public enum Links: Sendable {
    case inside
    case refused
  }

  /// The name that errors of opening beneath a folder have.
  static let openBeneath = "openat2"
  /// The name that errors of a listed name have.
  static let readName = "name"

  private init(_ descriptor: consuming FileDescriptor, path: String) {
    self.descriptor = descriptor
    self.path = path
  }

  init(owning descriptor: consuming FileDescriptor, path: String) { self.init(descriptor, path: path) }

  /// Opens a folder by a path that is the caller's own word: links on the way to it are followed wherever they lead.
  public init(opening path: String) throws(SystemError) {
    // unsafe: the call reads the path.
    let raw = try checked("open", path) { unsafe Glibc.open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) }
    self.init(FileDescriptor(owning: raw), path: path)
  }

  /// A path in the folder as a person would name it.
  func shown(_ path: String) -> String { path.isEmpty ? self.path : "\(self.path)/\(path)" }

  /// The descriptor's number, for as long as this lives.
  var raw: Int32 { descriptor.raw }

  // MARK: Looking

  /// A folder in this one; an empty path is this one.
  public func folder(_ path: String, links: Links = .inside) throws(SystemError) -> Folder {
    Folder(try open(path, O_RDONLY | O_DIRECTORY, links), path: shown(path))
  }

  /// What the folder is.
  public var identity: Files.Identity {
    get throws(SystemError) { Files.Identity(try descriptor.status(path)) }
  }

  /// Whose the folder is.
  public var access: Files.Access {
    get throws(SystemError) { Files.Access(try descriptor.status(path)) }
  }

  /// What a path leads to; nil when nothing is there.
  ///
  /// - Parameter links: `.refused` to look at a symbolic link itself, which is of kind `other`.
  public func identity(_ path: String, links: Links = .inside) throws(SystemError) -> Files.Identity? {
    try status(path, links).map { Files.Identity($0) }
  }

  /// Whose a file or folder is; nil when nothing is there.
  public func access(_ path: String) throws(SystemError) -> Files.Access? {
    try status(path, .refused).map { Files.Access($0) }
  }

  private func status(_ path: String, _ links: Links) throws(SystemError) -> stat? {
    do throws(SystemError) {
      return try open(path, Int32(CL_PATH) | (links == .refused ? O_NOFOLLOW : 0), links).status(shown(path))
    } catch  where error.kind == .notFound {
      return nil
    }
  }

  /// The names in the folder, in the order of their octets, `.` and `..` not among them.
  ///
  /// Names that differ in their Unicode form alone (é as one letter or as two) are one `String`: of two such files one
  /// would be taken for the other, so they are an error. So is a name of combining marks without end, as normalising it
  /// costs the square of their number; the others are normalised once each, and not at each comparison.
  ///
  /// - Parameter maximumCount: more are an error (EFBIG), found without reading on.
  /// - Throws: EILSEQ where two names are alike, or one has too many marks.
  public func list(maximumCount: Int = .max) throws(SystemError) -> [String] {
    var names: [String] = []
    var failure: SystemError?
    try forEachEntry { entry in
      guard names.count < maximumCount else {
        failure = SystemError("readdir", path, code: EFBIG)
        return false
      }
      let octets = entry.dropLast().map { UInt8(bitPattern: $0) }
      guard firstExcessMark(in: octets) == nil else {
        failure = SystemError(Self.readName, path, code: EILSEQ)
        return false
      }
      names.append(String(decoding: octets, as: UTF8.self))
      return true
    }
    if let failure { throw failure }
    guard Set(names).count == names.count else { throw SystemError("readdir", path, code: EILSEQ) }
    return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
  }

  /// Goes through the names in the folder, `.` and `..` not among them.
  ///
  /// - Parameter body: is given a name's octets with the zero at their end; false to end.
  func forEachEntry(_ body: ([CChar]) -> Bool) throws(SystemError) {
    // A descriptor of its own, which has its own place in the list.
    let raw = try checked("openat", path) {
      unsafe openat(descriptor.raw, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)  // unsafe: reads the path.
    }
    guard let stream = unsafe fdopendir(raw) else {
      let code = errno
      _ = close(raw)
      throw SystemError("fdopendir", path, code: code)
    }
    // unsafe: the stream is open until the end of this function, and each entry is copied before the next is read.
    defer { unsafe closedir(stream) }
    while true {
      var name: [CChar]?
      try checked("readdir", path) { () -> Int in
        errno = 0
        guard let entry = unsafe readdir(stream) else { return errno == 0 ? 0 : -1 }
        name = unsafe withUnsafeBytes(of: &entry.pointee.d_name) { octets in
          unsafe octets.prefix { $0 != 0 }.map { CChar(bitPattern: $0) } + [0]
        }
        return 0
      }
      guard let name else { return }
      let dot = CChar(bitPattern: UInt8(ascii: "."))
      guard name != [dot, 0], name != [dot, dot, 0] else { continue }
      guard body(name) else { return }
    }
  }

  /// A file's content with what the file was; no content when that is no file, nil when it was written meanwhile.
  ///
  /// - Parameter maximumSize: more octets than this are an error (EFBIG).
  public func readSteady(_ path: String, maximumSize: Int) throws(SystemError) -> (
    content: [UInt8], identity: Files.Identity
  )? {
    // A pipe or device is not opened for reading at all: that alone can have effects.
    guard let found = try identity(path) else { throw SystemError("openat2", shown(path), code: ENOENT) }
    guard found.kind == .file else { return ([], found) }
    // O_NONBLOCK: neither a pipe that took the file's place nor a lease that its owner has taken (fcntl) holds this up.
    let file = try open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY, .inside)
    return try file.readSteady(shown(path), maximumSize: maximumSize)
  }

  /// Throws when this process may not add files to the folder and remove them (EACCES, EROFS).
  public func checkWritable() throws(SystemError) {
    // unsafe: the call reads the path.
    try checked("faccessat", path) { unsafe faccessat(descriptor.raw, ".", W_OK | X_OK, AT_EACCESS) }
  }

  // MARK: Opening beneath

  private func open(_ path: String, _ flags: Int32, _ links: Links) throws(SystemError) -> FileDescriptor {
    do throws(SystemError) {
      let raw = try checked(Self.openBeneath, shown(path)) {
        // unsafe: the call reads the path.
        unsafe cl_open_beneath(
          descriptor.raw, path.isEmpty ? "." : path, flags | O_CLOEXEC, links == .inside ? 1 : 0)
      }
      return FileDescriptor(owning: raw)
    } catch {
      // EPERM: container runtimes' filters answer so for calls that they do not know. EAGAIN: a rename elsewhere crossed a
      // "..", so that the kernel could not tell whether the way stayed inside.
      guard [ENOSYS, EPERM, EAGAIN].contains(error.code) else { throw error }
      return try openByHand(path, flags, links)
    }
  }

  /// Opens as `open` does on a kernel without openat2.
  func openByHand(_ path: String, _ flags: Int32, _ links: Links) throws(SystemError) -> FileDescriptor {
    let walk = try FolderWalk(
      path, in: descriptor.raw, shown: shown(path), links: links, looksAtLink: flags & O_NOFOLLOW != 0)
    let raw = try checked("openat", shown(path)) {
      unsafe openat(walk.last, walk.name, flags | O_NOFOLLOW | O_CLOEXEC)  // unsafe: the call reads the name.
    }
    return FileDescriptor(owning: raw)
  }

  /// A name and the folder that it stands in.
  public struct Place: ~Copyable, Sendable {
    /// The folder.
    public let folder: Folder
    /// The name, which is no link's.
    public let name: String
  }

  /// Where a path of the folder really is, links within the folder followed.
  public func place(of path: String) throws(SystemError) -> Place {
    let walk = try FolderWalk(path, in: descriptor.raw, shown: shown(path), links: .inside, looksAtLink: false)
    let names = walk.names.joined(separator: "/")
    let own = try checked("openat", shown(names)) {
      unsafe openat(walk.last, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)  // unsafe: the call reads the path.
    }
    return Place(folder: Folder(FileDescriptor(owning: own), path: shown(names)), name: walk.name)
  }

  // MARK: Changing

  /// Makes a folder that nobody but this process's user may enter, until `setAccess`, and opens it; one that is there
  /// already is an error (EEXIST).
  ///
  /// - Returns: nil where whoever may write this folder has put another in its place.
  public func makePrivateFolder(_ name: String) throws(SystemError) -> Folder? {
    // unsafe: the call reads the name.
    try checked("mkdirat", shown(name)) { unsafe mkdirat(descriptor.raw, name, 0o700) }
    do throws(SystemError) {
      let made = try folder(name, links: .refused)
      guard try made.access.isOwnAlone, try made.list().isEmpty else { return nil }
      return made
    } catch {
      do throws(SystemError) { try removeFolder(name) } catch {}
      throw error
    }
  }

  /// Makes a new file with this content.
  ///
  /// - Parameters:
  ///   - access: whose it is to be in the end; until it is whole nobody but this process's user may open it.
  ///   - isDurable: wait until it is on the disk.
  public func create(
    _ name: String, _ content: [UInt8], like access: Files.Access, isDurable: Bool = true
  ) throws(SystemError) {
    let flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC
    let raw = try checked("openat", shown(name)) {
      unsafe openat(descriptor.raw, name, flags, 0o600)  // unsafe: the call reads the name.
    }
    let file = FileDescriptor(owning: raw)
    try file.writeAll(content, shown(name))
    // A file gets no set-id bits: what they would lend was not given for a new content.
    try file.setAccess(access.withoutSetID, shown(name))
    if isDurable { try checked("fsync", shown(name)) { fsync(file.raw) } }
  }

  /// Gives the folder another's access.
  public func setAccess(_ access: Files.Access) throws(SystemError) { try descriptor.setAccess(access, path) }

  /// Gives a file, or a symbolic link itself, a second name, which must be free.
  public func link(_ name: String, as other: String, in folder: borrowing Folder) throws(SystemError) {
    let target = folder.descriptor.raw
    // unsafe: the call reads the names.
    try checked("linkat", folder.shown(other)) { unsafe linkat(descriptor.raw, name, target, other, 0) }
  }

  /// Renames, replacing what has the new name.
  public func rename(_ name: String, to other: String, in folder: borrowing Folder) throws(SystemError) {
    let target = folder.descriptor.raw
    // unsafe: the call reads the names.
    try checked("renameat", folder.shown(other)) { unsafe renameat(descriptor.raw, name, target, other) }
  }

  /// Swaps two names of the folder in one step: no one sees one without the other.
  public func exchange(_ name: String, with other: String) throws(SystemError) {
    // unsafe: the call reads the names.
    try checked("renameat2", shown(other)) { unsafe cl_exchange(descriptor.raw, name, other) }
  }

  /// Removes a file, or a link itself; one that is not there is no error.
  public func removeFile(_ name: String) throws(SystemError) {
    do throws(SystemError) {
      try checked("unlinkat", shown(name)) { unsafe unlinkat(descriptor.raw, name, 0) }  // unsafe: reads the name.
    } catch  where error.code == ENOENT {}
  }

  /// Removes an empty folder.
  public func removeFolder(_ name: String) throws(SystemError) {
    // unsafe: the call reads the name.
    try checked("unlinkat", shown(name)) { unsafe unlinkat(descriptor.raw, name, AT_REMOVEDIR) }
  }

  /// Waits until the folder's entries are on the disk.
  public func synchronize() throws(SystemError) {
    try checked("fsync", path) { fsync(descriptor.raw) }
  }
}

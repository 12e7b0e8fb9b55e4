import CLinux
import Glibc

/// Files and folders, read whole and written so that a crash leaves the old or the new.
public enum Files {
  /// What a path leads to.
  public enum Kind: Sendable {
    case file
    case folder
    case other
  }

  /// What tells whether a file is still the one that was seen.
  public struct Identity: Hashable, Sendable {
    let device: UInt64
    let inode: UInt64
    let size: Int64
    let modifiedSeconds: Int
    let modifiedNanoseconds: Int
    /// When the inode changed last: catches what keeps the modification time.
    let changedSeconds: Int
    let changedNanoseconds: Int
    /// What it is.
    public let kind: Kind

    init(_ status: stat) {
      device = UInt64(status.st_dev)
      inode = UInt64(status.st_ino)
      size = Int64(status.st_size)
      modifiedSeconds = status.st_mtim.tv_sec
      modifiedNanoseconds = status.st_mtim.tv_nsec
      changedSeconds = status.st_ctim.tv_sec
      changedNanoseconds = status.st_ctim.tv_nsec
      kind =
        switch status.st_mode & S_IFMT {
        case S_IFREG: .file
        case S_IFDIR: .folder
        default: .other
        }
    }

    /// The same file or folder, whatever happened to it.
    public func isSame(as other: Identity) -> Bool { inode == other.inode && device == other.device }

    /// The same file with the same content, whatever happened to its links.
    public func hasSameContent(as other: Identity) -> Bool {
      inode == other.inode && device == other.device && size == other.size
        && modifiedSeconds == other.modifiedSeconds && modifiedNanoseconds == other.modifiedNanoseconds
    }
  }

  /// What a path leads to; nil when nothing is there.
  ///
  /// - Parameter followsLinks: false to look at a symbolic link itself, which is of kind `other`.
  public static func identity(_ path: String, followsLinks: Bool = true) throws(SystemError) -> Identity? {
    try status(path, followsLinks: followsLinks).map { Identity($0) }
  }

  private static func status(_ path: String, followsLinks: Bool) throws(SystemError) -> stat? {
    var status = stat()
    do throws(SystemError) {
      try checked("stat", path) {
        unsafe followsLinks ? stat(path, &status) : lstat(path, &status)  // unsafe: the calls fill a local.
      }
    } catch  where error.code == ENOENT || error.code == ENOTDIR {
      return nil
    }
    return status
  }

  /// Whose a file or folder is, and who may do what with it.
  public struct Access: Hashable, Sendable {
    let mode: mode_t
    let owner: uid_t
    let group: gid_t

    /// True when nobody but its owner and group may do anything with it.
    public var isPrivate: Bool { mode & 0o007 == 0 }
  }

  /// Who may do what with a file or folder, links followed; nil when nothing is there.
  public static func access(_ path: String) throws(SystemError) -> Access? {
    try status(path, followsLinks: true).map { status in
      Access(mode: status.st_mode & 0o7777, owner: status.st_uid, group: status.st_gid)
    }
  }

  /// Throws when this process may not add files to a folder and remove them (EACCES, EROFS).
  public static func checkWritable(folder: String) throws(SystemError) {
    // unsafe: the call reads the path.
    try checked("faccessat", folder) { unsafe faccessat(AT_FDCWD, folder, W_OK | X_OK, AT_EACCESS) }
  }

  /// Gives a file or folder another's access; an owner or group that this process may not give away stays its own.
  public static func setAccess(_ access: Access, of path: String) throws(SystemError) {
    guard let own = try self.access(path), own != access else { return }
    if own.owner != access.owner || own.group != access.group {
      // unsafe: the calls read the path.
      if unsafe chown(path, access.owner, access.group) < 0 { _ = unsafe chown(path, uid_t.max, access.group) }
    }
    // After the owner: a new owner takes the set-id bits away.
    try checked("chmod", path) { unsafe chmod(path, access.mode) }  // unsafe: the call reads the path.
  }

  /// A file's whole content.
  ///
  /// - Parameter maximumSize: more octets than this are an error (EFBIG).
  public static func read(_ path: String, maximumSize: Int) throws(SystemError) -> [UInt8] {
    // unsafe: the call reads the path.
    let raw = try checked("open", path) { unsafe open(path, O_RDONLY | O_CLOEXEC) }
    return try readAll(FileDescriptor(owning: raw), path, maximumSize: maximumSize)
  }

  /// A file's content with what the file was; no content when that is no file, nil when it was written meanwhile.
  ///
  /// - Parameter maximumSize: more octets than this are an error (EFBIG).
  public static func readSteady(_ path: String, maximumSize: Int) throws(SystemError) -> (
    content: [UInt8], identity: Identity
  )? {
    // unsafe: the call reads the path. O_NONBLOCK: a pipe without a writer is opened, and then refused.
    let raw = try checked("open", path) { unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK) }
    let file = FileDescriptor(owning: raw)
    let before = try identity(file, path)
    guard before.kind == .file else { return ([], before) }
    guard before.size <= Int64(maximumSize) else { throw SystemError("read", path, code: EFBIG) }
    let size = Int(before.size)
    var failure: SystemError?
    // unsafe: read writes inside the new array, whose length it is given, and says how much it wrote.
    let content = unsafe [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
      while count < size {
        do throws(SystemError) {
          let got = try checked("read", path) {
            unsafe Glibc.read(file.raw, buffer.baseAddress.map { unsafe $0 + count }, size - count)
          }
          guard got > 0 else { return }
          count += got
        } catch {
          failure = error
          return
        }
      }
    }
    if let failure { throw failure }
    guard content.count == size, try identity(file, path) == before else { return nil }
    return (content, before)
  }

  private static func identity(_ file: borrowing FileDescriptor, _ path: String) throws(SystemError) -> Identity {
    var status = stat()
    let raw = file.raw
    try checked("fstat", path) { unsafe fstat(raw, &status) }  // unsafe: the call fills a local.
    return Identity(status)
  }

  /// All of standard input.
  public static func readStandardInput(maximumSize: Int) throws(SystemError) -> [UInt8] {
    let raw = try checked("dup", "-") { dup(0) }
    return try readAll(FileDescriptor(owning: raw), "-", maximumSize: maximumSize)
  }

  private static func readAll(
    _ file: borrowing FileDescriptor, _ path: String, maximumSize: Int
  ) throws(SystemError) -> [UInt8] {
    var content: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 64 << 10)
    while true {
      do throws(SystemError) {
        guard let count = try file.read(into: &buffer), count > 0 else { return content }
        content += buffer[..<count]
      } catch {
        throw SystemError("read", path, code: error.code)
      }
      guard content.count <= maximumSize else { throw SystemError("read", path, code: EFBIG) }
    }
  }

  /// The names in a folder, sorted, `.` and `..` not among them.
  public static func list(_ folder: String) throws(SystemError) -> [String] {
    // unsafe: the stream is open until the end of this function, and each entry is copied before the next is read.
    guard let stream = unsafe opendir(folder) else { throw SystemError("opendir", folder, code: errno) }
    defer { unsafe closedir(stream) }
    var names: [String] = []
    while let entry = unsafe readdir(stream) {
      let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { pointer in
        unsafe pointer.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
      }
      if name != ".", name != ".." { names.append(name) }
    }
    return names.sorted()
  }

  /// Makes a folder; one that is there already is an error (EEXIST).
  public static func makeFolder(_ path: String) throws(SystemError) {
    try checked("mkdir", path) { unsafe mkdir(path, 0o755) }  // unsafe: the call reads the path.
  }

  /// Gives a file a second name.
  public static func link(_ path: String, as other: String) throws(SystemError) {
    try checked("link", other) { unsafe Glibc.link(path, other) }  // unsafe: the call reads the paths.
  }

  /// Makes a symbolic link.
  public static func symbolicLink(to target: String, at path: String) throws(SystemError) {
    try checked("symlink", path) { unsafe symlink(target, path) }  // unsafe: the call reads the paths.
  }

  /// What a symbolic link says; nil when the path is none.
  public static func symbolicLinkTarget(_ path: String) -> String? {
    var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
    let count = unsafe readlink(path, &buffer, buffer.count)  // unsafe: writes inside the buffer.
    guard count >= 0 else { return nil }
    return String(decoding: buffer.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  /// The path with every link followed; throws when nothing is there.
  public static func realPath(_ path: String) throws(SystemError) -> String {
    // unsafe: the call allocates the result, which is copied and freed here.
    guard let resolved = unsafe realpath(path, nil) else { throw SystemError("realpath", path, code: errno) }
    defer { unsafe free(resolved) }
    return unsafe String(cString: resolved)
  }

  /// Renames, replacing what has the new name.
  public static func rename(_ path: String, to other: String) throws(SystemError) {
    try checked("rename", other) { unsafe Glibc.rename(path, other) }  // unsafe: the call reads the paths.
  }

  /// Swaps two paths in one step: no one sees one without the other.
  public static func exchange(_ path: String, with other: String) throws(SystemError) {
    // unsafe: the call reads the paths.
    try check(unsafe cl_exchange(path, other), "renameat2", path)
  }

  /// Removes a file; one that is not there is no error.
  public static func removeFile(_ path: String) throws(SystemError) {
    do throws(SystemError) {
      try checked("unlink", path) { unsafe unlink(path) }  // unsafe: the call reads the path.
    } catch  where error.code == ENOENT {
    }
  }

  /// Removes a file, or a folder with all that is in it, links not followed; what is not there is no error.
  public static func removeAll(_ path: String) throws(SystemError) {
    guard try identity(path, followsLinks: false)?.kind == .folder else { return try removeFile(path) }
    for name in try list(path) { try removeAll("\(path)/\(name)") }
    try checked("rmdir", path) { unsafe rmdir(path) }  // unsafe: the call reads the path.
  }

  /// Makes a new file with this content, and waits until it is on the disk.
  public static func create(_ path: String, _ content: [UInt8]) throws(SystemError) {
    // unsafe: the calls read the path and the slice.
    let raw = try checked("open", path) { unsafe open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644) }
    let file = FileDescriptor(owning: raw)
    var rest = content[...]
    while !rest.isEmpty {
      let count = try checked("write", path) {
        unsafe rest.withUnsafeBytes { unsafe Glibc.write(file.raw, $0.baseAddress, $0.count) }
      }
      rest = rest.dropFirst(count)
    }
    try checked("fsync", path) { fsync(file.raw) }
  }

  /// Waits until a folder's entries are on the disk.
  public static func synchronize(folder: String) throws(SystemError) {
    // unsafe: the call reads the path.
    let raw = try checked("open", folder) { unsafe open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC) }
    let file = FileDescriptor(owning: raw)
    try checked("fsync", folder) { fsync(file.raw) }
  }

  /// Opens a folder and takes its lock, which ends with the descriptor.
  ///
  /// - Parameter wait: called before waiting for another process that has the lock.
  public static func lock(folder: String, beforeWaiting wait: () -> Void) throws(SystemError) -> FileDescriptor {
    // unsafe: the call reads the path.
    let raw = try checked("open", folder) { unsafe open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC) }
    let file = FileDescriptor(owning: raw)
    do throws(SystemError) {
      try checked("flock", folder) { flock(file.raw, LOCK_EX | LOCK_NB) }
    } catch  where error.code == EWOULDBLOCK {
      wait()
      try checked("flock", folder) { flock(file.raw, LOCK_EX) }
    }
    return file
  }
}

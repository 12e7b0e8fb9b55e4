import Glibc

/// Files and folders, read whole and written so that a crash leaves the old or the new.
public enum Files {
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

  /// Who may do what with a file or folder, links followed; nil when nothing is there.
  public static func access(_ path: String) throws(SystemError) -> Access? {
    try status(path, followsLinks: true).map { Access($0) }
  }

  /// A file's whole content.
  ///
  /// - Parameter maximumSize: more octets than this are an error (EFBIG).
  public static func read(_ path: String, maximumSize: Int) throws(SystemError) -> [UInt8] {
    // unsafe: the call reads the path.
    let raw = try checked("open", path) { unsafe open(path, O_RDONLY | O_CLOEXEC) }
    return try readAll(FileDescriptor(owning: raw), path, maximumSize: maximumSize)
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
  public static func list(_ folder: String) throws(SystemError) -> [String] { try Folder(opening: folder).list() }

  /// Makes a folder; one that is there already is an error (EEXIST).
  public static func makeFolder(_ path: String) throws(SystemError) {
    try checked("mkdir", path) { unsafe mkdir(path, 0o755) }  // unsafe: the call reads the path.
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

  /// Renames, replacing what has the new name.
  public static func rename(_ path: String, to other: String) throws(SystemError) {
    try checked("rename", other) { unsafe Glibc.rename(path, other) }  // unsafe: the call reads the paths.
  }

  /// Removes a file; one that is not there is no error.
  public static func removeFile(_ path: String) throws(SystemError) {
    do throws(SystemError) {
      try checked("unlink", path) { unsafe unlink(path) }  // unsafe: the call reads the path.
    } catch  where error.code == ENOENT {
    }
  }

  /// Removes an empty folder.
  public static func removeFolder(_ path: String) throws(SystemError) {
    try checked("rmdir", path) { unsafe rmdir(path) }  // unsafe: the call reads the path.
  }

  /// Removes a file, or a folder with all that is in it, links not followed; what is not there is no error.
  public static func removeAll(_ path: String) throws(SystemError) {
    guard let slash = path.lastIndex(of: "/"), slash != path.startIndex else {
      return try Folder(opening: path.hasPrefix("/") ? "/" : ".").removeAll(
        path.hasPrefix("/") ? String(path.dropFirst()) : path)
    }
    try Folder(opening: String(path[..<slash])).removeAll(String(path[path.index(after: slash)...]))
  }

  /// Makes a new file with this content, and waits until it is on the disk.
  ///
  /// - Parameter mode: who may do what with it.
  public static func create(_ path: String, _ content: [UInt8], mode: UInt32 = 0o644) throws(SystemError) {
    // unsafe: the call reads the path.
    let raw = try checked("open", path) { unsafe open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode) }
    let file = FileDescriptor(owning: raw)
    try file.writeAll(content, path)
    try checked("fsync", path) { fsync(file.raw) }
  }

  /// Waits until a folder's entries are on the disk.
  public static func synchronize(folder: String) throws(SystemError) { try Folder(opening: folder).synchronize() }
}

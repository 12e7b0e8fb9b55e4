import Glibc

/// A file that grows at its end and that one process at a time has; closed when its last user goes.
public final class LogFile: Sendable {
  private let descriptor: FileDescriptor
  private let path: String

  private init(_ descriptor: consuming FileDescriptor, path: String) {
    self.descriptor = descriptor
    self.path = path
  }

  /// Whether a file that is not there is made, readable for this user alone.
  public enum Making: Sendable {
    case never
    case ifMissing
    /// And one that is there is an error (EEXIST), whatever it is.
    case always
  }

  /// Opens a file for reading and for writing at its end; nil when there is none and none is to be made.
  public static func open(_ path: String, _ making: Making) throws(SystemError) -> LogFile? {
    let flags: Int32 =
      switch making {
      case .never: 0
      case .ifMissing: O_CREAT
      case .always: O_CREAT | O_EXCL | O_NOFOLLOW
      }
    do throws(SystemError) {
      // unsafe: the call reads the path.
      let raw = try checked("open", path) { unsafe Glibc.open(path, O_RDWR | O_APPEND | O_CLOEXEC | flags, 0o600) }
      return LogFile(FileDescriptor(owning: raw), path: path)
    } catch  where error.code == ENOENT && making == .never {
      return nil
    }
  }

  /// Takes the file for this process, until it is closed; false when another process has it.
  public func lock() throws(SystemError) -> Bool {
    do throws(SystemError) {
      try checked("flock", path) { flock(descriptor.raw, LOCK_EX | LOCK_NB) }
      return true
    } catch  where error.code == EWOULDBLOCK {
      return false
    }
  }

  /// True when the path still leads to this file.
  public func isInPlace() throws(SystemError) -> Bool {
    let own = Files.Identity(try descriptor.status(path))
    return try Files.identity(path)?.isSame(as: own) == true
  }

  /// The whole content.
  ///
  /// - Parameter maximumSize: more octets than this are an error (EFBIG).
  public func read(maximumSize: Int) throws(SystemError) -> [UInt8] {
    try checked("lseek", path) { lseek(descriptor.raw, 0, SEEK_SET) }
    // Whoever has the lock is alone in writing; somebody who writes all the same is not kept up with.
    guard let read = try descriptor.readSteady(path, maximumSize: maximumSize) else {
      throw SystemError("read", path, code: EBUSY)
    }
    guard read.identity.kind == .file else { throw SystemError("read", path, code: EINVAL) }
    return read.content
  }

  /// Writes octets at the end; what a failed call has written of them stays.
  public func append(_ octets: [UInt8]) throws(SystemError) { try descriptor.writeAll(octets, path) }

  /// Waits until everything is on the disk. After a failure nobody knows what of the file is: the kernel may have given up
  /// what it could not write, and a second call may say that all is well.
  public func synchronize() throws(SystemError) {
    try checked("fdatasync", path) { fdatasync(descriptor.raw) }
  }

  /// Cuts the file.
  public func truncate(to length: Int) throws(SystemError) {
    try checked("ftruncate", path) { ftruncate(descriptor.raw, length) }
  }
}

import Glibc

/// A file that grows at its end and that one process at a time has; closed when its last user goes.
public final class LogFile: Sendable {
  private let descriptor: FileDescriptor
  private let path: String

  private init(_ descriptor: consuming FileDescriptor, path: String) {
    self.descriptor = descriptor
    self.path = path
  }

  /// Opens a file for reading and for writing at its end; nil when there is none and none is to be made.
  ///
  /// - Parameter creates: makes the file, readable for this user alone, when there is none.
  public static func open(_ path: String, creates: Bool) throws(SystemError) -> LogFile? {
    let flags = O_RDWR | O_APPEND | O_CLOEXEC | (creates ? O_CREAT : 0)
    do throws(SystemError) {
      let raw = try checked("open", path) { unsafe Glibc.open(path, flags, 0o600) }  // unsafe: reads the path.
      return LogFile(FileDescriptor(owning: raw), path: path)
    } catch  where error.code == ENOENT && !creates {
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
    var status = stat()
    try checked("fstat", path) { unsafe fstat(descriptor.raw, &status) }  // unsafe: the call fills a local.
    guard let there = try Files.identity(path) else { return false }
    return there.hasSameContent(as: Files.Identity(status))
  }

  /// Writes octets at the end; what a failed call has written of them stays.
  public func append(_ octets: [UInt8]) throws(SystemError) {
    var rest = octets[...]
    while !rest.isEmpty {
      let count = try checked("write", path) {
        // unsafe: the call reads inside the slice, whose length it is given.
        unsafe rest.withUnsafeBytes { unsafe Glibc.write(descriptor.raw, $0.baseAddress, $0.count) }
      }
      rest = rest.dropFirst(count)
    }
  }

  /// Waits until everything is on the disk.
  public func synchronize() throws(SystemError) {
    try checked("fdatasync", path) { fdatasync(descriptor.raw) }
  }

  /// Cuts the file.
  public func truncate(to length: Int) throws(SystemError) {
    try checked("ftruncate", path) { ftruncate(descriptor.raw, length) }
  }
}

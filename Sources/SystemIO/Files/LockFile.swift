import CLinux
import Glibc

/// A lock that one process at a time has, on a file of its own that others than its owner may not open.
///
/// Whoever may open a file or folder, if only for reading, may lock it (flock) and keep the lock: so what is locked is never a
/// folder, which others may read, but a file made for that.
public struct LockFile: ~Copyable, Sendable {
  /// Ends the lock when it is closed.
  private let descriptor: FileDescriptor

  /// How often somebody may put another file in the place of one that was opened.
  private static let tries = 10

  /// Takes the lock, and makes the file if it is not there.
  ///
  /// - Parameters:
  ///   - name: the file's name in the folder; no link.
  ///   - access: whose a new file is; this process's user's alone for nil.
  ///   - milliseconds: how long another process that has the lock is waited for; until it ends for nil.
  ///   - wait: called before.
  /// - Throws: EWOULDBLOCK when another process has it for longer.
  init(
    _ name: String, in folder: borrowing Folder, like access: Files.Access?, within milliseconds: Int?,
    beforeWaiting wait: () -> Void
  ) throws(SystemError) {
    for _ in 0..<Self.tries {
      let opened = try Self.open(name, in: folder, like: access)
      try Self.lock(opened, folder.shown(name), within: milliseconds, beforeWaiting: wait)
      // Whoever had it may have removed it.
      let own = Files.Identity(try opened.status(folder.shown(name)))
      if try folder.identity(name, links: .refused)?.isSame(as: own) == true {
        descriptor = opened
        return
      }
    }
    throw SystemError("flock", folder.shown(name), code: EWOULDBLOCK)
  }

  private static func open(
    _ name: String, in folder: borrowing Folder, like access: Files.Access?
  ) throws(SystemError) -> FileDescriptor {
    let raw = folder.raw
    // Neither a link nor a pipe that somebody has put there leads anywhere.
    let flags = O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC
    do throws(SystemError) {
      let made = try checked("openat", folder.shown(name)) {
        unsafe openat(raw, name, flags | O_CREAT | O_EXCL, 0o600)  // unsafe: the call reads the name.
      }
      let file = FileDescriptor(owning: made)
      if let access { try file.setAccess(access, folder.shown(name)) }
      return file
    } catch  where error.code == EEXIST {
      let found = try checked("openat", folder.shown(name)) {
        unsafe openat(raw, name, flags)  // unsafe: the call reads the name.
      }
      return FileDescriptor(owning: found)
    }
  }

  private static func lock(
    _ file: borrowing FileDescriptor, _ shown: String, within milliseconds: Int?, beforeWaiting wait: () -> Void
  ) throws(SystemError) {
    let raw = file.raw
    if try isTaken(raw, shown) { return }
    wait()
    guard var left = milliseconds else {
      try checked("flock", shown) { flock(raw, LOCK_EX) }
      return
    }
    while left > 0 {
      usleep(10_000)
      left -= 10
      if try isTaken(raw, shown) { return }
    }
    throw SystemError("flock", shown, code: EWOULDBLOCK)
  }

  /// Takes the lock unless another process has it.
  private static func isTaken(_ raw: Int32, _ shown: String) throws(SystemError) -> Bool {
    do throws(SystemError) {
      try checked("flock", shown) { flock(raw, LOCK_EX | LOCK_NB) }
      return true
    } catch  where error.code == EWOULDBLOCK {
      return false
    }
  }
}

extension Folder {
  /// Takes the lock of a file in the folder, which is made if it is not there (`LockFile`).
  public func lock(
    _ name: String, like access: Files.Access? = nil, within milliseconds: Int?, beforeWaiting wait: () -> Void = {}
  ) throws(SystemError) -> LockFile {
    try LockFile(name, in: self, like: access, within: milliseconds, beforeWaiting: wait)
  }
}

import CLinux
import Glibc

extension Files {
  /// What a path leads to.
  public enum Kind: Sendable {
    case file
    case folder
    case other
  }

  /// What tells whether a file is still the one that was seen.
  public struct Identity: Hashable, Sendable {
    let device: dev_t
    let inode: ino_t
    let size: Int
    let modifiedSeconds: Int
    let modifiedNanoseconds: Int
    /// When the inode changed last: catches what keeps the modification time.
    let changedSeconds: Int
    let changedNanoseconds: Int
    /// What it is.
    public let kind: Kind

    init(_ status: stat) {
      device = status.st_dev
      inode = status.st_ino
      size = status.st_size
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

  /// Whose a file or folder is, and who may do what with it.
  public struct Access: Hashable, Sendable {
    let mode: mode_t
    let owner: uid_t
    let group: gid_t

    init(_ status: stat) {
      mode = status.st_mode & 0o7777
      owner = status.st_uid
      group = status.st_gid
    }

    /// The same without set-id bits.
    var withoutSetID: Access { Access(mode: mode & 0o1777, owner: owner, group: group) }

    /// What a new file gets in a folder that is `folder`'s: the folder's owner and group, and a mode that neither whoever
    /// makes it nor their umask changes, so that whoever may read the folder's other files can read this one.
    public static func newFile(in folder: Access) -> Access {
      Access(mode: 0o644, owner: folder.owner, group: folder.group)
    }

    /// The same of a new folder.
    public static func newFolder(in folder: Access) -> Access {
      Access(mode: 0o755, owner: folder.owner, group: folder.group)
    }

    /// The same of a new folder that keeps others from all that will be in it: who may not list `folder` may not enter it.
    public static func newRoom(in folder: Access) -> Access {
      Access(mode: 0o700 | folder.readers * 0o5, owner: folder.owner, group: folder.group)
    }

    /// A one in the digit of the group, and of others, where they may read. Who may only pass through a folder has no right
    /// to what is made in it: that may have names that they know.
    private var readers: mode_t { (mode & 0o044) >> 2 }

    /// True when others than the owner and the group may look into the folder, or reach what is in it by name.
    public var isOpenToOthers: Bool { mode & 0o005 != 0 }

    /// True when they may list it.
    public var isListedByOthers: Bool { mode & 0o004 != 0 }

    /// True when others than the owner and the group may make, rename and remove what is in the folder: of a sticky one
    /// (like /tmp) only what is theirs, but they may still make a workspace.
    public var isWrittenByOthers: Bool { mode & 0o002 != 0 }

    /// Who the owner is: the user's name, or where the system has none the number.
    public var ownerName: String { System.userName(owner) ?? "user \(owner)" }

    private init(mode: mode_t, owner: uid_t, group: gid_t) {
      self.mode = mode
      self.owner = owner
      self.group = group
    }

    /// What a folder has of a program's own in it: its owner's and group's, who may do what they may do here, and others may
    /// look at it.
    public var ofStateFolder: Access { Access(mode: mode & 0o070 | 0o705, owner: owner, group: group) }

    /// A lock for the same who may write here, and nobody else.
    public var ofLock: Access { Access(mode: mode & 0o020 == 0 ? 0o600 : 0o660, owner: owner, group: group) }

    /// True when nobody but its owner and group may do anything with it.
    public var isPrivate: Bool { mode & 0o007 == 0 }

    /// True when it is this process's user's, and nobody else may do anything with it.
    public var isOwnAlone: Bool { owner == geteuid() && mode & 0o077 == 0 }
  }
}

extension FileDescriptor {
  /// What is open, whatever its path leads to by now.
  func status(_ path: @autoclosure () -> String) throws(SystemError) -> stat {
    var status = stat()
    let raw = raw
    try checked("fstat", path()) { unsafe fstat(raw, &status) }  // unsafe: the call fills a local.
    return status
  }

  /// An open file's whole content with what the file is; nil when it was written meanwhile.
  func readSteady(
    _ path: @autoclosure () -> String, maximumSize: Int
  ) throws(SystemError) -> (content: [UInt8], identity: Files.Identity)? {
    let before = Files.Identity(try status(path()))
    guard before.kind == .file else { return ([], before) }
    guard (0...maximumSize).contains(before.size) else { throw SystemError("read", path(), code: EFBIG) }
    let size = before.size
    var failure: SystemError?
    let raw = raw
    // unsafe: read writes inside the new array, whose length it is given, and says how much it wrote.
    let content = unsafe [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
      while count < size {
        do throws(SystemError) {
          let got = try checked("read", path()) {
            unsafe Glibc.read(raw, buffer.baseAddress.map { unsafe $0 + count }, size - count)
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
    guard content.count == size, Files.Identity(try status(path())) == before else { return nil }
    return (content, before)
  }

  /// Writes all of it.
  func writeAll(_ octets: [UInt8], _ path: @autoclosure () -> String) throws(SystemError) {
    var rest = octets[...]
    while !rest.isEmpty {
      let count = try checked("write", path()) {
        // unsafe: the call reads inside the slice, whose length it is given.
        unsafe rest.withUnsafeBytes { unsafe Glibc.write(raw, $0.baseAddress, $0.count) }
      }
      // No file takes nothing without an error; where one did, this would not end.
      guard count > 0 else { throw SystemError("write", path(), code: EIO) }
      rest = rest.dropFirst(count)
    }
  }

  /// Gives what is open another's access. An owner or group that this process may not give away stays its own, and then
  /// no set-id bit is given either: it would lend this process's rights, and not the other's.
  func setAccess(_ access: Files.Access, _ path: @autoclosure () -> String) throws(SystemError) {
    let own = Files.Access(try status(path()))
    guard own != access else { return }
    if own.owner != access.owner || own.group != access.group {
      do throws(SystemError) {
        try checked("fchown", path()) { fchown(raw, access.owner, access.group) }
      } catch  where error.kind == .denied {
        do throws(SystemError) {
          try checked("fchown", path()) { fchown(raw, uid_t.max, access.group) }
        } catch  where error.kind == .denied {}
      }
    }
    let now = Files.Access(try status(path()))
    // After the owner: a new owner takes the set-id bits away.
    let isHandedOver = now.owner == access.owner && now.group == access.group
    try checked("fchmod", path()) { fchmod(raw, isHandedOver ? access.mode : access.mode & 0o1777) }
  }
}

import Glibc

extension SystemError {
  /// True when this machine had nothing left to do it with: no descriptor, memory, place in a poller or port for a connection.
  /// That says nothing of the other end, nor of the way to it.
  public var isLack: Bool {
    switch code {
    case EMFILE, ENFILE, ENOBUFS, ENOMEM, EAGAIN: true
    case ENOSPC: call == "epoll_ctl"
    // Of `bind` it says that the machine has no such address.
    case EADDRNOTAVAIL, EADDRINUSE: call == "connect"
    default: false
    }
  }

  /// Reasons that a caller or a person can do something about.
  public enum Kind: Sendable {
    case notFound
    case exists
    case denied
    case readOnly
    /// No room on the disk, or none left in the user's quota.
    case full
    /// The file is larger than the caller takes.
    case tooLarge
    /// The file system or the kernel does not know how to do this.
    case unsupported
    /// The two paths are on different file systems.
    case crossesFileSystems
    /// A link on the way leads out of the folder that it must stay in.
    case leadsOut
    /// There is a link where none may be, or links lead in a circle.
    case link
    /// Two names of a folder are told apart by the file system and by nothing else.
    case alikeNames
    /// A name of a folder has more combining marks on one character than any has.
    case tooManyMarks
    /// Whoever would have read it is gone.
    case brokenPipe
    /// Nobody listens there.
    case notListening
    /// No descriptor, or no memory of the kernel's, is left for another socket or file.
    case noneLeft
    case other
  }

  /// Which of those this is.
  public var kind: Kind {
    switch code {
    case ENOENT, ENOTDIR: .notFound
    case EEXIST, ENOTEMPTY: .exists
    case EACCES, EPERM: .denied
    case EROFS: .readOnly
    case ENOSPC, EDQUOT: .full
    case EFBIG: .tooLarge
    case EINVAL, ENOSYS, EOPNOTSUPP: .unsupported
    case EXDEV: call == Folder.openBeneath ? .leadsOut : .crossesFileSystems
    case ELOOP: .link
    case EILSEQ: call == Folder.readName ? .tooManyMarks : .alikeNames
    case EPIPE: .brokenPipe
    case ECONNREFUSED: .notListening
    case EMFILE, ENFILE, ENOBUFS, ENOMEM: .noneLeft
    default: .other
    }
  }
}

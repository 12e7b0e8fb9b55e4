import CLinux
import Glibc
import Synchronization
import Wire

/// Sockets that have a path instead of an address.
extension Socket {
  /// The longest path of a Unix socket, in octets.
  public static let maximumPathLength = 107
  /// How long another process that starts is waited for: what it does takes a few milliseconds.
  private static let lockMilliseconds = 1000

  /// Listens at a path, for this process's user alone (mode 0600).
  ///
  /// A socket that a process left behind which is no more is replaced; a file beside it is locked meanwhile (`PATH.lock`), so
  /// that two that start at once do not take each other's for one.
  ///
  /// - Parameter take: is given what removes the path when the socket goes.
  /// - Throws: EADDRINUSE when a process listens there, EEXIST when the path is something else, ENAMETOOLONG, EWOULDBLOCK when
  ///   another process keeps the lock.
  public static func unixServer(
    _ path: String, _ take: (SocketPath) -> Void
  ) throws(SystemError) -> Socket {
    let (folder, name) = parts(of: path)
    let lock = try Folder(opening: folder).lock("\(name).lock", within: lockMilliseconds)
    let socket = try Socket(.tcp, family: AF_UNIX, path)
    do throws(SystemError) {
      try socket.bind(toPath: path)
    } catch  where error.code == EADDRINUSE {
      try removeStale(path)
      try socket.bind(toPath: path)
    }
    // Nobody can connect before `listen`, so nobody comes in between.
    try checked("chmod", path) { unsafe chmod(path, 0o600) }  // unsafe: the call reads the path.
    try checked("listen", path) { listen(socket.raw, 64) }
    take(try SocketPath(path))
    _ = consume lock
    return socket
  }

  /// A connection to the process that listens at a path.
  public static func unixClient(_ path: String) throws(SystemError) -> Socket {
    let socket = try Socket(.tcp, family: AF_UNIX, path)
    let address = try RawAddress(unixPath: path)
    // unsafe: the pointer is to the local above.
    try checked("connect", path) { unsafe address.withPointer { unsafe connect(socket.raw, $0, $1) } }
    return socket
  }

  /// Hands on the next connection that waits on a listening socket of any family.
  ///
  /// - Returns: false when no connection waits.
  public func acceptConnection(_ take: (consuming Socket) throws(SystemError) -> Void) throws(SystemError) -> Bool {
    var from = sockaddr_storage()
    let result = unsafe cl_accept(raw, &from)  // unsafe: the call fills a local that has room for any address.
    switch result {
    case 0...:
      try take(Socket(accepted: result))
      return true
    case -EAGAIN, -EINTR, -ECONNABORTED, -EPROTO:
      return false
    default:
      throw SystemError("accept4", code: -result)
    }
  }

  /// Which user made this connection to a Unix socket.
  public func peerUser() throws(SystemError) -> UInt32 {
    var user: UInt32 = 0
    try check(unsafe cl_peer_user(raw, &user), "getsockopt")  // unsafe: the call fills a local.
    return user
  }

  /// The address of who made a connection over IP; nil for a Unix socket.
  public var peerAddress: IPAddress? {
    var address = RawAddress()
    // unsafe: the call fills a local that has room for any address.
    let result = unsafe address.withMutablePointer { unsafe getpeername(raw, $0, $1) }
    return result == 0 ? address.address?.address : nil
  }

  /// Tells the other side that nothing more comes; what it sends can still be read.
  public func shutdownSending() { _ = shutdown(raw, Int32(SHUT_WR)) }

  /// The folder of a path, and the name in it.
  private static func parts(of path: String) -> (folder: String, name: String) {
    guard let slash = path.lastIndex(of: "/") else { return (".", path) }
    return (slash == path.startIndex ? "/" : String(path[..<slash]), String(path[path.index(after: slash)...]))
  }

  private func bind(toPath path: String) throws(SystemError) {
    let address = try RawAddress(unixPath: path)
    // unsafe: the pointer is to the local above.
    try checked("bind", path) { unsafe address.withPointer { unsafe Glibc.bind(raw, $0, $1) } }
  }

  private static func removeStale(_ path: String) throws(SystemError) {
    guard try Files.identity(path, followsLinks: false)?.kind == .other else {
      throw SystemError("bind", path, code: EEXIST)
    }
    do throws(SystemError) {
      _ = try unixClient(path)
    } catch {
      guard error.code == ECONNREFUSED || error.code == ENOENT else {
        throw SystemError("bind", path, code: error.code == EAGAIN ? EADDRINUSE : error.code)
      }
      try Files.removeFile(path)
      return
    }
    throw SystemError("bind", path, code: EADDRINUSE)
  }
}

/// The path that a listening socket was bound to.
///
/// It is removed once, and only while it leads to that very socket: another server may have its own there by then. No
/// other file has the numbers that are compared as long as the socket is open, so it is to be open still.
public final class SocketPath: Sendable {
  private let path: String
  private let bound: Files.Identity
  private let isRemoved = Atomic(false)

  fileprivate init(_ path: String) throws(SystemError) {
    guard let bound = try Files.identity(path, followsLinks: false) else {
      throw SystemError("bind", path, code: ENOENT)
    }
    self.path = path
    self.bound = bound
  }

  /// Removes the path, unless that was done before or the path leads elsewhere.
  public func remove() {
    guard !isRemoved.exchange(true, ordering: .relaxed),
      let there = try? Files.identity(path, followsLinks: false), there.isSame(as: bound)
    else { return }
    // What cannot be removed is replaced by the next server.
    try? Files.removeFile(path)
  }
}

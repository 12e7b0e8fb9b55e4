import Admin
import Bounds
import Glibc
import Storage
import SystemIO
import Text
import Wire

/// The open socket of the admin interface, and who may ask there.
final class AdminListener: Sendable {
  let socket: Socket
  let access: AdminAccess
  /// Where it is, for the log.
  let address: AdminAddress
  /// Nil on TCP.
  private let path: SocketPath?

  private init(
    _ socket: consuming Socket, _ access: AdminAccess, _ address: AdminAddress, _ path: SocketPath? = nil
  ) {
    self.socket = socket
    self.access = access
    self.address = address
    self.path = path
  }

  /// Removes the socket's path; nobody finds it after. Any time but the first it does nothing, and nothing to a path that
  /// another server has by then.
  func removePath() { path?.remove() }

  /// Opens it; nil when it is switched off, or its usual place cannot be used.
  ///
  /// - Throws: when a place that was named cannot be used, or TCP lacks its token.
  static func open(
    _ configuration: AdminConfiguration, zones: String, _ log: Log
  ) throws(Problem) -> AdminListener? {
    switch configuration.address {
    case .off: return nil
    case .tcp(let address): return try open(tcp: address, configuration)
    case .socket(let path): return try open(path: path, configuration)
    case nil:
      do throws(Problem) {
        return try openInZones(zones, configuration)
      } catch {
        log.note("no admin interface: \(error)")
        return nil
      }
    }
  }

  private static let elsewhere = "name another place for it with --admin"

  private static func openInZones(
    _ zones: String, _ configuration: AdminConfiguration
  ) throws(Problem) -> AdminListener? {
    guard case .socket(let path) = AdminAddress.standard(zones: zones) else { return nil }
    do throws(SystemError) {
      try Files.makeFolder(AdminAddress.stateFolder(zones: zones))
    } catch {
      guard error.kind == .exists else { throw Problem(file: error.subject, "\(error.reason); \(elsewhere)") }
    }
    return try open(path: path, configuration)
  }

  private static func open(path: String, _ configuration: AdminConfiguration) throws(Problem) -> AdminListener {
    do throws(SystemError) {
      let access = AdminAccess(listener: nil, hosts: configuration.hosts, token: nil)
      var bound: SocketPath?
      let socket = try Socket.unixServer(path) { bound = $0 }
      return AdminListener(socket, access, .socket(path), bound)
    } catch {
      switch error.code {
      case EADDRINUSE: throw Problem(file: path, "another server's admin interface is there; \(elsewhere)")
      case EEXIST: throw Problem(file: path, "this is no socket; name another path with --admin, or remove it")
      case EWOULDBLOCK: throw Problem(file: path, "another process keeps \(path).lock; stop it, or \(elsewhere)")
      case ENAMETOOLONG:
        throw Problem(file: path, "the path is longer than \(Socket.maximumPathLength) octets; \(elsewhere)")
      default:
        throw Problem(
          file: path, "cannot make the admin interface's socket: \(error.reason) (\(error.call)); \(elsewhere)")
      }
    }
  }

  private static func open(
    tcp address: SocketAddress, _ configuration: AdminConfiguration
  ) throws(Problem) -> AdminListener {
    let token = try AdminToken.read(configuration.tokenFile)
    do throws(SystemError) {
      return try open(tcp: address, hosts: configuration.hosts, token: token)
    } catch {
      throw Problem("the admin interface cannot listen on \(address): \(error.reason); name another with --admin")
    }
  }

  /// Opens the listener of probes, who bring no token.
  static func open(probes address: SocketAddress, hosts: [String]) throws(Problem) -> AdminListener {
    do throws(SystemError) {
      return try open(tcp: address, hosts: hosts, token: nil)
    } catch {
      throw Problem("probes cannot be listened for on \(address): \(error.reason); name another address with --probes")
    }
  }

  private static func open(
    tcp address: SocketAddress, hosts: [String], token: [UInt8]?
  ) throws(SystemError) -> AdminListener {
    try Socket.checkIsFree(address)
    return AdminListener(
      try .tcpServer(address), AdminAccess(listener: address, hosts: hosts, token: token), .tcp(address))
  }
}

/// The token that every request over TCP brings.
enum AdminToken {
  /// Reads it: the file's first line.
  ///
  /// - Throws: without a file, or when it can be read by others, or holds no token that could not be guessed.
  static func read(_ path: String?) throws(Problem) -> [UInt8] {
    guard let path else {
      throw Problem("the admin interface on TCP needs a token: name a file that holds one with --admin-token-file")
    }
    let token = try SecretFile.firstLine(path, "the admin token", maximumOctets: Limits.Admin.tokenFileOctets)
    guard token.count >= AdminAccess.minimumTokenLength, token.allSatisfy({ (0x21...0x7e).contains($0) }) else {
      throw Problem(
        file: path,
        "the admin token is a line of at least \(AdminAccess.minimumTokenLength) visible ASCII characters; "
          + "make one: head -c 24 /dev/urandom | base64 >\(path)")
    }
    return token
  }
}

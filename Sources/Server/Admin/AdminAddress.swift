import SystemIO
import Text
import Wire

/// Where the admin interface is.
public enum AdminAddress: Hashable, Sendable {
  /// Nowhere.
  case off
  /// A Unix socket.
  case socket(String)
  /// A TCP address, where a token is asked for.
  case tcp(SocketAddress)

  /// What switches it off.
  public static let offText = "off"

  /// Where it is when nothing is said: beside the workspaces, so that whoever works on a zones folder finds the server
  /// that serves it.
  public static func standard(zones: String) -> AdminAddress { .socket("\(stateFolder(zones: zones))/admin.sock") }

  /// The folder for what belongs to a running server; its name is no workspace's.
  public static func stateFolder(zones: String) -> String { zones == "/" ? "/.backroad" : "\(zones)/.backroad" }

  /// Reads `off`, `ADDR:PORT`, or the path of a socket, which has a slash.
  public init(_ text: String) throws(Problem) {
    if text == Self.offText {
      self = .off
    } else if text.contains("/") {
      guard text.utf8.count <= Socket.maximumPathLength else {
        throw Problem("a socket's path has \(Socket.maximumPathLength) octets at most, and this \(text.utf8.count)")
      }
      self = .socket(text)
    } else {
      guard let address = SocketAddress(text, defaultPort: 0), address.port != 0 else {
        throw Problem(
          "\(quoted(text)) is neither a socket's path, which has a slash, nor an address and port, nor off")
      }
      self = .tcp(address)
    }
  }
}

extension AdminAddress: CustomStringConvertible {
  /// As people write it.
  public var description: String {
    switch self {
    case .off: Self.offText
    case .socket(let path): path
    case .tcp(let address): "\(address)"
    }
  }
}

/// What the admin interface is told when it starts.
public struct AdminConfiguration: Sendable {
  /// Where it is; nil for the usual place, which may turn out not to be writable.
  public var address: AdminAddress?
  /// The file that holds the token for TCP.
  public var tokenFile: String?
  /// Names that requests may come under, beside `localhost` and the address.
  public var hosts: [String] = []

  /// The usual place.
  public init() {}
}

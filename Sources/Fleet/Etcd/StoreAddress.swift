import Bounds
import Text
import Wire

/// Where a fleet's store is: `etcd:http://HOST:PORT[,HOST:PORT…][/PREFIX]` or `etcd:unix:PATH`.
///
/// Hosts are names, IPv4 addresses or IPv6 addresses in brackets; `http://` may stand before each.
public struct StoreAddress: Hashable, Sendable {
  /// A member of the cluster, or what leads to one.
  public enum Member: Hashable, Sendable {
    /// A host, which is a name or an address without brackets, and its port.
    case tcp(host: String, port: UInt16)
    /// The path of a Unix socket.
    case unix(path: String)
  }

  /// The members, in the order in which they were named; at least one.
  public let members: [Member]
  /// What all keys start with: a slash and parts between slashes, none at the end.
  public let prefix: String

  /// The prefix of an address that names none.
  public static let defaultPrefix = "/backroad"

  /// True for a text that is meant as an address, and not as a folder's path.
  public static func isMeant(by text: String) -> Bool { text.startsSame(as: "etcd:") }

  /// Reads an address.
  ///
  /// - Parameters:
  ///   - text: as a person wrote it.
  ///   - file: the file that it stands in, for problems; nil for an argument.
  ///   - position: where it starts there.
  /// - Throws: what is wrong with it, and what to write instead.
  public init(_ text: String, file: String? = nil, position: Position? = nil) throws(Problem) {
    do throws(Mistake) {
      let rest = text.dropping(octetsFirst: Self.isMeant(by: text) ? 5 : 0, last: 0)
      if Self.isMeant(by: text), rest.startsSame(as: "unix:") {
        members = [.unix(path: try Self.socketPath(rest.dropping(octetsFirst: 5, last: 0)))]
        prefix = Self.defaultPrefix
      } else if Self.isMeant(by: text), rest.startsSame(as: "http://") {
        (members, prefix) = try Self.members(rest)
      } else if rest.startsSame(as: "https://") {
        throw Mistake(
          "Backroad speaks no TLS to etcd: that is the sidecar's, or the socket's; see docs/fleet.md for both")
      } else {
        throw Mistake(
          "\(quoted(text)) is no store: write etcd:http://HOST:PORT[,HOST:PORT…][/PREFIX], or etcd:unix:PATH")
      }
    } catch {
      throw Problem(file: file, position: position, error.message)
    }
  }

  /// What is wrong with an address, and what to write instead.
  struct Mistake: Error {
    let message: String
    init(_ message: String) { self.message = message }
  }

  static func socketPath(_ path: String, example: String = "etcd:unix:/run/etcd.sock") throws(Mistake) -> String {
    guard !path.isEmpty else { throw Mistake("the socket's path is missing: \(example)") }
    guard path.utf8.count <= Limits.Fleet.socketPathOctets, path.utf8.allSatisfy({ $0 >= 0x20 }) else {
      throw Mistake(
        "a socket's path has \(Limits.Fleet.socketPathOctets) octets at most, none of them a control character: \(quoted(path))"
      )
    }
    return path
  }

  /// Reads what follows `etcd:`.
  private static func members(_ text: String) throws(Mistake) -> ([Member], String) {
    var members: [Member] = []
    var prefix = defaultPrefix
    let parts = text.split(separator: ",", omittingEmptySubsequences: false).map { String($0) }
    guard parts.count <= Limits.Fleet.members else {
      throw Mistake("\(parts.count) members are too many; name \(Limits.Fleet.members) at most")
    }
    for (index, part) in parts.enumerated() {
      guard !part.startsSame(as: "https://") else {
        throw Mistake(
          "Backroad speaks no TLS to etcd: that is the sidecar's, or the socket's; see docs/fleet.md for both")
      }
      let part = part.startsSame(as: "http://") ? part.dropping(octetsFirst: 7, last: 0) : part
      let slash = part.utf8.firstIndex(of: UInt8(ascii: "/"))
      if let slash {
        guard index == parts.count - 1 else {
          throw Mistake("the prefix stands once, behind the last member: \(quoted(part)) has one too")
        }
        prefix = try self.prefix(String(part[slash...]))
      }
      let member = try self.member(String(part[..<(slash ?? part.endIndex)]))
      guard !members.contains(member) else { throw Mistake("\(quoted(part)) is named twice") }
      members.append(member)
    }
    return (members, prefix)
  }

  /// Reads `HOST:PORT`.
  ///
  /// - Parameters:
  ///   - server: whose port it is.
  ///   - usualPort: what that server usually has.
  static func member(_ text: String, of server: String = "etcd", usualPort: Int = 2379) throws(Mistake) -> Member {
    guard !text.utf8.contains(UInt8(ascii: "@")) else {
      throw Mistake("a user and a password do not belong into the address, which others can see: see docs/fleet.md")
    }
    guard !text.isEmpty else { throw Mistake("a member is missing: write HOST:PORT between the commas") }
    let colon = text.utf8.lastIndex(of: UInt8(ascii: ":"))
    guard let colon, !text.utf8[colon...].contains(UInt8(ascii: "]")) else {
      throw Mistake("\(quoted(text)) has no port; \(server)'s own is \(usualPort)")
    }
    let (host, digits) = (String(text[..<colon]), text[text.utf8.index(after: colon)...])
    guard (1...5).contains(digits.utf8.count), digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
      let port = UInt16(digits), port > 0
    else { throw Mistake("\(quoted(String(digits))) is no port: a number from 1 to 65535") }
    return .tcp(host: try self.host(host), port: port)
  }

  private static func host(_ text: String) throws(Mistake) -> String {
    if text.utf8.first == UInt8(ascii: "[") {
      guard text.utf8.last == UInt8(ascii: "]"), let address = IPAddress(text.dropping(octetsFirst: 1, last: 1)),
        case .v6 = address
      else { throw Mistake("\(quoted(text)) is no IPv6 address in brackets") }
      return address.description
    }
    guard !text.utf8.contains(UInt8(ascii: ":")) else {
      throw Mistake("an IPv6 address stands in brackets, before its port: [\(quoted(text))]:2379")
    }
    let labels = text.split(separator: ".", omittingEmptySubsequences: false)
    // A name whose last label is a number would be taken for an address by some (RFC 1123 §2.1).
    if labels.last?.utf8.allSatisfy({ (0x30...0x39).contains($0) }) == true {
      guard let address = IPAddress(text) else { throw Mistake("\(quoted(text)) is no host") }
      return address.description
    }
    let isName = labels.allSatisfy { (1...63).contains($0.utf8.count) && $0.utf8.allSatisfy(isNameOctet) }
    guard isName, text.utf8.count <= 253 else { throw Mistake("\(quoted(text)) is no host") }
    return text
  }

  private static func prefix(_ text: String) throws(Mistake) -> String {
    let parts = text.dropping(octetsFirst: 1, last: 0).split(separator: "/", omittingEmptySubsequences: false)
    guard text.utf8.count <= Limits.Fleet.prefixOctets, parts.allSatisfy(isPrefixPart) else {
      throw Mistake(
        """
        \(quoted(text)) is no prefix: parts of letters, digits, ".", "_" and "-", each behind a slash, none behind the \
        last; \(Limits.Fleet.prefixOctets) octets at most
        """)
    }
    return text
  }

  private static func isPrefixPart(_ part: Substring) -> Bool {
    let isOwn = part.isSame(as: ".") || part.isSame(as: "..")
    return !part.isEmpty && !isOwn && part.utf8.allSatisfy(isNameOctet)
  }
}

extension StoreAddress.Member: CustomStringConvertible {
  /// The member as the address has it: a host with its port, of IPv6 in brackets, or a path.
  public var description: String {
    switch self {
    case .tcp(let host, let port): host.utf8.contains(UInt8(ascii: ":")) ? "[\(host)]:\(port)" : "\(host):\(port)"
    case .unix(let path): path
    }
  }
}

extension StoreAddress: CustomStringConvertible {
  /// The address as it can be read again; without the prefix where it is the usual one.
  public var description: String {
    let shown = members.map(\.description).joined(separator: ",")
    if case .unix = members.first { return "etcd:unix:\(shown)" }
    return "etcd:http://\(shown)\(prefix.isSame(as: Self.defaultPrefix) ? "" : prefix)"
  }
}

/// True for a letter, a digit, `.`, `_` and `-`.
func isNameOctet(_ octet: UInt8) -> Bool {
  switch octet {
  case 0x30...0x39, 0x41...0x5a, 0x61...0x7a, UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"): true
  default: false
  }
}

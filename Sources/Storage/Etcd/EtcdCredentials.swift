import Bounds
import SystemIO
import Text

/// Who asks etcd, where it wants to know.
public struct EtcdCredentials: Hashable, Sendable {
  /// The user.
  public let user: String
  /// The password.
  public let password: String

  /// Reads them from a file, whose first line is `USER:PASSWORD`, as `etcdctl --user` takes it.
  ///
  /// - Throws: when it cannot be read, or can be read by everybody, or is something else.
  public init(file path: String) throws(Problem) {
    let content: [UInt8]
    let isPrivate: Bool
    do throws(SystemError) {
      content = try Files.read(path, maximumSize: Limits.Fleet.credentialsOctets)
      isPrivate = try Files.access(path)?.isPrivate ?? false
    } catch {
      throw Problem(file: path, "cannot read the store's user and password: \(error.reason)")
    }
    guard isPrivate else {
      throw Problem(file: path, "everybody may read the store's password: chmod o-rwx \(word: path)")
    }
    let line = content.prefix { $0 != 0x0a && $0 != 0x0d }
    guard let text = String(validating: line, as: UTF8.self), let colon = text.utf8.firstIndex(of: UInt8(ascii: ":")),
      colon != text.startIndex
    else { throw Problem(file: path, "the first line is to be USER:PASSWORD") }
    user = String(text[..<colon])
    password = String(text[text.utf8.index(after: colon)...])
  }
}

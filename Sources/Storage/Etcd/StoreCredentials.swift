import Bounds
import Fleet
import Text

extension StoreCredentials {
  /// Reads them from a file, whose first line is `USER:PASSWORD`, as `etcdctl --user` takes it.
  ///
  /// - Throws: when it cannot be read, or can be read by everybody, or is something else.
  public init(file path: String) throws(Problem) {
    let line = try SecretFile.firstLine(
      path, "the store's user and password", maximumOctets: Limits.Fleet.credentialsOctets)
    guard let text = String(validating: line, as: UTF8.self), let colon = text.utf8.firstIndex(of: UInt8(ascii: ":")),
      colon != text.startIndex
    else { throw Problem(file: path, "the first line is to be USER:PASSWORD") }
    self.init(user: String(text[..<colon]), password: String(text[text.utf8.index(after: colon)...]))
  }
}

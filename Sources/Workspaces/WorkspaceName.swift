/// A workspace's name, which is also its folder's: a letter or digit, then up to 62 letters, digits and hyphens, all
/// lower case.
public struct WorkspaceName: Hashable, Sendable, Comparable, CustomStringConvertible {
  /// The name itself.
  public let description: String

  /// Nil when the text is not a name.
  public init?(_ text: some StringProtocol) {
    guard isPlainName(text) else { return nil }
    description = String(text)
  }

  /// What a name must look like, for messages.
  public static let rule = "lower-case letters, digits and hyphens, 63 at most, the first no hyphen"

  /// In the order of ASCII.
  public static func < (a: Self, b: Self) -> Bool { a.description < b.description }
}

/// True for `[a-z0-9][a-z0-9-]{0,62}`, the form of workspaces' and links' names.
public func isPlainName(_ text: some StringProtocol) -> Bool {
  guard let first = text.utf8.first, first != UInt8(ascii: "-"), text.utf8.count <= 63 else { return false }
  return text.utf8.allSatisfy { octet in
    (0x61...0x7a).contains(octet) || (0x30...0x39).contains(octet) || octet == UInt8(ascii: "-")
  }
}

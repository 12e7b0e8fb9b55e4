/// A request's target in origin form (RFC 9112 §3.2.1), with and without percent-encoding.
public enum HTTPTarget {
  /// Reads `/v1/links?workspace=acme`.
  static func parse(
    _ target: ArraySlice<UInt8>, maximumQueryCount: Int
  ) throws(AdminError) -> (path: [String], query: [String: String]) {
    guard target.first == UInt8(ascii: "/"), target.allSatisfy({ (0x21...0x7e).contains($0) && $0 != 0x23 }) else {
      throw .malformed("the request's path does not start with a slash, or has characters that must be encoded")
    }
    let parts = target.dropFirst().split(separator: UInt8(ascii: "?"), maxSplits: 1, omittingEmptySubsequences: false)
    var path: [String] = []
    for segment in parts[0].split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false) {
      path.append(try decode(segment))
    }
    if path == [""] { path = [] }
    guard parts.count == 2 else { return (path, [:]) }
    return (path, try query(parts[1], maximumQueryCount))
  }

  private static func query(_ text: ArraySlice<UInt8>, _ maximumCount: Int) throws(AdminError) -> [String: String] {
    var members: [String: String] = [:]
    for member in text.split(separator: UInt8(ascii: "&")) {
      let parts = member.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
      let key = try decode(parts[0])
      guard members.count < maximumCount, members[key] == nil else {
        throw .malformed("the query has too many members, or one twice")
      }
      members[key] = parts.count == 2 ? try decode(parts[1]) : ""
    }
    return members
  }

  /// Resolves `%41`. A plus stays what it is.
  private static func decode(_ octets: ArraySlice<UInt8>) throws(AdminError) -> String {
    var decoded: [UInt8] = []
    var rest = octets
    while let octet = rest.popFirst() {
      guard octet == UInt8(ascii: "%") else {
        decoded.append(octet)
        continue
      }
      guard let high = rest.popFirst().flatMap({ hexDigit($0) }), let low = rest.popFirst().flatMap({ hexDigit($0) })
      else { throw .malformed("the path has a percent sign without two hexadecimal digits") }
      decoded.append(high << 4 | low)
    }
    guard let text = String(validating: decoded, as: UTF8.self) else { throw .malformed("the path is not UTF-8") }
    return text
  }

  private static func hexDigit(_ octet: UInt8) -> UInt8? {
    switch octet {
    case 0x30...0x39: octet - 0x30
    case 0x41...0x46: octet - 0x41 + 10
    case 0x61...0x66: octet - 0x61 + 10
    default: nil
    }
  }

  /// The target of a path and a query, with everything encoded that is no plain letter, digit, or one of `-._~`.
  public static func text(_ path: [String], _ query: [(key: String, value: String)] = []) -> String {
    let members = query.map { "\(encode($0.key))=\(encode($0.value))" }
    return "/" + path.map { encode($0) }.joined(separator: "/") + (members.isEmpty ? "" : "?")
      + members.joined(separator: "&")
  }

  private static func encode(_ text: String) -> String {
    var encoded = ""
    for octet in text.utf8 {
      switch octet {
      case 0x30...0x39, 0x41...0x5a, 0x61...0x7a, 0x2d, 0x2e, 0x5f, 0x7e:
        encoded.unicodeScalars.append(Unicode.Scalar(octet))
      default:
        let digits = String(octet, radix: 16, uppercase: true)
        encoded += digits.count == 1 ? "%0\(digits)" : "%\(digits)"
      }
    }
    return encoded
  }
}

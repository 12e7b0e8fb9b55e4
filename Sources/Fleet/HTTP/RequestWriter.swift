import Text

/// Writes requests of HTTP/1.1 (RFC 9112), each for a connection that goes on to be used.
public enum RequestWriter {
  /// The octets of a request.
  ///
  /// - Parameters:
  ///   - method: `GET`, `POST`, …
  ///   - target: the path and the query, as they go onto the wire.
  ///   - host: what stands in the Host field: a name or an address, with its port; any text for a socket's path.
  ///   - fields: further header fields: an `Authorization`, say. Those that say how long the body is are not for callers.
  ///   - body: what is sent, which is JSON; nil for a request without a body.
  /// - Throws: `unsendable` where a part would be read as something else, a token with a line's end in it for one.
  public static func octets(
    _ method: String, _ target: String, host: String, fields: [(name: String, value: String)] = [], body: [UInt8]? = nil
  ) throws(HTTPFailure) -> [UInt8] {
    guard !method.isEmpty, method.utf8.allSatisfy(\.isHTTPToken) else {
      throw .unsendable("\(quoted(method)) is no method")
    }
    guard target.utf8.first == UInt8(ascii: "/"), target.utf8.allSatisfy(isVisible) else {
      throw .unsendable("a path that does not start with / or holds other than printable ASCII")
    }
    guard !host.isEmpty, host.utf8.allSatisfy(isVisible) else { throw .unsendable("a host that is no text in ASCII") }
    var head = "\(method) \(target) HTTP/1.1\r\nHost: \(host)\r\n"
    for (name, value) in fields {
      guard !name.isEmpty, name.utf8.allSatisfy(\.isHTTPToken), !isOwn(name) else {
        throw .unsendable("a header field \(quoted(name))")
      }
      guard value.utf8.allSatisfy({ isVisible($0) || $0 == 0x20 }) else {
        throw .unsendable("the header field \(name) holds other than printable ASCII: a line's end, perhaps")
      }
      head += "\(name): \(value)\r\n"
    }
    if let body { head += "Content-Type: application/json\r\nContent-Length: \(body.count)\r\n" }
    return Array((head + "\r\n").utf8) + (body ?? [])
  }

  /// The fields that the writer itself writes, or that would say that a body ends elsewhere.
  private static func isOwn(_ name: String) -> Bool {
    ["host", "content-length", "content-type", "transfer-encoding"].contains { $0.isSame(as: name.asciiLowercased) }
  }

  private static func isVisible(_ octet: UInt8) -> Bool { (0x21...0x7e).contains(octet) }
}

import Text

/// An answer to a request.
public struct HTTPResponse: Hashable, Sendable {
  /// The status.
  public var status: HTTPStatus
  /// What the body is.
  public var contentType: String
  /// The body.
  public var body: [UInt8]
  /// Further header fields: `Allow`, `Retry-After`.
  public var headers: [String: String]

  /// Takes the parts.
  public init(_ status: HTTPStatus = .ok, contentType: String, body: [UInt8], headers: [String: String] = [:]) {
    self.status = status
    self.contentType = contentType
    self.body = body
    self.headers = headers
  }

  /// The media type of JSON.
  public static let jsonType = "application/json"

  /// An answer in JSON.
  public static func json(_ value: JSON, status: HTTPStatus = .ok, headers: [String: String] = [:]) -> HTTPResponse {
    HTTPResponse(status, contentType: jsonType, body: Array(value.text.utf8), headers: headers)
  }

  /// The answer as it is sent.
  ///
  /// - Parameters:
  ///   - isHead: the request was HEAD: everything but the body.
  ///   - keepsConnection: false to say that the connection ends.
  public func octets(isHead: Bool, keepsConnection: Bool) -> [UInt8] {
    var head = "HTTP/1.1 \(status.rawValue) \(status.reason)\r\n"
    head += "Content-Type: \(contentType)\r\nContent-Length: \(body.count)\r\n"
    // Nothing here is for a browser or a cache, and none is to guess what it is.
    head += "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n"
    for (name, value) in headers.sorted(by: { $0.key < $1.key }) { head += "\(name): \(value)\r\n" }
    if !keepsConnection { head += "Connection: close\r\n" }
    return Array((head + "\r\n").utf8) + (isHead ? [] : body)
  }
}

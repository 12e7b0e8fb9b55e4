import Text

/// Reads requests out of a connection's octets (RFC 9112), strictly: where two readers could disagree about where a
/// request ends, it is refused and nothing after it is read.
///
/// Only Content-Length frames a body. Lines end in CRLF alone; a field has no space before its colon and is not folded;
/// Content-Length and Host stand once; Transfer-Encoding is refused.
public struct HTTPRequestParser: Sendable {
  /// What the octets so far amount to.
  public enum Event: Hashable, Sendable {
    /// A request is not there whole.
    case needsMore
    /// The next request.
    case request(HTTPRequest)
    /// What came is no request, and nothing after it can be read.
    case refused(AdminError)
  }

  private let limits: HTTPLimits
  private var octets: [UInt8] = []
  /// Up to where line ends were looked for.
  private var scanned = 0
  /// The ends of the lines found so far, each the place of its CR.
  private var lineEnds: [Int] = []
  private var head: Head?
  private var passedEmptyLine = false
  private var isRefused = false

  /// A request without its body.
  private struct Head {
    let method: HTTPMethod
    let path: [String]
    let query: [String: String]
    let headers: HTTPHeaders
    let bodyStart: Int
    let bodyLength: Int
  }

  /// Starts before the first request.
  public init(limits: HTTPLimits = HTTPLimits()) { self.limits = limits }

  /// True when the start of a request has come, and not its end.
  public var isInRequest: Bool { !octets.isEmpty }
  /// True when a request's head has come, and its body has not.
  public var isInBody: Bool { head != nil }

  /// Takes what arrived.
  public mutating func append(_ more: some Sequence<UInt8>) {
    guard !isRefused else { return }
    octets += more
  }

  /// The next request, if it is there; after a refusal there is none.
  public mutating func next() -> Event {
    guard !isRefused else { return .needsMore }
    do throws(AdminError) {
      guard let request = try take() else { return .needsMore }
      return .request(request)
    } catch {
      isRefused = true
      octets = []
      head = nil
      return .refused(error)
    }
  }

  private mutating func take() throws(AdminError) -> HTTPRequest? {
    if head == nil {
      guard try findHead() else { return nil }
      head = try readHead()
    }
    guard let head, octets.count >= head.bodyStart + head.bodyLength else { return nil }
    let end = head.bodyStart + head.bodyLength
    let request = HTTPRequest(
      method: head.method, path: head.path, query: head.query, headers: head.headers,
      body: Array(octets[head.bodyStart..<end]), keepsConnection: Self.keepsConnection(head.headers))
    octets.removeFirst(end)
    (self.head, scanned, lineEnds, passedEmptyLine) = (nil, 0, [], false)
    return request
  }

  // MARK: Lines

  /// Looks for the empty line that ends the head.
  private mutating func findHead() throws(AdminError) -> Bool {
    while scanned < octets.count {
      let octet = octets[scanned]
      scanned += 1
      switch octet {
      case 0x0a:
        let at = scanned - 2
        guard at >= 0, octets[at] == 0x0d else { throw .malformed("a line ends without a carriage return") }
        let start = lineEnds.last.map { $0 + 2 } ?? 0
        // One empty line before a request is passed over (RFC 9112 §2.2).
        if at == 0, lineEnds.isEmpty {
          guard !passedEmptyLine else { throw .malformed("there are empty lines where a request starts") }
          passedEmptyLine = true
          octets.removeFirst(2)
          scanned = 0
          continue
        }
        lineEnds.append(at)
        try checkSize()
        if at == start { return true }
      case 0x00: throw .malformed("there is a NUL in the request's head")
      default:
        if scanned >= 2, octets[scanned - 2] == 0x0d { throw .malformed("there is a carriage return inside a line") }
      }
    }
    try checkSize()
    return false
  }

  private func checkSize() throws(AdminError) {
    let lineLength = lineEnds.first ?? scanned
    guard lineLength <= limits.requestLine else {
      throw AdminError(
        .uriTooLong, "request-line-too-long", "the request line is longer than \(limits.requestLine) octets")
    }
    guard scanned - lineLength <= limits.headers, lineEnds.count <= limits.headerCount + 2 else {
      throw AdminError(
        .headerFieldsTooLarge, "headers-too-large",
        "a request has at most \(limits.headerCount) header fields, and \(limits.headers) octets of them")
    }
  }

  // MARK: The head

  private func readHead() throws(AdminError) -> Head {
    let requestLine = octets[..<lineEnds[0]]
    let parts = requestLine.split(separator: 0x20, omittingEmptySubsequences: false)
    guard parts.count == 3, !parts[0].isEmpty, parts[0].allSatisfy(\.isHTTPToken) else {
      throw .malformed("the request line is not METHOD PATH HTTP/1.1")
    }
    guard parts[2].elementsEqual("HTTP/1.1".utf8) else {
      guard parts[2].starts(with: "HTTP/".utf8) else { throw .malformed("the request line does not end in HTTP/1.1") }
      throw AdminError(.versionNotSupported, "version-not-supported", "only HTTP/1.1 is spoken here")
    }
    let method = HTTPMethod(String(decoding: parts[0], as: UTF8.self))
    let (path, query) = try HTTPTarget.parse(parts[1], maximumQueryCount: limits.queryCount)
    let headers = try readHeaders()
    try Self.checkHost(headers)
    let length = try bodyLength(method, headers)
    return Head(
      method: method, path: path, query: query, headers: headers, bodyStart: scanned, bodyLength: length)
  }

  private func readHeaders() throws(AdminError) -> HTTPHeaders {
    var headers = HTTPHeaders()
    for (end, next) in zip(lineEnds, lineEnds.dropFirst()) where next > end + 2 {
      let line = octets[(end + 2)..<next]
      guard let colon = line.firstIndex(of: 0x3a), colon > line.startIndex,
        line[..<colon].allSatisfy(\.isHTTPToken)
      else { throw .malformed("a header field is not NAME: VALUE") }
      let value = line[(colon + 1)...].trimmed
      // RFC 9110 §5.5: new fields keep to ASCII. Nothing that is read here has more, and what compares texts beyond it
      // does so at a price that the sender would choose.
      guard value.allSatisfy({ $0 == 0x09 || ($0 >= 0x20 && $0 < 0x7f) }) else {
        throw .malformed("a header field has characters that are not ASCII's printable ones")
      }
      headers.add(String(decoding: line[..<colon], as: UTF8.self), String(decoding: value, as: UTF8.self))
    }
    return headers
  }

  /// RFC 9112 §3.2: a request without Host, or with two, is refused.
  private static func checkHost(_ headers: HTTPHeaders) throws(AdminError) {
    let hosts = headers.values("host")
    guard hosts.count == 1, !hosts[0].isEmpty else { throw .malformed("a request has one Host field") }
  }

  /// How long the body is (RFC 9112 §6.3).
  private func bodyLength(_ method: HTTPMethod, _ headers: HTTPHeaders) throws(AdminError) -> Int {
    let lengths = headers.values("content-length")
    guard headers.values("transfer-encoding").isEmpty else {
      guard lengths.isEmpty else { throw .malformed("Transfer-Encoding and Content-Length do not go together") }
      throw AdminError(
        .notImplemented, "transfer-encoding", "Transfer-Encoding is not understood here; send Content-Length")
    }
    guard headers.values("expect").isEmpty else {
      throw AdminError(.expectationFailed, "expectation", "Expect is not understood here; send the body at once")
    }
    guard let text = lengths.first else {
      guard !method.isWrite || method == .delete else {
        throw AdminError(.lengthRequired, "length-required", "\(method.text) needs a body in JSON, with Content-Length")
      }
      return 0
    }
    guard lengths.count == 1, (1...10).contains(text.utf8.count),
      text.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let length = Int(text)
    else { throw .malformed("Content-Length stands once, and is a number") }
    guard length <= limits.body else {
      throw AdminError(.contentTooLarge, "body-too-large", "the body is longer than \(limits.body) octets")
    }
    guard length == 0 || method.isWrite else { throw .malformed("\(method.text) has no body") }
    return length
  }

  private static func keepsConnection(_ headers: HTTPHeaders) -> Bool {
    !headers.values("connection").contains { value in
      value.lowercased().utf8.split(separator: UInt8(ascii: ",")).contains { $0.trimmed.elementsEqual("close".utf8) }
    }
  }
}

import Bounds
import Text

/// Reads one answer of an HTTP/1.1 server as it comes (RFC 9112), strictly: where two readers could disagree about where
/// it ends, it is an error, and the connection is of no use any more.
///
/// Lines end in CRLF alone; a field has no space before its colon and is not folded; a length stands once, and not beside
/// chunks. Interim answers (1xx) are passed over. Nothing of a body is copied or kept: the reader says which of the octets
/// it was handed are the body's. A reader is for one answer.
///
/// ```
/// var at = 0
/// while let event = try reader.next(octets, at: &at) { … }   // then read more from the connection, or call `finish()`
/// ```
public struct ResponseReader: Sendable {
  /// What the octets so far amount to.
  public enum Event: Hashable, Sendable {
    /// The head of the answer, once, before anything else.
    case head(ResponseHead)
    /// Where in the octets that were handed in the next piece of the body is; never empty.
    case body(Range<Int>)
    /// The answer has ended. Octets after it were left alone.
    case end
  }

  private enum State: Hashable, Sendable {
    case statusLine
    case fields
    case body(left: Int)
    case toTheEnd
    case chunkSize
    case chunk(left: Int)
    case chunkEnd
    case trailer
    case ended
  }

  private let hasNoBody: Bool
  private var state = State.statusLine
  /// The line that is being read.
  private var line: [UInt8] = []
  /// The octets and lines of heads and trailers so far, interim answers' among them.
  private var headOctets = 0
  private var headLines = 0
  private var interimAnswers = 0
  private var isOld = false
  private var status = 0
  private var fields: [ResponseHead.Field] = []
  private var mayGoOn = false

  /// Starts before an answer.
  ///
  /// - Parameter toHEAD: the request was HEAD: the answer has no body, whatever its head says.
  public init(toHEAD: Bool = false) { hasNoBody = toHEAD }

  /// True when the answer has ended, and the next request may be sent on the same connection.
  ///
  /// False too when the server said that it closes, speaks HTTP/1.0, or ended the body by ending the connection. Octets
  /// after the answer that nobody asked for are for the caller to notice: such a connection is not to be used again.
  public var canBeUsedAgain: Bool { state == .ended && mayGoOn }

  /// True when the answer has ended.
  public var hasEnded: Bool { state == .ended }

  /// The next event in `octets` from `at` on, which moves past what was taken; nil when all of them were taken and more
  /// are needed. After the end it is `end` again, and `at` does not move.
  ///
  /// - Throws: `malformed`; the reader is then of no use.
  public mutating func next(_ octets: Span<UInt8>, at: inout Int) throws(HTTPFailure) -> Event? {
    while true {
      switch state {
      case .ended, .body(left: 0):
        state = .ended
        return .end
      case _ where at >= octets.count:
        return nil
      case .statusLine, .fields, .chunkSize, .chunkEnd, .trailer:
        guard try takeLine(octets, &at) else { return nil }
        if let event = try lineEnded() { return event }
      case .body(let left):
        let piece = take(left, of: octets, &at)
        state = .body(left: left - piece.count)
        return .body(piece)
      case .chunk(let left):
        let piece = take(left, of: octets, &at)
        state = left == piece.count ? .chunkEnd : .chunk(left: left - piece.count)
        return .body(piece)
      case .toTheEnd:
        return .body(take(.max, of: octets, &at))
      }
    }
  }

  private func take(_ count: Int, of octets: Span<UInt8>, _ at: inout Int) -> Range<Int> {
    let piece = at..<(at + min(count, octets.count - at))
    at = piece.upperBound
    return piece
  }

  /// The connection has ended: the answer's end if its body goes on to there.
  ///
  /// - Throws: `cutOff` where something is missing.
  public mutating func finish() throws(HTTPFailure) {
    switch state {
    case .ended, .toTheEnd, .body(left: 0): state = .ended
    case .statusLine: throw .cutOff(beforeAnswer: line.isEmpty && interimAnswers == 0)
    default: throw .cutOff(beforeAnswer: false)
    }
  }

  // MARK: Lines

  /// Takes octets up to the line's end; true once it is there, without its CRLF, in `line`.
  private mutating func takeLine(_ octets: Span<UInt8>, _ at: inout Int) throws(HTTPFailure) -> Bool {
    while at < octets.count {
      let octet = octets[at]
      at += 1
      let followsCR = line.last == 0x0d
      if octet == 0x0a {
        // RFC 9112 §2.2 allows to take LF alone; who does not would see another line.
        guard followsCR else { throw .malformed("a line ends without a carriage return") }
        line.removeLast()
        return true
      }
      guard !followsCR else { throw .malformed("a carriage return inside a line") }
      guard octet == 0x0d || octet == 0x09 || octet >= 0x20, octet != 0x7f else {
        throw .malformed("a control character outside the body")
      }
      line.append(octet)
      try count(octet)
    }
    return false
  }

  /// Holds a line, and all lines of heads and trailers together, to their limits.
  private mutating func count(_ octet: UInt8) throws(HTTPFailure) {
    switch state {
    case .chunkSize, .chunkEnd:
      guard line.count <= Limits.Fleet.chunkLineOctets else {
        throw .malformed("a chunk's line of more than \(Limits.Fleet.chunkLineOctets) octets")
      }
    default:
      headOctets += 1
      guard headOctets <= Limits.Fleet.headOctets else {
        throw .malformed("a head of more than \(Limits.Fleet.headOctets) octets")
      }
    }
  }

  private mutating func lineEnded() throws(HTTPFailure) -> Event? {
    defer { line.removeAll(keepingCapacity: true) }
    switch state {
    case .statusLine: try readStatusLine()
    case .fields:
      guard !line.isEmpty else { return try headEnded() }
      fields.append(try field())
    case .chunkSize: try readChunkSize()
    case .chunkEnd:
      guard line.isEmpty else { throw .malformed("a chunk that is longer than its size") }
      state = .chunkSize
    case .trailer:
      // RFC 9110 §6.5.1: what trailers say is for those who know it; read, so that they are what they seem, and dropped.
      guard line.isEmpty else {
        _ = try field()
        return nil
      }
      state = .ended
      return .end
    default: break
    }
    return nil
  }

  // MARK: The head

  /// RFC 9112 §4: `HTTP/1.1 SP 3DIGIT SP [ reason ]`. The second space is missing in front of no reason at some servers.
  private mutating func readStatusLine() throws(HTTPFailure) {
    isOld = line.starts(with: "HTTP/1.0 ".utf8)
    guard isOld || line.starts(with: "HTTP/1.1 ".utf8) else { throw .malformed("it does not start with HTTP/1.1") }
    let digits = line.dropFirst(9).prefix(3)
    let rest = line.dropFirst(12)
    guard digits.count == 3, digits.allSatisfy({ (0x30...0x39).contains($0) }), rest.isEmpty || rest.first == 0x20
    else {
      throw .malformed("a status line without a status")
    }
    status = digits.reduce(0) { 10 * $0 + Int($1 - 0x30) }
    guard (100...599).contains(status) else { throw .malformed("a status that is none: \(status)") }
    // RFC 9110 §15.2.2: what follows would be another protocol, which nobody asked for.
    guard status != 101 else { throw .malformed("another protocol, which was not asked for") }
    state = .fields
  }

  /// The field that the line is (RFC 9112 §5).
  private mutating func field() throws(HTTPFailure) -> ResponseHead.Field {
    headLines += 1
    guard headLines <= Limits.Fleet.headFields else {
      throw .malformed("more than \(Limits.Fleet.headFields) header fields")
    }
    // What starts with a space goes on with the line before (RFC 9112 §5.2), at some readers.
    guard let colon = line.firstIndex(of: 0x3a), colon > 0, line[..<colon].allSatisfy(\.isHTTPToken) else {
      throw .malformed("a header field that is not NAME: VALUE")
    }
    return ResponseHead.Field(
      name: String(decoding: line[..<colon], as: UTF8.self).asciiLowercased,
      value: String(decoding: line[(colon + 1)...].trimmed, as: UTF8.self))
  }

  private mutating func headEnded() throws(HTTPFailure) -> Event? {
    guard status >= 200 else {
      interimAnswers += 1
      guard interimAnswers <= Limits.Fleet.interimAnswers else {
        throw .malformed("more than \(Limits.Fleet.interimAnswers) interim answers")
      }
      fields = []
      state = .statusLine
      return nil
    }
    let head = ResponseHead(status: status, fields: fields)
    let framing = try BodyFraming(head, isOld: isOld, hasNoBody: hasNoBody)
    mayGoOn = !isOld && framing != .toTheEnd && !head.words("connection").contains { $0.isSame(as: "close") }
    fields = []
    state =
      switch framing {
      case .length(let length): .body(left: length)
      case .chunked: .chunkSize
      case .toTheEnd: .toTheEnd
      }
    return .head(head)
  }

  // MARK: Chunks

  /// RFC 9112 §7.1: `1*HEXDIG [ chunk-ext ]`; what extensions say is passed over.
  private mutating func readChunkSize() throws(HTTPFailure) {
    let digits = line.prefix { hexDigit($0) != nil }
    let rest = line.dropFirst(digits.count).trimmed
    guard (1...15).contains(digits.count), rest.isEmpty || rest.first == UInt8(ascii: ";") else {
      throw .malformed("a chunk without a size")
    }
    let size = digits.reduce(0) { $0 << 4 | Int(hexDigit($1) ?? 0) }
    state = size == 0 ? .trailer : .chunk(left: size)
  }
}

/// What a hexadecimal digit stands for; nil for any other octet.
func hexDigit(_ octet: UInt8) -> UInt8? {
  switch octet {
  case 0x30...0x39: octet - 0x30
  case 0x41...0x46: octet - 0x37
  case 0x61...0x66: octet - 0x57
  default: nil
  }
}

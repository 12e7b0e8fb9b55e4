import Text

/// The status line and the header fields of an answer.
public struct ResponseHead: Hashable, Sendable {
  /// The status code, 200 to 599.
  public let status: Int
  /// The fields in their order, their names in lower case.
  public let fields: [Field]

  /// A header field (RFC 9110 §5).
  public struct Field: Hashable, Sendable {
    /// The name in lower case.
    public let name: String
    /// The value, without white space around it.
    public let value: String
  }

  /// The value of the first field of a name, which is given in lower case; nil when there is none.
  public subscript(name: String) -> String? { fields.first { $0.name.isSame(as: name) }?.value }

  /// The values of all fields of a name, which is given in lower case.
  public func values(_ name: String) -> [String] { fields.filter { $0.name.isSame(as: name) }.map(\.value) }

  /// The words of all fields of a name, which are lists (RFC 9110 §5.6.1), in lower case.
  func words(_ name: String) -> [String] {
    values(name).flatMap { value in
      value.utf8.split(separator: UInt8(ascii: ",")).map { String(decoding: $0.trimmed, as: UTF8.self).asciiLowercased }
    }
  }
}

/// How the end of a body is found (RFC 9112 §6.3).
enum BodyFraming: Hashable, Sendable {
  /// So many octets.
  case length(Int)
  /// In chunks.
  case chunked
  /// The connection's end is the body's.
  case toTheEnd

  /// What an answer's head says.
  ///
  /// - Parameters:
  ///   - isOld: the answer is of HTTP/1.0, which knows no transfer codings.
  ///   - hasNoBody: the request was HEAD, whose answers have a head alone.
  /// - Throws: where it says two things, or what is not understood.
  init(_ head: ResponseHead, isOld: Bool, hasNoBody: Bool) throws(HTTPFailure) {
    let lengths = head.values("content-length")
    let codings = head.values("transfer-encoding")
    // Judged whatever the status: a peer that says two things is not to be guessed at.
    guard lengths.count <= 1 else { throw .malformed("two lengths") }
    guard lengths.isEmpty || codings.isEmpty else { throw .malformed("a length, and chunks too") }
    guard codings.isEmpty || !isOld else { throw .malformed("chunks in HTTP/1.0") }
    guard codings.isEmpty || (codings.count == 1 && codings[0].asciiLowercased.isSame(as: "chunked")) else {
      throw .malformed("a transfer coding that is not \"chunked\" alone")
    }
    var length: Int?
    if let text = lengths.first {
      guard (1...18).contains(text.utf8.count), text.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
        let number = Int(text)
      else { throw .malformed("a length that is no number") }
      length = number
    }
    if hasNoBody || head.status == 204 || head.status == 304 {
      self = .length(0)
    } else if let length {
      self = .length(length)
    } else {
      self = codings.isEmpty ? .toTheEnd : .chunked
    }
  }
}

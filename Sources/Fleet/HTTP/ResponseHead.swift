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

extension BidirectionalCollection<UInt8> {
  /// Without spaces and tabs at both ends.
  var trimmed: SubSequence {
    var rest = self[...]
    while let first = rest.first, first == 0x20 || first == 0x09 { rest = rest.dropFirst() }
    while let last = rest.last, last == 0x20 || last == 0x09 { rest = rest.dropLast() }
    return rest
  }
}

/// True for an octet of a field's name or a method: tchar of RFC 9110 §5.6.2.
func isToken(_ octet: UInt8) -> Bool {
  switch octet {
  case 0x30...0x39, 0x41...0x5a, 0x61...0x7a: true
  case 0x21, 0x23...0x27, 0x2a, 0x2b, 0x2d, 0x2e, 0x5e...0x60, 0x7c, 0x7e: true
  default: false
  }
}

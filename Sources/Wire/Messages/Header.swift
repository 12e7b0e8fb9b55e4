/// The twelve octets every message starts with (RFC 1035 §4.1.1).
public struct Header: Hashable, Sendable {
  /// The header's length in octets.
  public static let length = 12

  /// The number by which an answer finds its question.
  public var id: UInt16
  /// QR, opcode, AA, TC, RD, RA, Z, AD, CD and RCODE, as they stand on the wire.
  public var flags: Flags
  /// How many questions follow.
  public var questionCount: UInt16
  /// How many records follow in the answer section.
  public var answerCount: UInt16
  /// How many records follow in the authority section.
  public var authorityCount: UInt16
  /// How many records follow in the additional section.
  public var additionalCount: UInt16

  /// Reads the header; nil when the message is shorter than one.
  @inlinable public init?(_ message: Span<UInt8>) {
    guard message.count >= Self.length else { return nil }
    id = message.bigEndian16(at: 0)
    flags = Flags(rawValue: message.bigEndian16(at: 2))
    questionCount = message.bigEndian16(at: 4)
    answerCount = message.bigEndian16(at: 6)
    authorityCount = message.bigEndian16(at: 8)
    additionalCount = message.bigEndian16(at: 10)
  }
}

/// The second 16 bits of a header.
public struct Flags: OptionSet, Hashable, Sendable {
  /// The bits as they stand on the wire.
  public var rawValue: UInt16
  /// Takes the bits as they stand on the wire.
  @inlinable public init(rawValue: UInt16) { self.rawValue = rawValue }

  /// QR: this is a response.
  @inlinable public static var response: Flags { Flags(rawValue: 0x8000) }
  /// AA: the answer comes from a zone held here.
  @inlinable public static var authoritative: Flags { Flags(rawValue: 0x0400) }
  /// TC: the answer did not fit.
  @inlinable public static var truncated: Flags { Flags(rawValue: 0x0200) }
  /// RD: the client wants the whole answer, not only what is held here.
  @inlinable public static var recursionDesired: Flags { Flags(rawValue: 0x0100) }
  /// RA: the server gives whole answers.
  @inlinable public static var recursionAvailable: Flags { Flags(rawValue: 0x0080) }
  /// AD: the upstream validated the answer (RFC 4035 §3.2.3).
  @inlinable public static var authenticData: Flags { Flags(rawValue: 0x0020) }
  /// CD: the client validates by itself (RFC 4035 §3.2.2).
  @inlinable public static var checkingDisabled: Flags { Flags(rawValue: 0x0010) }

  /// The kind of message: 0 is a query, all that is answered here.
  @inlinable public var opcode: UInt16 { rawValue >> 11 & 15 }

  /// The low four bits of the RCODE.
  @inlinable public var responseCode: UInt16 { rawValue & 15 }

  /// The opcode's bits alone.
  @inlinable public var opcodeBits: Flags { Flags(rawValue: rawValue & 0x7800) }
}

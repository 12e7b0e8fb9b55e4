/// What is wrong with a message, and the octet where that shows.
public struct WireError: Error, Hashable, Sendable {
  /// The kinds of damage.
  public enum Reason: Hashable, Sendable {
    /// The message ends inside what was read.
    case truncated
    /// A compression pointer that does not lead strictly backwards (RFC 9267 §2), or one too many.
    case badPointer
    /// A label type that is neither a label nor a pointer.
    case badLabel
    /// A name of more than 255 octets.
    case nameTooLong
    /// Record data whose length is not that of its content.
    case badDataLength
    /// Octets after the last record that the header counts.
    case trailingOctets
    /// A second OPT, or one that is not at the root, or options that do not fill their length (RFC 6891 §6.1.1).
    case badOPT
    /// Counts that the kind of message cannot have.
    case badCounts
  }

  /// The kind of damage.
  public let reason: Reason
  /// Octets from the start of the message.
  public let offset: Int

  /// Takes the kind and the place.
  @inlinable public init(_ reason: Reason, at offset: Int) {
    self.reason = reason
    self.offset = offset
  }
}

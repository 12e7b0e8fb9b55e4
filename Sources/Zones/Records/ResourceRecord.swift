import Wire

/// One record of a zone, class IN.
public struct ResourceRecord: Hashable, Sendable {
  /// The name that the record is about.
  public var owner: Name
  /// What kind of data it holds; never one that is only asked for (`RecordType.isMeta`).
  public var type: RecordType
  /// Seconds, at most 2^31 - 1 (RFC 2181 §8).
  public var ttlSeconds: UInt32
  /// Record data in uncompressed wire form, valid for the type.
  public var data: [UInt8]

  /// Takes the parts as they are; `Zone` checks that they fit each other.
  public init(owner: Name, type: RecordType, ttlSeconds: UInt32, data: [UInt8]) {
    self.owner = owner
    self.type = type
    self.ttlSeconds = ttlSeconds
    self.data = data
  }
}

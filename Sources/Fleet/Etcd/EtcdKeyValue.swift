/// A key of etcd with its value, as an answer or a watch tells of it.
public struct EtcdKeyValue: Hashable, Sendable {
  /// What tells of it.
  public enum Kind: Hashable, Sendable {
    /// A range that was asked for: what stands there.
    case range
    /// A watch: it was written.
    case put
    /// A watch: it was deleted, or its lease has run out. There is no value; `modRevision` is that of the deletion.
    case delete
    /// A put or a deletion that was asked to say what had stood there before.
    case previous
  }

  /// What tells of it.
  public var kind = Kind.range
  /// The key.
  public var key: [UInt8] = []
  /// The value; empty where it is too long, or was not asked for.
  public var value: [UInt8] = []
  /// True when the value has more octets than are kept (`Limits.Fleet.stringOctets` in base64): it was passed over.
  public var valueIsTooLong = false
  /// The revision at which the key last came to be; 0 in a deletion.
  public var createRevision: Int64 = 0
  /// The revision of the change that made the value what it is: the same for all changes of one transaction.
  public var modRevision: Int64 = 0
  /// How often the key was written since it came to be; 0 in a deletion.
  public var version: Int64 = 0
  /// The lease that the key goes with; 0 for none.
  public var lease: Int64 = 0
  /// In a transaction's answer, which of its operations this is of, from 0; 0 in every other.
  public var operation = 0
  /// In a watch that asks for it, what stood there before, in so far as it is known: empty after a compaction.
  public var before: Before?

  /// What stood at a key before an event.
  public struct Before: Hashable, Sendable {
    /// The value.
    public var value: [UInt8]
    /// The revision of the change that had made it.
    public var modRevision: Int64
    /// The lease that the key had gone with; 0 for none.
    public var lease: Int64
  }

  /// A key without a value, of which nothing is known.
  public init() {}

  /// True for a put that made the key.
  public var isNew: Bool { kind == .put && createRevision == modRevision }
}

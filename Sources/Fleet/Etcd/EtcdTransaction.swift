import Bounds

/// What happens at once or not at all: where every comparison holds, the operations of success, else those of failure.
public struct EtcdTransaction: Hashable, Sendable {
  /// What must be so of a key.
  public struct Comparison: Hashable, Sendable {
    /// How what is there must be to what is named.
    public enum Relation: String, Hashable, Sendable {
      case equal = "EQUAL"
      case notEqual = "NOT_EQUAL"
      case greater = "GREATER"
      case less = "LESS"
    }

    /// What is compared. A key that is not there has 0 for each number; its value is equal to none.
    public enum Subject: Hashable, Sendable {
      /// The revision of its last change.
      case modRevision(Int64)
      /// The revision at which it came to be.
      case createRevision(Int64)
      /// How often it was written.
      case version(Int64)
      /// Its value.
      case value([UInt8])
    }

    /// The key.
    public var key: [UInt8]
    /// What is compared with what.
    public var subject: Subject
    /// How.
    public var relation: Relation

    /// Takes all three.
    public init(_ key: [UInt8], _ subject: Subject, _ relation: Relation = .equal) {
      self.key = key
      self.subject = subject
      self.relation = relation
    }

    /// Nobody has changed the key since it was read at this revision of its own; with 0, it is not there.
    public static func unchanged(_ key: [UInt8], since modRevision: Int64) -> Comparison {
      Comparison(key, .modRevision(modRevision))
    }
  }

  /// What is done. The same key must not be written twice, nor written and deleted by a range: etcd refuses that.
  public enum Operation: Hashable, Sendable {
    case put([UInt8], [UInt8], lease: Int64 = 0)
    case delete(KeyRange)
    case range(KeyRange, keysOnly: Bool = false)

    fileprivate var isRead: Bool { if case .range = self { true } else { false } }
  }

  /// Why a transaction is none that etcd takes.
  public struct TooLarge: Error, Hashable, Sendable, CustomStringConvertible {
    /// How many there are of what there is too much of.
    public let count: Int
    /// How many there may be: `Limits.Fleet.operationsOfTransaction`.
    public let limit: Int
    /// True for comparisons, false for operations.
    public let areComparisons: Bool

    /// What is wrong, and what to do.
    public var description: String {
      """
      \(count) \(areComparisons ? "comparisons" : "changed files") are too many for one transaction of etcd, which takes \
      \(limit); make the change in smaller steps
      """
    }
  }

  /// What must hold, all of it; with none it always does.
  public var comparisons: [Comparison]
  /// What is done then.
  public var success: [Operation]
  /// What is done otherwise.
  public var failure: [Operation]

  /// Takes all three.
  public init(_ comparisons: [Comparison] = [], success: [Operation], failure: [Operation] = []) {
    self.comparisons = comparisons
    self.success = success
    self.failure = failure
  }

  /// The request. Its answer tells of each operation's key-values by the operation's place
  /// (`EtcdKeyValue.operation`), of those that were done.
  ///
  /// - Throws: where there is more than etcd takes.
  public func request() throws(TooLarge) -> EtcdRequest {
    let limit = Limits.Fleet.operationsOfTransaction
    guard comparisons.count <= limit else {
      throw TooLarge(count: comparisons.count, limit: limit, areComparisons: true)
    }
    let operations = max(success.count, failure.count)
    guard operations <= limit else { throw TooLarge(count: operations, limit: limit, areComparisons: false) }
    var object = EtcdObject()
    object.add("compare", comparisons.map(\.object))
    object.add("success", success.map(\.object))
    object.add("failure", failure.map(\.object))
    return EtcdRequest("/v3/kv/txn", object, changesNoKey: (success + failure).allSatisfy(\.isRead))
  }
}

extension EtcdTransaction.Comparison {
  fileprivate var object: EtcdObject {
    var object = EtcdObject()
    object.add("key", octets: key)
    object.add("result", text: relation.rawValue)
    switch subject {
    case .modRevision(let revision):
      object.add("target", text: "MOD")
      object.add("mod_revision", revision)
    case .createRevision(let revision):
      object.add("target", text: "CREATE")
      object.add("create_revision", revision)
    case .version(let version):
      object.add("target", text: "VERSION")
      object.add("version", version)
    case .value(let value):
      object.add("target", text: "VALUE")
      object.add("value", octets: value)
    }
    return object
  }
}

extension EtcdTransaction.Operation {
  fileprivate var object: EtcdObject {
    var object = EtcdObject()
    switch self {
    case .put(let key, let value, let lease):
      object.add("request_put", EtcdObject(put: key, value, lease: lease, previous: false))
    case .delete(let keys): object.add("request_delete_range", EtcdObject(delete: keys, previous: false))
    case .range(let keys, let keysOnly): object.add("request_range", EtcdObject(range: keys, keysOnly: keysOnly))
    }
    return object
  }
}

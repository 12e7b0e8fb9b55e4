import Bounds
import Text

/// What a replica says of itself, as it stands in the store: its own word, or that of whoever may write there.
public struct ReplicaRecord: Hashable, Sendable {
  /// What people call it.
  public let name: String
  /// The program's version.
  public let version: String
  /// Where it answers.
  public let addresses: [String]
  /// The last revision with a change of a workspace or a pod that it knows of: what others are to have.
  public let revision: Int64
  /// The revision that it loaded everything of, later ones of other keys among it: all that was changed until then it has. 0
  /// where it does not say so, as earlier versions.
  public let loaded: Int64
  /// For how long it was not proven that it misses nothing, in seconds, when it said so; nil before it was proven once.
  public let age: Int64?

  /// Reads a value. Members that are not known are of a later version, and passed over.
  ///
  /// - Parameter key: which key's, for what is wrong with it.
  /// - Throws: what is wrong with it.
  public init(_ value: [UInt8], of key: String) throws(Problem) {
    let octets = Limits.Fleet.replicaOctets
    guard value.count <= octets else { throw Problem(file: key, "longer than \(octets) octets") }
    let object = try JSON.parse(value, file: key, comments: false).expectObject("a replica", file: key)
    func member(_ name: String) throws(Problem) -> JSON {
      guard let value = object[name] else { throw Problem(file: key, "\"\(name)\" is missing") }
      return value
    }
    name = try member("name").expectString("\"name\"", file: key)
    version = try member("version").expectString("\"version\"", file: key)
    var addresses: [String] = []
    for element in try member("addresses").expectArray("\"addresses\"", file: key) {
      addresses.append(try element.expectString("an address", file: key))
    }
    self.addresses = addresses
    revision = Int64(try member("revision").expectInt("\"revision\"", in: 0...Int.max, file: key))
    loaded = Int64(try object["loaded"]?.expectInt("\"loaded\"", in: 0...Int.max, file: key) ?? 0)
    let age = try member("age").expectInt("\"age\"", in: -1...Int.max, file: key)
    self.age = age < 0 ? nil : Int64(age)
  }
}

/// A replica of a fleet: it is there, for its key goes with its lease.
public struct FleetReplica: Hashable, Sendable {
  /// What tells it from all others.
  public let id: String
  /// What it says of itself, or why that cannot be read.
  public let record: Result<ReplicaRecord, Problem>

  /// - Parameters:
  ///   - id: the rest of the key.
  ///   - value: the key's; nil for one that is too long to be read.
  ///   - storeRevision: the store's when the key was read, beyond which nobody can be.
  public init(id: String, value: [UInt8]?, storeRevision: Int64) {
    self.id = id
    let key = "replica/\(id)"
    record = Result { () throws(Problem) in
      guard let value else { throw Problem(file: key, "longer than \(Limits.Fleet.replicaOctets) octets") }
      let record = try ReplicaRecord(value, of: key)
      let claimed = max(record.revision, record.loaded)
      guard claimed <= storeRevision else {
        throw Problem(
          file: key, "it says that it has revision \(claimed), which this store has not reached: it followed another")
      }
      return record
    }
  }

  /// The last change that it says it knows of; nil where that cannot be read.
  public var revision: Int64? {
    if case .success(let record) = record { record.revision } else { nil }
  }

  /// True where it does not say that it has what the store had at a revision: by a change, or by having loaded all since.
  public func isBehind(_ revision: Int64) -> Bool {
    if case .success(let record) = record { max(record.revision, record.loaded) < revision } else { true }
  }
}

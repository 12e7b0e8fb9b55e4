import Text

/// What a replica says of itself in the store.
public struct ReplicaDescription: Hashable, Sendable {
  /// What tells it from all others, the former process on the same machine among them: lower-case letters, digits and hyphens.
  public var id: String
  /// What people call it: the machine's name, say.
  public var name: String
  /// The program's version.
  public var version: String
  /// Where it answers.
  public var addresses: [String]

  /// Takes all of it.
  public init(id: String, name: String, version: String, addresses: [String]) {
    self.id = id
    self.name = name
    self.version = version
    self.addresses = addresses
  }

  /// What is put into the store.
  ///
  /// - Parameters:
  ///   - revision: the last revision with a change of a workspace or a pod that was handed on.
  ///   - loaded: the revision that everything was loaded of: it has all that was before, deletions that it never saw among it.
  ///   - age: for how long it is not proven that nothing is missed, in seconds.
  func value(revision: Int64, loaded: Int64, age: Int64) -> [UInt8] {
    let json = JSON.object([
      ("name", .string(name)), ("version", .string(version)), ("addresses", .array(addresses.map { .string($0) })),
      ("revision", .number(revision)), ("loaded", .number(loaded)), ("age", .number(age)),
    ])
    return Array(json.compactText.utf8)
  }
}

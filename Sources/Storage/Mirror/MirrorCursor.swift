import Fleet
import Text

/// Which store a mirror is of, and how far it goes.
public struct MirrorCursor: Hashable, Sendable {
  /// What the store's keys start with.
  public var prefix: String
  /// Which store, and what was seen of it last.
  public var identity: StoreIdentity
  /// When the mirror was last known to have all that the store had, in seconds since 1970; nil for never.
  public var heardAt: UInt64?
  /// The start of the machine in which it was written.
  var boot: String

  /// A mirror that has nothing yet.
  init(prefix: String, boot: String) {
    (self.prefix, self.boot) = (prefix, boot)
    identity = StoreIdentity()
  }

  /// Reads what `octets` gives.
  ///
  /// - Throws: when it is something else.
  init(_ octets: [UInt8], file: String) throws(Problem) {
    let root = try JSON.parse(octets, file: file, comments: false).expectObject("a mirror's cursor", file: file)
    func text(_ key: String) throws(Problem) -> String? {
      try root[key]?.expectString("\"\(key)\"", file: file)
    }
    func number(_ key: String) throws(Problem) -> Int64? {
      try root[key].map { value throws(Problem) in
        Int64(try value.expectInt("\"\(key)\"", in: 0...Int.max, file: file))
      }
    }
    guard let prefix = try text("prefix") else { throw Problem(file: file, "this is no mirror's cursor") }
    self.prefix = prefix
    boot = try text("boot") ?? ""
    identity = StoreIdentity(
      clusterID: try text("cluster").flatMap { UInt64($0, radix: 16) }, revision: try number("revision") ?? 0,
      term: UInt64(try number("term") ?? 0))
    heardAt = try number("heardAt").map { UInt64($0) }
  }

  /// What is written: small, and readable by people.
  var octets: [UInt8] {
    var members: [(String, JSON)] = [("prefix", .string(prefix))]
    if let cluster = identity.clusterID { members.append(("cluster", .string(String(cluster, radix: 16)))) }
    members += [("revision", .number(identity.revision)), ("term", .number(Int64(clamping: identity.term)))]
    if let heardAt { members.append(("heardAt", .number(heardAt))) }
    members.append(("boot", .string(boot)))
    return Array((JSON.object(members).text).utf8)
  }
}

import Text

/// An object of a request's JSON, written as it is put together. What is zero, false or empty is left out, as etcd does.
struct EtcdObject {
  private var members: [UInt8] = []

  /// The object's text.
  var octets: [UInt8] { [UInt8(ascii: "{")] + members + [UInt8(ascii: "}")] }

  private mutating func name(_ name: String) {
    if !members.isEmpty { members.append(UInt8(ascii: ",")) }
    members += "\"\(name)\":".utf8
  }

  /// 64 bits are written as a string: a number loses some at readers in between.
  mutating func add(_ name: String, _ number: Int64) {
    guard number != 0 else { return }
    self.name(name)
    members += "\"\(number)\"".utf8
  }

  mutating func add(_ name: String, _ truth: Bool) {
    guard truth else { return }
    self.name(name)
    members += "true".utf8
  }

  mutating func add(_ name: String, octets: [UInt8]) {
    guard !octets.isEmpty else { return }
    self.name(name)
    members += [UInt8(ascii: "\"")] + Base64.encode(octets) + [UInt8(ascii: "\"")]
  }

  mutating func add(_ name: String, text: String) {
    self.name(name)
    members += JSON.literal(text).utf8
  }

  mutating func add(_ name: String, words: [String]) {
    guard !words.isEmpty else { return }
    self.name(name)
    members += "[\(words.map { "\"\($0)\"" }.joined(separator: ","))]".utf8
  }

  mutating func add(_ name: String, _ object: EtcdObject) {
    self.name(name)
    members += object.octets
  }

  mutating func add(_ name: String, _ objects: [EtcdObject]) {
    guard !objects.isEmpty else { return }
    self.name(name)
    members.append(UInt8(ascii: "["))
    members += objects.map(\.octets).joined(separator: [UInt8(ascii: ",")])
    members.append(UInt8(ascii: "]"))
  }

  mutating func add(_ keys: KeyRange) {
    add("key", octets: keys.start)
    add("range_end", octets: keys.end ?? [])
  }
}

// What stands alone as a request, and within a transaction.
extension EtcdObject {
  init(
    range keys: KeyRange, revision: Int64 = 0, limit: Int64 = 0, keysOnly: Bool = false, countOnly: Bool = false,
    isSerializable: Bool = false, order: EtcdRequest.Order? = nil
  ) {
    add(keys)
    add("revision", revision)
    add("limit", limit)
    add("keys_only", keysOnly)
    add("count_only", countOnly)
    add("serializable", isSerializable)
    guard let order else { return }
    add("sort_order", text: order == .ascending ? "ASCEND" : "DESCEND")
    add("sort_target", text: order == .newestFirst ? "MOD" : "KEY")
  }

  init(put key: [UInt8], _ value: [UInt8], lease: Int64, previous: Bool) {
    add("key", octets: key)
    add("value", octets: value)
    add("lease", lease)
    add("prev_kv", previous)
  }

  init(delete keys: KeyRange, previous: Bool) {
    add(keys)
    add("prev_kv", previous)
  }
}

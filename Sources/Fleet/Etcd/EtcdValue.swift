import Bounds
import Text

/// A string, number or truth value of etcd's JSON, and the member that it is of.
struct EtcdValue {
  let field: EtcdField
  let token: JSONTokens.Token
  /// What a string or a number says.
  let text: [UInt8]

  /// A number of 64 bits, written as a string or as a number.
  func integer<Number: FixedWidthInteger>() throws(EtcdFault) -> Number {
    guard token == .string || token == .number, text.count <= 20,
      let number = Number(String(decoding: text, as: UTF8.self))
    else { throw .notEtcd("something other than a whole number of 64 bits for \(field)") }
    return number
  }

  func bool() throws(EtcdFault) -> Bool {
    guard case .bool(let truth) = token else { throw .notEtcd("something other than true or false for \(field)") }
    return truth
  }

  /// A text for people, or a number as it is written.
  func shortText() throws(EtcdFault) -> String {
    guard token == .string || token == .number else { throw .notEtcd("something other than a text for \(field)") }
    return cut(String(decoding: text, as: UTF8.self), toCharacters: Limits.Text.messageCharacters)
  }

  func credential() throws(EtcdFault) -> String {
    guard token == .string, text.count <= Limits.Fleet.tokenOctets else {
      throw .notEtcd("a token of more than \(Limits.Fleet.tokenOctets) octets, or none")
    }
    return String(decoding: text, as: UTF8.self)
  }

  /// The octets that base64 stands for; nil for more than are kept.
  func octets() throws(EtcdFault) -> [UInt8]? {
    guard token != .longString else { return nil }
    guard token == .string, let octets = Base64.decode(text) else {
      throw .notEtcd("something other than base64 for \(field)")
    }
    return octets
  }
}

extension EtcdKeyValue {
  /// Takes a member of the key-value's object.
  mutating func set(_ member: EtcdValue) throws(EtcdFault) {
    switch member.field {
    case .key: key = try member.octets() ?? []
    case .value:
      let octets = try member.octets()
      value = octets ?? []
      valueIsTooLong = octets == nil
    case .createRevision: createRevision = try member.integer()
    case .modRevision: modRevision = try member.integer()
    case .versionOfKey: version = try member.integer()
    default: lease = try member.integer()
    }
  }
}

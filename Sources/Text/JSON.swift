import Bounds

/// A JSON value (RFC 8259) that knows where it was written, so that whoever reads a configuration can say what is wrong
/// and where.
///
/// Objects keep the order of their members. Two values are equal when their contents are, wherever they stood.
public struct JSON: Sendable {
  /// What a value is.
  public enum Content: Sendable {
    case null
    case bool(Bool)
    /// The number's text, as written: nothing is lost to binary fractions.
    case number(String)
    case string(String)
    case array([JSON])
    case object(Object)
  }

  /// What the value is.
  public var content: Content
  /// Where the value starts; line 1, column 1 for a value that was made and not read.
  public var position: Position
  /// The octets of the text that the value took, its quotes or brackets among them; empty for a value that was made.
  public var octets: Range<Int>

  /// A value that was not read from a text.
  public init(_ content: Content) {
    self.init(content, position: Position(line: 1, column: 1), octets: 0..<0)
  }

  init(_ content: Content, position: Position, octets: Range<Int>) {
    self.content = content
    self.position = position
    self.octets = octets
  }

  /// A name and its value in an object.
  public struct Member: Hashable, Sendable {
    /// The name, its escapes resolved.
    public var key: String
    /// Where the name starts.
    public var keyPosition: Position
    /// The octets of the text that the name took, its quotes among them.
    public var keyOctets: Range<Int>
    /// The value.
    public var value: JSON

    /// A member that was not read from a text.
    public init(_ key: String, _ value: JSON) {
      self.init(key, value, position: Position(line: 1, column: 1), octets: 0..<0)
    }

    init(_ key: String, _ value: JSON, position: Position, octets: Range<Int>) {
      self.key = key
      self.value = value
      keyPosition = position
      keyOctets = octets
    }

    /// Equal in key and value, wherever they stood.
    public static func == (a: Self, b: Self) -> Bool { a.key.isSame(as: b.key) && a.value == b.value }

    /// Hashes the key and the value.
    public func hash(into hasher: inout Hasher) {
      key.hashOctets(into: &hasher)
      hasher.combine(value)
    }
  }

  /// Members in the order they were given, each key once.
  public struct Object: Hashable, Sendable {
    /// The members.
    public var members: [Member]

    /// Takes members whose keys differ.
    public init(_ members: [Member]) { self.members = members }

    /// The value of a key; nil when the object has none.
    public subscript(key: String) -> JSON? { members.first { $0.key.isSame(as: key) }?.value }
  }
}

extension JSON.Content: Hashable {
  /// Texts are equal when their octets are (RFC 8259 §8.3).
  public static func == (a: Self, b: Self) -> Bool {
    switch (a, b) {
    case (.null, .null): true
    case (.bool(let x), .bool(let y)): x == y
    case (.number(let x), .number(let y)), (.string(let x), .string(let y)): x.isSame(as: y)
    case (.array(let x), .array(let y)): x == y
    case (.object(let x), .object(let y)): x == y
    default: false
    }
  }

  /// Hashes what the value is, and what is in it.
  public func hash(into hasher: inout Hasher) {
    switch self {
    case .null: hasher.combine(0)
    case .bool(let truth): hasher.combine(truth)
    case .number(let text): text.hashOctets(into: &hasher)
    case .string(let text): text.hashOctets(into: &hasher)
    case .array(let elements): hasher.combine(elements)
    case .object(let object): hasher.combine(object)
    }
  }
}

extension JSON: Hashable {
  /// Equal in content, wherever they stood.
  public static func == (a: JSON, b: JSON) -> Bool { a.content == b.content }

  /// Hashes the content.
  public func hash(into hasher: inout Hasher) { hasher.combine(content) }
}

extension JSON: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral,
  ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral, ExpressibleByNilLiteral
{
  /// A string that was not read from a text.
  public init(stringLiteral text: String) { self.init(.string(text)) }
  /// A number that was not read from a text.
  public init(integerLiteral number: Int) { self.init(.number(String(number))) }
  /// A truth value that was not read from a text.
  public init(booleanLiteral truth: Bool) { self.init(.bool(truth)) }
  /// An array that was not read from a text.
  public init(arrayLiteral elements: JSON...) { self.init(.array(elements)) }
  /// `null` that was not read from a text.
  public init(nilLiteral: ()) { self.init(.null) }
  /// Members in the order they are written, whose keys differ.
  public init(dictionaryLiteral members: (String, JSON)...) {
    self.init(.object(Object(members.map { Member($0.0, $0.1) })))
  }

  /// A string that was not read from a text.
  public static func string(_ text: String) -> JSON { JSON(.string(text)) }
  /// A number that was not read from a text.
  public static func number(_ number: some BinaryInteger) -> JSON { JSON(.number(String(number))) }
  /// An array that was not read from a text.
  public static func array(_ elements: [JSON]) -> JSON { JSON(.array(elements)) }
  /// An object that was not read from a text; the keys differ.
  public static func object(_ members: [(String, JSON)]) -> JSON {
    JSON(.object(Object(members.map { Member($0.0, $0.1) })))
  }
}

extension JSON {
  /// The string; nil when the value is something else.
  public var asString: String? { if case .string(let text) = content { text } else { nil } }
  /// The truth value; nil when the value is something else.
  public var asBool: Bool? { if case .bool(let truth) = content { truth } else { nil } }
  /// The elements; nil when the value is not an array.
  public var asArray: [JSON]? { if case .array(let elements) = content { elements } else { nil } }
  /// The members; nil when the value is not an object.
  public var asObject: Object? { if case .object(let object) = content { object } else { nil } }
  /// The whole number; nil when the value is not a number, has a fraction or an exponent, or does not fit.
  public var asInt: Int? { if case .number(let text) = content { Int(text) } else { nil } }
  /// True for `null`.
  public var isNull: Bool { content == .null }

  /// What the value is, for a message: `a string`, `an object`.
  public var kind: String {
    switch content {
    case .null: "null"
    case .bool: "true or false"
    case .number: "a number"
    case .string: "a string"
    case .array: "a list"
    case .object: "an object"
    }
  }

  /// The string, or a problem that says that `what` must be one.
  public func expectString(_ what: String, file: String?) throws(Problem) -> String {
    guard let asString else { throw mistaken(what, "a string", file) }
    return asString
  }

  /// The elements, or a problem that says that `what` must be a list.
  public func expectArray(_ what: String, file: String?) throws(Problem) -> [JSON] {
    guard let asArray else { throw mistaken(what, "a list: [ … ]", file) }
    return asArray
  }

  /// The members, or a problem that says that `what` must be an object.
  public func expectObject(_ what: String, file: String?) throws(Problem) -> Object {
    guard let asObject else { throw mistaken(what, "an object: { … }", file) }
    return asObject
  }

  /// The truth value, or a problem that says that `what` must be one.
  public func expectBool(_ what: String, file: String?) throws(Problem) -> Bool {
    guard let asBool else { throw mistaken(what, "true or false", file) }
    return asBool
  }

  /// The whole number in `range`, or a problem that says that `what` must be one.
  public func expectInt(_ what: String, in range: ClosedRange<Int>, file: String?) throws(Problem) -> Int {
    guard case .number(let text) = content else {
      throw mistaken(what, "a whole number from \(range.lowerBound) to \(range.upperBound)", file)
    }
    guard let number = Int(text), range.contains(number) else {
      throw Problem(
        file: file, position: position,
        "\(what) must be a whole number from \(range.lowerBound) to \(range.upperBound), not \(cut(text, toCharacters: 40))"
      )
    }
    return number
  }

  private func mistaken(_ what: String, _ wanted: String, _ file: String?) -> Problem {
    Problem(file: file, position: position, "\(what) must be \(wanted), not \(kind)")
  }
}

extension JSON.Object {
  /// A problem for each key that is none of `known`, naming the nearest that is: of the first ones, one more than are
  /// told of a file.
  public func unknownKeys(known: [String], file: String?) -> [Problem] {
    members.lazy.filter { !isOne($0.key, of: known) }.prefix(Limits.JSON.problems + 1).map { member in
      let remedy =
        nearest(to: member.key, among: known).map { "did you mean \(quoted($0))?" }
        ?? "the known keys are \(known.map { quoted($0) }.joined(separator: ", "))"
      return Problem(file: file, position: member.keyPosition, "unknown key \(quoted(member.key)); \(remedy)")
    }
  }

  /// Throws the first problem of `unknownKeys(known:file:)`, for readers that stop at one.
  public func check(known: [String], file: String?) throws(Problem) {
    let first = JSON.Object(members.first { !isOne($0.key, of: known) }.map { [$0] } ?? [])
    if let problem = first.unknownKeys(known: known, file: file).first { throw problem }
  }

  private func isOne(_ key: String, of known: [String]) -> Bool { known.contains { $0.isSame(as: key) } }
}

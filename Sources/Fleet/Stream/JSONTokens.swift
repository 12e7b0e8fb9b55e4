import Bounds

/// Reads JSON (RFC 8259) as it comes, token by token, in memory that does not grow with the text.
///
/// The text is one value after another, as in etcd's and Kubernetes' watches: with white space between them or none. Any
/// chunk may end anywhere. What is kept is the string or number that is being read and a bit for each bracket that is
/// open; a value that nobody wants is checked and not kept (`skipValue()`).
///
/// ```
/// while let token = try tokens.next(octets, at: &at) { … }   // then hand in what comes next
/// ```
public struct JSONTokens: Sendable {
  /// A step of the text.
  public enum Token: Hashable, Sendable {
    case objectStart
    case objectEnd
    case arrayStart
    case arrayEnd
    /// The name of a member, which is in `text`; its value comes next.
    case key
    /// A string, which is in `text`.
    case string
    /// A string of more octets than are kept, which is passed over.
    case longString
    /// A number, which is in `text` as it was written: nothing is lost to binary fractions.
    case number
    case bool(Bool)
    case null
  }

  /// The octets of the last key, string or number, escapes resolved: UTF-8.
  public private(set) var text: [UInt8] = []
  /// How many arrays and objects are open: the token `objectStart` has been counted, `objectEnd` is not any more.
  public private(set) var depth = 0

  private let maximumStringOctets: Int
  private var state = State.value
  /// A bit for each open bracket, the innermost the lowest: 1 for an object.
  private var brackets: UInt64 = 0
  /// How deep the value that is passed over is; nil when none is.
  private var skipped: Int?
  private var string = StringState()
  private var number = NumberState.minus
  /// The letters that are missing of `true`, `false` or `null`, the next one the lowest octet; and which it is.
  private var letters: UInt64 = 0
  private var literal = Token.null
  /// How many octets were taken before those at hand.
  private var offset = 0

  private enum State: Hashable, Sendable {
    /// Before a value: outside all brackets, behind a colon, or behind a comma of an array.
    case value
    /// Behind `[`: a value or `]`.
    case firstElement
    /// Behind `{`: a key or `}`.
    case firstKey
    /// Behind a comma of an object.
    case key
    case colon
    /// Behind a value in brackets: a comma or the closing bracket.
    case after
    case string(isKey: Bool)
    case number
    /// In `true`, `false` or `null`.
    case literal
  }

  /// Starts before the first value.
  ///
  /// - Parameter maximumStringOctets: the longest string that is kept, in octets.
  public init(maximumStringOctets: Int = Limits.Fleet.stringOctets) {
    self.maximumStringOctets = maximumStringOctets
  }

  /// True when no value has begun that has not ended.
  public var isBetweenValues: Bool { depth == 0 && state == .value }

  /// The next token in `octets` from `at` on, which moves past what was taken; nil when all of them were taken and more
  /// are needed.
  ///
  /// - Throws: where the text is no JSON; the reader is then of no use.
  public mutating func next(_ octets: Span<UInt8>, at: inout Int) throws(JSONFault) -> Token? {
    let start = at
    defer { offset += at - start }
    while at < octets.count {
      if case .string(let isKey) = state {
        guard try readString(octets, &at) else { return nil }
        if let token = try stringEnded(isKey: isKey) { return token }
      } else if let token = try step(octets[at], &at) {
        return token
      }
    }
    return nil
  }

  /// The text has ended: the number that only its end could end, if there is one.
  ///
  /// - Throws: where it ended within a value.
  public mutating func finish() throws(JSONFault) -> Token? {
    guard state == .number, depth == 0 else {
      guard isBetweenValues else { throw fault("the text ends in the middle of a value") }
      return nil
    }
    return try numberEnded()
  }

  /// Passes over the value of the key that was the last token, without keeping anything of it and without a token for it.
  /// It is checked as any other. Does nothing behind other tokens.
  public mutating func skipValue() {
    if state == .colon { skipped = depth }
  }

  // MARK: Between strings

  /// Takes one octet that is not within a string; leaves it where a number ends in front of it.
  private mutating func step(_ octet: UInt8, _ at: inout Int) throws(JSONFault) -> Token? {
    switch state {
    case .number:
      guard let next = number.after(octet) else {
        guard !(0x30...0x39).contains(octet) else { throw fault("a number that starts with 0") }
        return try numberEnded()
      }
      number = next
      try keepDigit(octet)
      at += 1
      return nil
    case .literal:
      guard octet == UInt8(truncatingIfNeeded: letters) else {
        throw fault("a word that is none of true, false and null")
      }
      at += 1
      letters >>= 8
      return letters == 0 ? valueEnded(literal) : nil
    default:
      at += 1
      return Self.isSpace(octet) ? nil : try structure(octet)
    }
  }

  private mutating func structure(_ octet: UInt8) throws(JSONFault) -> Token? {
    switch (state, octet) {
    case (.firstKey, UInt8(ascii: "}")),
      (.after, UInt8(ascii: "}")) where brackets & 1 == 1:
      return close(.objectEnd)
    case (.firstElement, UInt8(ascii: "]")),
      (.after, UInt8(ascii: "]")) where brackets & 1 == 0:
      return close(.arrayEnd)
    case (.after, UInt8(ascii: ",")): state = brackets & 1 == 1 ? .key : .value
    case (.colon, UInt8(ascii: ":")): state = .value
    case (.firstKey, UInt8(ascii: "\"")), (.key, UInt8(ascii: "\"")): startString(isKey: true)
    case (.value, _), (.firstElement, _): return try startValue(octet)
    case (.firstKey, _), (.key, _): throw fault("something other than a key in quotes")
    case (.colon, _): throw fault("something other than a colon behind a key")
    default: throw fault("something other than a comma or the closing bracket behind a value")
    }
    return nil
  }

  private mutating func startValue(_ octet: UInt8) throws(JSONFault) -> Token? {
    switch octet {
    case UInt8(ascii: "{"): return try open(.objectStart, .firstKey, bit: 1)
    case UInt8(ascii: "["): return try open(.arrayStart, .firstElement, bit: 0)
    case UInt8(ascii: "\""): startString(isKey: false)
    case UInt8(ascii: "-"), 0x30...0x39:
      number = NumberState(first: octet)
      state = .number
      text.removeAll(keepingCapacity: true)
      try keepDigit(octet)
    case UInt8(ascii: "t"): startLiteral(.bool(true), "rue")
    case UInt8(ascii: "f"): startLiteral(.bool(false), "alse")
    case UInt8(ascii: "n"): startLiteral(.null, "ull")
    default: throw fault("something that starts no value")
    }
    return nil
  }

  private mutating func startLiteral(_ token: Token, _ rest: String) {
    letters = rest.utf8.reversed().reduce(0) { $0 << 8 | UInt64($1) }
    literal = token
    state = .literal
  }

  private mutating func open(_ token: Token, _ state: State, bit: UInt64) throws(JSONFault) -> Token? {
    guard depth < Limits.Fleet.depth else { throw fault("nested more than \(Limits.Fleet.depth) deep") }
    brackets = brackets << 1 | bit
    depth += 1
    self.state = state
    return skipped == nil ? token : nil
  }

  private mutating func close(_ token: Token) -> Token? {
    brackets >>= 1
    depth -= 1
    return valueEnded(token)
  }

  /// A value is whole; its token, unless it was passed over.
  private mutating func valueEnded(_ token: Token) -> Token? {
    state = depth == 0 ? .value : .after
    guard let skipped else { return token }
    if depth == skipped { self.skipped = nil }
    return nil
  }

  private static func isSpace(_ octet: UInt8) -> Bool {
    octet == 0x20 || octet == 0x0a || octet == 0x0d || octet == 0x09
  }

  // MARK: Numbers and strings

  private mutating func keepDigit(_ octet: UInt8) throws(JSONFault) {
    guard skipped == nil else { return }
    guard text.count < Limits.Fleet.numberOctets else {
      throw fault("a number of more than \(Limits.Fleet.numberOctets) octets")
    }
    text.append(octet)
  }

  private mutating func numberEnded() throws(JSONFault) -> Token? {
    guard number.mayEnd else { throw fault("a number that is not whole") }
    return valueEnded(.number)
  }

  private mutating func startString(isKey: Bool) {
    state = .string(isKey: isKey)
    text.removeAll(keepingCapacity: true)
    string = StringState(keeping: skipped != nil ? nil : isKey ? Limits.Fleet.keyOctets : maximumStringOctets)
  }

  /// Reads on in a string; true once its closing quote was taken.
  private mutating func readString(_ octets: Span<UInt8>, _ at: inout Int) throws(JSONFault) -> Bool {
    do throws(StringState.Fault) {
      return try string.read(octets, &at, into: &text)
    } catch {
      throw fault(error.message)
    }
  }

  private mutating func stringEnded(isKey: Bool) throws(JSONFault) -> Token? {
    guard isKey else { return valueEnded(string.isTooLong ? .longString : .string) }
    guard !string.isTooLong else { throw fault("a key of more than \(Limits.Fleet.keyOctets) octets") }
    state = .colon
    return skipped == nil ? .key : nil
  }

  private func fault(_ what: String) -> JSONFault { JSONFault(what, after: offset) }
}

/// What is wrong with a text that should be JSON.
public struct JSONFault: Error, Hashable, Sendable, CustomStringConvertible {
  /// What, as part of a sentence.
  public let message: String
  /// How many octets of the text had been handed in and taken before those in which it is.
  public let offset: Int

  init(_ message: String, after offset: Int) {
    self.message = message
    self.offset = offset
  }

  /// What and where.
  public var description: String { "not JSON: \(message), after octet \(offset)" }
}

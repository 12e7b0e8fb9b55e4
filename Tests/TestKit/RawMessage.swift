import Wire

/// A message put together octet by octet, so that tests can get everything wrong.
public struct RawMessage: Sendable {
  /// The message so far.
  public var octets: [UInt8]

  /// Starts with a header; `counts` are those of questions, answers, authority and additional.
  public init(id: UInt16 = 0x1234, flags: UInt16 = 0x0100, counts: [Int]) {
    octets = bigEndian(Int(id)) + bigEndian(Int(flags)) + counts.flatMap(bigEndian)
  }

  /// The message with these octets after it.
  public func adding(_ more: [UInt8]...) -> RawMessage {
    var message = self
    for part in more { message.octets += part }
    return message
  }

  /// The message with a question after it, its name as raw octets.
  public func question(_ name: [UInt8], _ type: RecordType = .a, _ class: RecordClass = .internet) -> RawMessage {
    adding(name, bigEndian(Int(type.rawValue)), bigEndian(Int(`class`.rawValue)))
  }

  /// The message with a record after it, its owner and data as raw octets.
  ///
  /// - Parameter length: RDLENGTH; nil for what `data` has.
  public func record(
    _ owner: [UInt8], _ type: RecordType, _ data: [UInt8], class: RecordClass = .internet, ttl: UInt32 = 300,
    length: Int? = nil
  ) -> RawMessage {
    adding(
      owner, bigEndian(Int(type.rawValue)), bigEndian(Int(`class`.rawValue)), bigEndian(Int(ttl >> 16)),
      bigEndian(Int(ttl & 0xffff)), bigEndian(length ?? data.count), data)
  }

  /// The message with an OPT record after it.
  ///
  /// - Parameters:
  ///   - options: as raw octets.
  ///   - owner: `[0]` is the only right one.
  public func opt(
    size: UInt16 = 1232, version: UInt8 = 0, flags: UInt16 = 0, options: [UInt8] = [], owner: [UInt8] = [0]
  ) -> RawMessage {
    let ttl = UInt32(version) << 16 | UInt32(flags)
    return record(owner, .opt, options, class: RecordClass(size), ttl: ttl)
  }

  /// A query with one question.
  public static func query(
    _ name: [UInt8], _ type: RecordType = .a, _ class: RecordClass = .internet, id: UInt16 = 0x1234,
    flags: UInt16 = 0x0100, additional: Int = 0
  ) -> RawMessage {
    RawMessage(id: id, flags: flags, counts: [1, 0, 0, additional]).question(name, type, `class`)
  }
}

/// The lower 16 bits of a number in network order.
public func bigEndian(_ number: Int) -> [UInt8] {
  [UInt8(truncatingIfNeeded: number >> 8), UInt8(truncatingIfNeeded: number)]
}

/// A compression pointer.
public func pointer(_ offset: Int) -> [UInt8] { bigEndian(0xc000 | offset) }

/// A name that the test knows to be one.
public func name(_ text: String) -> Name {
  do throws(NameTextError) {
    return try Name(text)
  } catch {
    preconditionFailure("the test's own name \(text): \(error)")
  }
}

/// The wire form of a name that the test knows to be one.
public func wire(_ text: String) -> [UInt8] { name(text).wire }

/// An EDNS option.
public func option(_ code: Int, _ data: [UInt8]) -> [UInt8] { bigEndian(code) + bigEndian(data.count) + data }

/// Octets from text: hexadecimal digits, and ASCII between single quotes; spaces between them mean nothing. A name that
/// the test knows stands between angle brackets. `03 'www' c00c` is a label and a pointer, `000a <mx.example>` MX data.
public func octets(_ text: String) -> [UInt8] {
  var result: [UInt8] = []
  var rest = Substring(text)
  while let first = rest.first {
    if first == "'" || first == "<" {
      let end: Character = first == "'" ? "'" : ">"
      let body = rest.dropFirst().prefix { $0 != end }
      result += first == "'" ? Array(body.utf8) : wire(String(body))
      rest = rest.dropFirst(body.count + 2)
    } else if first == " " {
      rest = rest.dropFirst()
    } else {
      guard let octet = UInt8(rest.prefix(2), radix: 16) else { preconditionFailure("no octets: \(text)") }
      result.append(octet)
      rest = rest.dropFirst(2)
    }
  }
  return result
}

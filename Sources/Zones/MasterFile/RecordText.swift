import Text
import Wire

/// Record data in presentation form, the text that master files and `dig` show (RFC 1035 §5.1, RFC 3597 §5).
public enum RecordText {
  /// Reads record data, with names relative to `origin`.
  ///
  /// - Throws: what is wrong, positioned within `text`.
  public static func data(_ text: some StringProtocol, type: RecordType, origin: Name) throws(Problem) -> [UInt8] {
    let text = Array(text.utf8)
    do throws(Fault) {
      var tokenizer = MasterFileTokenizer(text)
      var cursor = TokenCursor(text)
      var records = RecordList()
      var origin = RecordList.Origin(records.names.insert(origin.wire.span, below: NameTree.root))
      _ = try cursor.next(&tokenizer)
      let writing = try cursor.recordData(type, below: &origin, to: &records)
      records.append(origin.name, type, ttlSeconds: 0, writing, at: nil)
      if try cursor.next(&tokenizer), let more = cursor.peek {
        throw Fault(more.position, "\(cursor.shown(more)) is too much: the record ends before it")
      }
      return records[0].record.data
    } catch {
      throw Problem(position: error.position, error.message)
    }
  }

  /// The data of a TXT record that says `octets`, in as many strings of at most 255 as they need (RFC 1035 §3.3.14).
  ///
  /// - Parameter octets: at most 65,279, so that the data with its length octets fits a record; what is above is cut.
  public static func textData(_ octets: some Collection<UInt8>) -> [UInt8] {
    var data: [UInt8] = []
    var rest = Array(octets.prefix(65_279))[...]
    repeat {
      data.appendString(rest.prefix(255))
      rest = rest.dropFirst(255)
    } while !rest.isEmpty
    return data
  }

  /// The presentation form of `data`.
  ///
  /// Types without one, and data that is not what its type may hold, are written in RFC 3597's form.
  ///
  /// - Parameters:
  ///   - data: uncompressed wire form.
  ///   - origin: names at or below it are written relative to it; nil writes every name whole, with its final dot.
  public static func text(of data: [UInt8], type: RecordType, origin: Name? = nil) -> String {
    guard type != .alias, let fields = RecordField.fields(of: type), RecordField.isValid(data, for: type) else {
      return unknownText(data)
    }
    var words: [String] = []
    var rest = data[...]
    for field in fields {
      switch field {
      case .ipv4: words.append(address(&rest, octets: 4))
      case .ipv6: words.append(address(&rest, octets: 16))
      case .name:
        guard let name = rest.takeName() else { return unknownText(data) }
        words.append(name.text(relativeTo: origin))
      case .number(let octets, _): words.append(String(rest.takeNumber(octets: octets)))
      case .seconds: words.append(String(rest.takeNumber(octets: 4)))
      case .string: words.append(quoted(rest.takeString()))
      case .strings:
        while !rest.isEmpty { words.append(quoted(rest.takeString())) }
      case .tag: words.append(String(decoding: rest.takeString(), as: UTF8.self))
      case .value:
        words.append(quoted(rest))
        rest = []
      }
    }
    return words.joined(separator: " ")
  }

  /// RFC 3597 §5: `\#`, the number of octets, and these in hexadecimal.
  static func unknownText(_ data: [UInt8]) -> String {
    var text = "\\# \(data.count)"
    if !data.isEmpty { text += " " }
    for octet in data {
      text += String(octet >> 4, radix: 16)
      text += String(octet & 15, radix: 16)
    }
    return text
  }

  private static func address(_ rest: inout ArraySlice<UInt8>, octets: Int) -> String {
    let address = IPAddress(octets: rest.prefix(octets))
    rest = rest.dropFirst(octets)
    return address?.description ?? ""
  }

  /// A character-string in quotes; octets that are not printable ASCII as `\DDD`.
  private static func quoted(_ octets: some Collection<UInt8>) -> String {
    var text = "\""
    for octet in octets {
      switch octet {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"):
        text += "\\"
        text.unicodeScalars.append(Unicode.Scalar(octet))
      case 0x20...0x7e: text.unicodeScalars.append(Unicode.Scalar(octet))
      default: text += decimalEscape(octet)
      }
    }
    return text + "\""
  }
}

extension Name {
  /// Presentation form for a master file whose origin is `origin`: `@`, relative, or whole with the final dot.
  func text(relativeTo origin: Name?) -> String {
    guard let origin, isSubdomain(of: origin) else { return description }
    guard self != origin else { return "@" }
    return labels(above: origin)?.textWithoutFinalDot ?? description
  }

  /// The labels before those of `ancestor`, at or below which this name is, as a name of their own.
  func labels(above ancestor: Name) -> Name? {
    Name(wire: wire.prefix(wire.count - ancestor.wire.count) + [0])
  }
}

// Taking parts off the front of data that was checked to have them.
extension ArraySlice<UInt8> {
  fileprivate mutating func takeName() -> Name? {
    guard let length = RecordData.nameLength(self) else { return nil }
    defer { self = dropFirst(length) }
    return Name(wire: Array(prefix(length)))
  }

  fileprivate mutating func takeNumber(octets: Int) -> UInt64 {
    defer { self = dropFirst(octets) }
    return prefix(octets).reduce(0) { $0 << 8 | UInt64($1) }
  }

  fileprivate mutating func takeString() -> ArraySlice<UInt8> {
    let length = Int(popFirst() ?? 0)
    defer { self = dropFirst(length) }
    return prefix(length)
  }
}

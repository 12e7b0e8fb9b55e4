import Text
import Wire
import Zones

/// Changes to `workspace.json` that keep what its author wrote: order, comments, indentation.
enum WorkspaceSettings {
  /// The zones that the settings say to forward misses of.
  static func forwardedMisses(_ settings: JSON) -> Set<Name> {
    let zones = settings.asObject?["zones"]?.asObject?.members ?? []
    return Set(
      zones.filter { $0.value.asObject?["miss"]?.asString == MissPolicy.forward.rawValue }.compactMap {
        (try? Name($0.key))?.lowercased
      })
  }

  /// The settings with `"zones": { ZONE: { "miss": MISS } }` among them.
  ///
  /// - Returns: the whole file; nil when it says so already.
  /// - Throws: when it says something else.
  static func setting(_ miss: MissPolicy, of zone: Name, in bytes: [UInt8], file: String) throws(Problem) -> [UInt8]? {
    let text = try SourceText(file: bytes, named: file, maximumOctets: JSON.maximumOctets)
    let json = try JSON.parse(text, file: file, comments: true)
    let settings = try json.expectObject("the settings of a workspace", file: file)
    let name = zone.textWithoutFinalDot
    let entry = JSON.literal(name) + ": { \"miss\": \(JSON.literal(miss.rawValue)) }"
    guard let zones = settings["zones"] else {
      return inserted("\"zones\": { \(entry) }", into: json, settings, of: text)
    }
    let known = try zones.expectObject("\"zones\"", file: file)
    if let member = member(of: known, zone: zone) {
      let object = try member.value.expectObject("the settings of a zone", file: file)
      guard let value = object["miss"] else {
        return inserted("\"miss\": \(JSON.literal(miss.rawValue))", into: member.value, object, of: text)
      }
      if value.asString == miss.rawValue { return nil }
      throw Problem(
        file: file, position: value.position,
        "misses in \(name) are set to \(quoted(value.asString ?? value.compactText)), and --miss says "
          + "\(quoted(miss.rawValue)); change the one or the other")
    }
    return inserted(entry, into: zones, known, of: text)
  }

  /// The settings without a zone's entry, when that says nothing but its `miss`.
  ///
  /// - Returns: the whole file; nil when there is nothing to remove.
  static func removing(_ zone: Name, from bytes: [UInt8], file: String) throws(Problem) -> [UInt8]? {
    let text = try SourceText(file: bytes, named: file, maximumOctets: JSON.maximumOctets)
    let json = try JSON.parse(text, file: file, comments: true)
    guard let zones = json.asObject?["zones"], let known = zones.asObject, let member = member(of: known, zone: zone),
      member.value.asObject?.members.map(\.key) == ["miss"], let index = known.members.firstIndex(of: member)
    else { return nil }
    var start = member.keyOctets.lowerBound
    var end = member.value.octets.upperBound
    if let comma = commaIndex(after: end, in: text) {
      end = comma + 1
    } else if index > 0 {
      // The last member: the comma before it goes too, and what stands between stays a comment.
      let before = known.members[index - 1].value.octets.upperBound
      if let comma = commaIndex(after: before, in: text), isBlank(text, comma + 1..<start) { start = comma }
    }
    var blankStart = start
    while blankStart > 0, let octet = text.octet(blankStart - 1), octet == 0x20 || octet == 0x09 { blankStart -= 1 }
    if text.octet(blankStart - 1) != 0x0a {
      start = blankStart
    } else if text.octet(end) == 0x0a {
      // A line that held the entry alone goes with it.
      start = blankStart
      end += 1
    } else {
      while text.octet(end) == 0x20 { end += 1 }
    }
    return Array(text.octets[..<start] + text.octets[end...])
  }

  private static func member(of object: JSON.Object, zone: Name) -> JSON.Member? {
    object.members.first { (try? Name($0.key)) == zone }
  }

  /// The text with a member added at the end of an object: on a line of its own where the others have one.
  private static func inserted(_ entry: String, into json: JSON, _ object: JSON.Object, of text: SourceText) -> [UInt8]
  {
    let close = json.octets.upperBound - 1
    let isOneLine = !text.octets[json.octets].contains(0x0a)
    var last = close
    while last > 0, let octet = text.octet(last - 1), isSpace(octet) { last -= 1 }
    var result = text.octets
    if isOneLine {
      let before = object.members.isEmpty ? " " : needsComma(object, text) ? ", " : " "
      result.replaceSubrange(last..<close, with: Array((before + entry + " ").utf8))
      return result
    }
    let indentation = object.members.last.map { indentationOfLine(at: $0.keyOctets.lowerBound, in: text) }
    let outer = indentationOfLine(at: close, in: text)
    let line = "\n" + (indentation ?? outer + "  ") + entry + "\n" + outer
    result.replaceSubrange(last..<close, with: Array(line.utf8))
    if needsComma(object, text), let value = object.members.last?.value {
      result.insert(0x2c, at: value.octets.upperBound)
    }
    return result
  }

  private static func needsComma(_ object: JSON.Object, _ text: SourceText) -> Bool {
    guard let value = object.members.last?.value else { return false }
    return commaIndex(after: value.octets.upperBound, in: text) == nil
  }

  /// Where the comma after a value stands, white space and comments being passed over; nil when there is none.
  private static func commaIndex(after end: Int, in text: SourceText) -> Int? {
    var at = end
    while let octet = text.octet(at) {
      if octet == 0x2c { return at }
      if octet == 0x2f, text.octet(at + 1) == 0x2f {
        while let skipped = text.octet(at), skipped != 0x0a { at += 1 }
      } else if octet == 0x2f {
        at += 2
        while at < text.count, !(text.octet(at) == 0x2a && text.octet(at + 1) == 0x2f) { at += 1 }
        at += 2
      } else if isSpace(octet) {
        at += 1
      } else {
        return nil
      }
    }
    return nil
  }

  private static func isBlank(_ text: SourceText, _ range: Range<Int>) -> Bool {
    text.octets[range].allSatisfy(isSpace)
  }

  private static func indentationOfLine(at index: Int, in text: SourceText) -> String {
    var start = index
    while start > 0, text.octet(start - 1) != 0x0a { start -= 1 }
    return String(decoding: text.octets[start..<index].prefix { $0 == 0x20 || $0 == 0x09 }, as: UTF8.self)
  }
}

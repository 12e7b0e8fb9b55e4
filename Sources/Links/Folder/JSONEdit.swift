import Bounds
import Text

/// Changes to a JSON file that keep what its author wrote: order, comments, indentation.
struct JSONEdit {
  /// The file's value.
  let root: JSON
  private let text: SourceText

  /// Reads the file.
  init(_ bytes: [UInt8], file: String) throws(Problem) {
    text = try SourceText(file: bytes, named: file, maximumOctets: Limits.JSON.octets)
    root = try JSON.parse(text, file: file, comments: true)
  }

  /// The octets of each member or element.
  private func items(_ container: JSON) -> [Range<Int>] {
    switch container.content {
    case .object(let object):
      object.members.map { $0.keyOctets.lowerBound..<$0.value.octets.upperBound }
    case .array(let elements): elements.map(\.octets)
    default: []
    }
  }

  /// The whole file with an entry at the end of an object or list: on a line of its own where the others have one.
  func inserting(_ entry: String, into container: JSON) -> [UInt8] {
    let items = items(container)
    let close = container.octets.upperBound - 1
    let isOneLine = !text.octets[container.octets].contains(0x0a)
    var last = close
    while last > 0, let octet = text.octet(last - 1), isSpace(octet) { last -= 1 }
    var result = text.octets
    let needsComma = items.last.map { commaIndex(after: $0.upperBound) == nil } ?? false
    if isOneLine {
      // A list's brackets stand close to its elements, an object's do not.
      let padding = container.asArray == nil ? " " : ""
      let before = items.isEmpty ? padding : needsComma ? ", " : " "
      result.replaceSubrange(last..<close, with: Array((before + entry + padding).utf8))
      return result
    }
    let indentation = items.last.map { indentationOfLine(at: $0.lowerBound) }
    let outer = indentationOfLine(at: close)
    let line = "\n" + (indentation ?? outer + "  ") + entry + "\n" + outer
    result.replaceSubrange(last..<close, with: Array(line.utf8))
    if needsComma, let item = items.last { result.insert(0x2c, at: item.upperBound) }
    return result
  }

  /// The whole file with an entry at the end of a list of the outermost object, which is made when there is none.
  func inserting(_ entry: String, intoList key: String) -> [UInt8] {
    if let list = root.asObject?[key] { return inserting(entry, into: list) }
    guard text.octets[root.octets].contains(0x0a), let object = root.asObject else {
      return inserting("\(JSON.literal(key)): [\(entry)]", into: root)
    }
    let outer = object.members.last.map { indentationOfLine(at: $0.keyOctets.lowerBound) } ?? "  "
    return inserting("\(JSON.literal(key)): [\n\(outer)  \(entry)\n\(outer)]", into: root)
  }

  /// The whole file without one member or element.
  func removing(_ index: Int, of container: JSON) -> [UInt8] { removing([index], of: container) }

  /// The whole file without some members or elements.
  func removing(_ indices: Set<Int>, of container: JSON) -> [UInt8] {
    let items = items(container)
    var result: [UInt8] = []
    var kept = 0
    var index = 0
    while index < items.count {
      guard indices.contains(index) else {
        index += 1
        continue
      }
      // Those that nothing but commas stands between go together.
      var last = index
      while indices.contains(last + 1), last + 1 < items.count,
        text.octets[items[last].upperBound..<items[last + 1].lowerBound].allSatisfy({ isSpace($0) || $0 == 0x2c })
      { last += 1 }
      let cut = cut(items[index].lowerBound..<items[last].upperBound, after: index > 0 ? items[index - 1] : nil)
      // A comma may have gone with the one before.
      if kept < cut.lowerBound { result += text.octets[kept..<cut.lowerBound] }
      kept = max(kept, cut.upperBound)
      index = last + 1
    }
    return result + text.octets[kept...]
  }

  /// What goes with items that are removed: a comma, and a line that held nothing else.
  ///
  /// - Parameter previous: the item before them.
  private func cut(_ items: Range<Int>, after previous: Range<Int>?) -> Range<Int> {
    var start = items.lowerBound
    var end = items.upperBound
    if let comma = commaIndex(after: end) {
      end = comma + 1
    } else if let previous {
      // The last one: the comma before it goes too, and what stands between stays a comment.
      if let comma = commaIndex(after: previous.upperBound), isBlank(comma + 1..<start) { start = comma }
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
    return start..<end
  }

  /// Where the comma after a value stands, white space and comments being passed over; nil when there is none.
  private func commaIndex(after end: Int) -> Int? {
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

  private func isBlank(_ range: Range<Int>) -> Bool {
    text.octets[range].allSatisfy(isSpace)
  }

  private func indentationOfLine(at index: Int) -> String {
    var start = index
    while start > 0, text.octet(start - 1) != 0x0a { start -= 1 }
    return String(decoding: text.octets[start..<index].prefix { $0 == 0x20 || $0 == 0x09 }, as: UTF8.self)
  }
}

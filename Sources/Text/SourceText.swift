import Bounds

/// Text in UTF-8 whose every octet knows where it stood in the file that a person gave.
///
/// A pasted export is unwrapped in layers (a table's cell, a CSV's quotes, JSON in a JSON string); because each octet
/// keeps its place, an error found in the innermost layer still names the line and column of the file.
public struct SourceText: Sendable {
  /// The text, valid UTF-8.
  public private(set) var octets: [UInt8] = []
  /// Where each octet came from: one for each of `octets`, and one more for the end.
  private var positions: [Position] = []
  /// Where the text ends.
  public var end: Position

  /// Nothing yet, ending at `end`.
  public init(end: Position = Position(line: 1, column: 1)) { self.end = end }

  /// Takes a whole file, without its byte order mark.
  ///
  /// - Parameter maximumOctets: the most that the file may hold.
  /// - Throws: a problem when the file is too large, not UTF-8, or has more marks upon one character than any text has
  ///   (`Limits.Text.marks`): comparing or cutting such a text would cost the square of their number.
  public init(file bytes: [UInt8], named file: String, maximumOctets: Int) throws(Problem) {
    guard bytes.count <= maximumOctets else {
      throw Problem(file: file, "the input is \(bytes.count) octets long; the limit is \(maximumOctets)")
    }
    end = Position(line: 1, column: 1)
    let marked = bytes.starts(with: [0xef, 0xbb, 0xbf])
    octets.reserveCapacity(bytes.count)
    positions.reserveCapacity(bytes.count)
    for octet in marked ? bytes[3...] : bytes[...] {
      // A continuation octet stands where its scalar began.
      if octet & 0xc0 == 0x80 {
        append(octet, from: positions.last ?? end)
        continue
      }
      append(octet, from: end)
      end.column += 1
      if octet == 0x0a { end = Position(line: end.line + 1, column: 1) }
    }
    if let bad = Self.firstInvalid(octets) {
      throw Problem(file: file, position: positions[bad], "this is not UTF-8 text; save the file as UTF-8")
    }
    if let place = firstExcessMark { throw .tooManyMarks(file: file, at: position(place)) }
  }

  /// Where the octet at `index` came from; the end for an index past the last.
  public func position(_ index: Int) -> Position {
    index < positions.count ? positions[index] : end
  }

  /// How many octets.
  public var count: Int { octets.count }

  /// The octet at `index`; nil past the end.
  public func octet(_ index: Int) -> UInt8? { index < octets.count ? octets[index] : nil }

  /// The text as a string.
  public var string: String { String(decoding: octets, as: UTF8.self) }

  /// The part of the text at `range`.
  public subscript(range: Range<Int>) -> SourceText {
    var part = SourceText(end: position(range.upperBound))
    part.octets = Array(octets[range])
    part.positions = Array(positions[range])
    return part
  }

  /// Adds an octet that came from `position`. The caller keeps the whole valid UTF-8.
  public mutating func append(_ octet: UInt8, from position: Position) {
    octets.append(octet)
    positions.append(position)
  }

  /// Adds a scalar, all of whose octets came from `position`.
  public mutating func append(_ scalar: Unicode.Scalar, from position: Position) {
    for octet in UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter { append(octet, from: position) }
  }

  /// Adds another text.
  public mutating func append(_ other: SourceText) {
    octets += other.octets
    positions += other.positions
    end = other.end
  }

  /// The text without white space (space, tab, line ends) at its start and end.
  public var trimmed: SourceText {
    let isSpace: (UInt8) -> Bool = { $0 == 0x20 || ($0 >= 0x09 && $0 <= 0x0d) }
    let first = octets.firstIndex { !isSpace($0) } ?? 0
    let last = octets.lastIndex { !isSpace($0) } ?? -1
    return self[first..<max(first, last + 1)]
  }

  /// The lines, without their ends (LF or CR LF); a final empty line is not one.
  public var lines: [SourceText] {
    var lines: [SourceText] = []
    var start = 0
    while start < octets.count {
      let stop = octets[start...].firstIndex(of: 0x0a) ?? octets.count
      let bare = stop > start && octets[stop - 1] == 0x0d ? stop - 1 : stop
      lines.append(self[start..<bare])
      start = stop + 1
    }
    return lines
  }

  /// The index of the first combining mark that is one too many; nil when none is.
  var firstExcessMark: Int? { Bounds.firstExcessMark(in: octets) }

  /// The index of the first octet that is not part of valid UTF-8; nil when all is.
  private static func firstInvalid(_ octets: [UInt8]) -> Int? {
    var decoder = UTF8.ForwardParser()
    var source = octets.makeIterator()
    var index = 0
    while true {
      switch decoder.parseScalar(from: &source) {
      case .valid(let scalar): index += scalar.count
      case .emptyInput: return nil
      case .error: return min(index, octets.count - 1)
      }
    }
  }
}

extension Problem {
  /// That a text has a character with more combining marks than any has.
  static func tooManyMarks(file: String, at position: Position) -> Problem {
    Problem(
      file: file, position: position,
      "more than \(Limits.Text.marks) combining marks on one character, which no text has; remove them")
  }
}

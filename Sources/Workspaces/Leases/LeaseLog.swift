import Bounds
import Wire

/// The format of the lease journal.
///
/// The first line names the format. Then there is a line for each change, each with a checksum: `+` for a lease with its
/// end (milliseconds since 1970), what is left of it, and when the line was written (milliseconds, the latter since the
/// machine was started), the address and the workspace; `-` for the end of one, with the address; `=` with the start of the
/// machine that the lines below are of. Before the lines of a request of several addresses stands `*` with the number of
/// their octets, so that all of them count or none. Octets after the last whole line or request are what an interrupted write
/// left, and were never acknowledged.
///
/// The first version had neither `=` nor more than the end in a `+` line, and the second no `*`; they are read, and not
/// written any more.
public struct LeaseLog: Sendable {
  /// The first line, with its end.
  public static let header = header(3)
  /// The first line of each version, the first version first.
  private static let headers = (1...3).map { header($0) }

  private static func header(_ version: Int) -> [UInt8] { Array("backroad-leases \(version)\n".utf8) }

  /// A stretch of lines that are not what was written.
  public struct Damage: Hashable, Sendable {
    /// The first line's number, counted from 1.
    public let line: Int
    /// Where the stretch is in the file; from the last that is told of, up to the end of the last damaged line.
    public let octets: Range<Int>
  }

  /// What could not be read, in order; a torn end is none.
  public private(set) var damages: [Damage] = []
  /// How many octets are whole lines: what stands behind is to be cut.
  public private(set) var length = 0
  /// True for an earlier version.
  public private(set) var isOld = false
  /// True when lines are of an earlier start of the machine.
  public private(set) var hasOtherBoots = false
  /// True when what is added now stands below a line that names this start of the machine.
  public private(set) var endsInThisBoot = false

  /// Reads a journal; nil when it is none, or one of another version.
  ///
  /// A file that is shorter than the first line and starts as it does is an empty journal, whose first write was
  /// interrupted: its length is 0.
  ///
  /// - Parameters:
  ///   - boot: the machine's start, as `bootLine` names it; empty where that is not known.
  ///   - now: what of each lease is left is told as of this moment.
  ///   - body: is given each record that could be read, in order.
  public init?(_ octets: [UInt8], boot: String, at now: LeaseClock, _ body: (LeaseRecord) -> Void) {
    guard octets.count >= Self.header.count else {
      guard Self.headers.contains(where: { $0.starts(with: octets) }) else { return nil }
      return
    }
    guard let version = Self.headers.firstIndex(where: { octets.starts(with: $0) }).map({ $0 + 1 }) else { return nil }
    isOld = version < Self.headers.count
    length = Self.header.count
    let text = octets.span
    var number = 2
    var at = length
    while at < text.count {
      guard text[at] == UInt8(ascii: "\n") else {
        at += 1
        continue
      }
      switch LeaseLine(text, length..<at, version: version) {
      case .request(let octets):
        let lines = (at + 1)..<(at + 1 + octets)
        // Without its end the request was never acknowledged, and what there is of it is cut off.
        guard lines.upperBound <= text.count else { return }
        // The last one may be what a power cut left, its length on the disk before its lines.
        if lines.upperBound == text.count, !Self.isWhole(text, lines) {
          note(Damage(line: number, octets: length..<lines.upperBound))
          length = lines.upperBound
          return
        }
      case .change(let change): body(record(change, now))
      case .boot(let name): endsInThisBoot = !boot.isEmpty && name == boot
      case nil: note(Damage(line: number, octets: length..<(at + 1)))
      }
      at += 1
      length = at
      number += 1
    }
  }

  /// True when all lines of a request are what was written.
  private static func isWhole(_ text: borrowing Span<UInt8>, _ lines: Range<Int>) -> Bool {
    var start = lines.lowerBound
    for at in lines where text[at] == UInt8(ascii: "\n") {
      guard case .change = LeaseLine(text, start..<at, version: headers.count) else { return false }
      start = at + 1
    }
    return start == lines.upperBound
  }

  private mutating func record(_ change: LeaseLine.Change, _ now: LeaseClock) -> LeaseRecord {
    switch change {
    case .revoked(let address): return .revoked(address)
    case .granted(let address, let workspace, let term):
      if !endsInThisBoot { hasOtherBoots = true }
      return .granted(
        address, workspace, milliseconds: term.left(at: now, isOfThisBoot: endsInThisBoot))
    }
  }

  /// Joins stretches that follow one another, and all from the last that there is room for.
  private mutating func note(_ damage: Damage) {
    guard let last = damages.last,
      last.octets.upperBound == damage.octets.lowerBound || damages.count == Limits.Leases.damages
    else {
      damages.append(damage)
      return
    }
    damages[damages.count - 1] = Damage(line: last.line, octets: last.octets.lowerBound..<damage.octets.upperBound)
  }

  // MARK: Writing

  /// The line that names the machine's start, with its end.
  public static func bootLine(_ boot: String) -> [UInt8] {
    var lines: [UInt8] = []
    LeaseLine.write(to: &lines) { $0 += "= \(boot.isEmpty ? "-" : boot)".utf8 }
    return lines
  }

  /// Adds the lines of one request, as of now, to others.
  public static func add(request records: [LeaseRecord], at now: LeaseClock, to lines: inout [UInt8]) {
    var own: [UInt8] = []
    for record in records { add(record, at: now, to: &own) }
    if records.count > 1 { LeaseLine.write(to: &lines) { $0 += "* \(own.count)".utf8 } }
    lines += own
  }

  /// Adds a record's line, as of now, to others.
  public static func add(_ record: LeaseRecord, at now: LeaseClock, to lines: inout [UInt8]) {
    LeaseLine.write(to: &lines) { line in
      switch record {
      case .granted(let address, let workspace, let left):
        line += "+ \(now.wall &+ left) \(left) \(now.sinceBoot) \(address) \(workspace)".utf8
      case .revoked(let address): line += "- \(address)".utf8
      }
    }
  }
}

/// A line of the journal.
enum LeaseLine {
  case change(Change)
  /// What follows is of this start of the machine.
  case boot(String)
  /// So many octets that follow are one request.
  case request(octets: Int)

  enum Change {
    case granted(IPAddress, WorkspaceName, LeaseTerm)
    case revoked(IPAddress)
  }

  /// How many octets the checksum takes, with the space behind it.
  private static let sumOctets = 9

  /// Adds a line with its checksum and its end.
  static func write(to lines: inout [UInt8], _ text: (inout [UInt8]) -> Void) {
    let start = lines.count
    lines.append(contentsOf: repeatElement(UInt8(ascii: " "), count: sumOctets))
    text(&lines)
    let sum = Checksum.of(lines.span, (start + sumOctets)..<lines.count)
    for digit in 0..<8 {
      let value = UInt8(truncatingIfNeeded: sum >> (28 - 4 * UInt32(digit))) & 0xf
      lines[start + digit] = value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
    }
    lines.append(UInt8(ascii: "\n"))
  }

  /// Reads a line without its end; nil when it is none, or not what was written.
  init?(_ text: borrowing Span<UInt8>, _ line: Range<Int>, version: Int) {
    let start = line.lowerBound + Self.sumOctets
    guard start < line.upperBound, line.count < Limits.Leases.lineOctets, text[start - 1] == UInt8(ascii: " ") else {
      return nil
    }
    var sum: UInt32 = 0
    for index in line.lowerBound..<(start - 1) {
      switch text[index] {
      case 0x30...0x39: sum = sum << 4 | UInt32(text[index] - 0x30)
      case 0x61...0x66: sum = sum << 4 | UInt32(text[index] - 0x61 + 10)
      default: return nil
      }
    }
    guard Checksum.of(text, start..<line.upperBound) == sum else { return nil }
    var fields = Fields(at: start, end: line.upperBound)
    guard let kind = fields.next(text), kind.count == 1 else { return nil }
    switch text[kind.lowerBound] {
    case UInt8(ascii: "+"):
      guard let end = fields.number(text) else { return nil }
      var term = LeaseTerm(left: .max, end: end, written: 0)
      if version > 1 {
        guard let left = fields.number(text), let written = fields.number(text) else { return nil }
        term = LeaseTerm(left: left, end: end, written: written)
      }
      guard let address = fields.text(text).flatMap({ IPAddress($0) }),
        let name = fields.text(text).flatMap({ WorkspaceName($0) })
      else { return nil }
      self = .change(.granted(address, name, term))
    case UInt8(ascii: "-"):
      guard let address = fields.text(text).flatMap({ IPAddress($0) }) else { return nil }
      self = .change(.revoked(address))
    case UInt8(ascii: "=") where version > 1:
      guard let name = fields.text(text) else { return nil }
      self = .boot(name)
    case UInt8(ascii: "*") where version > 2:
      // No journal is longer, so that nothing that is counted with it overflows.
      guard let octets = fields.number(text), octets <= UInt64(Limits.Leases.journalOctets) else { return nil }
      self = .request(octets: Int(octets))
    default: return nil
    }
    guard fields.isAtEnd else { return nil }
  }

  /// The words of a line, each one space from the next.
  private struct Fields {
    var at: Int
    let end: Int

    /// True when no word is left.
    var isAtEnd: Bool { at > end }

    mutating func next(_ text: borrowing Span<UInt8>) -> Range<Int>? {
      guard at < end else { return nil }
      let start = at
      while at < end, text[at] != UInt8(ascii: " ") { at += 1 }
      let word = start..<at
      // Past the space, or past the end.
      at += 1
      return word
    }

    mutating func number(_ text: borrowing Span<UInt8>) -> UInt64? {
      guard let word = next(text), !word.isEmpty else { return nil }
      var value: UInt64 = 0
      for index in word {
        let digit = text[index] &- 0x30
        guard digit < 10 else { return nil }
        let (tens, overflows) = value.multipliedReportingOverflow(by: 10)
        let (sum, carries) = tens.addingReportingOverflow(UInt64(digit))
        guard !overflows, !carries else { return nil }
        value = sum
      }
      return value
    }

    mutating func text(_ text: borrowing Span<UInt8>) -> String? {
      guard let word = next(text) else { return nil }
      // unsafe: the word is inside the text, and is copied.
      return unsafe text.extracting(word).withUnsafeBufferPointer { unsafe String(decoding: $0, as: UTF8.self) }
    }
  }
}

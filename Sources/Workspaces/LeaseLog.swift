import Bounds
import Wire

/// A line of the lease journal: what was done to an address's lease.
public enum LeaseRecord: Hashable, Sendable {
  /// The address is the workspace's until a time, in milliseconds since 1970.
  case granted(IPAddress, WorkspaceName, until: UInt64)
  /// The address's lease was ended.
  case revoked(IPAddress)

  /// The line, with its checksum and its end.
  public var line: [UInt8] {
    let text =
      switch self {
      case .granted(let address, let workspace, let end): "+ \(end) \(address) \(workspace)"
      case .revoked(let address): "- \(address)"
      }
    let octets = Array(text.utf8)
    let sum = String(Checksum.of(octets), radix: 16)
    return Array((String(repeating: "0", count: 8 - sum.count) + sum + " ").utf8) + octets + [UInt8(ascii: "\n")]
  }

  /// Reads a line without its end; nil when it is none, or not what was written.
  init?(line: ArraySlice<UInt8>) {
    guard line.count > 9, line.count < Limits.Leases.lineOctets, line[line.startIndex + 8] == UInt8(ascii: " ") else {
      return nil
    }
    var sum: UInt32 = 0
    for octet in line.prefix(8) {
      switch octet {
      case 0x30...0x39: sum = sum << 4 | UInt32(octet - 0x30)
      case 0x61...0x66: sum = sum << 4 | UInt32(octet - 0x61 + 10)
      default: return nil
      }
    }
    let rest = line.dropFirst(9)
    guard Checksum.of(rest) == sum else { return nil }
    let fields = rest.split(separator: UInt8(ascii: " ")).map { String(decoding: $0, as: UTF8.self) }
    switch (fields.first, fields.count) {
    case ("+", 4):
      guard let end = UInt64(fields[1]), let address = IPAddress(fields[2]), let name = WorkspaceName(fields[3]) else {
        return nil
      }
      self = .granted(address, name, until: end)
    case ("-", 2):
      guard let address = IPAddress(fields[1]) else { return nil }
      self = .revoked(address)
    default: return nil
    }
  }
}

/// What a lease journal's octets say.
///
/// The first line names the format; then there is a line for each change, each with a checksum. Octets after the last
/// whole line are what an interrupted write left, and were never acknowledged.
public struct LeaseLog: Sendable {
  /// The first line, with its end.
  public static let header = Array("backroad-leases 1\n".utf8)

  /// A stretch of lines that are not what was written.
  public struct Damage: Hashable, Sendable {
    /// The first line's number, counted from 1.
    public let line: Int
    /// Where the stretch is in the file.
    public let octets: Range<Int>
  }

  /// The records that could be read, in order.
  public private(set) var records: [LeaseRecord] = []
  /// What could not, in order; a torn end is none.
  public private(set) var damages: [Damage] = []
  /// How many octets are whole lines: what stands behind is to be cut.
  public private(set) var length = 0

  /// Reads a journal; nil when it is none, or one of another version.
  ///
  /// A file that is shorter than the first line and starts as it does is an empty journal, whose first write was
  /// interrupted: its length is 0.
  public init?(_ octets: [UInt8]) {
    guard octets.count >= Self.header.count else {
      guard Self.header.starts(with: octets) else { return nil }
      return
    }
    guard octets.starts(with: Self.header) else { return nil }
    length = Self.header.count
    var number = 2
    while let end = octets[length...].firstIndex(of: UInt8(ascii: "\n")) {
      if let record = LeaseRecord(line: octets[length..<end]) {
        records.append(record)
      } else {
        note(Damage(line: number, octets: length..<(end + 1)))
      }
      length = end + 1
      number += 1
    }
  }

  /// Joins stretches that follow one another.
  private mutating func note(_ damage: Damage) {
    guard let last = damages.last, last.octets.upperBound == damage.octets.lowerBound else {
      damages.append(damage)
      return
    }
    damages[damages.count - 1] = Damage(line: last.line, octets: last.octets.lowerBound..<damage.octets.upperBound)
  }
}

import Text
import Wire

/// A record and the place in its file where its entry starts.
public struct LocatedRecord: Hashable, Sendable {
  /// The record, its owner absolute.
  public var record: ResourceRecord
  /// Nil for a record that came from no file.
  public var position: Position?

  /// Takes a record, and its place if it has one.
  public init(record: ResourceRecord, position: Position?) {
    self.record = record
    self.position = position
  }
}

/// What a master file holds, and what is wrong with its text; not yet checked to be a zone.
public struct ParsedMasterFile: Sendable {
  /// The file as the person named it.
  public var file: String?
  /// Each entry that could not be read, in the file's order.
  public var problems: [Problem]
  /// In the file's order, class IN, their data valid for their type.
  let list: RecordList

  /// Takes what was read.
  init(file: String?, _ list: RecordList, problems: [Problem]) {
    self.file = file
    self.list = list
    self.problems = problems
  }

  /// The records, in the file's order, each made whole at each call.
  public var records: [LocatedRecord] { list.entries.indices.map { list[$0] } }
}

/// Master files: the text form of zones (RFC 1035 §5).
///
/// Read are `$ORIGIN`, `$TTL` (RFC 2308 §4), parentheses, comments, quoted strings, escapes, relative names, blank
/// owners, TTL and class in either order, TTLs with BIND's units (`1h30m`), and RFC 3597's form of any type. `$INCLUDE`
/// and `$GENERATE` are refused: a zone is one file that says all it holds.
public enum MasterFile {

  /// Reads a master file; what cannot be read is told of in `problems`, and reading goes on with the next entry.
  ///
  /// - Parameters:
  ///   - file: how the person named the file, for problems.
  ///   - origin: what relative names are below until the first `$ORIGIN`.
  ///   - allowance: what it may come to; reading stops beyond it.
  public static func parse(
    _ text: [UInt8], file: String, origin: Name, within allowance: ZoneAllowance = ZoneAllowance()
  ) -> ParsedMasterFile {
    MasterFileParser.parse(text, file: file, origin: origin, within: allowance)
  }

  /// Writes a zone as a master file that any DNS server loads: the same zone and header give the same octets.
  ///
  /// - Parameter header: comment lines for the top, without their `;`.
  public static func text(of zone: Zone, header: [String] = []) -> String {
    MasterFileWriter.text(of: zone, header: header)
  }
}

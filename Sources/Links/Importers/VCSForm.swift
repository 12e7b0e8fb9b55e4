import Bounds
import Text
import Wire

/// The form in which customers ask for a private link to their Git server, filled in and sent as a mail:
///
/// ```
/// - Type: VCS Interface-type
/// - VPC Endpoint Service Name: com.amazonaws.vpce.us-east-1.vpce-svc-…
/// - Custom DNS (if HTTPS)
///     - Private hosted zone: corp.example
///     - DNS record: git
/// - VCS install AWS Region (for example, us-east-1, eu-west-2): us-east-1
/// - dbt AWS multi-tenant environment (US, EMEA, AU): US
/// ```
///
/// Bullets, quotation marks of mails, capitals and what stands in parentheses do not count; a value may stand below its
/// field.
public struct VCSForm: Sendable {
  /// A field of the form.
  enum Field: String, CaseIterable {
    case type = "Type"
    case service = "VPC Endpoint Service Name"
    case zone = "Private hosted zone"
    case record = "DNS record"
    case region = "VCS install AWS Region"
    case environment = "dbt AWS multi-tenant environment"
    /// What stands above others, and has no value.
    case heading = "Custom DNS"

    /// The field of a line's text before the colon, without what stands in parentheses, in lower case.
    init?(_ key: String) {
      let known = Self.allCases.first { $0.rawValue.asciiLowercased.isSame(as: key) }
      // Other editions of the form have other words around these.
      let ends: [(String, Field)] = [
        ("endpoint service name", .service), ("service name", .service), ("hosted zone", .zone),
        ("dns record", .record),
        ("dns records", .record), ("aws region", .region), ("region", .region), ("tenant environment", .environment),
      ]
      let near = ends.first { key.utf8.reversed().starts(with: $0.0.utf8.reversed()) }?.1
      guard let field = known ?? near else { return nil }
      self = field
    }
  }

  /// The form's name in errors, or the file's.
  let file: String
  private(set) var values: [Field: SourceText] = [:]

  /// Reads a form; nil when the text is none: it has not two of the fields.
  ///
  /// - Throws: when a field is given twice, with two values.
  public init?(_ text: SourceText, file: String) throws(Problem) {
    self.file = file
    var fields: Set<Field> = []
    var open: Field?
    for line in text.lines {
      let line = Self.bare(line)
      if let (field, value) = Self.field(line) {
        fields.insert(field)
        open = field == .heading ? nil : field
        try set(field, value)
      } else if let field = open, line.count > 0, values[field] == nil {
        try set(field, line)
      } else {
        open = nil
      }
    }
    guard fields.subtracting([.heading, .type]).count >= 2 else { return nil }
  }

  private mutating func set(_ field: Field, _ value: SourceText) throws(Problem) {
    let value = value.trimmed
    guard field != .heading, value.count > 0, !Self.isNothing(value) else { return }
    if let other = values[field] {
      guard !other.octets.elementsEqual(value.octets) else { return }
      throw Problem(
        file: file, position: value.position(0),
        "\(quoted(field.rawValue)) is given twice, first in line \(other.position(0).line); keep one of them, or write "
          + "several names in one line with commas")
    }
    values[field] = value
  }

  /// A line without white space, bullets and the marks of quoted mails before it.
  private static func bare(_ line: SourceText) -> SourceText {
    let octets = line.octets
    func endsWord(_ index: Int) -> Bool { index >= octets.count || isSpace(octets[index]) }
    var start = 0
    while start < octets.count {
      let first = octets[start]
      let wide = octets[start...].prefix { $0 >= 0x80 }.count
      if isSpace(first) || first == UInt8(ascii: ">") {
        start += 1
      } else if "-*+#".utf8.contains(first), endsWord(start + 1) {
        start += 1
      } else if wide > 0, endsWord(start + wide) {
        start += wide
      } else {
        break
      }
    }
    return line[start..<octets.count].trimmed
  }

  /// A line's field and value; nil when it has none.
  private static func field(_ line: SourceText) -> (Field, SourceText)? {
    var depth = 0
    var key: [UInt8] = []
    var at = 0
    while let octet = line.octet(at), depth > 0 || octet != UInt8(ascii: ":") {
      if octet == UInt8(ascii: "(") { depth += 1 }
      // The marks of bold and code in Markdown are no part of a name.
      if depth == 0, octet != UInt8(ascii: "*"), octet != UInt8(ascii: "`") { key.append(Wire.lowercased(octet)) }
      if octet == UInt8(ascii: ")") { depth = max(0, depth - 1) }
      at += 1
      guard at <= Limits.Links.formFieldOctets else { return nil }
    }
    let words = key.split(whereSeparator: { isSpace($0) }).joined(separator: [0x20])
    guard let field = Field(String(decoding: Array(words), as: UTF8.self)) else { return nil }
    guard at < line.count else { return field == .heading ? (field, line[at..<at]) : nil }
    // What ends a bold field stands behind its colon.
    let value = line.octets[(at + 1)...].firstIndex { !isSpace($0) && $0 != UInt8(ascii: "*") } ?? line.count
    let star = value > at + 1 && line.octet(value) == UInt8(ascii: ".") && line.octet(value - 1) == UInt8(ascii: "*")
    return (field, line[(star ? value - 1 : value)..<line.count])
  }

  /// True for what people write where they have nothing to say.
  private static func isNothing(_ value: SourceText) -> Bool {
    let text = value.octets.prefix(16).map { Wire.lowercased($0) }
    return value.count < 16
      && ["n/a", "na", "none", "-", "--", "no", "tbd", "not applicable"].contains { text.elementsEqual($0.utf8) }
  }
}

extension VCSForm {
  /// The service that the endpoint is made with; nil when the form says none.
  ///
  /// - Throws: when what stands there is none.
  func service() throws(Problem) -> (value: VPCEndpointService, position: Position)? {
    guard let text = values[.service] else { return nil }
    let items = Self.items(text)
    guard items.count == 1, let item = items.first, let service = VPCEndpointService(item.string) else {
      throw problem(
        .service, text,
        "is not the name of one endpoint service; ask for it as AWS shows it: com.amazonaws.vpce.REGION.vpce-svc-…")
    }
    return (service, item.position(0))
  }

  /// The hosts that lead to the server: the records, in full; the zone itself where there is no record.
  ///
  /// - Throws: when a record is not in the zone, or no name.
  func hosts() throws(Problem) -> [HostsImport.Item] {
    let zones = values[.zone].map { Self.items($0) } ?? []
    guard zones.count <= 1 else {
      throw problem(
        .zone, zones[1], "is one zone too many; write the records in full under \"DNS record\", and leave the zone out")
    }
    let zone = try zones.first.map { (text) throws(Problem) in (try name(text, .zone), text) }
    let records = values[.record].map { Self.items($0) } ?? []
    guard !records.isEmpty else {
      return zone.map { [HostsImport.Item($0.1.string, position: $0.1.position(0))] } ?? []
    }
    return try records.map { (record) throws(Problem) in
      HostsImport.Item(try host(record, in: zone?.0), position: record.position(0))
    }
  }

  /// A record's name in full: as it stands when it is in the zone, else with the zone behind it.
  private func host(_ record: SourceText, in zone: Name?) throws(Problem) -> String {
    let text = record.string
    guard let zone else { return text }
    let apex = zone.textWithoutFinalDot
    if record.octets.elementsEqual([0x40]) { return apex }
    if record.octets.elementsEqual([0x2a]) { return "*.\(apex)" }
    let host = try name(record, .record)
    if host.isSubdomain(of: zone) { return text }
    guard host.labelCount == 1 || (host.labelCount == 2 && host.isWildcard) else {
      throw problem(
        .record, record,
        "is not in the private hosted zone \(apex); ask which is meant, and write the host in full: "
          + "\(host.textWithoutFinalDot).\(apex), or leave the zone out")
    }
    return "\(host.textWithoutFinalDot).\(apex)"
  }

  private func name(_ text: SourceText, _ field: Field) throws(Problem) -> Name {
    if let placeholder = Placeholder.found(in: text.string) {
      throw problem(
        field, text,
        "still holds the placeholder \(quoted(placeholder)); ask for the host's own name, and write it there")
    }
    switch HostText.read(VCSImport.bareHost(text.string).host) {
    case .host(let name, _): return name
    case .none(let why): throw problem(field, text, "\(why); write a name such as git.corp.example")
    }
  }

  /// The region that the server is in; nil when the form says none.
  func region() -> SourceText? { values[.region].flatMap { Self.items($0).first } }

  /// Why the form is of another kind of link; nil when it is not.
  func refusalOfType() -> Problem? {
    guard let text = values[.type] else { return nil }
    let lower = text.octets.map { Wire.lowercased($0) }
    let others = ["snowflake", "databricks", "postgres", "mysql", "redshift"]
    guard !lower.has("vcs"), !lower.has("git"), let other = others.first(where: { lower.has($0) }) else { return nil }
    return problem(.type, text, "is not of a Git server; use backroad import \(other)")
  }

  /// A value's items: words, without the names of record types and what mails put around addresses.
  private static func items(_ text: SourceText) -> [SourceText] {
    let noise: Set<String> = ["a", "aaaa", "cname", "alias", "record", "and", "->", "=>"]
    var items: [SourceText] = []
    var start = 0
    for end in 0...text.count where end == text.count || isSeparator(text.octets[end]) {
      var item = withoutMarks(text[start..<end])
      start = end + 1
      // Mail programs put addresses of the web between angle brackets, often again behind the name.
      if item.octets.starts(with: "<http".utf8), item.octets.last == UInt8(ascii: ">") {
        item = item[1..<(item.count - 1)]
        if !items.isEmpty { continue }
      }
      guard item.count > 0, item.count > 6 || !noise.contains(item.string.asciiLowercased) else { continue }
      items.append(item)
      guard items.count <= Limits.Links.hosts else { break }
    }
    return items
  }

  /// A word without quotation marks and parentheses around it.
  private static func withoutMarks(_ word: SourceText) -> SourceText {
    let marks = Array("\"'`()".utf8)
    guard let first = word.octets.firstIndex(where: { !marks.contains($0) }),
      let last = word.octets.lastIndex(where: { !marks.contains($0) })
    else { return word[0..<0] }
    return word[first..<(last + 1)]
  }

  private static func isSeparator(_ octet: UInt8) -> Bool {
    octet == UInt8(ascii: ",") || octet == UInt8(ascii: ";") || isSpace(octet)
  }

  func problem(_ field: Field, _ text: SourceText, _ message: String) -> Problem {
    Problem(
      file: file, position: text.position(0), "\(quoted(text.string)) under \(quoted(field.rawValue)) \(message)")
  }
}

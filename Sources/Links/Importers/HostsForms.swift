import Bounds
import Text
import Wire

/// The forms in which people keep lists of hosts: lines, CSV, JSON, and lines of `/etc/hosts`.
struct HostsForms {
  private let file: String
  private var items: [HostsImport.Item] = []
  private var isFull: Bool { items.count > Limits.Links.hosts }

  /// Reads a file in whichever of them it is.
  ///
  /// - Throws: that it is not text, too large, names no host, or what of it cannot be read.
  static func items(_ bytes: [UInt8], file: String) throws(Problem) -> [HostsImport.Item] {
    let text = try SourceText(file: bytes, named: file, maximumOctets: Limits.Links.pasteOctets)
    var forms = HostsForms(file: file)
    if let first = text.octets.first(where: { !isSpace($0) }), first == UInt8(ascii: "[") || first == UInt8(ascii: "{")
    {
      try forms.readJSON(bytes)
    } else {
      try forms.readLines(text.lines)
    }
    guard forms.items.contains(where: { $0.leftOut == nil }) else {
      if let item = forms.items.first, let why = item.leftOut {
        throw Problem(
          file: file, position: item.position,
          "\(quoted(item.text)) is left out (\(why)), and no other host is named; write the hosts of the link, one a line"
        )
      }
      throw Problem(file: file, "the file names no host; write one a line")
    }
    return forms.items
  }

  private init(file: String) { self.file = file }

  // MARK: JSON

  private mutating func readJSON(_ bytes: [UInt8]) throws(Problem) {
    var root = try JSON.parse(bytes, file: file, comments: true, maximumOctets: Limits.Links.pasteOctets)
    if let list = root.asObject?["hosts"] { root = list }
    if let object = root.asObject {
      if object["host"] != nil { return items.append(try item(root)) }
      if try readPairs(object) { return }
    }
    guard let elements = root.asArray else {
      throw Problem(
        file: file, position: root.position,
        "a list of hosts as JSON is [\"HOST\", …], or [{ \"host\": \"HOST\", \"address\": \"ADDR\" }, …]")
    }
    for element in elements where !isFull {
      guard element.asObject != nil else {
        items.append(
          HostsImport.Item(try element.expectString("a host", file: file), position: element.position))
        continue
      }
      items.append(try item(element))
    }
  }

  /// `{ "HOST": "ADDR", … }`; false where an object is none such.
  private mutating func readPairs(_ object: JSON.Object) throws(Problem) -> Bool {
    let texts = object.members.map { member in (member.value.asArray ?? [member.value]).map(\.asString) }
    guard !texts.isEmpty, texts.allSatisfy({ !$0.isEmpty && $0.allSatisfy { $0.flatMap { IPAddress($0) } != nil } })
    else {
      return false
    }
    for (member, addresses) in zip(object.members, texts) where !isFull {
      var item = HostsImport.Item(member.key, position: member.keyPosition)
      item.addresses = addresses.compactMap { $0.flatMap { IPAddress($0) } }
      items.append(item)
    }
    return true
  }

  private func item(_ element: JSON) throws(Problem) -> HostsImport.Item {
    let object = try element.expectObject("a host", file: file)
    try object.check(known: ["host", "address", "addresses", "endpoint", "port", "ports"], file: file)
    guard let host = object["host"] else {
      throw Problem(file: file, position: element.position, "this names no \"host\"")
    }
    var item = HostsImport.Item(try host.expectString("\"host\"", file: file), position: host.position)
    for value in [object["address"], object["addresses"]].compactMap({ $0 }) {
      for text in value.asArray ?? [value] {
        try add(try text.expectString("an address", file: file), at: text.position, to: &item)
      }
    }
    if let endpoint = object["endpoint"], !endpoint.isNull {
      item.endpoint = try self.endpoint(try endpoint.expectString("\"endpoint\"", file: file), at: endpoint.position)
    }
    for value in [object["port"], object["ports"]].compactMap({ $0 }) where !value.isNull {
      for port in value.asArray ?? [value] {
        if let text = port.asString {
          item.ports.append(try self.port(text, at: port.position))
        } else {
          item.ports.append(try port.expectInt("a port", in: Link.portRange, file: file))
        }
      }
    }
    return item
  }

  private func port(_ text: String, at position: Position) throws(Problem) -> Int {
    guard let port = Int(text), Link.portRange.contains(port) else {
      throw Problem(file: file, position: position, "\(quoted(text)) is not a port; write 443")
    }
    return port
  }

  // MARK: Lines

  private mutating func readLines(_ lines: [SourceText]) throws(Problem) {
    var columns: HostColumns?
    var isFirst = true
    for line in lines where !isFull {
      let code = line[0..<(line.octets.firstIndex(of: 0x23) ?? line.count)]
      guard !code.trimmed.octets.isEmpty else { continue }
      if isFirst {
        isFirst = false
        columns = HostColumns(header: code)
        if columns != nil { continue }
      }
      if let columns {
        if let item = try row(columns.fields(of: code), columns, at: code.position(0)) { items.append(item) }
      } else {
        try read(words: HostColumns.words(of: code))
      }
    }
  }

  /// A row below a header.
  private func row(
    _ fields: [SourceText], _ columns: HostColumns, at position: Position
  ) throws(Problem) -> HostsImport.Item? {
    func field(_ column: Int?) -> SourceText? {
      column.flatMap { $0 < fields.count && !fields[$0].octets.isEmpty ? fields[$0] : nil }
    }
    guard let host = field(columns.host) else {
      guard fields.contains(where: { !$0.octets.isEmpty }) else { return nil }
      throw Problem(file: file, position: position, "this row names no host")
    }
    var item = HostsImport.Item(host.string, position: host.position(0))
    if let addresses = field(columns.address) {
      for word in HostColumns.words(of: addresses) { try add(word.string, at: word.position(0), to: &item) }
    }
    if let ports = field(columns.port) {
      for word in HostColumns.words(of: ports) { item.ports.append(try port(word.string, at: word.position(0))) }
    }
    if let endpoint = field(columns.endpoint) {
      item.endpoint = try self.endpoint(endpoint.string, at: endpoint.position(0))
    }
    return item
  }

  /// Hosts, one or more; a host with where it leads; or a line of `/etc/hosts`, the address first.
  private mutating func read(words: [SourceText]) throws(Problem) {
    guard let first = words.first else { return }
    if let address = IPAddress(first.string) {
      // An address alone is refused as a host would be.
      guard words.count > 1 else { return items.append(HostsImport.Item(first.string, position: first.position(0))) }
      for word in words.dropFirst() { items.append(entry(word, address)) }
      return
    }
    let rest = words.dropFirst()
    guard let target = rest.first(where: { isTarget($0.string) }) else {
      items += words.map { HostsImport.Item($0.string, position: $0.position(0)) }
      return
    }
    guard rest.allSatisfy({ isTarget($0.string) }) else {
      throw Problem(
        file: file, position: target.position(0),
        "\(quoted(target.string)) stands in a line with several hosts, and may be the last one's or all theirs; write one host "
          + "a line, or the address first and its hosts after it")
    }
    var item = HostsImport.Item(first.string, position: first.position(0))
    for word in rest {
      if IPAddress(word.string) != nil {
        try add(word.string, at: word.position(0), to: &item)
      } else {
        item.endpoint = try endpoint(word.string, at: word.position(0))
      }
    }
    items.append(item)
  }

  /// True for what a host can lead to and cannot be: an address, or the name of a VPC endpoint.
  private func isTarget(_ text: String) -> Bool {
    if IPAddress(text) != nil { return true }
    guard case .host(let name, _) = HostText.read(text) else { return false }
    return (try? VPCEndpointName(name)) != nil
  }

  /// A name of a line of `/etc/hosts`. Such files have the machine's own names too, and short ones, which are no private
  /// link's.
  private func entry(_ word: SourceText, _ address: IPAddress) -> HostsImport.Item {
    var item = HostsImport.Item(word.string, position: word.position(0))
    item.addresses = [address]
    if PastedLead.isOwn(address) {
      item.leftOut = "\(address) is the machine's own in /etc/hosts"
    } else if !word.octets.contains(0x2e) {
      item.leftOut = "a short name, which stubs make whole with their search domains"
    }
    return item
  }

  // MARK: Where a host leads

  private func add(_ text: String, at position: Position, to item: inout HostsImport.Item) throws(Problem) {
    guard let address = IPAddress(text) else {
      throw Problem(file: file, position: position, "\(quoted(text)) is not an IP address; write 10.0.0.7 or fd00::7")
    }
    item.addresses.append(address)
  }

  private func endpoint(_ text: String, at position: Position) throws(Problem) -> Endpoint {
    do throws(Problem) {
      return try Endpoint.read(text, flag: "endpoint").endpoint
    } catch {
      throw Problem(file: file, position: position, error.message)
    }
  }
}

/// The columns of a list of hosts with a header.
struct HostColumns {
  private let separator: UInt8
  let host: Int
  let address: Int?
  let endpoint: Int?
  let port: Int?

  /// What the column of the hosts is called, the surest first.
  static let hosts = ["host", "hostname", "host name", "fqdn", "dns name", "name"]
  private static let addresses = ["address", "addresses", "ip", "ips", "ip address", "ip addresses"]
  private static let endpoints = ["endpoint", "vpc endpoint", "target", "cname"]

  /// What the column of the ports is called.
  static let ports = ["port", "ports", "tcp port", "tcp ports"]

  /// True for the heading of a column that says where hosts lead.
  static func saysWhere(_ heading: String) -> Bool { addresses.contains(heading) || endpoints.contains(heading) }

  /// Reads a first line; nil when it is no header: none of its fields is called as a column of hosts is.
  init?(header: SourceText) {
    separator = [0x2c, 0x3b, 0x09].first { header.octets.contains($0) } ?? 0x2c
    let names = Self.split(header, at: separator).map { $0.string.asciiLowercased }
    func column(_ known: [String]) -> Int? {
      known.lazy.compactMap { word in names.firstIndex { $0.isSame(as: word) } }.first
    }
    guard let host = column(Self.hosts) else { return nil }
    self.host = host
    address = column(Self.addresses)
    endpoint = column(Self.endpoints)
    port = column(Self.ports)
  }

  /// The fields of a row.
  func fields(of row: SourceText) -> [SourceText] { Self.split(row, at: separator) }

  /// Splits at separators outside of quotes (RFC 4180 §2), and takes the quotes off. A host has none, nor has what it leads to.
  static func split(_ line: SourceText, at separator: UInt8) -> [SourceText] {
    var fields: [SourceText] = []
    var start = 0
    var isQuoted = false
    for end in 0...line.count {
      if end < line.count, line.octets[end] == 0x22 { isQuoted.toggle() }
      guard end == line.count || (!isQuoted && line.octets[end] == separator) else { continue }
      var field = line[start..<end].trimmed
      if field.count >= 2, field.octets.first == 0x22, field.octets.last == 0x22 {
        field = field[1..<(field.count - 1)].trimmed
      }
      fields.append(field)
      start = end + 1
    }
    return fields
  }

  /// What stands between white space, commas and semicolons.
  static func words(of line: SourceText) -> [SourceText] {
    var words: [SourceText] = []
    var start = 0
    for end in 0...line.count
    where end == line.count || isSpace(line.octets[end]) || line.octets[end] == 0x2c || line.octets[end] == 0x3b {
      if end > start { words.append(line[start..<end]) }
      start = end + 1
    }
    return words
  }
}

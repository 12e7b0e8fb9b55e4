import Bounds
import Text
import Wire

/// What the lines of a paste say: lists, tables, labels with values, sentences.
extension PastedReader {
  /// Takes a line.
  ///
  /// - Parameters:
  ///   - next: the line below it, which says of the first of a table that it is its heading.
  ///   - table: the table that the line before it is of.
  mutating func collect(
    line: SourceText, before next: SourceText?, _ table: inout PastedTable?, _ words: PastedWords
  ) throws(Problem) {
    let code = line[0..<(line.octets.firstIndex(of: 0x23).flatMap { isComment(line, $0) ? $0 : nil } ?? line.count)]
    let words = PastedWords([code.string]) ?? words
    if let heading = PastedTable(heading: code, before: next) {
      table = heading
      return
    }
    if let cells = PastedTable.cells(of: code, in: table) {
      // The file of a system's hosts has tabs too.
      if table == nil, try collectEntries(code.string.utf8.split(whereSeparator: isSpace), code.position(0).line, words)
      {
        return
      }
      return try collect(row: cells, of: table, words)
    }
    table = nil
    let parts = KeyedLine(code)
    guard parts.text.count > 0 else { return }
    let number = parts.text.position(0).line
    // The colons of a URL, an ARN or a repository's address part no key from its value.
    if !parts.whole.octets.contains(where: isSpace), PastedHost(parts.whole.string, in: words) != nil {
      return try take(PastedField(label: "", value: parts.whole.string, line: number), words)
    }
    if let entry = PastedEntry(parts, isListed: parts.text.count < code.trimmed.count, words) {
      return try collect(entry, at: number, words)
    }
    if let key = parts.key, key.count <= Limits.Links.reasonCharacters {
      return try collect(keyed: parts, trimmedSpaces(key.string.asciiLowercased.prefix { $0 != "(" }), words)
    }
    try collect(words: parts.whole, words)
  }

  /// Takes a host at the start of a line, and what is remarked of it.
  private mutating func collect(_ entry: PastedEntry, at line: Int, _ words: PastedWords) throws(Problem) {
    let (start, listed) = (items.count, targets.count)
    try take(PastedField(label: "", value: entry.host, line: line), words)
    give(entry.ports, to: start..<items.count)
    guard !entry.remark.isEmpty else { return }
    hasProse = true
    let host = items.count > start ? start : nil
    try takeSentence(entry.remark, label: PastedField.sentence, line: line, of: host, words)
    // An address that stands there alone is the host's; one with words is anything's.
    guard entry.saysWhere({ isTarget(trimmedMarks($0[...])) }) else { return mention(from: listed) }
    lead(start..<min(start + 1, items.count), to: Array(targets[listed...]), isBefore: false)
  }

  private mutating func collect(keyed parts: KeyedLine, _ label: String, _ words: PastedWords) throws(Problem) {
    let line = parts.value.position(0).line
    let whole = PastedField(label: label, value: parts.value.string, line: line)
    guard parts.value.octets.contains(where: { isSpace($0) || $0 == 0x2c }) else { return try take(whole, words) }
    if fields.count < Limits.Links.hosts { fields.append(whole) }
    let pieces = parts.value.octets.split(whereSeparator: { isSpace($0) || $0 == 0x2c })
    try takeSentence(pieces.map { String(decoding: $0, as: UTF8.self) }, label: label, line: line, words)
  }

  /// Takes what stands in a line without a label: hosts, with where they lead, or a sentence.
  private mutating func collect(words text: SourceText, _ words: PastedWords) throws(Problem) {
    let line = text.position(0).line
    let isList = { (octet: UInt8) in octet == 0x2c || octet == 0x3b }
    let separated = text.octets.contains(where: isList)
    let pieces = text.octets.split { separated ? isList($0) : isSpace($0) }.map { String(decoding: $0, as: UTF8.self) }
    let fields = pieces.map { trimmedMarks($0[...]) }
    let address = PastedLead.address(of: fields)
    let isHostOrEntry = address != nil || fields.dropFirst().allSatisfy { isTarget($0) }
    let isProse = fields.contains { $0.contains(" ") } || (!separated && fields.count > 1 && !isHostOrEntry)
    hasProse = hasProse || isProse
    // In a sentence only what nothing else looks like is a host.
    let (start, listed) = (items.count, targets.count)
    guard !isProse else {
      let sentence = text.octets.split(whereSeparator: isSpace).map { String(decoding: $0, as: UTF8.self) }
      try takeSentence(sentence, label: PastedField.sentence, line: line, words)
      return mention(from: listed)
    }
    guard address != nil || !separated else {
      return try collect(row: fields.map { Substring($0) }, at: line, of: nil, words)
    }
    if address != nil, try collectEntries(fields.map { Array($0.utf8)[...] }, line, words) { return }
    for field in fields { try take(PastedField(label: "", value: field, line: line), words) }
    lead(start..<items.count, to: Array(targets[listed...]), isBefore: false)
  }

  /// Takes a line of a file of hosts, the address first; false for any other line.
  private mutating func collectEntries(
    _ pieces: [some Sequence<UInt8>], _ line: Int, _ words: PastedWords
  ) throws(Problem) -> Bool {
    let entry = pieces.map { trimmedMarks(String(decoding: Array($0), as: UTF8.self)[...]) }
    guard let address = PastedLead.address(of: entry) else { return false }
    let start = items.count
    for host in entry.dropFirst() { try take(PastedField(label: "", value: host, line: line), words) }
    lead(start..<items.count, to: [address.description], isBefore: true)
    return true
  }

  private mutating func collect(row cells: [SourceText], of table: PastedTable?, _ words: PastedWords) throws(Problem) {
    let line = cells.first?.position(0).line ?? 0
    try collect(row: cells.map { $0.string[...] }, at: line, of: table, words)
  }

  /// Takes a row of a table: its host, the port beside it, and where it leads.
  private mutating func collect(
    row cells: [Substring], at line: Int, of table: PastedTable?, _ words: PastedWords
  ) throws(Problem) {
    let start = items.count
    var led: [String] = []
    let words = PastedWords(cells.map { String($0) }) ?? words
    var ports: [Int] = []
    for (index, cell) in cells.enumerated() {
      let numbers = PastedEntry.ports(in: cell)
      if index == table?.port {
        ports = numbers ?? []
        continue
      }
      // Where no heading says it, the first number behind the host is its port.
      if table?.port == nil, items.count > start, ports.isEmpty, let numbers { ports = numbers }
      let isOther = table.map { $0.host != nil && !$0.mayHoldHost(index) } ?? false
      let listed = targets.count
      let label = isOther ? table?.label(index) ?? PastedField.sentence : ""
      let pieces = cell.utf8.split { isSpace($0) || $0 == 0x2c || $0 == 0x3b }.map {
        String(decoding: $0, as: UTF8.self)
      }
      let isPlain = pieces.allSatisfy { piece in
        let word = trimmedMarks(piece[...])
        return isTarget(word) || PastedHost(word, in: words) != nil
      }
      for piece in pieces {
        let value = trimmedMarks(piece[...])
        try take(PastedField(label: isPlain || isOther ? label : PastedField.sentence, value: value, line: line), words)
      }
      // Of a table that has headings only the columns that are called so say where its hosts lead: not a gateway's, or a resolver's.
      if isPlain, table?.saysWhere(index) ?? true { led += targets[listed...] } else { mention(from: listed) }
    }
    give(ports, to: start..<items.count)
    lead(start..<items.count, to: led, isBefore: false)
  }

  /// Takes the words of a sentence, or of a label's value; a port that is said belongs to the host before it, or to the
  /// next.
  ///
  /// - Parameter host: the index of the host that is spoken of before it.
  private mutating func takeSentence(
    _ pieces: [String], label: String, line: Int, of host: Int? = nil, _ words: PastedWords
  ) throws(Problem) {
    var ports = SaidPorts()
    var (last, waiting): (Int?, [Int]) = (host, [])
    for piece in pieces {
      let value = trimmedMarks(piece[...])
      let before = items.count
      var field = PastedField(label: label, value: value, line: line)
      field.isPart = true
      try take(field, words)
      if items.count > before {
        last = before
        give(waiting, to: before..<items.count)
        waiting = []
      }
      guard let port = ports.next(value) else { continue }
      if let last { items[last].ports.append(port) } else { waiting.append(port) }
    }
  }

  /// Has hosts of a line be on the ports that stand beside them; a port in the host's own text is the nearer one.
  mutating func give(_ ports: [Int], to range: Range<Int>) {
    let ports = unique(ports.filter { Link.portRange.contains($0) })
    for index in range where !ports.isEmpty && items[index].ports.isEmpty && !items[index].hasPort {
      items[index].ports = ports
      items[index].decideByPort()
    }
  }

  /// The ports to say in flags, where what stands with the hosts cannot say them all: lines of ports alone, and hosts with
  /// several.
  func ports(_ kind: PastedKind, of items: [PastedHost]) -> [Int] {
    guard ![.snowflake, .databricks, .s3].contains(kind) else { return [] }
    let alone = fields.filter(\.namesPort).compactMap { Int($0.value) }.filter { Link.portRange.contains($0) }
    guard !alone.isEmpty || items.contains(where: { $0.ports.count > 1 }) else { return [] }
    return unique(alone + items.flatMap { $0.ports + (HostText.port($0.operand).map { [$0] } ?? []) })
  }

  /// True for what a host leads to and is none.
  func isTarget(_ text: String) -> Bool {
    if IPAddress(text) != nil { return true }
    guard case .host(let name, _) = HostText.read(text) else { return false }
    return (try? VPCEndpointName(name)) != nil
  }
}

/// Finds the ports that a sentence says, word by word: `on port 5433`, `ports 443 and 8443`, `443/tcp`.
private struct SaidPorts {
  private var isOpen = false

  /// The port that a word is; nil for one that is none.
  mutating func next(_ word: String) -> Int? {
    let lower = word.asciiLowercased
    for mark in ["port=", "port:", "tcp/", "port "] where lower.hasPrefix(mark) {
      if let port = Self.port(lower.dropFirst(mark.utf8.count)) { return port }
    }
    if lower.hasSuffix("/tcp"), let port = Self.port(lower.dropLast(4)) { return port }
    if let port = Self.port(lower[...]) { return isOpen ? port : nil }
    let bare = lower.last == ":" || lower.last == "=" ? lower.dropLast() : lower[...]
    if ["port", "ports", "tcp"].contains(bare) {
      isOpen = true
    } else if !["and", "or", "is", "are", "&", ""].contains(bare) {
      isOpen = false
    }
    return nil
  }

  private static func port(_ text: Substring) -> Int? {
    guard (1...5).contains(text.utf8.count), text.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }), let port = Int(text),
      Link.portRange.contains(port)
    else { return nil }
    return port
  }
}

/// A line of a list that starts with a host: `wiki.corp.example (port 8443)`, `- git.corp.example: 443`.
struct PastedEntry {
  /// The host, as its line has it.
  let host: String
  /// The ports behind it, where nothing else stands there.
  let ports: [Int]
  /// The words behind it, where there are others.
  let remark: [String]

  /// Words that say of a number that it is a port, or nothing.
  private static let aside: Set<String> = [
    "port", "ports", "tcp", "on", "at", "and", "is", "the", "only", "listening", "listens", "https", "http", "tls",
    "ssl",
    "-", "–", "—", ":", "=", "->", "&",
  ]

  /// Reads a line.
  ///
  /// - Parameter isListed: true for a line with a bullet or a number before it: what is set apart behind its host is a remark.
  init?(_ line: KeyedLine, isListed: Bool, _ words: PastedWords) {
    let text = line.text
    let isEnd = { (octet: UInt8) in isSpace(octet) || octet == 0x2c || octet == 0x3b || octet == 0x28 }
    guard let end = text.octets.firstIndex(where: isEnd) else { return nil }
    let first = Self.bare(text.octets[..<end])
    guard PastedHost(first, in: words) != nil else { return nil }
    let isColon = text.octets[end - 1] == UInt8(ascii: ":")
    let rest = text.octets[end...].drop { isSpace($0) || $0 == 0x2c || $0 == 0x3b }
    guard !rest.isEmpty else { return nil }
    host = first
    if let ports = Self.ports(in: Substring(String(decoding: rest, as: UTF8.self))) {
      (self.ports, remark) = (ports, [])
      return
    }
    let start = String(decoding: rest.prefix(4), as: UTF8.self)
    let isBracket = start.hasPrefix("(")
    let isDash = ["- ", "– ", "— ", "-- ", "-> ", "=> "].contains { start.hasPrefix($0) }
    guard isListed ? isBracket || isDash || isColon : isBracket && text.octets.last == 0x29 else { return nil }
    ports = []
    remark = rest.split(whereSeparator: { isSpace($0) || $0 == 0x2c }).map { String(decoding: $0, as: UTF8.self) }
  }

  /// True where the remark is nothing but where the host leads.
  func saysWhere(_ isTarget: (String) -> Bool) -> Bool {
    remark.allSatisfy { ["-", "–", "—", "--", "->", "=>", "=", ":"].contains($0) || isTarget($0) }
  }

  /// The ports that a text is; nil where it says anything else, or none.
  static func ports(in text: Substring) -> [Int]? {
    guard text.utf8.count <= Limits.Links.reasonCharacters else { return nil }
    var ports: [Int] = []
    for piece in text.utf8.split(whereSeparator: { isSpace($0) || ",;()".utf8.contains($0) }) {
      var word = String(decoding: piece, as: UTF8.self).asciiLowercased
      if aside.contains(word) { continue }
      for mark in ["tcp/", "port=", "port:", ":"] where word.hasPrefix(mark) { word.removeFirst(mark.utf8.count) }
      if word.hasSuffix("/tcp") { word.removeLast(4) }
      if let last = word.utf8.last, ".:".utf8.contains(last) { word.removeLast() }
      if word.isEmpty || aside.contains(word) { continue }
      guard word.utf8.count <= 5, word.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }), let port = Int(word),
        Link.portRange.contains(port), ports.count < Limits.Links.portsOfLink
      else { return nil }
      ports.append(port)
    }
    return ports.isEmpty ? nil : ports
  }

  private static func bare(_ octets: ArraySlice<UInt8>) -> String {
    let marks: (UInt8) -> Bool = { " \"'`<>,;.!?*:".utf8.contains($0) }
    let isPattern = octets.starts(with: "*.".utf8)
    let start = isPattern ? octets : octets.drop(while: marks)
    return String(decoding: start.reversed().drop(while: marks).reversed(), as: UTF8.self)
  }
}

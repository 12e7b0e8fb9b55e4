import Bounds
import Text
import Wire

/// What is there: the hosts, labels, services and targets of a text, taken line by line.
extension PastedReader {
  /// The text without the marks of a quoted mail and of blocks of code.
  mutating func withoutMarks(_ text: SourceText) -> SourceText {
    var plain = SourceText(end: text.end)
    for line in text.lines {
      let bare = line.withoutQuoteMarks
      if bare.count < line.count {
        quotes[line.position(0).line] = line.octets.prefix(line.count - bare.count).count { $0 == 0x3e }
      }
      guard !bare.trimmed.octets.starts(with: "```".utf8) else { continue }
      plain.append(bare)
      plain.append(0x0a, from: line.end)
    }
    return plain
  }

  /// Takes the hosts, the labels and the service of a text.
  mutating func collect(_ text: SourceText) throws(Problem) {
    let words = PastedWords(text)
    let whole = text.trimmed
    if let first = whole.octet(0), first == UInt8(ascii: "{") || first == UInt8(ascii: "["),
      let json = try? JSON.parse(whole, file: file, comments: false)
    {
      try collect(json, label: "", words)
      return
    }
    var closed: Int?
    let lastQuote = quotes.keys.max() ?? 0
    var table: PastedTable?
    let lines = text.lines
    for (index, line) in lines.enumerated() {
      // What stands below the mark of a signature (RFC 3676 §4.3), or below a closing, is its sender's, up to where another's
      // words are quoted.
      let (number, depth) = (line.position(0).line, quotes[line.position(0).line] ?? 0)
      let isMark = line.trimmed.octets.elementsEqual("--".utf8)
      if isMark && number < lastQuote || !items.isEmpty && (isMark || MailClosing.isOne(line)) { closed = depth }
      let before = items.count
      let next = index + 1 < lines.count ? lines[index + 1] : nil
      try collect(line: line, before: next, &table, words)
      guard closed == depth else { continue }
      for item in items[before...] where senders.count < Limits.Links.hosts {
        senders.append(SendersHost(item.operand, "stands below the end of the mail"))
      }
      items.removeSubrange(before...)
    }
  }

  private mutating func collect(_ json: JSON, label: String, _ words: PastedWords) throws(Problem) {
    if let text = json.asString { return try take(PastedField(label: label, value: text), words) }
    for element in json.asArray ?? [] { try collect(element, label: label, words) }
    guard let members = json.asObject?.members else { return }
    let words = PastedWords(members.compactMap(\.value.asString)) ?? words
    let start = items.count
    var ports: [PastedField] = []
    for member in members {
      // Of `{"git.corp.example": "10.1.2.3"}` the key is the host.
      if PastedHost(member.key, in: words) != nil { try take(PastedField(label: "", value: member.key), words) }
      let label = member.key.asciiLowercased
      guard PastedField(label: label, value: "").namesPort else {
        try collect(member.value, label: label, words)
        continue
      }
      for value in member.value.asArray ?? [member.value] {
        guard let text = value.asString ?? value.asInt.map({ "\($0)" }) else { continue }
        ports.append(PastedField(label: label, value: text))
      }
    }
    if items.count > start {
      give(ports.compactMap { Int($0.value) }, to: start..<items.count)
    } else {
      fields += ports.prefix(max(0, Limits.Links.hosts - fields.count))
    }
  }

  mutating func take(_ field: PastedField, _ words: PastedWords) throws(Problem) {
    if fields.count < Limits.Links.hosts { fields.append(field) }
    if field.value.startsSame(as: "com.amazonaws.vpce.") {
      guard let found = VPCEndpointService(field.value) else {
        throw Problem(
          file: file,
          "\(quoted(field.value)) is not the name of one endpoint service; ask for it as AWS shows it, and give it with backroad "
            + "link add \(word: link.workspace) \(word: link.name) --service com.amazonaws.vpce.REGION.vpce-svc-…")
      }
      if !services.contains(found), services.count < Limits.Links.remarks { services.append(found) }
      return
    }
    if let region = field.region, regions.count < Limits.Links.remarks {
      regions.append(PastedField(label: field.label, value: region, line: field.line))
    }
    if isTarget(field.value) {
      if targets.count < Limits.Links.hosts { targets.append(field.value) }
      return
    }
    let found = PastedHost(field.value, in: words)
    if var item = found, field.isAlone || field.namesHost || item.isSure {
      if item.kinds.contains(.hosts), let placeholder = Placeholder.found(in: field.value) {
        throw Problem(
          file: file,
          "\(quoted(PastedHost.plain(field.value))) still holds the placeholder \(quoted(placeholder)); ask for the host's own name, or "
            + "give it with \(command(.hosts)) HOST")
      }
      item.line = field.line
      items.append(item)
    } else if let found, let host = PassedHost(field, found) {
      if passed.count < Limits.Links.hosts { passed.append(host) }
    } else if field.label.utf8.has("bucket"), field.mayBeBucket {
      items.append(
        PastedHost(
          kinds: [.s3], operand: field.value, why: "\(quoted(field.label)) says that it is a bucket",
          isSure: true))
    }
    guard items.count <= Limits.Links.hosts else {
      throw Problem(file: file, "more than \(Limits.Links.hosts) hosts; split them over links with another --link each")
    }
  }

  /// True for a `#` that starts a comment: not that of a URL.
  func isComment(_ line: SourceText, _ at: Int) -> Bool { at == 0 || line.octet(at - 1).map(isSpace) == true }

  func trimmedSpaces(_ text: some StringProtocol) -> String {
    String(decoding: text.utf8.drop { $0 == 0x20 }.reversed().drop { $0 == 0x20 }.reversed(), as: UTF8.self)
  }

  /// Without what a sentence puts around a word.
  func trimmedMarks(_ text: Substring) -> String {
    let marks: (UInt8) -> Bool = { octet in " \"'`()<>,;.!?*".utf8.contains(octet) }
    let isPattern = text.utf8.starts(with: "*.".utf8)
    let start = isPattern ? text.utf8[...] : text.utf8.drop(while: marks)[...]
    return String(decoding: start.reversed().drop(while: marks).reversed(), as: UTF8.self)
  }
}

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
    var isSenders = false
    for line in text.lines {
      // What stands below the mark of a signature (RFC 3676 §4.3), or below a closing, is its sender's.
      if !items.isEmpty, line.trimmed.octets.elementsEqual("--".utf8) || MailClosing.isOne(line) { isSenders = true }
      let before = items.count
      list.isClosed = isSenders
      try collect(line: line, words)
      guard isSenders else { continue }
      for item in items[before...] where senders.count < Limits.Links.hosts {
        senders.append((item.operand, "stands below the end of the mail"))
      }
      items.removeSubrange(before...)
    }
  }

  private mutating func collect(_ json: JSON, label: String, _ words: PastedWords) throws(Problem) {
    if let text = json.asString { return try take(PastedField(label: label, value: text), words) }
    for element in json.asArray ?? [] { try collect(element, label: label, words) }
    for member in json.asObject?.members ?? [] {
      // Of `{"git.corp.example": "10.1.2.3"}` the key is the host.
      if PastedHost(member.key, in: words) != nil { try take(PastedField(label: "", value: member.key), words) }
      try collect(member.value, label: member.key.asciiLowercased, words)
    }
  }

  private mutating func collect(line: SourceText, _ words: PastedWords) throws(Problem) {
    let code = line[0..<(line.octets.firstIndex(of: 0x23).flatMap { isComment(line, $0) ? $0 : nil } ?? line.count)]
    let parts = KeyedLine(code)
    guard parts.text.count > 0 else { return }
    // The colons of a URL, an ARN or a repository's address part no key from its value.
    if !parts.whole.octets.contains(where: isSpace), PastedHost(parts.whole.string, in: words) != nil {
      list.add(line: parts.whole.position(0).line, nil, [parts.whole.string])
      return try take(PastedField(label: "", value: parts.whole.string), words)
    }
    if let key = parts.key, key.count <= Limits.Links.reasonCharacters {
      let label = trimmedSpaces(key.string.asciiLowercased.prefix { $0 != "(" })
      let whole = PastedField(label: label, value: parts.value.string, line: parts.value.position(0).line)
      guard parts.value.octets.contains(where: { isSpace($0) || $0 == 0x2c }) else { return try take(whole, words) }
      if fields.count < Limits.Links.hosts { fields.append(whole) }
      for piece in parts.value.octets.split(whereSeparator: { isSpace($0) || $0 == 0x2c }) {
        let value = trimmedMarks(String(decoding: piece, as: UTF8.self)[...])
        try take(PastedField(label: label, value: value), words)
      }
      return
    }
    let isList = { (octet: UInt8) in octet == 0x2c || octet == 0x3b || octet == 0x09 }
    let separated = parts.whole.octets.contains(where: isList)
    let pieces = parts.whole.octets.split { separated ? isList($0) : isSpace($0) }.map { piece in
      String(decoding: piece, as: UTF8.self)
    }
    let fields = pieces.map { trimmedMarks($0[...]) }
    let address = PastedList.address(of: fields)
    let isHostOrEntry = address != nil || fields.dropFirst().allSatisfy { isTarget($0) }
    let isProse = fields.contains { $0.contains(" ") } || (!separated && fields.count > 1 && !isHostOrEntry)
    hasProse = hasProse || isProse
    // In a sentence only what nothing else looks like is a host.
    let sentence = isProse ? parts.whole.octets.split(whereSeparator: isSpace) : []
    let listed = targets.count
    for word in sentence {
      let value = trimmedMarks(String(decoding: word, as: UTF8.self)[...])
      try take(PastedField(label: "a sentence", value: value), words)
    }
    guard !isProse else {
      mentioned += targets[listed...]
      targets.removeSubrange(listed...)
      return
    }
    let (count, hosts) = (items.count, address == nil ? fields : Array(fields.dropFirst()))
    for field in hosts { try take(PastedField(label: "", value: field), words) }
    guard items.count > count else { return }
    list.add(line: parts.whole.position(0).line, address, hosts, separator: separated && address == nil ? "," : " ")
  }

  /// True for what a host leads to and is none.
  private func isTarget(_ text: String) -> Bool {
    if IPAddress(text) != nil { return true }
    guard case .host(let name, _) = HostText.read(text) else { return false }
    return (try? VPCEndpointName(name)) != nil
  }

  private mutating func take(_ field: PastedField, _ words: PastedWords) throws(Problem) {
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
    if isTarget(field.value) {
      if targets.count < Limits.Links.hosts { targets.append(field.value) }
      return
    }
    if let item = PastedHost(field.value, in: words), field.isAlone || field.namesHost || item.isSure {
      if item.kinds.contains(.hosts), let placeholder = Placeholder.found(in: field.value) {
        throw Problem(
          file: file,
          "\(quoted(PastedHost.plain(field.value))) still holds the placeholder \(quoted(placeholder)); ask for the host's own name, or "
            + "give it with \(command(.hosts)) HOST")
      }
      items.append(item)
    } else if field.label.utf8.has("bucket"), PastedHost.isBucket(field.value) {
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
  private func isComment(_ line: SourceText, _ at: Int) -> Bool { at == 0 || line.octet(at - 1).map(isSpace) == true }

  private func trimmedSpaces(_ text: some StringProtocol) -> String {
    String(decoding: text.utf8.drop { $0 == 0x20 }.reversed().drop { $0 == 0x20 }.reversed(), as: UTF8.self)
  }

  /// Without what a sentence puts around a word.
  private func trimmedMarks(_ text: Substring) -> String {
    let marks: (UInt8) -> Bool = { octet in " \"'`()<>,;.!?*".utf8.contains(octet) }
    let isPattern = text.utf8.starts(with: "*.".utf8)
    let start = isPattern ? text.utf8[...] : text.utf8.drop(while: marks)[...]
    return String(decoding: start.reversed().drop(while: marks).reversed(), as: UTF8.self)
  }
}

import Text
import Wire

/// The forms in which vendors have their customers ask for a private link.
extension PastedReader {
  private static let kindsByWord: [String: PastedKind] = [
    "vcs": .vcs, "git": .vcs, "github": .vcs, "gitlab": .vcs, "bitbucket": .vcs, "postgres": .postgres,
    "postgresql": .postgres, "mysql": .mysql, "mariadb": .mysql, "redshift": .redshift, "databricks": .databricks,
    "snowflake": .snowflake,
  ]

  /// The reading of a form; nil for a text that is none, or whose hosts say what it is.
  ///
  /// - Parameter whole: the text as it came: the form of a Git server is read by its own importer, whole.
  /// - Throws: what is wrong with it, and what to do.
  func formReading(_ whole: SourceText) throws(Problem) -> PastedReading? {
    let type = value("type")?.asciiLowercased ?? ""
    let (zone, record) = (value("private hosted zone"), value("dns record"))
    let words = type.split { !($0.isASCII && $0.isLetter) }
    let named = unique(words.compactMap { Self.kindsByWord[String($0)] })
    let isForm = value("vpc endpoint service name") != nil || (zone != nil && record != nil)
    guard isForm || !named.isEmpty else { return nil }
    if named.first == .vcs, let form = try VCSForm(whole, file: file) { return try reading(form, type: type) }
    try checkIsOneForm()
    try checkIsOneService()
    try checkRegion()
    for text in [zone, record].compactMap({ $0 }) {
      if let placeholder = Placeholder.found(in: text) {
        throw Problem(
          file: file,
          "the form still holds the placeholder \(quoted(placeholder)); ask for the host's own name, or give it "
            + "with \(command(.hosts)) HOST")
      }
    }
    // What Snowflake is connected to is read from its functions' output: no word of a form is one, and none is a file.
    let host = items.first { $0.kinds == [.snowflake] }?.operand
    if named.first == .snowflake, let text = record.flatMap({ $0.isEmpty ? nil : $0 }) ?? host {
      throw refusalOfSnowflake(text, type: type)
    }
    guard let record, !record.isEmpty else {
      if let kind = named.first(where: { kind in items.contains { $0.kinds.contains(kind) } }) {
        return reading(kind, items.filter { $0.kinds.contains(kind) })
      }
      guard items.isEmpty else { return nil }
      throw refusalWithoutHost(of: named.first, type: type, zone: zone ?? "")
    }
    var text = record
    if !record.contains("."), let zone, !zone.isEmpty { text += ".\(zone)" }
    guard var item = PastedHost(text, in: PastedWords(SourceText(end: Position(line: 1, column: 1)))) else {
      throw Problem(
        file: file,
        "the form's DNS record \(quoted(PastedHost.plain(text))) is not a host's name; give it with \(command(.hosts)) HOST"
      )
    }
    let shown = PastedHost.plain(text)
    if let kind = named.first, let port = LinkKind.named(kind.rawValue)?.ports.first,
      [.postgres, .mysql, .redshift].contains(kind), item.kinds.allSatisfy({ [.vcs, .hosts].contains($0) })
    {
      // A server of the customer's own has no name of AWS's: it is a host, on the port of its kind.
      item.kinds = [.hosts]
      item.operand = HostText.port(text).map { "\(shown.prefix { $0 != ":" }):\($0)" } ?? shown
      if !fields.contains(where: \.namesPort), !item.hasPort { item.ports = [port] }
      item.why =
        "a form for private links, of the type \(quoted(type)), with the DNS record \(shown), a server of the customer's own"
      return reading(.hosts, [item])
    }
    item.kinds = named.first.map { [$0] } ?? item.kinds
    guard item.kinds.count == 1 else {
      throw Problem(
        file: file,
        "the form does not say what \(shown) is; name the kind: "
          + item.kinds.map { "\(command($0)) \(shellOperands([item.operand]))" }.joined(separator: ", or "))
    }
    item.why = "a form for private links, of the type \(quoted(type)), with the DNS record \(shown)"
    return reading(item.kinds[0], [item])
  }

  /// The form of a Git server, which is handed on whole once it is seen that it can be read.
  private func reading(_ form: VCSForm, type: String) throws(Problem) -> PastedReading {
    let hosts = try form.hosts()
    _ = try form.service()
    let shown = hosts.first.map { "with the DNS record \($0.text)" } ?? "with no host"
    var reading = PastedReading(.vcs, why: "a form for private links, of the type \(quoted(type)), \(shown)")
    reading.input = input
    reading.operands = hosts.map(\.text)
    if let product = hosts.first.flatMap({ PastedHost.product(of: $0.text) }) {
      reading.flags = [PastedReading.Flag("--product", product)]
    }
    return reading
  }

  /// What a field says; empty for what people write where they have nothing to say, nil where there is no such field.
  private func value(_ label: String) -> String? {
    guard let field = fields.first(where: { $0.label == label }) else { return nil }
    let none = ["", "-", "--", "n/a", "na", "none", "no", "tbd"]
    return none.contains(field.value.asciiLowercased) ? "" : field.value
  }

  /// What to do with a form of Snowflake's that names something, which is no private host: such are read as an export.
  private func refusalOfSnowflake(_ text: String, type: String) -> Problem {
    Problem(
      file: file,
      "the form, of the type \(quoted(type)), names \(quoted(PastedHost.plain(text))), which is no private host of Snowflake's; "
        + "ask the customer for the whole result of select \(SnowflakeKey.function.name), and import that: "
        + "\(command(.snowflake)) CONFIG")
  }

  /// What to do with a form that names nothing to connect to.
  private func refusalWithoutHost(of kind: PastedKind?, type: String, zone: String) -> Problem {
    let service = services.first.map { " --service \(word: $0.text)" } ?? ""
    let add = "backroad link add \(word: link.workspace) \(word: link.name)"
    guard let kind else {
      return Problem(
        file: file,
        "the form names no DNS record\(zone.isEmpty ? "" : " in the zone \(zone)"): SSH alone needs none (ask for the link "
          + "with \(add)\(service)); for HTTPS give the host with \(command(.vcs)) HOST")
    }
    let then =
      kind == .snowflake ? "\(command(kind)) CONFIG" : "\(command(kind)) \(kind == .databricks ? "URL" : "HOST")"
    return Problem(
      file: file,
      "the form, of the type \(quoted(type)), names no host: ask for the link with \(add) --kind \(kind.rawValue)\(service), "
        + "and once the customer says the host import it with \(then)")
  }

  /// Refuses two forms in one text: of the second all would be lost.
  private func checkIsOneForm() throws(Problem) {
    for label in ["type", "vpc endpoint service name", "private hosted zone", "dns record"] {
      let lines = fields.filter { $0.label == label && $0.line != nil && !$0.isPart && !$0.value.isEmpty }
      guard let first = lines.first, let other = lines.first(where: { $0.value != first.value }), let line = other.line
      else { continue }
      throw Problem(
        file: file, position: Position(line: line, column: 1),
        "\(quoted(label)) is given twice, first in line \(first.line ?? line); paste one form alone, and the other with another "
          + "--link")
    }
  }

  /// Refuses a form whose region is not that of its service.
  private func checkRegion() throws(Problem) {
    guard let service = services.first,
      let field = fields.first(where: {
        ($0.label == "region" || $0.label.hasSuffix("aws region")) && $0.line != nil && !$0.isPart
      })
    else { return }
    let words = field.value.asciiLowercased.split { !($0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-")) }
    let regions = words.map { String($0) }.filter(AWSRegion.isRegion)
    guard !regions.isEmpty, !regions.contains(service.region) else { return }
    throw Problem(
      file: file, position: field.line.map { Position(line: $0, column: 1) },
      "the form says the region \(quoted(field.value)), and its service is in \(service.region); ask which is right, "
        + "correct the form, and paste it again")
  }
}

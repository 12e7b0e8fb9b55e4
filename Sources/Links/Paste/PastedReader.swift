import Bounds
import Text
import Wire

/// Finds out what somebody pasted: a customer's mail, a form, an export, a URL, a list of hosts.
///
/// It decides by what is there and not by what is usual: where two readings are possible both are returned, and the person
/// is asked.
public struct PastedReader {
  let file: String
  /// The start of another command line for the link.
  let link: (workspace: String, name: String)
  private var notes: [String] = []
  var items: [PastedHost] = []
  var fields: [PastedField] = []
  /// The endpoint services that it names, in order.
  var services: [VPCEndpointService] = []
  /// Addresses and endpoints elsewhere, which hosts may lead to.
  var targets: [String] = []
  /// The same of sentences.
  var mentioned: [String] = []
  /// Hosts that are their sender's, most likely, and why.
  var senders: [SendersHost] = []
  /// Hosts that stand where none is taken from: in sentences, beside labels of something else.
  var passed: [PassedHost] = []
  /// Regions of AWS that stand in it, with their labels.
  var regions: [PastedField] = []
  /// How often each line is quoted, of those that are.
  var quotes: [Int: Int] = [:]
  /// True for a text with sentences, a mail.
  var hasProse = false
  /// What is handed on in the place of a file: the input, as UTF-8.
  let input: [UInt8]

  /// The readings that are possible: one, or several among which a person decides.
  ///
  /// - Parameters:
  ///   - input: at most `Limits.Links.pasteOctets`.
  ///   - file: the input's name in errors.
  ///   - link: the workspace and the link that it is for, in the commands that errors name.
  /// - Throws: that nothing of a link is in it, and what to paste instead.
  public static func readings(
    _ input: [UInt8], file: String, link: (workspace: String, name: String) = ("W", "NAME")
  ) throws(Problem) -> [PastedReading] {
    var cleaning = ExportReader(function: SnowflakeKey.function, file: file)
    let text = try cleaning.cleaned(input)
    guard text.trimmed.count > 0 else { throw Problem(file: file, "the input is empty; \(whatToPaste(link))") }
    let isWide = input.starts(with: [0xff, 0xfe]) || input.starts(with: [0xfe, 0xff])
    var reader = PastedReader(file: file, link: link, input: isWide ? Array(text.octets) : input)
    reader.notes = cleaning.notes
    return try reader.readings(of: text)
  }

  /// True for a word that is read as a host, a URL or a repository's address.
  public static func isHost(_ word: String) -> Bool {
    PastedHost(word, in: PastedWords(SourceText(end: Position(line: 1, column: 1)))) != nil
  }

  private init(file: String, link: (workspace: String, name: String), input: [UInt8]) {
    self.file = file
    self.link = link
    self.input = input
  }

  private static func whatToPaste(_ link: (workspace: String, name: String)) -> String {
    "paste the result of select \(SnowflakeKey.function.name), a form, a URL, or hosts one a line; or name the kind: "
      + command("hosts", link) + " HOST"
  }

  static func command(_ kind: String, _ link: (workspace: String, name: String)) -> String {
    importCommand(kind, workspace: link.workspace, link: link.name)
  }

  /// The start of a command line that imports into the link by a kind.
  func command(_ kind: PastedKind) -> String { Self.command(kind.rawValue, link) }

  private mutating func readings(of whole: SourceText) throws(Problem) -> [PastedReading] {
    let text = withoutMarks(whole)
    let lower = text.octets.map { Wire.lowercased($0) }
    if lower.has("\"vpcendpoints\"") {
      throw Problem(
        file: file,
        "this is the output of aws ec2 describe-vpc-endpoints; hand it to "
          + "backroad link state \(word: link.workspace) \(word: link.name) FILE")
    }
    try collect(text)
    let snowflake = Self.snowflakeMark(lower)
    if snowflake != nil { notes = [] }
    let form = snowflake == nil ? try formReading(whole) : nil
    if let form { return [form] }
    guard let snowflake else { return try readingsByShape() }
    var reading = PastedReading(.snowflake, why: snowflake)
    reading.input = input
    tellRegions(&reading, items.filter { $0.kinds == [.snowflake] })
    // Which of several is the link's, a person says.
    reading.notes += notesOfTargets(unique(targets + mentioned).filter { IPAddress($0) == nil })
    // A config names storage, telemetry and more; what nobody's config has is another link's.
    let foreign = items.filter {
      $0.isSure && !Set($0.kinds).isDisjoint(with: [.databricks, .redshift, .postgres, .mysql])
    }
    return [reading] + grouped(foreign)
  }

  /// What says that a text is of Snowflake's functions; nil when nothing does.
  private static func snowflakeMark(_ lower: [UInt8]) -> String? {
    let marks = [
      ("privatelink-", "it has keys that start with privatelink-"),
      ("privatelink_", "it has keys that start with privatelink_"),
      (".privatelink.snowflake", "it has private hosts of Snowflake's"),
      ("snowflake_deployment", "it has a row SNOWFLAKE_DEPLOYMENT"),
      ("system$", "it names one of Snowflake's functions"),
      ("snowflake-vpc", "it has keys that start with snowflake-vpc"),
      ("snowflake-vnet", "it has keys that start with snowflake-vnet"),
      ("snowflake-egress", "it has keys that start with snowflake-egress"),
    ]
    return marks.first { lower.has($0.0) }?.1
  }

  // MARK: - By shape

  private mutating func readingsByShape() throws(Problem) -> [PastedReading] {
    leaveOutOwnSites()
    leaveOutConsoles()
    leaveOutQuotes()
    guard let first = items.first else {
      let service = services.first.map {
        ", only the service \($0.text): ask for it with backroad link add \(word: link.workspace) \(word: link.name) --service \(word: $0.text)"
      }
      let others = service == nil ? notesOfOthers(nil).prefix(5).joined(separator: ". ") : ""
      throw Problem(
        file: file,
        "no host, form or export was found in it"
          + (service ?? (others.isEmpty ? "; \(Self.whatToPaste(link))" : ". \(others)")))
    }
    try checkIsOneService()
    if let snowflake = items.first(where: { $0.kinds == [.snowflake] }) {
      throw Problem(
        file: file,
        "\(snowflake.operand) is a public host of Snowflake's, and a link leads to private ones; paste the whole result of "
          + "select \(SnowflakeKey.function.name)")
    }
    var common = first.kinds
    for item in items { common.removeAll { !item.kinds.contains($0) } }
    // A host that has the name of a product is likely its server; alone among others it is a host.
    if common == [.vcs, .hosts], items.allSatisfy(\.isLikely) { common = [.vcs] }
    guard common.isEmpty else { return common.map { reading($0, items) } }
    return grouped(items)
  }

  /// A reading for each kind that some items are of.
  func grouped(_ items: [PastedHost]) -> [PastedReading] {
    PastedKind.allCases.compactMap { kind in
      let some = items.filter { $0.kinds.contains(kind) }
      return some.isEmpty ? nil : reading(kind, some)
    }
  }

  func reading(_ kind: PastedKind, _ items: [PastedHost]) -> PastedReading {
    var reading = PastedReading(kind, why: items[0].why)
    // A flag that two items say different values of says nothing.
    let flags = unique(items.flatMap(\.flags) + (kind == .databricks || kind == .s3 ? flagsOfFields(kind) : []))
    reading.flags = flags.filter { flag in flags.allSatisfy { $0.name != flag.name || $0 == flag } }
      .filter { kind == .vcs || $0.name != "--product" }
    tellRegions(&reading, items)
    let ports = ports(kind, of: items)
    reading.flags += ports.map { PastedReading.Flag("--port", "\($0)") }
    reading.parts = items.map { PastedReading.Part(ports.isEmpty ? $0.operand(as: kind) : $0.operand, $0.flags) }
    reading.operands = unique(reading.parts.map(\.operand))
    if reading.operands.count > 1 { reading.why += ", and so on: \(reading.operands.count) in all" }
    reading.service = services.first
    handOnLeads(&reading, items)
    // Its command takes a file without a flag: what a paste names is never one.
    if kind == .snowflake {
      reading.input = Array(reading.operands.joined(separator: "\n").utf8)
      reading.operands = []
    }
    reading.notes += notes + notesOfOthers(kind)
    return reading
  }

  /// Refuses a text of two services: a link has one.
  func checkIsOneService() throws(Problem) {
    guard services.count > 1 else { return }
    throw Problem(
      file: file,
      "two services are named, \(services[0].text) and \(services[1].text), and a link is of one; paste what belongs to one "
        + "alone, and the other with another --link")
  }

  /// Takes the sites of companies out of the hosts of a mail, where there are others.
  private mutating func leaveOutOwnSites() {
    let isSite = { (item: PastedHost) in item.kinds == [.hosts] && item.operand.hasPrefix("www.") }
    guard hasProse, items.contains(where: { !isSite($0) }) else { return }
    for item in items where isSite(item) {
      senders.append(SendersHost(item.operand, "is a site for everybody, as its name has it"))
    }
    items.removeAll(where: isSite)
  }

  /// Takes what Databricks has for everybody out of the hosts, where there is a workspace's.
  private mutating func leaveOutConsoles() {
    let isOther = { (item: PastedHost) in item.kinds == [.databricks] && (try? DatabricksWorkspace(item.operand)) == nil
    }
    guard items.contains(where: { $0.kinds == [.databricks] && !isOther($0) }) else { return }
    for item in items where isOther(item) { senders.append(SendersHost(item.operand, "is no workspace's")) }
    items.removeAll(where: isOther)
  }

  func unique<Element: Hashable>(_ elements: [Element]) -> [Element] {
    var seen: Set<Element> = []
    return elements.filter { seen.insert($0).inserted }
  }
}

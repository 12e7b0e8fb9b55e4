import Bounds
import Text
import Wire

/// `import snowflake`: from the output of `SYSTEM$GET_PRIVATELINK_CONFIG()` or `SYSTEM$ALLOWLIST_PRIVATELINK()` to a
/// link, or of both, one after the other.
public enum SnowflakeImport {
  /// What a person says besides the config.
  public struct Options: Sendable {
    /// What is said of a link of any kind.
    public var link: LinkRequest
    /// Where the storage of its stages leads; nil when that has no private endpoint.
    public var stage: Endpoint?
    /// The storage hosts that may lead there, by name; none lets the config name one.
    public var stageHosts: Set<Name> = []
    /// True to lead the connection URLs here that another link of the workspace has, too.
    public var isPrimary = false

    /// Takes what must be said.
    public init(_ link: LinkRequest) { self.link = link }
  }

  /// Plans an import; nothing is written.
  ///
  /// - Parameters:
  ///   - input: the function's output in any form of export, at most `Limits.Links.pasteOctets`.
  ///   - file: the input's name in errors; `-` for standard input.
  /// - Throws: everything that is wrong with the input, or that stands in its way in the workspace.
  public static func plan(
    _ input: [UInt8], file: String, options: Options, in workspace: WorkspaceFolder
  ) throws(Problems) -> Plan {
    let export = try oneProblem { () throws(Problem) in
      try ExportReader.read(input, file: file, function: SnowflakeKey.function)
    }
    let old = try? workspace.link(options.link.name)
    let stage = options.stage == nil && old?.kind == "snowflake" ? old?.stage?.endpoint : nil
    var reading = SnowflakeReading(file: file, options: options, old: old, keeping: stage)
    reading.workspace = workspace
    reading.read(export)
    if let old, let stage, reading.isOfAnother(than: old) {
      // Where another account's storage is, the endpoint of this one's says nothing of. Whether it may be is decided with the link.
      reading = SnowflakeReading(file: file, options: options, old: old)
      reading.workspace = workspace
      reading.read(export)
      reading.notes.append("\(stage.text) was the stage's endpoint of the link before, and is dropped")
    }
    return try LinkUpdate.plan(
      reading.draft(notes: export.notes), for: options.link, in: workspace)
  }
}

/// A config while it is read, key by key.
struct SnowflakeReading {
  let file: String
  let options: SnowflakeImport.Options
  /// What the stage's endpoint is called in a refusal: the flag, or the link that has it already.
  let stageCalled: String

  var hosts: [Link.Host] = []
  /// The names of `hosts`.
  private var names: Set<Name> = []
  var stageHosts: [Link.Host] = []
  /// True once the config names storage for the stages, of whatever shape.
  var namesStage = false
  /// The workspace that commands name for what comes next; nil where none is known.
  var workspace: WorkspaceFolder?
  /// Keys that nobody knows, for one who finds nothing else.
  private var unknownKeys: [String] = []
  /// The link as it is; nil when there is none, or none that can be read: that is told of later.
  let old: Link?
  /// True for the output of the function that lists hosts.
  var isList = false
  /// What the keys say of the account.
  var agreement = SnowflakeAgreement()
  var account: String?
  var service: (value: VPCEndpointService, position: Position)?
  var givenKeys: Set<String> = []
  var leftOut: [Plan.LeftOut] = []
  var warnings: [Problem] = []
  var notes: [String] = []
  var nextSteps: [String] = []
  var errors: [Problem] = []
  /// What each key, as `SnowflakeKey.uses` spells it, was given.
  private var given: [OctetText: ExportEntry] = [:]

  /// - Parameter stage: the stage's endpoint that the link has already, where no other is said.
  init(file: String, options: SnowflakeImport.Options, old: Link?, keeping stage: Endpoint? = nil) {
    self.file = file
    var options = options
    stageCalled = stage == nil ? "--stage-endpoint:" : "the stage's endpoint of the link \(quoted(options.link.name)),"
    options.stage = options.stage ?? stage
    self.options = options
    self.old = old
  }

  /// Reads every entry; what is wrong is in `errors` after.
  mutating func read(_ export: Export) {
    isList = export.isList
    if isList { notes.append("the output of \(listName), a host in each row") }
    for entry in export.entries {
      let key = SnowflakeKey.spelling(entry.key)
      // A list has several hosts of one type.
      if !isList, let other = given.updateValue(entry, forKey: OctetText(key)), !mayRepeat(key, entry, other) {
        continue
      }
      do throws(Problem) {
        try read(key, entry)
      } catch { errors.append(error) }
    }
    do throws(Problem) {
      try checkEndpoint()
      try checkStage()
    } catch { errors.append(error) }
    errors += agreement.problems(file: file)
    if options.isPrimary, errors.isEmpty, !namesConnection {
      errors.append(
        Problem(
          file: file,
          "--primary: the input names no connection URL (privatelink-connection-urls); leave --primary out, or paste the "
            + "config that the account gives once client redirect is on"))
    }
    if errors.isEmpty, hosts.isEmpty { errors.append(Problem(file: file, noHost)) }
  }

  /// That there is no host, and the keys that may have been meant for one.
  private var noHost: String {
    if isList {
      return
        "no host of the list has a label privatelink, as in the output of SYSTEM$ALLOWLIST(); paste the whole result "
        + "of select \(listName)"
    }
    let keys = unknownKeys.prefix(5).map { key in
      let known = nearest(to: SnowflakeKey.spelling(key), among: SnowflakeKey.function.keys.sorted())
      return quoted(key) + (known.map { " (did you mean \(quoted($0))?)" } ?? "")
    }
    let unknown = keys.isEmpty ? ":" : ", and these keys are unknown: \(keys.joined(separator: ", "));"
    return "the config names no host\(unknown) paste the whole result of select \(SnowflakeKey.function.name)"
  }

  /// The OCSP keys have two spellings in use, and both may be there.
  ///
  /// - Returns: true when the entry says something of its own that is to be read.
  private mutating func mayRepeat(_ key: String, _ entry: ExportEntry, _ other: ExportEntry) -> Bool {
    guard comparable(entry) != comparable(other) else {
      notes.append("\(entry.key) says the same as \(other.key)")
      return false
    }
    let both = "\(quoted(entry.key)) and \(quoted(other.key)) of line \(other.position.line) are the same key"
    if key.utf8.has("ocsp") {
      // Which is right is not known, so that neither speaks for the account.
      agreement.forget(key)
      warnings.append(
        Problem(
          file: file, position: entry.position, severity: .warning,
          "\(both) with different values; both hosts are kept, ask Snowflake which is right"))
      return true
    }
    errors.append(Problem(file: file, position: entry.position, "\(both) with different values; keep one of them"))
    return false
  }

  /// True when the input names a connection URL.
  private var namesConnection: Bool {
    hosts.contains { $0.sources.contains { ClientRedirect.connectionKeys.contains($0.key) } }
  }

  private var listName: String { SnowflakeKey.function.list?.name ?? "" }

  /// A value as it compares with another spelling's: its hosts, or its text.
  private func comparable(_ entry: ExportEntry) -> [[UInt8]] {
    let items = (try? ListText.items(entry.value, key: entry.key, file: file)) ?? [entry.value]
    return items.map { item in
      guard case .host(let name, _) = HostText.read(item.string) else { return item.octets }
      return name.wire
    }
  }

  private mutating func read(_ key: String, _ entry: ExportEntry) throws(Problem) {
    guard let use = SnowflakeKey.use(of: key) else { return try readUnknown(entry) }
    if let placeholder = Placeholder.found(in: entry.value.string) {
      throw problem(entry, "still holds the placeholder \(quoted(placeholder)); paste the account's own config")
    }
    switch use {
    case .account:
      let text = entry.value.trimmed.string
      guard text.utf8.count <= Name.maximumLength, text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f }) else {
        throw problem(entry, "is not an account's name: \(quoted(text)); \(again)")
      }
      if !text.isEmpty { account = text.lowercased() }
      agreement.add(account: text.lowercased(), SnowflakeAgreement.Place(entry.key, entry.value.trimmed.position(0)))
    case .driverHosts, .hosts, .wildcardHosts:
      let items = try ListText.items(entry.value, key: entry.key, file: file)
      guard !items.isEmpty else {
        leftOut.append(Plan.LeftOut(entry.key, why: "empty", position: entry.position))
        return
      }
      for item in items { try add(item, key, entry, use) }
      givenKeys.insert(key)
    case .stage, .volume:
      for item in try ListText.items(entry.value, key: entry.key, file: file) { try storage(item, key, entry) }
    case .service:
      let text = entry.value.trimmed
      guard text.count > 0 else { return }
      guard let service = VPCEndpointService(text.string) else {
        throw problem(
          entry,
          "is not the name of a service, com.amazonaws.vpce.REGION.vpce-svc-…: \(quoted(text.string)); "
            + again)
      }
      self.service = (service, text.position(0))
      agreement.add(region: service.region, SnowflakeAgreement.Place(entry.key, text.position(0)))
    case .none(let why):
      let what = isList ? entry.value.trimmed.string : entry.key
      leftOut.append(Plan.LeftOut(what, why: why, position: entry.position))
      agreement.add(service: entry.value.trimmed.string, SnowflakeAgreement.Place(entry.key, entry.position))
    }
  }

  /// Adds a host of a known key, and the names that drivers make of it.
  private mutating func add(
    _ item: SourceText, _ key: String, _ entry: ExportEntry, _ use: SnowflakeKey.Use
  ) throws(Problem) {
    let name = try host(item, entry)
    if isList, !name.labels.contains(Array("privatelink".utf8)) {
      let shown = name.textWithoutFinalDot
      leftOut.append(
        Plan.LeftOut(shown, why: "a public host (\(entry.key)), which stays public", position: entry.position))
      return
    }
    if name.isWildcard {
      guard case .wildcardHosts = use, let above = name.parent, SnowflakeKey.parent(of: above) != nil else {
        throw problem(item, entry, "is a pattern that would claim the names of others; \(again)")
      }
    }
    guard let zone = SnowflakeKey.parent(of: name) else {
      let parents = SnowflakeKey.parents.map(\.textWithoutFinalDot).joined(separator: ", ")
      throw problem(
        item, entry,
        "is not below a private domain of Snowflake (\(parents)); a config may not claim other "
          + "names: if it is a host of a link, say so with backroad import hosts")
    }
    agreement.add(name, below: zone, of: key, SnowflakeAgreement.Place(entry.key, item.position(0)))
    func add(_ name: Name?, _ derivation: Link.Source.Derivation) {
      let sources = [Link.Source(key: key, derivation: derivation)]
      guard let name, let host = Link.Host(name: name, zone: zone, sources: sources) else { return }
      hosts.append(host)
      names.insert(name)
    }
    guard names.count < Limits.Links.hosts else {
      throw problem(item, entry, "is one too many: the config names more than \(Limits.Links.hosts) hosts; \(again)")
    }
    let isDriverHost = if case .driverHosts = use { true } else { false }
    let ocsp = Array("ocsp".utf8)
    add(name, .verbatim)
    if isDriverHost { add(name.prefixed(by: ocsp), .ocsp) }
    guard let dashed = name.dashed else { return }
    add(dashed, .dashed)
    if isDriverHost { add(dashed.prefixed(by: ocsp), .dashedOCSP) }
  }

  /// An item's host name, in lower case and bare.
  private mutating func host(_ item: SourceText, _ entry: ExportEntry) throws(Problem) -> Name {
    let text = item.string
    if let why = SnowflakeKey.refusalByShape(text) { throw problem(item, entry, "\(why), not a host; \(again)") }
    switch HostText.read(text) {
    case .none(let why): throw problem(item, entry, "\(why); \(again)")
    case .host(let name, let changes):
      if !changes.isEmpty {
        notes.append("\(entry.key): \(name.textWithoutFinalDot), without \(changes.joined(separator: ", "))")
      }
      return name
    }
  }

  /// A key that was not there when this was written: its hosts are shown, and nothing is done with them.
  private mutating func readUnknown(_ entry: ExportEntry) throws(Problem) {
    unknownKeys.append(entry.key)
    let names = try ListText.items(entry.value, key: entry.key, file: file).compactMap { item -> Name? in
      guard SnowflakeKey.refusalByShape(item.string) == nil, case .host(let name, _) = HostText.read(item.string) else {
        return nil
      }
      return SnowflakeKey.parent(of: name) != nil || name.labels.contains(Array("privatelink".utf8)) ? name : nil
    }
    guard !names.isEmpty else {
      leftOut.append(Plan.LeftOut(entry.key, why: "an unknown key, and no private host", position: entry.position))
      return
    }
    let hosts = names.map(\.textWithoutFinalDot).joined(separator: " ")
    leftOut.append(
      Plan.LeftOut(
        entry.key,
        why: "an unknown key with a private host, which is not trusted: \(hosts); if it is right, add it with "
          + "backroad import hosts", position: entry.position, isForReview: true))
  }

  /// What helps where a value is not what the function gives.
  private var again: String { "paste the result of select \(SnowflakeKey.function.name) as it is, whole" }

  func problem(_ entry: ExportEntry, _ message: String) -> Problem {
    Problem(file: file, position: entry.value.trimmed.position(0), "the value of \(quoted(entry.key)) \(message)")
  }

  func problem(_ item: SourceText, _ entry: ExportEntry, _ message: String) -> Problem {
    Problem(file: file, position: item.position(0), "\(quoted(item.string)) in \(quoted(entry.key)) \(message)")
  }
}

extension Name {
  /// The name that drivers make of this one, `-` for each `_`; nil when it has none, or what they make is no host name.
  var dashed: Name? {
    guard wire.contains(0x5f), let made = Name(labels: labels.map { $0.map { $0 == 0x5f ? 0x2d : $0 } }),
      case .host(let name, changes: []) = HostText.read(made.textWithoutFinalDot)
    else { return nil }
    return name
  }
}

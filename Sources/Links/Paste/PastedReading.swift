import Text
import Wire

/// What a paste was taken for, and what the command of that kind is to be given.
public struct PastedReading: Sendable {
  /// A flag of the kind's command, and its value.
  public struct Flag: Hashable, Sendable {
    /// With its dashes.
    public var name: String
    /// Its value.
    public var value: String

    init(_ name: String, _ value: String) {
      self.name = name
      self.value = value
    }
  }

  /// What the kind's command is given for one thing that was found.
  public struct Part: Hashable, Sendable {
    /// The host, bucket or URL.
    public var operand: String
    /// What it says of itself.
    public var flags: [Flag]

    init(_ operand: String, _ flags: [Flag]) {
      self.operand = operand
      self.flags = flags
    }
  }

  /// The kind of link.
  public var kind: PastedKind
  /// Why it was taken for that.
  public var why: String
  /// What the kind's command is given beside what the person said.
  public var flags: [Flag] = []
  /// What the kind's command takes without a flag: hosts, buckets, a URL.
  public var operands: [String] = []
  /// The operands by themselves, each with its flags, for links of their own.
  public var parts: [Part] = []
  /// What the kind's command reads in the place of a file; nil where the operands say all.
  public var input: [UInt8]?
  /// What else was found or left out.
  public var notes: [String] = []
  /// What is likely not as it should be.
  public var warnings: [String] = []
  /// The service that the endpoint is to be of; nil when the paste says none, or its importer looks for itself.
  public var service: VPCEndpointService?

  init(_ kind: PastedKind, why: String) {
    self.kind = kind
    self.why = why
  }

  /// For the plan: what it was taken for and why.
  public var remark: String { "taken for \(kind.text): \(why)" }

  /// Holds an endpoint against the service that the paste names.
  public func check(_ endpoint: Endpoint?) throws(Problem) {
    guard let service, let endpoint, let name = endpoint.vpcEndpoint, name.isEndpointService,
      name.service != service.id || name.region != service.region
    else { return }
    throw Problem(
      "--endpoint: \(endpoint.text) is of \(name.service) in \(name.region), and what was pasted names \(service.text); give "
        + "the endpoint of that service with --endpoint")
  }
}

/// What the text of a paste says beside its hosts.
struct PastedWords {
  /// The words that tell a database.
  private let known: Set<String>

  /// No words.
  init() { known = [] }

  /// Looks through a text.
  init(_ text: SourceText) {
    let lower = text.octets.map { Wire.lowercased($0) }
    known = Self.databases.filter { lower.has($0) }
  }

  /// Looks through what stands together; nil where it says nothing, so that what stands around it counts.
  init?(_ texts: [String]) {
    let known = Self.databases.filter { database in texts.contains { $0.asciiLowercased.utf8.has(database) } }
    guard !known.isEmpty else { return nil }
    self.known = known
  }

  private static let databases: Set<String> = ["postgres", "mysql", "mariadb"]

  /// True when the text has one of the words looked for.
  func has(_ word: String) -> Bool { known.contains(word) }
}

/// Labels and values of a text, whatever parts them.
struct PastedField {
  /// In lower case, without what stands in brackets; empty for a value alone.
  let label: String
  /// Without quotes and white space.
  let value: String
  /// Its line; nil in JSON.
  var line: Int?
  /// True for one word of a value.
  var isPart = false
  /// True for a value that stands alone in its line, or in a list.
  var isAlone: Bool { label.isEmpty }
  /// The label of a word in a sentence.
  static let sentence = "a sentence"

  /// True for what the heading of a mail (RFC 5322 §3.6) has: who sent it, and by which ways.
  var isOfMail: Bool {
    let known: Set<String> = [
      "from", "to", "cc", "bcc", "reply-to", "sender", "date", "sent", "message-id", "in-reply-to", "references",
      "received",
      "return-path", "delivered-to", "mime-version", "content-type", "dkim-signature", "authentication-results",
      "received-spf",
      "list-unsubscribe", "user-agent",
    ]
    return known.contains(label) || label.hasPrefix("x-") || label.hasPrefix("arc-")
  }

  /// True for what may be a bucket's name beside such a label, and is no word between several.
  var mayBeBucket: Bool {
    let between: Set<String> = [
      "and", "or", "both", "all", "in", "the", "region", "regions", "only", "following", "are", "also", "our", "und",
      "plus",
    ]
    return PastedHost.isBucket(value) && !between.contains(value.asciiLowercased) && AWSRegion.refusal(value) != nil
  }

  init(label: String, value: String, line: Int? = nil) {
    self.label = label
    self.value = value
    self.line = line
  }

  /// True when the label says that the value is a port, or several.
  var namesPort: Bool { ["port", "ports", "tcp port", "tcp ports", "database port", "listener port"].contains(label) }

  /// True when the label says that the value is a host or something like it.
  var namesHost: Bool {
    let words = [
      "host", "dns", "url", "server", "domain", "fqdn", "address", "endpoint", "cluster", "database", "workspace",
      "registry",
      "bucket",
    ]
    return words.contains { label.utf8.has($0) }
  }
}

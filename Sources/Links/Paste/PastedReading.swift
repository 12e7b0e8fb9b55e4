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

  /// The kind of link.
  public var kind: PastedKind
  /// Why it was taken for that.
  public var why: String
  /// What the kind's command is given beside what the person said.
  public var flags: [Flag] = []
  /// What the kind's command takes without a flag: hosts, buckets, a URL.
  public var operands: [String] = []
  /// What the kind's command reads in the place of a file; nil where the operands say all.
  public var input: [UInt8]?
  /// What else was found or left out.
  public var notes: [String] = []
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

  /// Looks through a text.
  init(_ text: SourceText) {
    let lower = text.octets.map { Wire.lowercased($0) }
    known = Set(["postgres", "mysql", "mariadb"].filter { lower.has($0) })
  }

  /// True when the text has one of the words looked for.
  func has(_ word: String) -> Bool { known.contains(word) }
}

/// Labels and values of a text, whatever parts them.
struct PastedField {
  /// In lower case, without what stands in brackets; empty for a value alone.
  let label: String
  /// Without quotes and white space.
  let value: String
  /// The line of a label with all of its value; nil for a part of one, and in JSON.
  var line: Int?
  /// True for a value that stands alone in its line, or in a list.
  var isAlone: Bool { label.isEmpty }

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

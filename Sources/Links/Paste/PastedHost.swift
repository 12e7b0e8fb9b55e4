import Bounds
import Text
import Wire

/// What a word of a paste is by its shape: a host, a URL or a name of a kind of link, and what its importer is given for it.
struct PastedHost: Hashable {
  /// The kinds that it may be of; several where its shape does not tell.
  var kinds: [PastedKind]
  /// What the kind's importer takes for it: the host, a bucket, a URL.
  var operand: String
  /// Flags that the word says the values of.
  var flags: [PastedReading.Flag] = []
  /// What it was taken for, and why.
  var why: String
  /// True for a shape that nothing else has, so that it counts wherever it stands in a text.
  var isSure: Bool
  /// True for a host that may be of several kinds and is likely of the first.
  var isLikely = false
  /// The ports that stand beside it, not in its own text.
  var ports: [Int] = []
  /// Its line; nil in JSON.
  var line: Int?
  /// Where its line says that it leads; nil where that says nothing.
  var lead: PastedLead?

  /// True where its own text says its port.
  var hasPort: Bool { HostText.port(operand) != nil }

  /// What the importer of a kind is given: with the port beside it, where that one takes it with the host.
  func operand(as kind: PastedKind) -> String {
    guard ports.count == 1, let port = ports.first, !hasPort, !operand.utf8.has(",") else { return operand }
    switch kind {
    case .postgres, .mysql, .redshift, .hosts: return "\(operand):\(port)"
    // The port of SSH is another protocol's than a host's.
    case .vcs: return port == 22 ? operand : "\(operand):\(port)"
    case .snowflake, .databricks, .s3: return operand
    }
  }

  /// Has the usual port of a database say which it is.
  mutating func decideByPort() {
    guard kinds == [.postgres, .mysql] else { return }
    if ports == [5432] { kinds = [.postgres] }
    if ports == [3306] { kinds = [.mysql] }
  }
}

/// The kinds of link, as their commands are called.
public enum PastedKind: String, Hashable, Sendable, CaseIterable {
  case snowflake, databricks, vcs, postgres, mysql, redshift, s3, hosts

  /// For a person: what such a paste is.
  public var text: String {
    switch self {
    case .snowflake: "what Snowflake says of an account"
    case .databricks: "a workspace of Databricks"
    case .vcs: "a server for version control"
    case .postgres: "a PostgreSQL database"
    case .mysql: "a MySQL database"
    case .redshift: "a cluster of Redshift"
    case .s3: "a bucket of S3"
    case .hosts: "hosts inside a network"
    }
  }
}

extension PastedHost {
  /// Looks at a word.
  ///
  /// - Parameter words: what else the text says, in lower case: it may name the database that a host is of.
  /// - Returns: nil for a word that is no host and no URL.
  init?(_ word: String, in words: PastedWords) {
    guard word.utf8.count <= Limits.Links.hostTextOctets, word.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f }) else {
      return nil
    }
    let lower = word.asciiLowercased
    if let found = Self.scheme(word, lower, words) {
      self = found
    } else if let found = Self.repository(word, lower) {
      self = found
    } else {
      guard VPCEndpointService(lower) == nil, SnowflakeKey.refusalByShape(lower) == nil,
        case .host(let name, _) = HostText.read(word), name.labelCount >= 2, (try? VPCEndpointName(name)) == nil
      else { return nil }
      self = Self.host(name, word, lower, words)
    }
  }

  /// What a URL's scheme tells.
  private static func scheme(_ word: String, _ lower: String, _ words: PastedWords) -> PastedHost? {
    if lower.hasPrefix("jdbc:redshift://") {
      // Its parameters may hold a password; what a link is made of is the host, with its port.
      guard let host = hosts(word) else { return nil }
      return PastedHost(
        kinds: [.redshift], operand: host, why: "\(hostOnly(host)) stands in its JDBC URL", isSure: true)
    }
    for (prefix, kind) in [
      ("jdbc:postgresql://", PastedKind.postgres), ("postgresql://", .postgres), ("postgres://", .postgres),
      ("jdbc:mysql://", .mysql), ("mysql://", .mysql), ("jdbc:mariadb://", .mysql),
    ] where lower.hasPrefix(prefix) {
      guard let host = hosts(word) else { return nil }
      if host.asciiLowercased.utf8.has(".redshift") {
        return PastedHost(
          kinds: [.redshift], operand: host, why: "\(hostOnly(host)) is a host of Redshift's", isSure: true)
      }
      return PastedHost(kinds: [kind], operand: host, why: "its URL starts with \(prefix)", isSure: true)
    }
    for prefix in ["s3://", "s3a://", "arn:aws:s3:::", "arn:aws-cn:s3:::", "arn:aws-us-gov:s3:::"]
    where lower.hasPrefix(prefix) {
      let bucket = String(word.dropFirst(prefix.count).prefix { $0 != "/" && $0 != "?" && $0 != "#" })
      guard isBucket(bucket) else { return nil }
      return PastedHost(kinds: [.s3], operand: bucket, why: "\(prefix)\(bucket) names a bucket", isSure: true)
    }
    return nil
  }

  /// `git@HOST:GROUP/NAME.git`, `ssh://git@HOST/…`, `https://HOST/GROUP/NAME.git`.
  private static func repository(_ word: String, _ lower: String) -> PastedHost? {
    var host: String?
    var port = ""
    if lower.hasPrefix("ssh://") || lower.hasPrefix("git://") {
      host = hostPart(word, after: "://")
      // Its scheme tells whose port it is.
      port = HostText.port(word).map { ":\($0)" } ?? ""
    } else if lower.hasSuffix(".git"), lower.utf8.has("://") {
      host = hostPart(word, after: "://")
      port = HostText.port(word).map { ":\($0)" } ?? ""
    } else if let at = word.firstIndex(of: "@"), word[at...].contains(":"), !lower.utf8.has("://") {
      host = String(word[word.index(after: at)...].prefix { $0 != ":" })
    }
    guard let host, case .host(let name, _) = HostText.read(host) else { return nil }
    let shown = name.textWithoutFinalDot
    return PastedHost(
      kinds: [.vcs], operand: (port.isEmpty || !lower.hasPrefix("ssh://") ? "" : "ssh://") + shown + port,
      flags: product(of: shown).map { [PastedReading.Flag("--product", $0)] } ?? [],
      why: "\(shown) stands in the address of a repository", isSure: true)
  }

  private static func host(_ name: Name, _ word: String, _ lower: String, _ words: PastedWords) -> PastedHost {
    let text = name.textWithoutFinalDot
    let labels = text.split(separator: ".").map { String($0) }
    let withPort = text + (HostText.port(word).map { ":\($0)" } ?? "")
    func found(_ kinds: [PastedKind], _ operand: String, _ why: String, _ flags: [PastedReading.Flag] = [])
      -> PastedHost
    {
      PastedHost(kinds: kinds, operand: operand, flags: flags, why: why, isSure: true)
    }
    if let domain = ["cloud.databricks.com", "azuredatabricks.net", "gcp.databricks.com"].first(where: {
      isBelow(text, $0)
    }) {
      let id = workspaceID(lower).map { [PastedReading.Flag("--workspace-id", $0)] } ?? []
      return found([.databricks], text, "\(text) is below \(domain)", id)
    }
    if SnowflakeKey.parent(of: name) != nil
      || ["snowflakecomputing.com", "snowflakecomputing.cn", "snowflake.com"].contains(where: { isBelow(text, $0) })
    {
      return found([.snowflake], text, "\(text) is a host of Snowflake's")
    }
    if let domain = ["amazonaws.com", "amazonaws.com.cn", "amazonaws.eu"].first(where: { isBelow(text, $0) }) {
      let before = labels.dropLast(domain.split(separator: ".").count)
      if before.last == "redshift" || before.last == "redshift-serverless" || before.contains("redshift-serverless") {
        return found([.redshift], withPort, "\(text) is a host of Redshift's")
      }
      if before.last == "rds" { return database(text, withPort, lower, words) }
      if let at = before.firstIndex(where: { $0 == "s3" || $0.hasPrefix("s3-") }) {
        let region = before[(at + 1)...].first
        let flags = region.map { [PastedReading.Flag("--region", $0)] } ?? []
        let first = String(bare(word).drop { $0 != "/" }.dropFirst().prefix { $0 != "/" })
        let inPath = isBucket(first) ? first : ""
        let bucket = before[..<at].joined(separator: ".")
        guard !(bucket.isEmpty && inPath.isEmpty) else { return found([.s3], text, "\(text) is S3 itself", flags) }
        return found([.s3], bucket.isEmpty ? inPath : bucket, "\(text) is a bucket's host", flags)
      }
    }
    if let product = product(of: text) {
      return PastedHost(
        kinds: [.vcs, .hosts], operand: withPort, flags: [PastedReading.Flag("--product", product)],
        why: "\(text) has the name of \(product)", isSure: false, isLikely: true)
    }
    if ["git", "scm", "vcs", "code", "source", "svn"].contains(labels[0]) {
      return PastedHost(
        kinds: [.vcs, .hosts], operand: withPort,
        why: "\(text) may be a server for version control, or any host", isSure: false)
    }
    return PastedHost(
      kinds: [.hosts], operand: withPort, why: "\(text) is a host of no known vendor", isSure: false)
  }

  /// A host of RDS, which says neither in its name nor elsewhere which database it is, unless a port or a word does.
  private static func database(_ host: String, _ operand: String, _ lower: String, _ words: PastedWords) -> PastedHost {
    let isPostgres = lower.utf8.has(":5432") || words.has("postgres")
    let isMySQL = lower.utf8.has(":3306") || words.has("mysql") || words.has("mariadb")
    let kinds: [PastedKind] = isPostgres == isMySQL ? [.postgres, .mysql] : isPostgres ? [.postgres] : [.mysql]
    let told = kinds.count == 1 ? ", and the port or a word says which database" : ""
    return PastedHost(
      kinds: kinds, operand: operand, why: "\(host) is a host of RDS or Aurora\(told)", isSure: true)
  }

  /// The product of a version control server by the name of its host.
  static func product(of host: String) -> String? {
    let words = host.split { !$0.isLetter }.dropLast().map { String($0) }
    let known = [
      "github": "github", "ghe": "github", "gitlab": "gitlab", "bitbucket": "bitbucket", "stash": "bitbucket",
      "azuredevops": "azure-devops", "tfs": "azure-devops",
    ]
    if let product = words.lazy.compactMap({ known[$0] }).first { return product }
    return isBelow(host, "dev.azure.com") || host == "dev.azure.com" || isBelow(host, "visualstudio.com")
      || host.utf8.has("azure-devops") ? "azure-devops" : nil
  }

  /// The id of `?o=ID` in the URL of a Databricks workspace.
  private static func workspaceID(_ lower: String) -> String? {
    guard let start = lower.range(of: "?o=") ?? lower.range(of: "&o=") else { return nil }
    let id = lower[start.upperBound...].prefix { $0.isASCII && $0.isNumber }
    return id.isEmpty ? nil : String(id)
  }

  private static func isBelow(_ host: String, _ domain: String) -> Bool { host.hasSuffix("." + domain) }

  /// The word without its scheme and query.
  private static func bare(_ word: String) -> String {
    let start = word.range(of: "://")?.upperBound ?? word.startIndex
    return String(word[start...].prefix { $0 != "?" && $0 != "#" })
  }

  /// True for what a bucket may be called, though not all such names are allowed.
  static func isBucket(_ text: String) -> Bool {
    guard let first = text.utf8.first, first != UInt8(ascii: "-"), first != UInt8(ascii: ".") else { return false }
    return text.utf8.allSatisfy { octet in
      switch octet {
      case 0x61...0x7a, 0x41...0x5a, 0x30...0x39: true
      default: "-._".utf8.contains(octet)
      }
    }
  }

  /// A word as it may be shown: without what stands before its last @ and behind its host, which may be secret.
  static func plain(_ word: String) -> String {
    let start = word.lastIndex(of: "@").map { word.index(after: $0) } ?? word.range(of: "://")?.upperBound
    return String(word[(start ?? word.startIndex)...].prefix { $0 != "/" && $0 != "?" && $0 != "#" && $0 != ";" })
  }

  private static func hostOnly(_ text: String) -> String { String(text.prefix { $0 != ":" && $0 != "," }) }

  /// The host of a URL, without the user before it and the port after it.
  private static func hostPart(_ word: String, after mark: String) -> String? {
    guard let part = authority(word, after: mark),
      case .host(let name, _) = HostText.read(String(part.prefix { $0 != ":" }))
    else { return nil }
    return name.textWithoutFinalDot
  }

  /// All hosts of a database's URL, each with its port, as the kind's importer takes them: `one:5432,two:5432`. Nil where any is
  /// none.
  private static func hosts(_ word: String) -> String? {
    guard let part = authority(word, after: "://") else { return nil }
    var hosts: [String] = []
    for text in part.split(separator: ",") {
      guard case .host(let name, _) = HostText.read(String(text.prefix { $0 != ":" })) else { return nil }
      hosts.append(name.textWithoutFinalDot + (HostText.port(String(text)).map { ":\($0)" } ?? ""))
    }
    return hosts.isEmpty ? nil : hosts.joined(separator: ",")
  }

  /// What stands for the machine in a URL, without the user before it.
  private static func authority(_ word: String, after mark: String) -> Substring? {
    guard let start = word.range(of: mark)?.upperBound else { return nil }
    let part = word[start...].prefix { $0 != "/" && $0 != "?" && $0 != "#" && $0 != ";" }
    return part.lastIndex(of: "@").map { part[part.index(after: $0)...] } ?? part
  }
}

extension String {
  /// Where another text stands in this one; ASCII alone, as all that is looked for here.
  fileprivate func range(of other: String) -> Range<String.Index>? { self[...].firstRange(of: other) }
}

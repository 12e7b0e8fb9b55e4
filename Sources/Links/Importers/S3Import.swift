import Bounds
import Text
import Wire

/// `import s3`: buckets that an S3 interface endpoint leads to.
public enum S3Import {
  /// The kind of these links.
  public static let kind = "s3"

  /// What a person says besides the buckets.
  public struct Options: Sendable {
    /// What is said of a link of any kind.
    public var link: LinkRequest
    /// The buckets' region; nil for the one in the endpoint's name.
    public var region: String?

    /// Takes what must be said.
    public init(_ link: LinkRequest) { self.link = link }
  }

  /// Plans an import; nothing is written. Each bucket is a zone of its own: the region's other buckets stay as they are.
  ///
  /// - Throws: everything that is wrong with the buckets, region or endpoint, or stands in their way in the workspace.
  public static func plan(
    _ buckets: [String], options: Options, in workspace: WorkspaceFolder
  ) throws(Problems) -> Plan {
    let old = workspace.existingLink(options.link.name, ofKind: kind)
    let endpoint = options.link.endpoint ?? old?.main.endpoint
    let region = try oneProblem { () throws(Problem) in
      try self.region(options.region, endpoint, options.link.command(kind, in: workspace), buckets)
    }
    var hosts: [Link.Host] = []
    var warnings: [Problem] = []
    var errors: [Problem] = []
    for bucket in buckets where errors.count <= Limits.Links.remarks {
      do throws(Problem) {
        let name = try BucketName(bucket, region: region)
        if name.hasDots {
          warnings.append(
            Problem(
              severity: .warning,
              "\(name.text): S3's certificate covers one label before s3.\(region), so TLS fails for a bucket with dots; "
                + "have clients use path style, or a bucket without dots"))
        }
        if let host = Link.Host(name: name.host, zone: name.host, sources: []) { hosts.append(host) }
        guard hosts.count <= Limits.Links.hosts else {
          throw Problem("more than \(Limits.Links.hosts) buckets in one link; make another with --link NAME")
        }
      } catch { errors.append(error) }
    }
    guard errors.isEmpty else { throw Problems(errors.shortened) }
    var draft = options.link.draft(kind: kind, hosts: hosts)
    draft.warnings += warnings.shortened
    draft.notes = ["the buckets' region is \(region); their other names (path style, s3.amazonaws.com) stay public"]
    draft.nextSteps = [
      "the customer must allow the endpoint in each bucket's policy: aws:sourceVpce "
        + (endpoint?.vpcEndpoint?.id ?? "vpce-…")
    ]
    draft.proof = hosts.first?.name
    return try LinkUpdate.plan(draft, for: options.link, in: workspace)
  }

  private static func region(
    _ given: String?, _ endpoint: Endpoint?, _ command: String, _ buckets: [String]
  ) throws(Problem) -> String {
    let seen = endpoint?.vpcEndpoint?.region
    guard let region = given?.asciiLowercased ?? seen else {
      let shown = buckets.prefix(8).filter { $0.utf8.count <= 63 }
      throw Problem(
        "whose region's buckets? say it, as with \(command) --region us-east-1 \(shellOperands(shown))"
          + "\(shown.count < buckets.count ? " …" : ""), or give the endpoint's DNS name")
    }
    if let why = AWSRegion.refusal(region) { throw Problem("--region: \(why)") }
    if let seen, seen != region {
      throw Problem(
        "--region says \(region), and the endpoint is in \(seen); give the endpoint of the buckets' region, or "
          + "--region \(word: seen)")
    }
    return region
  }
}

/// A bucket's name by AWS's rules for general purpose buckets.
struct BucketName: Hashable, Sendable {
  /// The bucket.
  let text: String
  /// Its host in its region.
  let host: Name

  /// True where the host has more labels before `s3` than its certificate covers.
  var hasDots: Bool { text.utf8.contains(0x2e) }

  /// Reads a bucket, `s3://BUCKET/…`, or its host in the region.
  ///
  /// - Throws: which rule the text breaks.
  init(_ given: String, region: String) throws(Problem) {
    guard given.utf8.count <= Limits.Links.hostTextOctets else {
      throw Problem("a bucket's name has 3 to 63 characters, not \(given.utf8.count)")
    }
    let domain =
      region.hasPrefix("cn-") ? "amazonaws.com.cn" : region.hasPrefix("eusc-") ? "amazonaws.eu" : "amazonaws.com"
    let suffix = ".s3.\(region).\(domain)"
    var text = given
    if text.hasPrefix("s3://") { text = String(text.dropFirst(5).prefix { $0 != "/" }) }
    if text.hasSuffix(suffix) { text = String(text.dropLast(suffix.count)) }
    func refusal(_ why: String) -> Problem { Problem("\(quoted(given)) is not a bucket's name: \(why)") }
    if let placeholder = Placeholder.found(in: text) {
      throw Problem("\(quoted(given)) still holds the placeholder \(quoted(placeholder)); write the bucket's own name")
    }
    guard !text.contains("amazonaws.") else {
      throw refusal("give the bucket alone, or BUCKET\(suffix)")
    }
    let octets = Array(text.utf8)
    guard (3...63).contains(octets.count) else { throw refusal("it has 3 to 63 characters, not \(octets.count)") }
    func isPlain(_ octet: UInt8) -> Bool { (octet >= 0x61 && octet <= 0x7a) || (octet >= 0x30 && octet <= 0x39) }
    guard octets.allSatisfy({ isPlain($0) || $0 == 0x2d || $0 == 0x2e }) else {
      throw refusal("it has lower-case letters, digits, \"-\" and \".\" alone")
    }
    let labels = text.split(separator: ".", omittingEmptySubsequences: false)
    guard labels.allSatisfy({ $0.utf8.first.map(isPlain) == true && $0.utf8.last.map(isPlain) == true }) else {
      throw refusal("letters or digits stand at its ends and beside each dot")
    }
    guard IPAddress(text) == nil else { throw refusal("it looks like an address; write the bucket's own name") }
    for prefix in ["xn--", "sthree-", "amzn-s3-demo-"] where text.hasPrefix(prefix) {
      throw refusal("none starts with \(prefix); write the bucket's own name")
    }
    for suffix in ["-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3"] where text.hasSuffix(suffix) {
      throw refusal(
        "what ends in \(suffix) is no general purpose bucket and has an endpoint of another kind; write the bucket's own name"
      )
    }
    guard let host = try? Name("\(text)\(suffix)") else {
      throw refusal("its host would be too long; write the bucket's own name")
    }
    self.text = text
    self.host = host
  }
}

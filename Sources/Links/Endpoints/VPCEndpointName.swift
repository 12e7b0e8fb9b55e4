import Text
import Wire

/// What the DNS name of an AWS VPC endpoint says of itself.
///
/// The regional name is `vpce-<id>-<suffix>.<service>.<region>.vpce.amazonaws.com`, a zonal one has its availability
/// zone after the suffix; S3 puts `bucket`, `accesspoint` or `control` before it. China's names end in `amazonaws.com.cn`
/// and those of the European sovereign cloud in `amazonaws.eu`.
public struct VPCEndpointName: Hashable, Sendable {
  /// The endpoint's id: `vpce-` and hexadecimal digits.
  public let id: String
  /// The availability zone, for the name of one zone's addresses alone.
  public let availabilityZone: String?
  /// `vpce-svc-…` for an endpoint service, or the name of a service of AWS: `s3`.
  public let service: String
  /// The region of the service, which for endpoints across regions is not the endpoint's.
  public let region: String
  /// The same endpoint's name for all its zones.
  public let regionalName: String

  /// True for a service that someone else than AWS offers.
  public var isEndpointService: Bool { service.hasPrefix("vpce-svc-") }

  /// Why a name is none of a consumer's VPC endpoint.
  public enum Refusal: Error, Hashable, Sendable {
    /// It does not end as such names do.
    case notBelowVPCE
    /// `vpce-svc-….<region>.vpce.amazonaws.com`, which is the provider's.
    case providersSide
    /// It ends well, but what stands before is not an endpoint of a service; what is wrong with it.
    case malformed(String)
  }

  private static let domains = ["vpce.amazonaws.com", "vpce.amazonaws.com.cn", "vpce.amazonaws.eu"]
  private static let prefixesOfS3 = ["bucket", "accesspoint", "control"]

  /// True for an endpoint's id: `vpce-` and lower-case letters or digits.
  static func isID(_ text: String) -> Bool {
    let digits = text.utf8.dropFirst("vpce-".utf8.count)
    return text.startsSame(as: "vpce-") && !digits.isEmpty
      && digits.allSatisfy { (0x61...0x7a).contains($0) || (0x30...0x39).contains($0) }
  }

  /// Reads a name.
  public init(_ name: Name) throws(Refusal) {
    let text = name.lowercased.textWithoutFinalDot
    guard let domain = Self.domains.first(where: { text.hasSuffix("." + $0) }) else { throw .notBelowVPCE }
    var labels = text.dropLast(domain.count + 1).split(separator: ".").map { String($0) }
    let prefix = labels.first.flatMap { Self.prefixesOfS3.contains($0) ? $0 : nil }
    if prefix != nil { labels.removeFirst() }
    guard let first = labels.first, let region = labels.last, first.hasPrefix("vpce-"), labels.count >= 2 else {
      throw .malformed("it does not start with an endpoint's id, vpce-…")
    }
    guard !first.hasPrefix("vpce-svc-") else { throw .providersSide }
    let parts = first.split(separator: "-", maxSplits: 3, omittingEmptySubsequences: false).map { String($0) }
    guard labels.count >= 3, parts.count >= 3, parts.allSatisfy({ !$0.isEmpty }) else {
      throw .malformed("a part is missing: vpce-<id>-<suffix>.<service>.<region>.\(domain)")
    }
    guard region.hasPrefix("cn-") == domain.hasSuffix(".cn") else {
      throw .malformed("the names of China's regions (cn-…) end in .amazonaws.com.cn, and no others do")
    }
    id = "vpce-" + parts[1]
    availabilityZone = parts.count == 4 ? parts[3] : nil
    service = labels[1..<(labels.count - 1)].joined(separator: ".")
    self.region = region
    let whole = ["vpce-\(parts[1])-\(parts[2])"] + labels.dropFirst() + [domain]
    regionalName = ((prefix.map { [$0] } ?? []) + whole).joined(separator: ".")
  }
}

/// The name under which an AWS endpoint service is offered: `com.amazonaws.vpce.<region>.vpce-svc-<id>`.
///
/// It reads like a host name and is none. Command lines are printed with it, so nothing but what AWS makes names of is taken.
public struct VPCEndpointService: Hashable, Sendable {
  /// The region that the service is in.
  public let region: String
  /// `vpce-svc-` and hexadecimal digits, in lower case: `vpce-svc-XXXX` stands in documentation in its place, and is none.
  public let id: String

  /// Reads a service name; nil when the text is none. China's start with `cn.com.amazonaws` or `com.amazonaws`.
  public init?(_ text: some StringProtocol) {
    // The longest that such a name may be, and ASCII as all of them: what follows is done to nothing else.
    guard text.utf8.count <= 255, text.utf8.allSatisfy({ $0 < 0x80 }) else { return nil }
    var labels = text.lowercased().split(separator: ".", omittingEmptySubsequences: false).map { String($0) }
    if labels.first == "cn" { labels.removeFirst() }
    guard labels.count == 5, labels[0] == "com", labels[1] == "amazonaws", labels[2] == "vpce", Self.isPart(labels[3]),
      labels[4].hasPrefix("vpce-svc-"), labels[4].utf8.count > "vpce-svc-".utf8.count,
      labels[4].utf8.dropFirst("vpce-svc-".utf8.count).allSatisfy({
        (0x30...0x39).contains($0) || (0x61...0x66).contains($0)
      })
    else { return nil }
    region = labels[3]
    id = labels[4]
  }

  private static func isPart(_ text: some StringProtocol) -> Bool {
    !text.isEmpty
      && text.utf8.allSatisfy { (0x61...0x7a).contains($0) || (0x30...0x39).contains($0) || $0 == UInt8(ascii: "-") }
  }

  /// The service name.
  public var text: String { "com.amazonaws.vpce.\(region).\(id)" }
}

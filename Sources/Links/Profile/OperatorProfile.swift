import Bounds
import Text
import Wire

/// What whoever runs the private links tells their customers: whom to allow, from which networks, in which regions. The key
/// `"operator"` of `backroad.json`.
///
/// What it leaves out restricts nothing.
public struct OperatorProfile: Hashable, Sendable {
  /// A place in which the operator makes endpoints.
  public struct Environment: Hashable, Sendable {
    /// The operator's own word for it.
    public let name: String
    /// The region in which the endpoints are made.
    public let region: String
    /// The private networks from which connections come.
    public let networks: [IPPrefix]
    /// The regions whose services may be connected to; nil for those of any region.
    public let serviceRegions: [String]?

    /// Takes the parts.
    public init(name: String, region: String, networks: [IPPrefix], serviceRegions: [String]?) {
      self.name = name
      self.region = region
      self.networks = networks
      self.serviceRegions = serviceRegions
    }

    /// True when services of a region may be connected to.
    public func takesServices(of region: String) -> Bool {
      serviceRegions?.contains { $0.isSame(as: region) } ?? true
    }

    /// True when an address is of one of the networks.
    func holds(_ address: IPAddress) -> Bool { networks.contains { $0.contains(address) } }

    /// For a person: the name, and the regions of services.
    var text: String {
      let services = serviceRegions.map { "services of \($0.joined(separator: ", "))" } ?? "services of any region"
      return "\(name) in \(region), with \(services)"
    }
  }

  /// The file that says so, for messages.
  public let file: String
  /// Who connects: ARNs of AWS, with an account alone as the ARN of its root.
  public private(set) var principals: [String] = []
  /// In the order of the file.
  public private(set) var environments: [Environment] = []
  /// The most links of one workspace; nil for as many as there may be at all.
  public private(set) var linksPerWorkspace: Int?

  /// Reads the value of `"operator"`.
  ///
  /// - Parameter networks: what is private, for the networks must be.
  /// - Throws: everything that is wrong, each with its place.
  public init(_ value: JSON, networks: PrivateNetworks = PrivateNetworks(), file: String) throws(Problems) {
    self.file = file
    let reader = OperatorProfileReader(file: file, networks: networks)
    var problems: [Problem] = []
    do throws(Problem) {
      let root = try value.expectObject("\"operator\"", file: file)
      problems += root.unknownKeys(known: ["principals", "environments", "links-per-workspace"], file: file)
      principals = reader.principals(root["principals"], &problems)
      environments = reader.environments(root["environments"], &problems)
      linksPerWorkspace = try root["links-per-workspace"]?.expectInt(
        "\"links-per-workspace\"", in: 1...Limits.Links.linksOfWorkspace, file: file)
    } catch { problems.append(error) }
    guard problems.isEmpty else { throw Problems(problems) }
  }

  /// The accounts of the principals, in their order, each once.
  public var accounts: [String] {
    var accounts: [String] = []
    for principal in principals {
      guard let account = AWSPrincipal(principal)?.account, !accounts.contains(account) else { continue }
      accounts.append(account)
    }
    return accounts
  }
}

/// An account of AWS, or somebody in it.
struct AWSPrincipal {
  /// Its ARN; of an account alone that of its root.
  let arn: String
  /// Twelve digits.
  let account: String

  /// Reads `111122223333`, or `arn:aws:iam::111122223333:root`, `:role/NAME` or `:user/NAME`; nil for anything else.
  init?(_ text: String) {
    if Self.isAccount(text) {
      account = text
      arn = "arn:aws:iam::\(text):root"
      return
    }
    let parts = text.split(separator: ":", maxSplits: 5, omittingEmptySubsequences: false).map { String($0) }
    guard parts.count == 6, text.utf8.count <= 2048, text.utf8.allSatisfy({ (0x21...0x7e).contains($0) }),
      parts[0].isSame(as: "arn"), parts[1].startsSame(as: "aws"), parts[2].isSame(as: "iam"), parts[3].isEmpty,
      Self.isAccount(parts[4])
    else { return nil }
    let who = ["role/", "user/"].first { parts[5].startsSame(as: $0) }
    guard parts[5].isSame(as: "root") || who.map({ parts[5].utf8.count > $0.utf8.count }) == true else { return nil }
    guard !text.contains("*") else { return nil }
    account = parts[4]
    arn = text
  }

  private static func isAccount(_ text: String) -> Bool {
    text.utf8.count == 12 && text.utf8.allSatisfy { (0x30...0x39).contains($0) }
  }
}

/// Names of regions of AWS.
enum AWSRegion {
  /// Why a text is none, with what to write; nil for one: `us-east-1`, `us-gov-west-1`, `cn-north-1`, `eusc-de-east-1`.
  static func refusal(_ text: String) -> String? {
    if of(zone: text) != nil, isRegion(String(text.dropLast())) {
      return "\(quoted(text)) is an availability zone; write its region, \(text.dropLast())"
    }
    guard !isRegion(text) else { return nil }
    let lower = text.asciiLowercased
    let meant = isRegion(lower) ? ": \(lower)" : " like us-east-1"
    return "\(quoted(text)) is not a region of AWS; write one\(meant)"
  }

  /// The region that the name of an availability zone has in it: `us-east-1` of `us-east-1a`; nil for what is none, as the
  /// zones' ids (`use1-az1`).
  static func of(zone: String) -> String? {
    guard let last = zone.utf8.last, (0x61...0x7a).contains(last) else { return nil }
    let region = String(zone.dropLast())
    return isRegion(region) ? region : nil
  }

  /// True for a zone of a region, by its name (`us-east-1a`) or its id (`use1-az4`), which endpoints across regions have in
  /// their names.
  static func has(zone: String, _ region: String) -> Bool {
    of(zone: zone)?.isSame(as: region) ?? zone.startsSame(as: zoneID(region) + "-az")
  }

  /// What the ids of a region's zones start with: `use1` for `us-east-1`, `apse2` for `ap-southeast-2`.
  private static func zoneID(_ region: String) -> String {
    let parts = region.split(separator: "-").map { String($0) }
    let codes = ["north", "south", "east", "west", "central", "gov"]
    let middle = parts.dropFirst().dropLast().map { part in
      var rest = Substring(part)
      var code = ""
      while let word = codes.first(where: { rest.hasPrefix($0) }) {
        code += word.prefix(1)
        rest = rest.dropFirst(word.count)
      }
      return code
    }
    return (parts.first ?? "") + middle.joined() + (parts.last ?? "")
  }

  static func isRegion(_ text: String) -> Bool {
    let parts = text.utf8.split(separator: 0x2d, omittingEmptySubsequences: false)
    guard (3...4).contains(parts.count), let number = parts.last, (1...2).contains(number.count),
      number.allSatisfy({ (0x30...0x39).contains($0) })
    else { return false }
    return parts.dropLast().allSatisfy { part in
      (2...12).contains(part.count) && part.allSatisfy { (0x61...0x7a).contains($0) }
    }
  }
}

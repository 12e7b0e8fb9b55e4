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

import Wire

/// A domain in which a vendor answers everybody, over the internet.
///
/// No private link leads to a name there, unless a label `privatelink` says that it is one of the private names below it.
struct VendorDomain: Sendable {
  /// The vendor or its service, as a person knows it.
  let vendor: String
  /// What to give instead; nil where there is no link to what a customer has of it.
  private let advice: String?
  /// The kind of link to it, and what that kind's command is given; nil where a person has to find the host.
  private let link: (kind: String, operand: String)?

  private init(_ vendor: String, _ advice: String? = nil, _ link: (kind: String, operand: String)? = nil) {
    self.vendor = vendor
    self.advice = advice
    self.link = link
  }

  /// What to give instead of a name there, with the whole command where a kind of link is for it; nil where there is nothing.
  ///
  /// - Parameter command: the start of the command of a kind, with workspace and link.
  func remedy(_ command: (String) -> String) -> String? {
    advice.map { advice in advice + (link.map { ": \(command($0.kind)) \($0.operand)" } ?? "") }
  }

  private static let snowflake = VendorDomain(
    "Snowflake", "paste the account's private names", ("snowflake", "CONFIG"))
  private static let databricks = VendorDomain("Databricks", "give the workspace's URL", ("databricks", "URL"))
  private static let github = VendorDomain(
    "GitHub", "give the host name of your own GitHub Enterprise Server, as it is used inside")
  private static let gitlab = VendorDomain("GitLab", "give the host name of your own GitLab, its external_url")
  private static let bitbucket = VendorDomain("Bitbucket", "give the host name of your own Bitbucket Data Center")
  private static let azureDevOps = VendorDomain("Azure DevOps", "give the host name of your own Azure DevOps Server")
  private static let azure = VendorDomain("Azure")
  private static let google = VendorDomain("Google")

  private static let domains: [Name: VendorDomain] = {
    let table: [(VendorDomain, [String])] = [
      (
        snowflake,
        ["snowflakecomputing.com", "snowflakecomputing.cn", "snowflakecomputing.mil", "snowflake.app", "snowflake.com"]
      ),
      (
        databricks,
        [
          "databricks.com", "databricks.us", "databricks.mil", "azuredatabricks.net", "databricks.azure.cn",
          "databricks.azure.us", "databricksapps.com",
        ]
      ),
      (github, ["github.com", "github.io", "githubusercontent.com", "githubassets.com", "ghe.com", "ghcr.io"]),
      (gitlab, ["gitlab.com", "gitlab.io", "gitlab.net"]),
      (bitbucket, ["bitbucket.org", "bitbucket.io", "atlassian.com", "atlassian.net"]),
      (azureDevOps, ["dev.azure.com", "visualstudio.com"]),
      (VendorDomain("dbt"), ["getdbt.com"]),
      (
        azure,
        ["azure.com", "windows.net", "azure.net", "azurewebsites.net", "microsoft.com", "azure.cn", "azure.us"]
      ),
      (google, ["googleapis.com", "google.com"]),
    ]
    var domains: [Name: VendorDomain] = [:]
    for (vendor, names) in table {
      for name in names { if let name = try? Name(name) { domains[name] = vendor } }
    }
    return domains
  }()

  /// The vendor in whose domain a name is, or whose domain it is: the closest; nil when it is in none.
  static func of(_ name: Name) -> VendorDomain? { name.andAbove.lazy.compactMap { domains[$0] }.first }
}

extension PublicDomain {
  /// Why no private link ends at a name; nil when one may: what a vendor answers everybody is reached over the internet.
  static func refusalOfEndpoint(_ name: Name) -> String? {
    let give = "give the DNS name of the VPC endpoint (vpce-….vpce.amazonaws.com), or the endpoint's private addresses"
    let isPrivate = name.labels.contains { $0.map { Wire.lowercased($0) }.elementsEqual("privatelink".utf8) }
    if !isPrivate, let vendor = VendorDomain.of(name) {
      return "is a public name of \(vendor.vendor), and leads over the internet; \(give)"
    }
    guard isS3OfEverybody(name) || (name.labelCount > 1 && isOfEverybody(name)) else { return nil }
    return "is a public name that AWS answers everybody with, and leads over the internet; \(give)"
  }

  /// A bucket's name or a region's in S3, which lead to an endpoint of AWS's own choice.
  private static func isS3OfEverybody(_ name: Name) -> Bool {
    let text = name.lowercased.textWithoutFinalDot
    let isOfAWS = ["amazonaws.com", "amazonaws.com.cn", "amazonaws.eu"].contains { text.hasSuffix("." + $0) }
    return isOfAWS && text.split(separator: ".").contains { $0 == "s3" || $0.hasPrefix("s3-") }
  }
}

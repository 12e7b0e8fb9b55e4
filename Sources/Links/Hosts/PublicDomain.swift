import Text
import Wire

/// Domains that are other people's or everybody's: a private zone of that name would hide every public name below it.
enum PublicDomain {
  /// Vendors' and clouds' domains that hold many customers' names.
  private static let shared: Set<String> = [
    "snowflakecomputing.com", "snowflakecomputing.cn", "snowflakecomputing.mil", "snowflake.app", "snowflake.com",
    "amazonaws.com", "amazonaws.com.cn", "amazonaws.eu", "vpce.amazonaws.com", "vpce.amazonaws.com.cn",
    "vpce.amazonaws.eu", "aws.amazon.com", "api.aws", "s3.amazonaws.com", "databricks.com", "cloud.databricks.com",
    "privatelink.cloud.databricks.com", "gcp.databricks.com", "azuredatabricks.net", "windows.net", "core.windows.net",
    "blob.core.windows.net", "dfs.core.windows.net", "file.core.windows.net", "azure.com", "dev.azure.com", "azure.net",
    "azurewebsites.net", "visualstudio.com", "microsoft.com", "googleapis.com", "google.com", "github.com", "github.io",
    "githubusercontent.com", "gitlab.com", "bitbucket.org", "atlassian.net", "getdbt.com",
  ]

  /// Suffixes below which the public registers names, beyond those of one label; the usual ones.
  private static let suffixes: Set<String> = [
    "co.uk", "org.uk", "gov.uk", "ac.uk", "com.au", "net.au", "org.au", "co.nz", "co.jp", "ne.jp", "or.jp", "com.br",
    "com.cn", "net.cn", "org.cn", "co.in", "co.kr", "com.sg", "com.hk", "com.tw", "com.mx", "co.za", "com.tr", "co.il",
    "com.ar", "com.pl", "co.id", "com.my",
  ]

  /// Top-level names that are not in the public DNS: RFC 2606, RFC 6762 appendix G, and ICANN's `internal`.
  private static let privateTop: Set<String> = [
    "internal", "intranet", "private", "corp", "home", "lan", "local", "test", "example", "localdomain", "office",
  ]

  /// Why no zone may have this name; nil when one may.
  static func refusal(_ apex: Name) -> String? {
    let text = apex.lowercased.textWithoutFinalDot
    if apex.isRoot || (apex.labelCount == 1 && !privateTop.contains(text)) || suffixes.contains(text) {
      return "a zone \(text) would hide every public name below it; name the hosts in full"
    }
    if isOfEverybody(apex) {
      return "a zone \(text) would hide the names of everybody who uses it; name the hosts in full"
    }
    return nil
  }

  /// Why a host may not become a zone of its own name; nil when it may. A registered domain as a whole is none: its other
  /// names would be hidden.
  static func refusalOfHost(_ host: Name) -> String? {
    if let refusal = refusal(host) { return refusal }
    if SnowflakeKey.parents.contains(host) {
      return "a zone \(host.textWithoutFinalDot) would hide the names of every account; name the hosts in full"
    }
    let text = host.textWithoutFinalDot
    return isRegistered(host)
      ? "a zone \(text) would hide every other name of that domain; use --zone \(word: text) --miss forward" : nil
  }

  /// Whose public names a zone of this name answers for, in words; nil where they are its owner's alone.
  static func hidden(by apex: Name) -> String? {
    let text = apex.lowercased.textWithoutFinalDot
    if apex.isRoot || (apex.labelCount == 1 && !privateTop.contains(text)) || suffixes.contains(text) {
      return "all public names below \(apex.isRoot ? "the root" : text)"
    }
    if isOfEverybody(apex) { return "the names of everybody who uses \(text)" }
    return isRegistered(apex) ? "the public names of \(text)" : nil
  }

  /// True for a domain as the public registers them: `acme.com`, `acme.co.uk`.
  static func isRegistered(_ name: Name) -> Bool {
    guard let parent = name.parent?.lowercased.textWithoutFinalDot else { return false }
    return suffixes.contains(parent) || (name.labelCount == 2 && !privateTop.contains(parent))
  }

  /// True for a name below a top-level name that is not in the public DNS.
  static func isInside(_ name: Name) -> Bool {
    name.labels.last.map { privateTop.contains(String(decoding: $0, as: UTF8.self)) } ?? false
  }

  /// What domains inside a network are called, as a machine is not.
  private static let inside: Set<String> = [
    "ad", "aws", "corp", "corporate", "dc", "dev", "home", "int", "internal", "intranet", "lan", "local", "net",
    "office", "priv",
    "private", "prod", "stage", "staging", "test",
  ]

  /// True for what is likely the name of a domain inside a network, and not of a machine: `corp.acme.com`, `corp.example`.
  static func isLikelyDomain(_ name: Name) -> Bool {
    let labels = name.lowercased.textWithoutFinalDot.split(separator: ".").map { String($0) }
    guard labels.count > 1, let first = labels.first, let last = labels.last else { return false }
    return (labels.count == 2 && privateTop.contains(last)) || inside.contains(first)
  }

  /// True for the domain, service or region of a vendor as a whole.
  static func isOfEverybody(_ name: Name) -> Bool {
    let text = name.lowercased.textWithoutFinalDot
    return shared.contains(text) || isRegionOfAWS(text)
  }

  /// `us-east-1.amazonaws.com`, `s3.us-east-1.amazonaws.com`, `us-east-1.vpce.amazonaws.com` and others that are a
  /// service or a region as a whole: fewer than two labels before the region mean that no customer's name is in it.
  private static func isRegionOfAWS(_ text: String) -> Bool {
    for domain in [".amazonaws.com", ".amazonaws.com.cn", ".amazonaws.eu"] where text.hasSuffix(domain) {
      let labels = text.dropLast(domain.count).split(separator: ".")
      guard let last = labels.last else { return true }
      if last == "vpce" { return labels.count <= 2 }
      // SERVICE.REGION or REGION, and nothing of a customer before it.
      return labels.count == 1 || (labels.count == 2 && last.split(separator: "-").count >= 3)
    }
    return false
  }
}

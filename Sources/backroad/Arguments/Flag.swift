import Bounds

/// A flag of the command line.
struct Flag: Hashable, Sendable {
  /// How often a flag may stand.
  enum Count: Sendable {
    case optional
    case required
    case repeated
  }

  /// With its dashes.
  let name: String
  /// What its value is, for help; nil for a flag that has none.
  let value: String?
  let count: Count
  let help: String

  init(_ name: String, _ value: String? = nil, _ count: Count = .optional, help: String) {
    self.name = name
    self.value = value
    self.count = count
    self.help = help
  }

  /// As usage lines show it.
  var usage: String {
    let text = value.map { "\(name) \($0)" } ?? name
    return switch count {
    case .optional: "[\(text)]"
    case .required: text
    case .repeated: "[\(text)]…"
    }
  }
}

/// The flags that several commands have.
extension Flag {
  static let zones = Flag(
    "--zones", "DIR", help: "the zones folder (default: as the configuration says, or zones)")
  static let store = Flag(
    "--store", "STORE",
    help: "where the workspaces are: a folder, as with --zones, or etcd:http://HOST:PORT[,…][/PREFIX]")
  static let storeUserFile = Flag(
    "--store-user-file", "FILE", help: "the file with USER:PASSWORD for a store in etcd that asks for them")
  static let config = Flag(
    "--config", "FILE", help: "the configuration (default: backroad.json, if there is one here)")
  static let admin = Flag(
    "--admin", "SOCKET|ADDR:PORT", help: "the admin interface (default: .backroad/admin.sock in the zones folder)")
  static let adminTokenFile = Flag(
    "--admin-token-file", "FILE", help: "the file with the token that the admin interface asks for on TCP")
  static let json = Flag("--json", help: "print JSON for programs")
  static let all = Flag(
    "--all", help: "show all of the plan, and not the first \(Limits.Links.planLines) lines of each list")
  static let dryRun = Flag("--dry-run", help: "say what would change, and change nothing")
  static let workspace = Flag("--workspace", "W", .required, help: "the workspace")
  static let anyWorkspace = Flag("--workspace", "W", help: "only this workspace")
  static let link = Flag(
    "--link", "NAME", .required, help: "the link's name; what a link of that name has already stays")
  static let endpoint = Flag(
    "--endpoint", "VPCE[=ADDR,…]",
    help: "the endpoint's DNS name, with its addresses when they are to be pinned (default: the link's, or none yet)")
  static let address = Flag(
    "--address", "ADDR", .repeated,
    help: "an address of the endpoint, alone or pinned to its name; or several, with commas")
  static let standby = Flag(
    "--standby", "VPCE[=ADDR,…]|none", help: "another endpoint for when the first has failed (default: the link's)")
  static let failoverAfter = Flag(
    "--failover-after", "AFTER[,BACK]|off",
    help: "servers fail over to the standby by themselves after this time, and back after the other (10m), as 2m,10m")
  static let zoneAddress = Flag(
    "--zone-address", "ZONE=ADDR,…", .repeated,
    help: "an address of the endpoint, and the availability zone that it is in")
  static let zoneAffinity = Flag(
    "--zone-affinity", help: "answer clients of an availability zone with the addresses there first")
  static let noZoneAffinity = Flag("--no-zone-affinity", help: "answer clients of all zones in the same order")
  /// What is said of availability zones.
  static let availability = [zoneAddress, zoneAffinity, noZoneAffinity]
  static let answer = Flag(
    "--answer", "name|address", help: "answer with a CNAME to the endpoint, or with its addresses (default: name)")
  static let ttl = Flag("--ttl", "S", help: "the records' time to live in seconds (default: 60)")
  static let port = Flag(
    "--port", "N", .repeated, help: "a TCP port that clients of the hosts connect to (default: those of the kind)")
  static let prune = Flag("--prune", help: "remove the link's hosts that the input does not name")
  static let replace = Flag(
    "--replace", help: "put this in the link's place though it is of another account, service or kind")
  static let takeOver = Flag("--take-over", help: "take names from the links that lead them elsewhere")
  static let isPublic = Flag("--public", help: "the names may be answered with public addresses")
}

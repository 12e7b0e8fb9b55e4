import Bounds
import Forwarding
import Text
import Wire
import Zones

/// A workspace's folder as it was read: bytes, not yet understood.
public struct WorkspaceSource: Sendable {
  /// The workspace's name.
  public let name: WorkspaceName
  /// The folder as the person named it, for problems: `zones/acme`.
  public let folder: String
  /// Each file's content by its name in the folder; only those that a server reads.
  public let files: [String: [UInt8]]

  /// Takes what was read.
  public init(name: WorkspaceName, folder: String, files: [String: [UInt8]]) {
    self.name = name
    self.folder = folder
    self.files = files
  }

  /// The end of a zone file's name.
  public static let zoneSuffix = ".zone"

  /// True for files that a server reads; editors' own files, which start with a dot or end otherwise, are not.
  public static func isRead(_ fileName: String) -> Bool {
    fileName.isSame(as: WorkspaceFile.fileName) || (isZone(fileName) && !fileName.startsSame(as: "."))
  }

  /// True for the name of a zone's file.
  public static func isZone(_ fileName: String) -> Bool { fileName.endsSame(as: zoneSuffix) }

  /// The text before the end of a zone file's name.
  static func zoneName(ofFile fileName: String) -> String {
    fileName.dropping(last: zoneSuffix.utf8.count)
  }
}

/// A workspace, checked and ready to answer from.
public final class Workspace: Sendable {
  /// The workspace's name.
  public let name: WorkspaceName
  /// The folder as the person named it, for problems.
  public let folder: String
  /// Who the clients are, and where the file says so.
  public let clients: [WorkspaceFile.Client]
  /// By what else queries are the workspace's, and what they must show.
  public let claims: WorkspaceClaims
  /// The zones, ready to be answered from.
  public let image: ZoneImage
  /// How many zones there are.
  public let zoneCount: Int
  /// How many records the zones hold together.
  public let recordCount: Int
  /// The workspace's own rules, and the server's for all else.
  public let rules: ForwardRules

  private init(
    source: WorkspaceSource, file: WorkspaceFile, zones: [Zone], serverRules: ForwardRules, seed: HashSeed
  ) throws(ZoneImage.TooLarge) {
    name = source.name
    folder = source.folder
    clients = file.clients
    claims = file.claims
    let misses = Dictionary(file.zones.map { ($0.zone, $0.miss) }) { first, _ in first }
    let forwarding = zones.map(\.apex).filter { misses[$0] == .forward }
    image = try ZoneImage(
      zones.map { ($0, misses[$0.apex] ?? .nxdomain) }, forwarded: file.rules.map(\.zone), seed: seed)
    zoneCount = zones.count
    recordCount = zones.reduce(0) { $0 + $1.recordCount }
    let owner = ForwardRule.Owner.workspace(source.name.description)
    rules = Self.rules(file, owner, serverRules, forwarding: forwarding)
  }

  /// The workspace's rules, its search domains' among them, beside the server's.
  ///
  /// - Parameter forwarding: the zones that forward what they do not hold.
  private static func rules(
    _ file: WorkspaceFile, _ owner: ForwardRule.Owner, _ server: ForwardRules, forwarding: [Name]
  ) -> ForwardRules {
    let own = file.rules.map { ForwardRule(owner: owner, zone: $0.zone, upstreams: $0.upstreams) }
    let search = SearchList.rules(file.search.map(\.zone), owner: owner, beside: own)
    let all = ForwardRules(
      own: own + search, server: server, cacheOwner: file.hasOwnCache ? owner : nil)
    return SearchList.opened(all, for: forwarding)
  }

  /// Reads and checks a workspace's files, for those who do not load many with the same rules.
  public static func load(
    _ source: WorkspaceSource, serverRules: [ForwardRule], own: OwnAddresses = OwnAddresses(), grants: Grants? = nil,
    seed: HashSeed = .known
  ) -> (workspace: Workspace?, problems: [Problem]) {
    load(source, serverRules: ForwardRules(serverRules), own: own, grants: grants, seed: seed)
  }

  /// Reads and checks a workspace's files.
  ///
  /// - Parameters:
  ///   - serverRules: the server's own forwarding, for names that the workspace has no rule for.
  ///   - own: where the server itself is reached; an upstream that is one of these is refused.
  ///   - grants: what workspaces may claim; a claim beyond is an error.
  ///   - seed: of the hashes of the zones' names; one that nobody outside knows.
  /// - Returns: the workspace, unless anything is an error; and all problems, warnings among them.
  public static func load(
    _ source: WorkspaceSource, serverRules: ForwardRules, own: OwnAddresses, grants: Grants? = nil, seed: HashSeed
  ) -> (workspace: Workspace?, problems: [Problem]) {
    var (workspace, problems) = loadAll(source, serverRules: serverRules, own: own, grants: grants, seed: seed)
    if problems.count > Limits.Workspaces.problems {
      trim(&problems, to: Limits.Workspaces.problems)
      problems.append(
        Problem(
          file: source.folder, severity: workspace == nil ? .error : .warning,
          "more than \(Limits.Workspaces.problems) problems in this workspace: the rest is not shown"))
    }
    return (workspace, problems)
  }

  /// Keeps so many problems, the errors before the warnings.
  private static func trim(_ problems: inout [Problem], to count: Int) {
    let errors = problems.filter { $0.severity == .error }.prefix(count)
    problems = Array(errors) + problems.filter { $0.severity == .warning }.prefix(count - errors.count)
  }

  private static func loadAll(
    _ source: WorkspaceSource, serverRules: ForwardRules, own: OwnAddresses, grants: Grants?, seed: HashSeed
  ) -> (workspace: Workspace?, problems: [Problem]) {
    var problems: [Problem] = []
    let file = loadFile(source, &problems)
    let zones = loadZones(source, &problems)
    if let file {
      checkSettings(file, zones, source, &problems)
      checkUpstreams(file, own, source, &problems)
      let path = "\(source.folder)/\(WorkspaceFile.fileName)"
      problems += file.claims.warnings(file.clients, own, file: path)
      problems += grants?.problems(of: file, source.name, path: path) ?? []
    }
    guard let file, !problems.contains(where: { $0.severity == .error }) else { return (nil, problems) }
    do throws(ZoneImage.TooLarge) {
      let workspace = try Workspace(source: source, file: file, zones: zones, serverRules: serverRules, seed: seed)
      return (workspace, problems)
    } catch {
      let fileName = source.files.keys.first { Self.apex(ofFile: $0) == error.zone }
      problems.append(
        Problem(
          file: fileName.map { "\(source.folder)/\($0)" } ?? source.folder,
          "with this zone the workspace has \(error.message): split it"))
      return (nil, problems)
    }
  }

  /// Reads the zones, as long as there are not too many of them and they do not come to too much.
  ///
  /// - Parameter allowance: what they may come to together.
  static func loadZones(
    _ source: WorkspaceSource, within allowance: ZoneAllowance = ZoneAllowance(), _ problems: inout [Problem]
  ) -> [Zone] {
    var allowance = allowance
    let fileNames = source.files.keys.filter { WorkspaceSource.isZone($0) }.sortedByOctets()
    guard fileNames.count <= Limits.Zones.zonesOfWorkspace else {
      problems.append(
        Problem(
          file: source.folder,
          "\(fileNames.count) zones; a workspace has at most \(Limits.Zones.zonesOfWorkspace): split it"))
      return []
    }
    var zones: [Zone] = []
    var files: [Name: String] = [:]
    for fileName in fileNames {
      let zone = loadZone(fileName, source, within: allowance, &problems)
      // Now and then, so that what many zones are told of is never kept all at once.
      if problems.count > 2 * Limits.Workspaces.problems {
        // So many errors are enough; of warnings there may be more, and the workspace is served.
        let errorCount = problems.count { $0.severity == .error }
        trim(&problems, to: Limits.Workspaces.problems + 1)
        if errorCount > Limits.Workspaces.problems { return [] }
      }
      guard let zone else { continue }
      if let first = files.updateValue(fileName, forKey: zone.apex) {
        problems.append(
          Problem(file: "\(source.folder)/\(fileName)", "\(first) is the same zone, \(zone.apex): remove one"))
      }
      allowance.take(zone)
      zones.append(zone)
    }
    return zones
  }

  /// The zone that a file of this name is; nil when the name is none.
  private static func apex(ofFile fileName: String) -> Name? {
    guard WorkspaceSource.isZone(fileName) else { return nil }
    return try? Name(WorkspaceSource.zoneName(ofFile: fileName))
  }

  private static func loadFile(_ source: WorkspaceSource, _ problems: inout [Problem]) -> WorkspaceFile? {
    let path = "\(source.folder)/\(WorkspaceFile.fileName)"
    guard let bytes = source.files[WorkspaceFile.fileName] else {
      problems.append(
        Problem(file: path, "the file is missing; a workspace has one that names its clients: { \"clients\": [] }"))
      return nil
    }
    do throws(Problems) {
      return try WorkspaceFile(bytes, file: path)
    } catch {
      problems += error.all
      return nil
    }
  }

  private static func loadZone(
    _ fileName: String, _ source: WorkspaceSource, within allowance: ZoneAllowance, _ problems: inout [Problem]
  ) -> Zone? {
    let path = "\(source.folder)/\(fileName)"
    do throws(Problem) {
      let apex = try ForwardRuleText.zone(WorkspaceSource.zoneName(ofFile: fileName), file: path)
      let parsed = MasterFile.parse(source.files[fileName] ?? [], file: path, origin: apex, within: allowance)
      let (zone, found) = Zone.check(parsed, apex: apex)
      problems += found
      return zone
    } catch {
      problems.append(Problem(file: path, "the file's name must be the zone's and end in .zone: \(error.message)"))
      return nil
    }
  }

  /// Warns of settings that have no effect.
  private static func checkSettings(
    _ file: WorkspaceFile, _ zones: [Zone], _ source: WorkspaceSource, _ problems: inout [Problem]
  ) {
    let apexes = Set(zones.map(\.apex))
    for setting in file.zones.lazy.filter({ !apexes.contains($0.zone) }).prefix(Limits.JSON.problems) {
      problems.append(
        Problem(
          file: "\(source.folder)/\(WorkspaceFile.fileName)", position: setting.position, severity: .warning,
          "there is no zone \(setting.zone) here, so this setting does nothing; add the zone or remove the setting"))
    }
  }

  /// Refuses to forward to the server itself: the question would come back for ever.
  private static func checkUpstreams(
    _ file: WorkspaceFile, _ own: OwnAddresses, _ source: WorkspaceSource, _ problems: inout [Problem]
  ) {
    let found = ProblemList()
    for rule in file.rules {
      for upstream in rule.upstreams where own.contains(upstream.address) {
        found.add(
          Problem(
            file: "\(source.folder)/\(WorkspaceFile.fileName)", position: rule.position,
            "the upstream \(upstream) is this server itself; name the resolver that answers for \(rule.zone)"))
      }
    }
    problems += found.all
  }
}

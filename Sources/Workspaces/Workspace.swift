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

  /// The folder of the links' files.
  public static let linksFolder = "links"
  /// Where commands keep what the last change of the links was; no server reads it.
  public static let lastChange = "links/.undo"
  /// The end of a link file's name.
  public static let linkSuffix = ".json"

  /// True for files that a server reads; editors' own files, which start with a dot or end otherwise, are not.
  public static func isRead(_ fileName: String) -> Bool {
    fileName.isSame(as: WorkspaceFile.fileName) || (isZone(fileName) && !fileName.startsSame(as: "."))
  }

  /// True for a file of the links' folder that a server reads, by its name there.
  public static func isLink(_ fileName: String) -> Bool {
    fileName.endsSame(as: linkSuffix) && !fileName.startsSame(as: ".")
  }

  /// True for the name of a zone's file.
  public static func isZone(_ fileName: String) -> Bool {
    fileName.endsSame(as: zoneSuffix) && !fileName.utf8.contains(UInt8(ascii: "/"))
  }

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
  /// Who the clients are, and where the file says so; networks of availability zones that have an image are among them.
  public let clients: [WorkspaceFile.Client]
  /// By what else queries are the workspace's, and what they must show.
  public let claims: WorkspaceClaims
  /// The zones, ready to be answered from.
  public let image: ZoneImage
  /// The same zones for clients of an availability zone, with the addresses there first in each RRset; by the zone's
  /// name, of zones that have clients and addresses of links alone.
  public let zonalImages: [(zone: String, image: ZoneImage)]
  /// How many zones there are.
  public let zoneCount: Int
  /// How many records the zones hold together.
  public let recordCount: Int
  /// The workspace's own rules, and the server's for all else.
  public let rules: ForwardRules
  /// The names of its links, which are never answered with what is public.
  public let guards: LinkGuards
  /// Which addresses are not public: the server's networks and the workspace's own.
  public let networks: PrivateNetworks

  private init(
    source: WorkspaceSource, file: WorkspaceFile, zones: [Zone], guards: LinkGuards, in setting: WorkspaceSetting
  ) throws(ZoneImage.TooLarge) {
    name = source.name
    folder = source.folder
    claims = file.claims
    let misses = Dictionary(file.zones.map { ($0.zone, $0.miss) }) { first, _ in first }
    let forwarding = zones.map(\.apex).filter { misses[$0] == .forward }
    networks = setting.networks.adding(file.ownNetworks)
    let held = zones.map { (zone: $0, miss: misses[$0.apex] ?? .nxdomain) }
    let forwarded = file.rules.map(\.zone)
    (image, self.guards) = try Self.image(held, forwarded: forwarded, guards, networks, seed: setting.seed)
    let tags = file.clientZones.filter { guards.zonal[$0.name] != nil }
    clients = tags.tagging(file.clients)
    let names = self.guards.linkNames
    zonalImages = try tags.map { tag throws(ZoneImage.TooLarge) in
      let first = guards.zonal[tag.name] ?? []
      let image = try Self.zonalImage(tags.count) { limits throws(ZoneImage.TooLarge) in
        try ZoneImage(held, forwarded: forwarded, links: names, seed: setting.seed, limits: limits, first: first)
      }
      return (tag.name, image)
    }
    zoneCount = zones.count
    recordCount = zones.reduce(0) { $0 + $1.recordCount }
    let owner = ForwardRule.Owner.workspace(source.name.description)
    rules = Self.rules(file, owner, setting.serverRules, forwarding: forwarding)
  }

  /// Makes the image. Where a link's name turns out to lead to what is public it is made once more, with that name closed.
  private static func image(
    _ zones: [(zone: Zone, miss: MissPolicy)], forwarded: [Name], _ guards: LinkGuards, _ networks: PrivateNetworks,
    seed: HashSeed
  ) throws(ZoneImage.TooLarge) -> (ZoneImage, LinkGuards) {
    var guards = guards
    guards.addHeld(by: zones.map(\.zone))
    let image = try ZoneImage(zones, forwarded: forwarded, links: guards.linkNames, seed: seed)
    guard guards.close(by: image.view, networks) else { return (image, guards) }
    return (try ZoneImage(zones, forwarded: forwarded, links: guards.linkNames, seed: seed), guards)
  }

  /// Makes one of some images for availability zones, which together stay far below what a workspace's own may be: whoever
  /// names zones is not to have all that is large built so many times, while others' large changes wait.
  private static func zonalImage(
    _ count: Int, _ make: (ZoneImageLimits) throws(ZoneImage.TooLarge) -> ZoneImage
  ) throws(ZoneImage.TooLarge) -> ZoneImage {
    var limits = ZoneImageLimits()
    limits.octets = Limits.Workspaces.octetsOfZonalImages / count
    do throws(ZoneImage.TooLarge) {
      return try make(limits)
    } catch {
      throw ZoneImage.TooLarge(
        zone: error.zone,
        message: error.message
          + " in each of \(count) availability zones (\"client-zones\"), of which fewer may be named")
    }
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
    load(
      source, in: WorkspaceSetting(serverRules: ForwardRules(serverRules), own: own, grants: grants, seed: seed))
  }

  /// Reads and checks a workspace's files.
  ///
  /// - Parameters:
  ///   - guards: the names of the workspace's links.
  ///   - setting: what of the server matters to it.
  /// - Returns: the workspace, unless anything is an error; and all problems, warnings among them.
  public static func load(
    _ source: WorkspaceSource, guarding guards: LinkGuards = LinkGuards(), in setting: WorkspaceSetting
  ) -> (workspace: Workspace?, problems: [Problem]) {
    var (workspace, problems) = loadAll(source, guards, setting)
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
    _ source: WorkspaceSource, _ guards: LinkGuards, _ setting: WorkspaceSetting
  ) -> (workspace: Workspace?, problems: [Problem]) {
    var problems: [Problem] = []
    let file = loadFile(source, &problems)
    let zones = loadZones(source, &problems)
    if let file {
      checkSettings(file, zones, guards, source, &problems)
      checkUpstreams(file, setting.own, source, &problems)
      let path = "\(source.folder)/\(WorkspaceFile.fileName)"
      problems += file.claims.warnings(file.clients, setting.own, file: path)
      let beyond = setting.grants?.problems(of: file, source.name, path: path) ?? []
      // Of what has no effect nothing more is said.
      if beyond.isEmpty { problems += file.publicClients(setting.networks.adding(file.ownNetworks), file: path) }
      problems += beyond
    }
    guard let file, !problems.contains(where: { $0.severity == .error }) else { return (nil, problems) }
    do throws(ZoneImage.TooLarge) {
      let workspace = try Workspace(source: source, file: file, zones: zones, guards: guards, in: setting)
      return (workspace, problems + workspace.guards.warnings(folder: source.folder))
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
    _ file: WorkspaceFile, _ zones: [Zone], _ guards: LinkGuards, _ source: WorkspaceSource,
    _ problems: inout [Problem]
  ) {
    let apexes = Set(zones.map(\.apex))
    for setting in file.zones.lazy.filter({ !apexes.contains($0.zone) }).prefix(Limits.JSON.problems)
    where !guards.areRequested(below: setting.zone) {
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

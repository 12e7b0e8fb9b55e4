import Links
import Storage
import Text
import Wire
import Workspaces
import Zones

/// A workspace as people look at it: its settings, zones and links, and what is wrong with them.
struct WorkspaceView {
  struct ZoneLine {
    let apex: Name
    /// Nil when the file has errors.
    let recordCount: Int?
    let missIsForwarded: Bool
    let isGenerated: Bool
  }

  let name: WorkspaceName
  let folder: String
  private(set) var clients: [IPPrefix] = []
  private(set) var clientZones: [ClientZone] = []
  private(set) var claims = WorkspaceClaims()
  private(set) var rules: [WorkspaceFile.Rule] = []
  private(set) var zones: [ZoneLine] = []
  private(set) var links: [Link] = []
  private(set) var problems: [Problem] = []

  /// Reads what can be read; the rest is told of in `problems`.
  init(_ contents: WorkspaceContents) {
    name = contents.name
    folder = contents.folder
    let source = WorkspaceFolder(contents)
    var forwarded: Set<Name> = []
    let path = source.shown(WorkspaceFile.fileName)
    do {
      guard let bytes = contents.files[WorkspaceFile.fileName] else {
        throw Problems([Problem(file: path, "the file is missing; a workspace has one that names its clients")])
      }
      let file = try WorkspaceFile(bytes, file: path)
      clients = file.clients.map(\.prefix).sorted()
      clientZones = file.clientZones.sorted { $0.name < $1.name }
      claims = file.claims
      rules = file.rules
      forwarded = Set(file.zones.filter { $0.miss == .forward }.map(\.zone.lowercased))
    } catch let error as Problems {
      problems += error.all
    } catch {
      problems.append(Problem(file: path, "\(error)"))
    }
    for (apex, path) in source.zones {
      let parsed = MasterFile.parse(contents.files[path] ?? [], file: source.shown(path), origin: apex)
      let (zone, found) = Zone.check(parsed, apex: apex)
      problems += found.filter { $0.severity == .error }
      zones.append(
        ZoneLine(
          apex: apex, recordCount: zone?.recordCount, missIsForwarded: forwarded.contains(apex),
          isGenerated: source.isGenerated(path)))
    }
    for name in source.linkNames {
      do throws(Problem) { links.append(try source.link(name)) } catch { problems.append(error) }
    }
  }

  /// For a table: `ok`, or how many errors.
  var status: String { problems.isEmpty ? "ok" : counted(problems.count, "error") }

  /// For programs.
  var json: JSON {
    [
      "name": .string(name.description), "folder": .string(folder),
      "clients": .array(clients.map { .string("\($0)") }),
      "client-zones": .object(
        clientZones.map { zone in (zone.name, .array(zone.networks.map { .string("\($0.prefix)") })) }),
      "tokens": .array(claims.tokens.map { .string($0.id) }),
      "listen": .array(claims.listeners.map { .string("\($0.address)") }),
      "require": .array(claims.required.all.map { .string($0.word) }),
      "forward": .array(
        rules.map { rule in
          [
            "zone": .string(rule.zone.textWithoutFinalDot),
            "to": .array(rule.upstreams.map { .string("\($0)") }),
          ]
        }),
      "zones": .array(
        zones.map { zone in
          [
            "zone": .string(zone.apex.textWithoutFinalDot), "records": zone.recordCount.map { .number($0) } ?? nil,
            "miss": .string(zone.missIsForwarded ? "forward" : "nxdomain"),
            "generated": JSON(.bool(zone.isGenerated)),
          ]
        }),
      "links": .array(links.map { $0.listed() }),
      "problems": .array(problems.map { .string("\($0)") }),
    ]
  }
}

/// `1 error`, `2 errors`; what is no plain plural is given.
func counted(_ count: Int, _ noun: String, _ plural: String? = nil) -> String {
  "\(count) \(count == 1 ? noun : plural ?? noun + "s")"
}

import Bounds
import Links
import Storage
import SystemIO
import Text
import Workspaces

/// A workspace's links as they are on disk and how they stand, for programs: its link files are read and nothing else of its folder, up to a
/// limit, so that what it costs is not the size of its zones.
struct LinkListing {
  /// Those that could be read, in the order of their names.
  private(set) var listed: [JSON] = []
  /// What is wrong with the others.
  private(set) var problems: [Problem] = []

  /// How those stand that are watched, by their names.
  private let standings: [String: LinkStanding]
  /// The links that the server has failed over by itself.
  private let failedOver: Set<String>

  /// Reads them.
  ///
  /// - Parameter guards: the workspace's as it is served, which say where names lead now.
  init(of name: WorkspaceName, in zones: ZonesFolder, _ states: LinkStates, _ guards: LinkGuards = LinkGuards()) {
    failedOver = guards.failedOver
    let links = states.links(of: name, atStandby: guards.atStandby)
    standings = Dictionary(links.map { ($0.link, $0) }) { first, _ in first }
    let shown = "\(zones.path(of: name))/\(WorkspaceSource.linksFolder)"
    do throws(SystemError) {
      guard let folder = try Self.open(name, in: zones) else { return }
      read(try folder.list(maximumCount: Limits.Admin.entriesOfLinks), in: folder, shown)
    } catch {
      problems.append(
        error.kind == .tooLarge
          ? Problem(file: shown, "more than \(Limits.Admin.entriesOfLinks) entries, which are not listed here")
          : Problem(file: shown, "cannot read the links: \(error.reason)"))
    }
  }

  /// Opens the folder of links; nil when there is none.
  private static func open(_ name: WorkspaceName, in zones: ZonesFolder) throws(SystemError) -> Folder? {
    let workspace = try Folder(opening: zones.path).folder(name.description)
    guard try workspace.identity(WorkspaceSource.linksFolder)?.kind == .folder else { return nil }
    return try workspace.folder(WorkspaceSource.linksFolder)
  }

  private mutating func read(_ entries: [String], in folder: borrowing Folder, _ shown: String) {
    var left = Limits.Admin.octetsOfLinks
    for entry in entries where WorkspaceSource.isLink(entry) {
      do throws(SystemError) {
        guard let (content, identity) = try folder.readSteady(entry, maximumSize: min(left, Limits.JSON.octets)) else {
          problems.append(Problem(file: "\(shown)/\(entry)", "this was being written; ask again"))
          continue
        }
        guard identity.kind == .file else {
          problems.append(Problem(file: "\(shown)/\(entry)", "this is not a file; rename or remove it"))
          continue
        }
        left -= content.count
        add(content, String(entry.dropLast(WorkspaceSource.linkSuffix.count)), "\(shown)/\(entry)")
      } catch {
        guard error.kind == .tooLarge, left < Limits.JSON.octets else {
          problems.append(Problem(file: "\(shown)/\(entry)", "cannot read this link: \(error.reason)"))
          continue
        }
        problems.append(
          Problem(
            file: "\(shown)/\(entry)",
            "more than \(Limits.Admin.octetsOfLinks >> 20) MiB of links; this and those after it are not listed here"))
        return
      }
    }
  }

  private mutating func add(_ content: [UInt8], _ name: String, _ file: String) {
    do throws(Problem) {
      let link = try LinkFileReader.read(content, name: name, file: file)
      let state = standings[name]?.members ?? (link.health.json.asObject?.members ?? []).map { ($0.key, $0.value) }
      let own = link.listed(isFailedOver: failedOver.contains(name)).asObject?.members ?? []
      listed.append(.object(own.map { ($0.key, $0.value) } + state))
    } catch {
      problems.append(error)
    }
  }
}

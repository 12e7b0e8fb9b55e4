import Admin
import Links
import Server
import Storage
import SystemIO
import Text
import Wire
import Workspaces
import Zones

/// `backroad check`.
enum CheckCommand {
  static let strict = Flag("--strict", help: "have the exit status be 1 for warnings, too")

  static let command = Command(
    words: ["check"], summary: "find everything that is wrong in a zones folder, or another store",
    flags: [strict] + Arguments.zonesFlags + [.json],
    details: """
      Prints each problem with its file, line and column. The exit status is 1 when any is an error; warnings
      are served as they are, and count with --strict. What workspaces may claim, where the server listens and whom it asks is what the
      configuration says; what flags of a running server say otherwise is not known here.
      """,
    examples: ["backroad check --zones zones", "backroad check --config /etc/backroad/backroad.json"],
    run: { arguments, console in try check(arguments, nil, console) })

  /// Tells of everything that is wrong.
  ///
  /// - Parameter store: where; nil for where the flags and the configuration say.
  static func check(_ arguments: Arguments, _ store: (any Store)?, _ console: Console) throws -> ExitStatus {
    let findings = try Findings(arguments, store)
    console.print(arguments.has(.json) ? findings.json.text : findings.text)
    let isRight = arguments.has(strict) ? findings.problems.isEmpty : findings.errorCount == 0
    return isRight ? .done : .refused
  }
}

/// What is wrong in a zones folder, and how much was looked at.
private struct Findings {
  private(set) var problems: [Problem] = []
  /// Nil where the configuration does not say where the folder is.
  private var folder: String?
  private var workspaceCount = 0
  private var zoneCount = 0
  private var linkCount = 0
  /// What of the server matters to a workspace, as far as the configuration says.
  private let setting: WorkspaceSetting
  /// What the operator holds links to.
  private let profile: OperatorProfile?
  /// The workspaces that addresses are leased to, as the server's journal has it.
  private var leased: Set<WorkspaceName> = []

  init(_ arguments: Arguments, _ named: (any Store)?) throws {
    let settings = try arguments.configurationFile(&problems)
    // Where the configuration cannot be read it does not say where the zones are, and others' are not to be looked at.
    let isLost =
      !problems.isEmpty && settings.zones == nil && settings.store == nil && !arguments.namesStore && named == nil
    setting = WorkspaceSetting(settings, &problems)
    profile = arguments.hasOwnConfiguration ? settings.operatorProfile : nil
    problems += Exposure.warnings(
      settings.listen ?? [], interfaces: System.interfaceAddresses, own: settings.ownNetworks ?? [],
      file: arguments.value(.config) ?? ServerSettings.fileName)
    var configuration = ServerConfiguration(zones: arguments.zonesFolder(over: settings).path)
    configuration.leases = settings.leases
    leased = LeasedWorkspaces.names(journal: configuration.leasesPath)
    guard !isLost else { return }
    let store = try named ?? arguments.store(over: settings)
    folder = store.path
    do throws(Problem) {
      try look(in: store)
    } catch {
      // What is wrong with the configuration may be why there is no such folder.
      guard !problems.isEmpty else { throw error }
      problems.append(error)
    }
  }

  private mutating func look(in store: any Store) throws(Problem) {
    let names = try store.workspaceNames()
    problems += try store.faults(names)
    workspaceCount = names.count
    var loaded: [Workspace] = []
    let progress = Progress()
    for (index, name) in names.enumerated() {
      progress.update("checking \(index) of \(names.count) workspaces")
      do throws(Problem) {
        let (contents, unreadable) = try store.readable(of: name)
        if let workspace = check(contents, unreadable) {
          if let nobody = workspace.warningOfNobody(isLeased: leased.contains(name)) { problems.append(nobody) }
          problems += HiddenNames.warnings(workspace.image.listing, folder: contents.folder)
          loaded.append(workspace)
        }
      } catch {
        problems.append(error)
      }
    }
    problems += Snapshot.make(loaded, grants: setting.grants, own: setting.own).problems
    problems += setting.grants?.unused(by: names) ?? []
    sort()
  }

  /// Checks one workspace: what the server reads, and then the links that some of it was made from.
  ///
  /// - Parameter unreadable: of files that could not be read. What their absence makes others say is not told.
  private mutating func check(_ contents: WorkspaceContents, _ unreadable: [Problem]) -> Workspace? {
    let missing = Set(unreadable.map(\.file))
    let source = contents.source
    let folder = WorkspaceFolder(contents)
    zoneCount += source.files.keys.count { WorkspaceSource.isZone($0) }
    linkCount += folder.linkNames.count
    let (workspace, found) = Workspace.loadLinked(source, in: setting)
    problems += unreadable + found.filter { !missing.contains($0.file) }
    // The links' check needs the settings too, and would say the same of them less well.
    let settings = folder.shown(WorkspaceFile.fileName)
    let settingsAreWrong = (unreadable + found).contains { $0.file == settings && $0.severity == .error }
    problems += profile?.warnings(in: folder) ?? []
    guard unreadable.allSatisfy({ $0.file?.hasPrefix("\(contents.folder)/links/") != true }) else { return nil }
    problems += LinkUpdate.problems(in: folder).filter { problem in
      !missing.contains(problem.file)
        && !(settingsAreWrong && (problem.file == settings || problem.file == contents.folder))
    }
    return unreadable.isEmpty ? workspace : nil
  }

  /// By place, each once.
  private mutating func sort() {
    var seen: Set<Problem> = []
    problems = problems.filter { seen.insert($0).inserted }.sorted { a, b in
      let start = Position(line: 0, column: 0)
      return (a.file ?? "", a.position ?? start, a.message) < (b.file ?? "", b.position ?? start, b.message)
    }
  }

  var errorCount: Int { problems.count { $0.severity == .error } }
  private var warningCount: Int { problems.count - errorCount }

  var text: String {
    let looked =
      "\(counted(workspaceCount, "workspace")), \(counted(zoneCount, "zone")), \(counted(linkCount, "link"))"
    let result =
      problems.isEmpty ? "nothing is wrong" : "\(counted(errorCount, "error")), \(counted(warningCount, "warning"))"
    let lost =
      folder == nil
      ? "no zones folder was looked at, as the configuration does not say which; name it with \(Flag.zones.name) DIR\n"
      : ""
    return problems.map { "\($0)\n" }.joined() + lost + "\(looked): \(result)\n"
  }

  var json: JSON {
    [
      "zonesFolder": folder.map { .string($0) } ?? nil,
      "workspaces": .number(workspaceCount), "zones": .number(zoneCount), "links": .number(linkCount),
      "errors": .number(errorCount), "warnings": .number(warningCount),
      "problems": .array(problems.map(\.json)),
    ]
  }
}

import Bounds
import SystemIO
import Text
import Workspaces

/// A workspace's files as they were at one moment, and what tells whether they still are.
public struct WorkspaceContents: Sendable {
  /// Whose they are.
  public let name: WorkspaceName
  /// The folder as the person named it: `zones/acme`.
  public let folder: String
  /// `workspace.json`, the zone files, and `links/*.json` and `links/.undo`, each by its path within the folder.
  public let files: [String: [UInt8]]
  /// What tells whether they are still the same.
  let standing: Standing

  enum Standing: Sendable {
    case folder(FolderTree)
    case etcd(EtcdStanding)
  }

  /// What stood in the folder; nothing of a workspace that is in none.
  var tree: FolderTree { if case .folder(let tree) = standing { tree } else { FolderTree() } }

  /// The same for a server.
  public var source: WorkspaceSource {
    WorkspaceSource(name: name, folder: folder, files: files.filter { !$0.key.isSame(as: WorkspaceSource.lastChange) })
  }
}

extension ZonesFolder {
  /// What a server reads of a workspace: `workspace.json`, the zone files and those of its links, all of one moment.
  ///
  /// Between two looks at the folder that differ the files are read again, so that an import, or the swap of a
  /// Kubernetes volume's `..data`, is seen whole or not at all.
  ///
  /// - Throws: when the folder is not there or not beneath the zones folder, keeps changing, or holds a file that cannot be
  ///   read, is too large, or is a link out of the folder.
  public func source(of name: WorkspaceName) throws(Problem) -> WorkspaceSource {
    guard let source = try source(of: name, within: Limits.Files.octetsOfWorkspace) else {
      throw Self.tooLarge(path(of: name))
    }
    return source
  }

  /// The same of a workspace whose files have no more octets together than are asked for; nil where they have more, of
  /// which not many are read to find that out.
  public func source(of name: WorkspaceName, within octets: Int) throws(Problem) -> WorkspaceSource? {
    let shown = path(of: name)
    return try stable(name) { budget throws(Problem) -> WorkspaceSource?? in
      let zones = try open()
      let folder = try open(name, in: zones)
      let before = try identity(folder, shown)
      let names = try filesThatAreRead(in: folder, shown, budget)
      guard let (files, areSteady) = try read(names, in: folder, shown, within: octets, budget) else {
        return .some(nil)
      }
      // By name again: the workspace may be another folder by now.
      let after = try identity(try open(name, in: zones), shown)
      guard areSteady, before == after else { return nil }
      return .some(WorkspaceSource(name: name, folder: shown, files: files))
    }
  }

  /// A workspace's `workspace.json` alone; nil when there is none.
  ///
  /// - Throws: when the folder is not there or not beneath the zones folder, keeps changing, or the file cannot be read.
  public func settings(of name: WorkspaceName) throws(Problem) -> [UInt8]? {
    let shown = path(of: name)
    return try stable(name) { budget throws(Problem) in
      let folder = try open(name)
      guard try identity(WorkspaceFile.fileName, in: folder, shown) != nil else { return .some(nil) }
      let files = try read(
        [WorkspaceFile.fileName], in: folder, shown, within: Limits.Files.octetsOfWorkspace, budget)
      guard let (files, areSteady) = files else { throw Self.tooLarge(shown) }
      return areSteady ? .some(files[WorkspaceFile.fileName]) : nil
    }
  }

  /// What an import or a change of links needs of a workspace, all of one moment, without the files that cannot be read.
  ///
  /// - Returns: what can be read, and a problem for each file that cannot.
  /// - Throws: as `source(of:)`, but not for a single file; and when the workspace does not exist.
  public func readable(
    of name: WorkspaceName
  ) throws(Problem) -> (contents: WorkspaceContents, problems: [Problem]) {
    let shown = path(of: name)
    guard try contains(name) else { throw try noWorkspace(name) }
    return try stable(name) { budget throws(Problem) in
      var problems: [Problem]? = []
      let folder = try open(name)
      let tree = try FolderTree(of: folder, shown: shown, budget)
      var names = try filesThatAreRead(in: folder, shown, budget)
      // Read by no server, but by the next command.
      if tree.identity(WorkspaceSource.lastChange) != nil { names.append(WorkspaceSource.lastChange) }
      let found = try read(names, in: folder, shown, within: Limits.Files.octetsOfWorkspace, budget, &problems)
      guard let (files, areSteady) = found else { throw Self.tooLarge(shown) }
      let after = try FolderTree(of: try open(name), shown: shown, budget)
      guard areSteady, tree.isSame(as: after) else { return nil }
      return (WorkspaceContents(name: name, folder: shown, files: files, standing: .folder(tree)), problems ?? [])
    }
  }

  /// The paths of the files that a server reads of a workspace: its settings, its zones and its links.
  private func filesThatAreRead(
    in folder: borrowing Folder, _ shown: String, _ budget: ReadingBudget
  ) throws(Problem) -> [String] {
    let names = try list(folder, shown, budget).filter { WorkspaceSource.isRead($0) }
    let linksFolder = WorkspaceSource.linksFolder
    guard try identity(linksFolder, in: folder, shown)?.kind == .folder else { return names }
    let links = try trying(to: "open this folder", file: "\(shown)/\(linksFolder)") { () throws(SystemError) in
      try folder.folder(linksFolder)
    }
    return try names
      + list(links, "\(shown)/\(linksFolder)", budget).filter { WorkspaceSource.isLink($0) }.map {
        "\(linksFolder)/\($0)"
      }
  }

  /// The paths of a workspace's files within its folder, whatever they hold.
  ///
  /// - Throws: when the folder is not there, or cannot be listed: a name is no text, say, or there are too many.
  public func files(of name: WorkspaceName) throws(Problem) -> [String] {
    try FolderTree(of: try open(name), shown: path(of: name), budget(of: name)).files
  }

  /// What `body` gives once it does not give nil.
  private func stable<Result>(
    _ name: WorkspaceName, _ body: (ReadingBudget) throws(Problem) -> Result?
  ) throws(Problem) -> Result {
    let budget = budget(of: name)
    for _ in 0..<Limits.Files.readings {
      budget.repeats()
      if let result = try body(budget) { return result }
    }
    throw Problem(file: path(of: name), "the folder keeps changing while it is read; run it again when that has ended")
  }

  /// Opens a workspace's folder, which must lie beneath the zones folder.
  private func open(_ name: WorkspaceName) throws(Problem) -> Folder { try open(name, in: try open()) }

  private func open(_ name: WorkspaceName, in zones: borrowing Folder) throws(Problem) -> Folder {
    try trying(to: "open this folder", file: path(of: name)) { () throws(SystemError) in
      try zones.folder(name.description)
    }
  }

  /// Reads files of a folder.
  private func read(
    _ names: [String], in folder: borrowing Folder, _ shown: String, within octets: Int, _ budget: ReadingBudget
  ) throws(Problem) -> (files: [String: [UInt8]], areSteady: Bool)? {
    var problems: [Problem]?
    return try read(names, in: folder, shown, within: octets, budget, &problems)
  }

  /// Reads files of a folder.
  ///
  /// - Parameter problems: gets those of files that cannot be read; nil for the first of them to end it.
  /// - Returns: their contents, and whether every file was the same before and after; nil when there are more octets.
  private func read(
    _ names: [String], in folder: borrowing Folder, _ shown: String, within octets: Int, _ budget: ReadingBudget,
    _ problems: inout [Problem]?
  ) throws(Problem) -> (files: [String: [UInt8]], areSteady: Bool)? {
    var files: [String: [UInt8]] = [:]
    var left = octets
    for name in names {
      try budget.check()
      do throws(Problem) {
        switch try look(at: name, in: folder, shown, within: min(left, Limits.Files.octets)) {
        case .content(let content):
          // Never less than nothing: the file is no larger than what was left.
          left -= content.count
          budget.grant(octets: content.count)
          files[name] = content
        case .larger where left < Limits.Files.octets: return nil
        case .larger: throw Self.fileTooLarge("\(shown)/\(name)")
        // Written meanwhile, or gone since it was listed.
        case .unsteady: return (files, false)
        }
      } catch {
        guard problems != nil else { throw error }
        problems?.append(error)
      }
    }
    return (files, true)
  }

  /// Reads a file; where it is not there any more, looks whether it is a link that leads nowhere: only that is still there.
  private func look(
    at name: String, in folder: borrowing Folder, _ shown: String, within octets: Int
  ) throws(Problem) -> Look {
    let found = try Self.look(at: name, in: folder, shown: "\(shown)/\(name)", within: octets)
    guard case .unsteady = found else { return found }
    if try identity(name, in: folder, shown) == nil, try identity(name, in: folder, shown, links: .refused) != nil {
      throw Problem(file: "\(shown)/\(name)", "this link leads nowhere; mend or remove it")
    }
    return .unsteady
  }

  /// That a workspace's files are too large together.
  static func tooLarge(_ folder: String) -> Problem {
    Problem(file: folder, "more than \(Limits.Files.octetsOfWorkspace >> 20) MiB of files; split the workspace")
  }

  private static func fileTooLarge(_ path: String) -> Problem {
    Problem(file: path, "larger than \(Limits.Files.octets >> 20) MiB, the most of one file; split the zone")
  }

  /// A file's content; nil when it is gone or was written meanwhile.
  static func read(_ name: String, in folder: borrowing Folder, shown: String) throws(Problem) -> [UInt8]? {
    switch try look(at: name, in: folder, shown: shown, within: Limits.Files.octets) {
    case .content(let content): return content
    case .unsteady: return nil
    case .larger: throw fileTooLarge(shown)
    }
  }

  /// What reading a file brought.
  private enum Look {
    case content([UInt8])
    /// It is gone, or was written meanwhile.
    case unsteady
    /// It has more octets.
    case larger
  }

  private static func look(
    at name: String, in folder: borrowing Folder, shown: String, within octets: Int
  ) throws(Problem) -> Look {
    let found: (content: [UInt8], identity: Files.Identity)?
    do throws(SystemError) {
      found = try folder.readSteady(name, maximumSize: octets)
    } catch {
      switch error.kind {
      case .notFound: return .unsteady
      case .tooLarge: return .larger
      default: throw .cannot("read this", error, file: shown)
      }
    }
    guard let found else { return .unsteady }
    guard found.identity.kind == .file else { throw Problem(file: shown, "this is not a file; rename or remove it") }
    return .content(found.content)
  }

  private func identity(_ folder: borrowing Folder, _ shown: String) throws(Problem) -> Files.Identity {
    try trying(to: "look at this", file: shown) { () throws(SystemError) in try folder.identity }
  }

  private func identity(
    _ name: String, in folder: borrowing Folder, _ shown: String, links: Folder.Links = .inside
  ) throws(Problem) -> Files.Identity? {
    try trying(to: "look at this", file: "\(shown)/\(name)") { () throws(SystemError) in
      try folder.identity(name, links: links)
    }
  }

  private func list(
    _ folder: borrowing Folder, _ shown: String, _ budget: ReadingBudget
  ) throws(Problem) -> [String] {
    try budget.check()
    do throws(SystemError) {
      let names = try folder.list(maximumCount: Limits.Files.entriesOfFolder)
      budget.grant(entries: names.count)
      return names
    } catch {
      throw .cannotList(error, file: shown)
    }
  }
}

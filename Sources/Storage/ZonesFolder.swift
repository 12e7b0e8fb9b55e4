import Bounds
import SystemIO
import Text
import Workspaces

/// The folder that holds the workspaces' folders.
///
/// Nothing is kept between calls: each looks at the disk anew. The path is the operator's word, and links on the way to it
/// are followed; everything below is opened beneath it.
public struct ZonesFolder: Sendable {

  /// The path as the person named it, without slashes at its end.
  public let path: String
  /// How long the thread that asks has had a core, in nanoseconds.
  let clock: @Sendable () -> UInt64

  /// Takes a path, absolute or from the current folder.
  public init(path: String) { self.init(path: path, clock: System.threadNanoseconds) }

  init(path: String, clock: @escaping @Sendable () -> UInt64) {
    self.clock = clock
    var path = Substring(path)
    while path.count > 1, path.hasSuffix("/") { path.removeLast() }
    self.path = String(path)
  }

  /// What reading a workspace may take.
  func budget(of name: WorkspaceName) -> ReadingBudget { ReadingBudget(path(of: name), clock) }

  /// A workspace's folder as the person would name it.
  public func path(of name: WorkspaceName) -> String { path == "/" ? "/\(name)" : "\(path)/\(name)" }

  /// True when there is something at the folder's path.
  public func exists() throws(Problem) -> Bool { try kind() != nil }

  /// Makes the zones folder; the folder that it is in must be there.
  public func make() throws(Problem) {
    let isMade = try trying(to: "make the zones folder", file: path) { () throws(SystemError) in
      let parent = try Folder(opening: above)
      guard let made = try parent.makePrivateFolder(last) else { return false }
      do throws(SystemError) {
        try made.setAccess(.newFolder(in: parent.access))
      } catch {
        unmake()
        throw error
      }
      return true
    }
    guard isMade else { throw Problem(file: path, "somebody else changes the folder that this stands in") }
  }

  /// The path's last part, and the folder that it is in.
  private var last: String { path.lastIndex(of: "/").map { String(path[path.index(after: $0)...]) } ?? path }
  private var above: String {
    path.lastIndex(of: "/").map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
  }

  /// Takes back `make`, if nothing has come into the folder since.
  public func unmake() {
    ZonesLock.clear(self)
    do throws(SystemError) { try Files.removeFolder(path) } catch {}
  }

  /// Waits until the folder that `make` made is on the disk.
  ///
  /// - Returns: that it may not be, as a warning.
  public func settle() -> [Problem] {
    do throws(SystemError) {
      try Files.synchronize(folder: above)
      return []
    } catch {
      return [.unconfirmed(error, file: path)]
    }
  }

  /// The workspaces' names, in order: folders, or links to folders, whose names are workspaces' names. What cannot be looked
  /// at, or is a link out of the zones folder, is among them: reading it says what is wrong with that one.
  ///
  /// - Throws: when there is no zones folder, or it cannot be listed. Then nothing is known of what is in it.
  public func workspaceNames() throws(Problem) -> [WorkspaceName] {
    let folder = try open()
    return try entries(of: folder).compactMap { WorkspaceName($0) }.filter { Self.contains($0, in: folder) }
  }

  /// What was in the zones folder, and which folder that was.
  public struct Listing: Sendable {
    /// The workspaces' names, in order.
    public let names: [WorkspaceName]
    /// The folder that they are in, whatever its path leads to by now.
    public let folder: Files.Identity

    /// Takes the parts.
    public init(names: [WorkspaceName], folder: Files.Identity) {
      self.names = names
      self.folder = folder
    }
  }

  /// The names of all that may be workspaces.
  ///
  /// - Parameter looksAtEach: true for those of `workspaceNames`; without a look at each, what is no folder is found out by
  ///   reading it.
  /// - Throws: as `workspaceNames`.
  public func list(lookingAtEach looksAtEach: Bool) throws(Problem) -> Listing {
    let folder = try open()
    let names = try entries(of: folder).compactMap { WorkspaceName($0) }
    return Listing(
      names: looksAtEach ? names.filter { Self.contains($0, in: folder) } : names, folder: try identity(of: folder))
  }

  /// True when the workspace has a folder, or something that cannot be looked at.
  ///
  /// - Throws: when the zones folder cannot be opened.
  public func contains(_ name: WorkspaceName) throws(Problem) -> Bool { Self.contains(name, in: try open()) }

  /// The zones folder in which the workspace is missing; nil where `contains` is true.
  ///
  /// - Throws: when the zones folder cannot be opened, or looked at.
  public func folder(without name: WorkspaceName) throws(Problem) -> Files.Identity? {
    let folder = try open()
    return Self.contains(name, in: folder) ? nil : try identity(of: folder)
  }

  private func identity(of folder: borrowing Folder) throws(Problem) -> Files.Identity {
    try trying(to: "look at the zones folder", file: path) { () throws(SystemError) in try folder.identity }
  }

  private static func contains(_ name: WorkspaceName, in folder: borrowing Folder) -> Bool {
    do throws(SystemError) {
      return try folder.identity(name.description)?.kind == .folder
    } catch {
      return true
    }
  }

  /// A problem for each entry that looks like a workspace and is none: a folder whose name cannot be a workspace's, or
  /// a link that leads nowhere. What starts with a dot is left alone, and so are plain files, like a README.
  public func strays() throws(Problem) -> [Problem] {
    let folder = try open()
    var problems: [Problem] = []
    for entry in try entries(of: folder) where !entry.startsSame(as: ".") {
      let shown = path == "/" ? "/\(entry)" : "\(path)/\(entry)"
      do throws(SystemError) {
        switch try folder.identity(entry)?.kind {
        case .folder where WorkspaceName(entry) == nil:
          problems.append(
            Problem(
              file: shown,
              "this folder is not served, because its name is not a workspace's (\(WorkspaceName.rule)); rename it"))
        case nil:
          problems.append(Problem(file: shown, "this link leads nowhere; mend or remove it"))
        default: break
        }
      } catch {
        // Reading it says so where it is a workspace; nobody reads another.
      }
    }
    return problems
  }

  /// A warning when others may look into workspaces though not into the zones folder: who closed that meant all of it, and
  /// who may pass through it reads by name what is in them.
  public func openToOthers(_ names: [WorkspaceName]) throws(Problem) -> [Problem] {
    let folder = try open()
    let access = try trying(to: "look at this", file: path) { () throws(SystemError) in try folder.access }
    guard !access.isListedByOthers else { return [] }
    let open = names.filter { Self.access(of: $0, in: folder)?.isOpenToOthers == true }
    guard !open.isEmpty else { return [] }
    let shown = open.prefix(Limits.Building.namesOfLine).map(\.description).joined(separator: ", ")
    let omitted = open.count - Limits.Building.namesOfLine
    return [
      Problem(
        file: path, severity: .warning,
        """
        others may not list this folder, and may look into the workspaces \(shown)\(omitted > 0 ? " and \(omitted) more" : ""), \
        tokens' SHA-256 and all, where they can pass through it: chmod -R o= on those
        """)
    ]
  }

  /// A warning when others may write the zones folder, or a workspace's: whoever can make a workspace takes clients, and
  /// whoever can write one's zones says where its names lead.
  public func writtenByOthers(_ names: [WorkspaceName]) throws(Problem) -> [Problem] {
    let folder = try open()
    let access = try trying(to: "look at this", file: path) { () throws(SystemError) in try folder.access }
    var problems: [Problem] = []
    if access.isWrittenByOthers {
      problems.append(
        Problem(
          file: path, severity: .warning,
          "everybody on this machine may make and remove workspaces here: chmod o-w \(word: path)"))
    }
    for name in names where problems.count <= Limits.Building.namesOfLine {
      guard Self.access(of: name, in: folder)?.isWrittenByOthers == true else { continue }
      let own = self.path(of: name)
      problems.append(
        Problem(
          file: own, severity: .warning,
          "everybody on this machine may change what this workspace answers: chmod -R o-w \(word: own)"))
    }
    return problems
  }

  /// Who may do what with a workspace's folder; nil when it cannot be looked at, of which reading it tells.
  private static func access(of name: WorkspaceName, in folder: borrowing Folder) -> Files.Access? {
    try? folder.folder(name.description).access
  }

  /// Throws when there is no zones folder.
  public func checkIsThere() throws(Problem) {
    guard let kind = try kind() else { throw isMissing }
    guard kind == .folder else { throw Problem(file: path, "this is not a folder; name one with --zones DIR") }
  }

  /// That whoever asks may not open the zones folder: who owns one workspace's folder is not to have the right to it.
  private func isOperators(_ error: SystemError) -> Problem {
    Problem(
      file: path,
      """
      cannot open the zones folder: \(error.reason); it is the operator's: run this as the operator, or on a copy of your own \
      workspace's folder (docs/zones.md says how)
      """)
  }

  /// That there is no zones folder, for who names one.
  public var isMissing: Problem {
    Problem(
      file: path,
      """
      there is no such zones folder; name it with --zones DIR, or the configuration that says where it is with --config \
      FILE; backroad workspace add makes a new one, where no running server has workspaces of the old
      """)
  }

  /// The same, for the log of a server that serves the folder.
  public var hasGone: Problem {
    Problem(
      file: path,
      """
      the zones folder has gone: what was served stays as it is; mount it or move it back, or confirm a new one in its place \
      with \(Self.confirmation)
      """)
  }

  /// That another folder stands there than the one that is served, and lacks much of it; for the server's log.
  public var isAnother: Problem {
    Problem(
      file: path,
      """
      another folder stands here than the one that is served: what is not in it stays as it was; mount or move the old one \
      back, or confirm this one with \(Self.confirmation)
      """)
  }

  /// How a person says that a folder counts. The socket's usual place is in the folder that has gone.
  private static let confirmation = "backroad reload, or with SIGHUP where the admin socket went with the old folder"

  /// Opens the zones folder.
  func open() throws(Problem) -> Folder {
    do throws(SystemError) {
      return try Folder(opening: path)
    } catch {
      if error.kind == .notFound { try checkIsThere() }
      guard error.kind != .denied else { throw isOperators(error) }
      throw .cannot("open the zones folder", error, file: path)
    }
  }

  private func entries(of folder: borrowing Folder) throws(Problem) -> [String] {
    try trying(to: "list the zones folder", file: path) { () throws(SystemError) in try folder.list() }
  }

  private func kind() throws(Problem) -> Files.Kind? {
    try trying(to: "look at this", file: path) { () throws(SystemError) in try Files.identity(path)?.kind }
  }
}

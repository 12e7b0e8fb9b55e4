import Text
import Workspaces

/// Where workspaces are kept, as commands read and change them: a folder, or etcd.
///
/// Whatever changes is changed whole or not at all, and what another has changed since it was read is never written over.
public protocol Store {
  /// How a person names it: `zones`.
  var path: String { get }
  /// How a person names a workspace's place in it: `zones/acme`.
  func path(of name: WorkspaceName) -> String

  // MARK: The store itself

  /// False where it is to be made first.
  func exists() throws(Problem) -> Bool
  /// Makes it, where it does not exist.
  func make() throws(Problem)
  /// Takes back `make`, while there is nothing in it.
  func unmake()
  /// Has what was made last.
  ///
  /// - Returns: what is to be said although it is done.
  func settle() -> [Problem]
  /// What is wrong with the store, and with nobody's workspace.
  ///
  /// - Parameter names: the workspaces in it.
  func faults(_ names: [WorkspaceName]) throws(Problem) -> [Problem]

  // MARK: Reading

  /// The names of all workspaces, in order.
  ///
  /// - Throws: when the store does not exist, or cannot be read.
  func workspaceNames() throws(Problem) -> [WorkspaceName]
  /// True when there is a workspace of the name.
  func contains(_ name: WorkspaceName) throws(Problem) -> Bool
  /// A workspace's files of one moment, without those that cannot be read.
  ///
  /// - Returns: what can be read, and a problem for each file that cannot.
  /// - Throws: when there is no such workspace, or nothing of it can be read.
  func readable(of name: WorkspaceName) throws(Problem) -> (contents: WorkspaceContents, problems: [Problem])
  /// A workspace's `workspace.json` alone; nil when it has none.
  func settings(of name: WorkspaceName) throws(Problem) -> [UInt8]?
  /// The paths of all files of a workspace, whatever they hold.
  func files(of name: WorkspaceName) throws(Problem) -> [String]

  // MARK: Changing

  /// Makes a change of a workspace's files that was worked out from what was read of them.
  ///
  /// - Parameters:
  ///   - changes: each file's new content by its path, nil for one that goes.
  ///   - contents: what was read.
  ///   - wait: called before another change is waited for.
  /// - Returns: what is to be said although it is done; nil where somebody changed the workspace meanwhile, so that nothing
  ///   was done and the change is to be worked out anew.
  /// - Throws: why it cannot be made; then nothing has changed.
  func commit(
    _ changes: [String: [UInt8]?], to contents: WorkspaceContents, beforeWaiting wait: () -> Void
  ) throws(Problem) -> [Problem]?
  /// Makes a workspace.
  ///
  /// - Parameters:
  ///   - files: what it is made of, by path, worked out while nobody else changes the store; nil for nothing after all.
  ///   - wait: called before another change is waited for.
  /// - Returns: what is to be said although it is done.
  /// - Throws: what `files` throws, that there is a workspace of the name, or why it cannot be made; then nothing has changed.
  func add(
    _ name: WorkspaceName, beforeWaiting wait: () -> Void, _ files: () throws -> [String: [UInt8]]?
  ) throws -> [Problem]
  /// Removes a workspace with all its files.
  ///
  /// - Parameters:
  ///   - wait: called before another change is waited for.
  ///   - isWanted: asked while nobody else changes the store, once it is known that there is such a workspace.
  /// - Returns: what is to be said although it is done.
  /// - Throws: that there is none, or why it cannot be removed; then nothing has changed.
  func remove(
    _ name: WorkspaceName, beforeWaiting wait: () -> Void, if isWanted: () -> Bool
  ) throws(Problem) -> [Problem]
}

extension Store {
  /// A workspace's files of one moment.
  ///
  /// - Throws: as `readable(of:)`, and for each file that cannot be read.
  public func contents(of name: WorkspaceName) throws(Problem) -> WorkspaceContents {
    let (contents, problems) = try readable(of: name)
    if let first = problems.first { throw first }
    return contents
  }

  /// That a workspace does not exist, naming the nearest that does.
  public func noWorkspace(_ name: WorkspaceName) throws(Problem) -> Problem {
    let near = nearest(to: name.description, among: try workspaceNames().map(\.description))
    let remedy =
      near.map { "did you mean \(quoted($0))?" }
      ?? "make it with backroad workspace add \(word: name.description) --client CIDR"
    return Problem(file: path, "there is no workspace \(quoted(name.description)) here; \(remedy)")
  }

  /// That a workspace which is to be made exists.
  func exists(_ name: WorkspaceName) -> Problem {
    Problem(file: path(of: name), "the workspace \(quoted(name.description)) exists already")
  }
}

extension ZonesFolder: Store {
  /// What stands beside the workspaces, and who may look into them or write them.
  public func faults(_ names: [WorkspaceName]) throws(Problem) -> [Problem] {
    try strays() + openToOthers(names) + writtenByOthers(names)
  }

  /// Makes a change under the folder's lock, which is held for writing alone.
  public func commit(
    _ changes: [String: [UInt8]?], to contents: WorkspaceContents, beforeWaiting wait: () -> Void
  ) throws(Problem) -> [Problem]? {
    // The lock is everybody's, and working a change out takes as long as a workspace's files make it: so it is held for
    // writing alone.
    let lock = try ZonesLock(self, beforeWaiting: wait)
    let current = try self.contents(of: contents.name)
    guard current.files == contents.files else { return nil }
    return try lock.commit(changes, to: current)
  }

  /// Makes a workspace under the folder's lock.
  public func add(
    _ name: WorkspaceName, beforeWaiting wait: () -> Void, _ files: () throws -> [String: [UInt8]]?
  ) throws -> [Problem] {
    let lock = try ZonesLock(self, beforeWaiting: wait)
    guard try !contains(name) else { throw exists(name) }
    return try files().map { files throws(Problem) in try lock.addWorkspace(name, files: files) } ?? []
  }

  /// Removes a workspace under the folder's lock.
  public func remove(
    _ name: WorkspaceName, beforeWaiting wait: () -> Void, if isWanted: () -> Bool
  ) throws(Problem) -> [Problem] {
    let lock = try ZonesLock(self, beforeWaiting: wait)
    guard try contains(name) else { throw try noWorkspace(name) }
    return isWanted() ? try lock.removeWorkspace(name) : []
  }
}

import Bounds
import Links
import Storage
import SystemIO
import Text
import Workspaces

/// What a look at a workspace's files brought.
enum WorkspaceOutcome: Sendable {
  /// What was read: how many octets, and a number that tells it from other contents.
  struct Contents: Sendable {
    let octets: Int
    let fingerprint: Int
  }

  /// The zones folder has no such workspace: this one, whatever its path leads to by now.
  case gone(from: Files.Identity)
  /// The zones folder itself is not there or cannot be looked at, so nothing is known of what was in it.
  case noFolder(Problem)
  /// The files could not be read.
  case unreadable(Problem)
  /// There are more octets than were to be read.
  case larger
  /// They are those of the fingerprint that was given.
  case same(Contents)
  /// No workspace where something is an error.
  case read(Contents, Workspace?, [Problem])

  /// How many octets the files have, as far as the look tells; nil when the workspace has gone.
  func octets(in lane: Lane) -> Int? {
    switch self {
    case .gone: nil
    case .noFolder, .unreadable, .larger: lane.octets
    case .same(let contents), .read(let contents, _, _): contents.octets
    }
  }
}

/// Where workspaces come from; a protocol, so that tests can have one whose reading takes as long as they want.
protocol WorkspaceReading: Sendable {
  /// Every workspace that is there, and in which folder; without a look at each, what else there is of such a name is
  /// `gone` when it is read.
  func list(lookingAtEach looksAtEach: Bool) throws(Problem) -> ZonesFolder.Listing
  /// Reads and builds a workspace, unless its files are those of a fingerprint or have more octets.
  ///
  /// - Parameter mayBuild: asked once the files are read; false for a workspace that is not to be built now.
  /// - Returns: nil where it was not to be built.
  func read(
    _ name: WorkspaceName, unlessIts fingerprint: Int?, within octets: Int, mayBuild: () -> Bool
  ) -> WorkspaceOutcome?
}

/// Reads, checks and builds one workspace: what of loading depends on nothing but the files, so that many threads can do
/// it at once.
struct WorkspaceReader: WorkspaceReading {
  let folder: ZonesFolder
  /// What of the server workspaces are loaded with.
  let setting: WorkspaceSetting
  /// Which links the server has failed over by itself; nil where it does not.
  var failovers: FailoverKeeper?

  func list(lookingAtEach looksAtEach: Bool) throws(Problem) -> ZonesFolder.Listing {
    try folder.list(lookingAtEach: looksAtEach)
  }

  func read(
    _ name: WorkspaceName, unlessIts fingerprint: Int?, within octets: Int, mayBuild: () -> Bool = { true }
  ) -> WorkspaceOutcome? {
    do throws(Problem) {
      guard let source = try source(of: name, within: octets) else { return .larger }
      let failedOver = failovers?.links(of: name) ?? []
      let contents = Self.contents(of: source, failedOver)
      guard contents.fingerprint != fingerprint else { return .same(contents) }
      guard mayBuild() else { return nil }
      let (workspace, problems) = Workspace.loadLinked(source, failedOver: failedOver, in: setting)
      return .read(contents, workspace, problems)
    } catch {
      return outcome(of: name, error)
    }
  }

  /// At the limit of all workspaces, what is beyond it is an error and not for another time.
  private func source(of name: WorkspaceName, within octets: Int) throws(Problem) -> WorkspaceSource? {
    guard octets < Limits.Files.octetsOfWorkspace else { return try folder.source(of: name) }
    return try folder.source(of: name, within: octets)
  }

  /// Tells a workspace that has gone from one that cannot be read. It has gone only where the system says so, of the
  /// workspace alone: whatever else fails leaves it as it was.
  private func outcome(of name: WorkspaceName, _ problem: Problem) -> WorkspaceOutcome {
    do throws(Problem) {
      return try folder.folder(without: name).map { .gone(from: $0) } ?? .unreadable(problem)
    } catch {
      return .noFolder(error)
    }
  }

  /// What was read, which is another when the same files are served in another way.
  private static func contents(of source: WorkspaceSource, _ failedOver: Set<String>) -> WorkspaceOutcome.Contents {
    var hasher = Hasher()
    hasher.combine(failedOver)
    for (name, content) in source.files.sorted(by: { OctetText($0.key) < OctetText($1.key) }) {
      hasher.combine(name)
      hasher.combine(content.count)
      unsafe content.withUnsafeBytes { unsafe hasher.combine(bytes: $0) }  // unsafe: reads the array.
    }
    // No overflow: what is read of a workspace has a limit.
    let octets = source.files.values.reduce(0) { $0 + $1.count }
    return WorkspaceOutcome.Contents(octets: octets, fingerprint: hasher.finalize())
  }
}

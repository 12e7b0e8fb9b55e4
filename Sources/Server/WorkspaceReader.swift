import Forwarding
import Storage
import Text
import Wire
import Workspaces

/// Reads, checks and builds one workspace: what of loading depends on nothing but the files, so that many threads can do
/// it at once.
struct WorkspaceReader: Sendable {
  let folder: ZonesFolder
  let serverRules: ForwardRules
  /// Where the server itself is reached, and so where no workspace may forward to.
  let own: OwnAddresses
  /// What each workspace may claim.
  var grants: Grants?
  /// Of the hashes of the zones' names; this process's alone.
  let seed: HashSeed

  /// What a look at a workspace's files brought.
  enum Outcome: Sendable {
    /// They are those of the fingerprint that was given.
    case same
    /// They could not be read.
    case unreadable(Problem)
    /// No workspace where something is an error.
    case read(fingerprint: Int, Workspace?, [Problem])
  }

  /// Reads a workspace, unless its files are those of a fingerprint.
  func read(_ name: WorkspaceName, unlessIts fingerprint: Int?) -> Outcome {
    do throws(Problem) {
      let source = try folder.source(of: name)
      let found = Self.fingerprint(of: source)
      guard found != fingerprint else { return .same }
      let (workspace, problems) = Workspace.load(source, serverRules: serverRules, own: own, grants: grants, seed: seed)
      return .read(fingerprint: found, workspace, problems)
    } catch {
      return .unreadable(error)
    }
  }

  /// Of the files' names and contents, to see whether they changed.
  private static func fingerprint(of source: WorkspaceSource) -> Int {
    var hasher = Hasher()
    for (name, content) in source.files.sorted(by: { $0.key < $1.key }) {
      hasher.combine(name)
      hasher.combine(content.count)
      unsafe content.withUnsafeBytes { unsafe hasher.combine(bytes: $0) }  // unsafe: reads the array.
    }
    return hasher.finalize()
  }
}

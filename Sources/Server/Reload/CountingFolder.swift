import Storage
import SystemIO
import Workspaces

/// Which zones folder counts: what is missing in it has gone, and what is missing in any other stays as it was.
///
/// Another folder in the place of the one that was served says nothing of what stood in that: somebody may have made an empty
/// one, or a volume is not mounted. It counts where no more than half of what is served is missing in it, as after the
/// exchange of a checkout, or where a person says so. One that was found to lack more counts once it lacks nothing: while
/// somebody copies workspaces into it, those that are still to come are not to go.
struct CountingFolder {
  /// The one that counts; nil before the first.
  private var identity: Files.Identity?
  /// The last that was found not to, and what was served when the first of such was found.
  private var lacking: (folder: Files.Identity, served: Set<WorkspaceName>)?

  /// True when what is missing in the folder has gone.
  func isCounting(_ folder: Files.Identity) -> Bool { identity?.isSame(as: folder) == true }

  /// True when the folder was found not to count.
  func isLacking(_ folder: Files.Identity) -> Bool { lacking?.folder.isSame(as: folder) == true }

  /// Judges the folder that stands there.
  ///
  /// - Parameters:
  ///   - served: the workspaces that are served now.
  ///   - isConfirmed: a person says that it counts, whatever it lacks.
  /// - Returns: true when it counts from now on.
  mutating func judge(_ found: ZonesFolder.Listing, served: Set<WorkspaceName>, isConfirmed: Bool) -> Bool {
    let needed = lacking?.served ?? served
    if let identity, !identity.isSame(as: found.folder), !isConfirmed {
      let missing = needed.subtracting(found.names).count
      guard missing <= (isLacking(found.folder) ? 0 : needed.count / 2) else {
        lacking = (found.folder, needed)
        return false
      }
    }
    (identity, lacking) = (found.folder, nil)
    return true
  }
}

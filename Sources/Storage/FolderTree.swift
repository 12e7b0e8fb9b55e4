import Bounds
import SystemIO
import Text

/// Which files stood in a folder and all below it at one moment: enough to tell later whether any was written,
/// replaced, added or removed.
struct FolderTree: Sendable {

  /// By path within the folder, which is itself at the empty path; symbolic links are not followed.
  private let entries: [String: Files.Identity]

  /// Of nothing.
  init() { entries = [:] }

  /// Looks at a folder.
  ///
  /// - Parameters:
  ///   - root: the folder.
  ///   - shown: its path as the person knows it, for problems.
  ///   - budget: how long it may take.
  init(of root: borrowing Folder, shown: String, _ budget: ReadingBudget) throws(Problem) {
    var entries: [String: Files.Identity] = [:]
    var rest = [""]
    while let path = rest.popLast() {
      try budget.check()
      // Something that went away between two looks shows as a difference from a later look, or an earlier one.
      guard
        let identity = try trying(
          to: "look at this", file: Self.join(shown, path),
          { () throws(SystemError) in
            try root.identity(path, links: .refused)
          })
      else { continue }
      entries[path] = identity
      guard identity.kind == .folder else { continue }
      let names: [String]
      do throws(SystemError) {
        names = try root.folder(path, links: .refused).list(maximumCount: Limits.Files.entriesOfFolder)
      } catch {
        if error.kind == .notFound { continue }
        throw .cannotList(error, file: Self.join(shown, path))
      }
      budget.grant(entries: names.count)
      // Before they are kept: each of many folders may have as many.
      guard entries.count + rest.count + names.count <= Limits.Files.entriesOfFolder else {
        throw Problem(file: shown, "more than \(Limits.Files.entriesOfFolder) files; split the workspace")
      }
      for name in names { rest.append(Self.join(path, try plain(name, in: Self.join(shown, path)))) }
    }
    self.entries = entries
  }

  /// True when the same files stand at the same paths, none of them written since; the folder itself may have moved.
  func isSame(as other: FolderTree) -> Bool {
    entries.count == other.entries.count
      && entries.allSatisfy { path, identity in other.entries[path].map(identity.hasSameContent) ?? false }
  }

  /// What stands at a path within the folder; nil when nothing does.
  func identity(_ path: String) -> Files.Identity? { entries[path] }

  /// The paths of the folders below this one, each before those that are in it.
  var folders: [String] { paths { $0 == .folder } }

  /// The paths of all that is no folder.
  var files: [String] { paths { $0 != .folder } }

  private func paths(_ isWanted: (Files.Kind) -> Bool) -> [String] {
    entries.filter { !$0.key.isEmpty && isWanted($0.value.kind) }.map(\.key).sortedByOctets()
  }

  /// A path within a folder; the folder's own for the empty path.
  static func join(_ folder: String, _ path: String) -> String {
    path.isEmpty ? folder : folder.isEmpty ? path : "\(folder)/\(path)"
  }
}

/// A name of a folder's list, which is text: another could not be named again.
func plain(_ name: String, in folder: String) throws(Problem) -> String {
  guard !name.unicodeScalars.contains("\u{fffd}") else {
    throw Problem(file: folder, "a file's name here is not UTF-8; rename \(quoted(name))")
  }
  return name
}

extension Problem {
  /// That a workspace's folder cannot be listed.
  static func cannotList(_ error: SystemError, file: String) -> Problem {
    error.kind == .tooLarge
      ? Problem(file: file, "more than \(Limits.Files.entriesOfFolder) files; split the workspace")
      : .cannot("list this folder", error, file: file)
  }
}

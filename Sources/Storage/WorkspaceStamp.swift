import Bounds
import SystemIO
import Workspaces

extension ZonesFolder {
  /// A number that is another one once any of the files that a server reads of a workspace was written, replaced, added
  /// or removed, or the folder is another; for folders that the kernel does not watch. Nothing is read.
  ///
  /// It holds while the process lives. A folder that is not there, or cannot be looked at, has a number of its own; one with
  /// too many entries to be looked at often, or whose entries lead a long way round, has none.
  public func stamp(of name: WorkspaceName) -> Int? {
    var hasher = Hasher()
    let start = clock()
    do throws(SystemError) {
      let folder = try Folder(opening: path).folder(name.description)
      hasher.combine(try folder.identity)
      var files = try folder.list(maximumCount: Limits.Building.entriesOfLook).filter { WorkspaceSource.isRead($0) }
      if let links = try? folder.folder(WorkspaceSource.linksFolder) {
        let most = Limits.Building.entriesOfLook
        files += try links.list(maximumCount: most).filter { WorkspaceSource.isLink($0) }.map {
          "\(WorkspaceSource.linksFolder)/\($0)"
        }
      }
      for file in files {
        guard clock() &- start <= UInt64(Limits.Building.lookMilliseconds) * 1_000_000 else { return nil }
        hasher.combine(file)
        hasher.combine(try? folder.identity(file))
      }
    } catch  where error.kind == .tooLarge {
      return nil
    } catch {
      // What was combined so far tells from a folder that can be looked at; the next look tells from this one.
      hasher.combine(error.code)
    }
    return hasher.finalize()
  }

  /// True when a workspace's folder is a link to one: the kernel does not tell when the link's way leads elsewhere.
  public func isLinked(_ name: WorkspaceName) -> Bool { Files.symbolicLinkTarget(path(of: name)) != nil }

  /// True when the zones folder is reached through a link, as a checkout that is exchanged whole is.
  public var isLinked: Bool {
    var prefix = path.hasPrefix("/") ? "" : "."
    return path.split(separator: "/").contains { component in
      prefix += "/\(component)"
      return Files.symbolicLinkTarget(prefix) != nil
    }
  }

  /// What the zones folder is now; nil when there is none.
  public var identity: Files.Identity? { (try? Files.identity(path)) ?? nil }
}

import Storage
import SystemIO
import Workspaces

/// Tells which workspaces' folders change.
struct WorkspaceWatch: ~Copyable {
  private let folder: ZonesFolder
  private var watch: FolderWatch
  /// The zones folder's own watch.
  private var root: FolderWatch.ID?
  /// The workspaces of a watched folder: several when links lead to the same.
  private var names: [FolderWatch.ID: Set<WorkspaceName>] = [:]
  private var ids: [WorkspaceName: FolderWatch.ID] = [:]

  /// What has happened since the last look.
  struct Changes {
    /// Workspaces whose files have changed, or that came or went.
    var workspaces: Set<WorkspaceName> = []
    /// The kernel dropped some, or the zones folder is another: anything may have changed.
    var everything = false
  }

  init(_ folder: ZonesFolder) throws(SystemError) {
    self.folder = folder
    watch = try FolderWatch()
  }

  /// What a poller waits for.
  var descriptor: Int32 { watch.descriptor.raw }

  /// Watches the zones folder and all that is in it, as it is now.
  mutating func addAll() {
    root = try? watch.add(folder.path)
    for name in (try? folder.workspaceNames()) ?? [] { add(name) }
  }

  /// Watches a workspace's folder. The same name may be another folder than before, and a folder may be gone.
  mutating func add(_ name: WorkspaceName) {
    let id = try? watch.add(folder.path(of: name))
    if let old = ids[name], old != id {
      names[old]?.remove(name)
      if names[old]?.isEmpty != false {
        watch.remove(old)
        names[old] = nil
      }
    }
    ids[name] = id
    if let id { names[id, default: []].insert(name) }
  }

  /// Takes what the kernel has told.
  mutating func takeChanges() throws(SystemError) -> Changes {
    let told = try watch.takeChanges()
    var changes = Changes(everything: told.overflowed)
    for (id, entries) in told.entries {
      if id == root {
        if entries.contains("") { changes.everything = true }
        for entry in entries {
          if let name = WorkspaceName(entry) { changes.workspaces.insert(name) }
        }
      } else {
        changes.workspaces.formUnion(names[id] ?? [])
      }
    }
    return changes
  }
}

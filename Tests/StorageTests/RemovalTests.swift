import Glibc
import SystemIO
import Testing
import Text
import Workspaces

@testable import Storage

/// Whatever a tenant makes of his folder, it can be removed.
struct RemovalTests {
  let folder: TemporaryZones
  private var zones: String { folder.zones.path }

  init() throws { folder = try TemporaryZones() }

  /// Folders in folders, deeper than any path that the kernel takes.
  private func nest(_ depth: Int, in path: String) {
    var descriptor = unsafe open(path, O_RDONLY | O_DIRECTORY)  // unsafe: the call reads the path.
    for _ in 0..<depth {
      _ = unsafe mkdirat(descriptor, "d", 0o755)  // unsafe: the call reads the name.
      _ = unsafe symlinkat("/etc", descriptor, "link")  // unsafe: the call reads the names.
      let inner = unsafe openat(descriptor, "d", O_RDONLY | O_DIRECTORY)  // unsafe: the call reads the name.
      close(descriptor)
      descriptor = inner
    }
    #expect(descriptor >= 0)
    close(descriptor)
  }

  /// Adds all that makes a workspace one that is not read.
  private func fill(_ name: String) throws {
    let path = "\(zones)/\(name)"
    try folder.write("\(name)/workspace.json", "{}")
    try folder.write("\(name)/.removed-1/.removed-2/x", "x")
    try folder.write("\(name)/caf\u{e9}", "1")
    try folder.write("\(name)/cafe\u{301}", "2")
    nest(2100, in: path)
    let odd = Array("\(path)/x".utf8CString.dropLast()) + [-1, 0]
    #expect(unsafe mkdir(odd, 0o755) == 0)  // unsafe: the call reads the path.
    try Files.symbolicLink(to: zones, at: "\(path)/up")
    for number in 0..<20 {
      try Files.symbolicLink(to: "x", at: "\(path)/a" + String(repeating: "\u{301}", count: 40 + number))
    }
  }

  @Test func whateverIsInAFolderIsRemoved() throws {
    try folder.write("other/x", "x")
    try fill("acme")
    try Folder(opening: zones).removeAll("acme")
    #expect(try folder.listing() == ["other/": "", "other/x": "x"])
    try Folder(opening: zones).removeAll("acme")
  }

  #if DEBUG
    /// Nor is a folder gone into from the one that it is in, and that from the one above: each would be open meanwhile.
    @Test func theDeepestFolderIsAsNearAsTheFirst() throws {
      try fill("acme")
      let plan = FaultPlan()
      try plan.run { try Folder(opening: zones).removeAll("acme") }
      let longest = plan.calls.map(\.utf8.count).max() ?? 0
      #expect(plan.calls.count > 2 * 2100 && longest < zones.utf8.count + 300, "\(plan.calls.count) calls, \(longest)")
    }
  #endif

  @Test func whatCannotBeReadCanBeRemoved() throws {
    let acme = try workspace("acme")
    try fill("acme")
    #expect(problem { _ = try folder.zones.contents(of: acme) } != "no problem")
    try folder.zones.withLock { lock in
      let warnings = try lock.removeWorkspace(acme)
      #expect(warnings.isEmpty)
    }
    #expect(try Files.list(zones) == [".backroad"])
  }
}

import Glibc
import SystemIO
import Testing
import Text
import Workspaces

@testable import Storage

/// Who can hold up a change of the zones folder, and who cannot.
struct LockTests {
  let folder: TemporaryZones
  private var zones: String { folder.zones.path }

  init() throws { folder = try TemporaryZones() }

  /// Locks a file or folder as whoever may read it can.
  private func keep(_ path: String) -> Int32 {
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)  // unsafe: the call reads the path.
    #expect(flock(descriptor, LOCK_EX | LOCK_NB) == 0, "\(path)")
    return descriptor
  }

  private func mode(_ path: String) -> UInt32 {
    var status = stat()
    #expect(unsafe lstat(path, &status) == 0)  // unsafe: the call fills a local.
    return status.st_mode & 0o7777
  }

  @Test func whoMayReadTheFolderCannotHoldUpAChange() throws {
    try folder.write("acme/workspace.json", "{}")
    try folder.write(".tenants/b/workspace.json", "{}")
    try Files.symbolicLink(to: ".tenants/b", at: "\(zones)/b")
    try folder.zones.withLock { _ in }
    #expect(mode("\(zones)/.backroad/lock") == 0o600)
    var kept = [zones, "\(zones)/.backroad", "\(zones)/.tenants", "\(zones)/acme"].map { keep($0) }
    defer { for descriptor in kept { close(descriptor) } }
    for name in ["acme", "b"] {
      try folder.zones.withLock(beforeWaiting: {
        Issue.record("somebody is waited for")
        for descriptor in kept { close(descriptor) }
        kept = []
      }) { lock in
        let contents = try folder.zones.contents(of: workspace(name))
        _ = try lock.commit(.texts(["a.zone": "x"]), to: contents)
      }
    }
    #expect(mode("\(zones)/.tenants/.backroad/lock") == 0o600)
  }

  /// Who shares the zones folder by its group shares its lock.
  @Test func theLockIsForThoseWhoMayWriteTheFolder() throws {
    #expect(unsafe chmod(zones, 0o2775) == 0)  // unsafe: the call reads the path.
    try folder.zones.withLock { _ in }
    #expect(mode("\(zones)/.backroad/lock") == 0o660)
    #expect(mode("\(zones)/.backroad") & 0o777 == 0o775)
  }

  @Test func withoutAPlaceForTheLockNothingIsChanged() throws {
    try folder.write(".backroad", "a file")
    let said = problem { try folder.zones.withLock { _ in _ = Issue.record("this is not locked") } }
    #expect(said.hasPrefix("\(zones)/.backroad/lock: cannot lock the zones folder: "))
  }

  /// Nor is what somebody has put in the lock's place followed, or waited for.
  @Test(.timeLimit(.minutes(1))) func whatIsInTheLocksPlaceIsNotFollowed() throws {
    try folder.write("precious", "x")
    try Files.makeFolder("\(zones)/.backroad")
    try Files.symbolicLink(to: "../precious", at: "\(zones)/.backroad/lock")
    #expect(problem { try folder.zones.withLock { _ in } }.contains("cannot lock the zones folder"))
    try Files.removeFile("\(zones)/.backroad/lock")
    #expect(unsafe mkfifo("\(zones)/.backroad/lock", 0o600) == 0)  // unsafe: the call reads the path.
    try folder.zones.withLock { _ in }
  }

  /// The operator may keep the state elsewhere.
  @Test func theStateFolderMayBeALink() throws {
    try Files.makeFolder("\(folder.path)/state")
    try Files.symbolicLink(to: "\(folder.path)/state", at: "\(zones)/.backroad")
    try folder.zones.withLock { _ in }
    #expect(mode("\(folder.path)/state/lock") == 0o600)
  }

  @Test func aFolderThatWasMadeForNothingGoesAgain() throws {
    let other = ZonesFolder(path: "\(folder.path)/other")
    try other.make()
    try other.withLock { _ in }
    other.unmake()
    #expect(try !other.exists())
    try other.make()
    try other.withLock { _ in other.unmake() }
    #expect(try Files.list("\(other.path)/.backroad") == ["lock"], "somebody has it")
  }

  @Test func theLastHolderIsWaitedFor() throws {
    try folder.zones.withLock { _ in
      let descriptor = unsafe open("\(zones)/.backroad/lock", O_RDWR | O_CLOEXEC)  // unsafe: the call reads the path.
      defer { close(descriptor) }
      #expect(flock(descriptor, LOCK_EX | LOCK_NB) == -1)
    }
    var waits = 0
    let kept = keep("\(zones)/.backroad/lock")
    try folder.zones.withLock(beforeWaiting: {
      waits += 1
      close(kept)
    }) { _ in }
    #expect(waits == 1)
  }

  // MARK: The admin socket

  #if DEBUG
    @Test func theSocketsLockIsAFileOfItsOwn() throws {
      let plan = FaultPlan()
      let path = "\(folder.path)/admin.sock"
      try plan.run { _ = try Socket.unixServer(path) { _ in } }
      #expect(plan.calls.filter { $0.hasPrefix("flock") } == ["flock \(path).lock"])
      #expect(mode("\(path).lock") == 0o600)
    }
  #endif

  #if DEBUG
    /// Who may read the zones folder and not write it is told who may, at whichever step they find out.
    @Test func whoMayNotLockIsToldWhoMay() throws {
      unsafe #expect(geteuid() != 0 || chown(zones, 1, 1) == 0)  // unsafe: the call reads the path.
      let owner = geteuid() == 0 ? "daemon" : try #require(try Files.access(zones)?.ownerName)
      let counting = FaultPlan()
      try counting.run { try folder.zones.withLock { _ in } }
      for call in ["mkdirat", "openat"] {
        let fresh = try LockTests()
        unsafe #expect(geteuid() != 0 || chown(fresh.zones, 1, 1) == 0)  // unsafe: the call reads the path.
        let said = problem {
          try FaultPlan(failingEvery: call, code: EACCES).run { try fresh.folder.zones.withLock { _ in } }
        }
        #expect(
          said == """
            \(fresh.zones)/.backroad/lock: cannot lock the zones folder: Permission denied; give this user the right to \
            write in \(fresh.zones), or run as its owner \(owner)
            """, "\(call)")
      }
      // A number is all that there is of who has no name.
      unsafe #expect(geteuid() != 0 || chown(zones, 54_321, 54_321) == 0)  // unsafe: the call reads the path.
      if geteuid() == 0 { #expect(try Files.access(zones)?.ownerName == "user 54321") }
    }

    /// Whoever owns one workspace's folder is not told to get the right to the zones folder, which docs/zones.md forbids.
    @Test func whoMayNotOpenTheZonesFolderIsNotToldToGetTheRight() throws {
      for look in [
        { _ = try $0.workspaceNames() }, { _ = try $0.contents(of: workspace("acme")) },
        { _ = try $0.withLock { _ in } },
      ] as [(ZonesFolder) throws -> Void] {
        let said = problem { try FaultPlan(failingEvery: "open", code: EACCES).run { try look(folder.zones) } }
        #expect(
          said == """
            \(zones): cannot open the zones folder: Permission denied; it is the operator's: run this as the operator, or \
            on a copy of your own workspace's folder (docs/zones.md says how)
            """)
      }
    }
  #endif

  @Test(.timeLimit(.minutes(1))) func aLockThatIsKeptIsNotWaitedForForEver() throws {
    let path = "\(folder.path)/admin.sock"
    _ = try Socket.unixServer(path) { _ in }
    let kept = keep("\(path).lock")
    #expect(throws: SystemError("flock", "\(path).lock", code: EWOULDBLOCK)) {
      _ = try Socket.unixServer(path) { _ in }
    }
    close(kept)
    _ = try Socket.unixServer(path) { _ in }
  }
}

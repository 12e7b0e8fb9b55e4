import Bounds
import Foundation
import Glibc
import SystemIO
import Testing
import Workspaces

@testable import Server
@testable import Storage

/// What is told of folders that change.
struct WorkspaceWatchTests {
  private func name(_ text: String) throws -> WorkspaceName { try #require(WorkspaceName(text)) }

  /// Two events that are no repetitions of others.
  private func change(_ path: String) {
    _ = unsafe (mkdir(path, 0o755), rmdir(path))  // unsafe: the calls read the path.
  }

  @Test func aStormOfEventsEndsItsOwnWatchForAWhile() throws {
    var storms = EventStorms()
    let (busy, quiet) = (try name("busy"), try name("quiet"))
    let second: UInt64 = 1_000_000_000
    var now = second
    var isStorm = storms.note(Limits.Building.eventsOfFolder, of: busy, at: now)
    #expect(!isStorm)
    isStorm = storms.note(1, of: quiet, at: now)
    #expect(!isStorm)
    var pauses: [UInt64] = []
    for _ in 0..<6 {
      isStorm = storms.note(Limits.Building.eventsOfFolder + 1, of: busy, at: now)
      #expect(isStorm && storms.isLeftAlone(busy) && !storms.isLeftAlone(quiet))
      let wait = try #require(storms.milliseconds(from: now))
      var over = storms.takeOver(at: now)
      #expect(over.isEmpty)
      pauses.append(UInt64(wait))
      now += UInt64(wait) * 1_000_000
      over = storms.takeOver(at: now)
      #expect(over == [busy])
    }
    #expect(pauses == [500, 1000, 2000, 4000, 8000, 8000])
    now += 60 * second
    isStorm = storms.note(1, of: busy, at: now)
    #expect(!isStorm)
    isStorm = storms.note(Limits.Building.eventsOfFolder + 1, of: busy, at: now)
    #expect(isStorm && storms.milliseconds(from: now) == 500, "it was quiet for long")
  }

  /// Files come and go as fast as they can in one folder: one in another is told of all the same, and what is there in the
  /// end is read.
  @Test func oneFoldersStormDoesNotHideAnothersChange() throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("watch-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: folder) }
    let (busy, quiet) = (try name("busy"), try name("quiet"))
    for name in [busy, quiet] {
      let place = folder.appendingPathComponent("\(name)")
      try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
    }
    var watch = try WorkspaceWatch(ZonesFolder(path: folder.path))
    watch.addRoot()
    watch.add(all: try ZonesFolder(path: folder.path).workspaceNames())
    var now = System.monotonicNanoseconds()
    var overflows = 0
    var told: Set<WorkspaceName> = []
    let path = folder.appendingPathComponent("busy/sub").path
    for _ in 0..<40 {
      for _ in 0..<400 {
        change(path)
      }
      let changes = watch.takeChanges(at: now)
      if changes.everything { overflows += 1 }
      told.formUnion(changes.workspaces)
    }
    #expect(overflows == 0 && told == [busy])
    for _ in 0..<20_000 {
      change(path)
    }
    try Data("x".utf8).write(to: folder.appendingPathComponent("quiet/a.zone"))
    let changes = watch.takeChanges(at: now)
    #expect(!changes.everything, "the storm is not watched, so nothing of it fills the kernel's queue")
    #expect(changes.workspaces == [quiet])
    let pause = watch.milliseconds(from: now)
    now += UInt64(try #require(pause)) * 1_000_000
    let looked = watch.look(at: now)
    #expect(looked.workspaces == [busy], "it is read at the end of its pause")
    try Data("x".utf8).write(to: folder.appendingPathComponent("busy/a.zone"))
    let after = watch.takeChanges(at: now)
    #expect(after.workspaces == [busy], "and watched again")
  }

  /// The owners of two folders give them another mode, in turn, as fast as they can: that is told by the zones folder's watch
  /// too, which is never paused. They are read at the end of their storm, and until then others alone are told of.
  @Test func otherModesOfTwoFoldersAreAStormToo() throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("watch-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: folder) }
    let (one, two, quiet) = (try name("one"), try name("two"), try name("quiet"))
    for name in [one, two, quiet] {
      let place = folder.appendingPathComponent("\(name)")
      try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
    }
    let paths = [one, two].map { folder.appendingPathComponent("\($0)").path }
    var watch = try WorkspaceWatch(ZonesFolder(path: folder.path))
    watch.addRoot()
    watch.add(all: try ZonesFolder(path: folder.path).workspaceNames())
    var now = System.monotonicNanoseconds()
    func storm(_ times: Int) {
      for time in 0..<times {
        for path in paths { _ = unsafe chmod(path, time.isMultiple(of: 2) ? 0o700 : 0o755) }  // unsafe: reads the path.
      }
    }
    var told: [Set<WorkspaceName>] = []
    for _ in 0..<20 {
      storm(200)
      let changes = watch.takeChanges(at: now)
      #expect(!changes.everything)
      told.append(changes.workspaces)
      // As the reloader does with what has changed.
      for name in changes.workspaces { watch.add(name) }
    }
    let last = try #require(told.lastIndex { !$0.isEmpty })
    #expect(last < 10, "told of in \(told.count { !$0.isEmpty }) looks of \(told.count)")
    storm(100)
    try Data("x".utf8).write(to: folder.appendingPathComponent("quiet/a.zone"))
    var changes = watch.takeChanges(at: now)
    #expect(changes.workspaces == [quiet])
    // Whoever makes or removes folders in the zones folder is heard at once.
    try FileManager.default.moveItem(atPath: paths[0], toPath: paths[0] + "-moved")
    changes = watch.takeChanges(at: now)
    #expect(changes.workspaces == [one, try name("one-moved")])
    let pause = watch.milliseconds(from: now)
    now += UInt64(try #require(pause)) * 1_000_000
    changes = watch.look(at: now)
    #expect(changes.workspaces == [one, two], "they are read at the end of it")
    storm(1)
    changes = watch.takeChanges(at: now)
    #expect(changes.workspaces == [two], "and heard again")
  }

  /// More events than the kernel keeps: all are looked at.
  @Test func whatTheKernelDropsIsLookedFor() throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("watch-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: folder) }
    let busy = folder.appendingPathComponent("busy")
    try FileManager.default.createDirectory(at: busy, withIntermediateDirectories: true)
    var watch = try WorkspaceWatch(ZonesFolder(path: folder.path))
    watch.addRoot()
    watch.add(all: try ZonesFolder(path: folder.path).workspaceNames())
    let limit = try String(contentsOfFile: "/proc/sys/fs/inotify/max_queued_events", encoding: .utf8)
    let count = try #require(Int(limit.trimmingCharacters(in: .whitespacesAndNewlines)))
    let path = busy.appendingPathComponent("sub").path
    for _ in 0...(count / 2) {
      change(path)
    }
    var isOverflow = false
    for _ in 0..<64 where !isOverflow { isOverflow = watch.takeChanges(at: 1).everything }
    #expect(isOverflow)
  }

  #if DEBUG
    /// A folder whose look takes long is read now and then, and not looked at in between.
    @Test func whatTakesLongToLookAtIsReadInstead() throws {
      let folder = FileManager.default.temporaryDirectory.appendingPathComponent("watch-\(UUID().uuidString)")
      defer { try? FileManager.default.removeItem(at: folder) }
      let place = folder.appendingPathComponent(".tenants/busy")
      try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
      for number in 0..<50 { try Data().write(to: place.appendingPathComponent("\(number).zone")) }
      try Files.symbolicLink(to: ".tenants/busy", at: "\(folder.path)/busy")
      let plan = FaultPlan()
      // Each call costs a quarter of what a look may.
      let zones = ZonesFolder(path: folder.path) {
        UInt64(plan.calls.count { $0.hasPrefix("openat2") }) * UInt64(Limits.Building.lookMilliseconds) * 250_000
      }
      var watch = try WorkspaceWatch(zones)
      watch.addRoot()
      plan.run { watch.add(all: [WorkspaceName("busy")].compactMap { $0 }) }
      let looks = { plan.calls.filter { $0.hasPrefix("openat2") }.count }
      #expect(looks() < 10)
      let second: UInt64 = 1_000_000_000
      let start = System.monotonicNanoseconds() + second
      let read = plan.run { watch.look(at: start).workspaces.map(\.description) }
      #expect(read == ["busy"])
      let before = looks()
      for turn in 1...9 as ClosedRange<UInt64> {
        let told = plan.run { watch.look(at: start + turn * second).workspaces }
        #expect(told.isEmpty)
      }
      #expect(looks() == before, "in between it costs nothing")
      let again = plan.run { watch.look(at: start + 10 * second).workspaces.map(\.description) }
      #expect(again == ["busy"])
    }
  #endif
}

import Forwarding
import Foundation
import Storage
import Synchronization
import Testing
import Text
import Workspaces

@testable import Server
@testable import SystemIO

/// Reads nothing from a disk; the reading of some workspaces, or the building, takes until it is let go.
final class HeldReading: WorkspaceReading {
  private struct State {
    var held: Set<WorkspaceName> = []
    var heldBuildings: Set<WorkspaceName> = []
    var building: Set<WorkspaceName> = []
    var mostAtOnce = 0
    var readInVain: [WorkspaceName] = []
    var octets: [WorkspaceName: Int] = [:]
    var versions: [WorkspaceName: Int] = [:]
    var begun: [WorkspaceName] = []
    var failure: Problem?
    var inode: UInt64 = 1
    /// Names that lead to no folder.
    var strays: [WorkspaceName] = []

    /// The folder that stands at the zones folder's place.
    var folder: Files.Identity {
      var status = stat()
      status.st_ino = ino_t(inode)
      return Files.Identity(status)
    }
  }

  private let state = Mutex(State())

  /// Makes a workspace that is there in a version.
  func set(
    _ name: WorkspaceName, version: Int, octets: Int = 100, isHeld: Bool = false, isBuildingHeld: Bool = false
  ) {
    state.withLock { state in
      state.versions[name] = version
      state.octets[name] = octets
      if isHeld { state.held.insert(name) }
      if isBuildingHeld { state.heldBuildings.insert(name) }
    }
  }

  /// Makes a workspace that is not there any more.
  func remove(_ name: WorkspaceName) { state.withLock { $0.versions[name] = nil } }

  /// Has listing fail, or go well again.
  func failListing(_ problem: Problem?) { state.withLock { $0.failure = problem } }

  /// Puts another folder in the place of the zones folder, with these workspaces in their versions, and names in it that
  /// lead to no folder.
  func exchange(inode: UInt64, _ versions: [WorkspaceName: Int], strays: [WorkspaceName] = []) {
    state.withLock { ($0.inode, $0.versions, $0.strays) = (inode, versions, strays) }
  }

  /// Lets the reading and the building of a workspace end.
  func letGo(_ name: WorkspaceName) {
    state.withLock { state in
      state.held.remove(name)
      state.heldBuildings.remove(name)
    }
  }

  /// The workspaces that were read and might not be built, in order.
  var readInVain: [WorkspaceName] { state.withLock { $0.readInVain } }

  /// The workspaces that are being built, and the most that were at once.
  var building: (now: Set<WorkspaceName>, mostAtOnce: Int) { state.withLock { ($0.building, $0.mostAtOnce) } }

  /// The workspaces whose reading has begun, in order.
  var begun: [WorkspaceName] { state.withLock { $0.begun } }

  func list(lookingAtEach looksAtEach: Bool) throws(Problem) -> ZonesFolder.Listing {
    let (names, strays, folder, failure) = state.withLock { state in
      (state.versions.keys.sorted(), looksAtEach ? [] : state.strays, state.folder, state.failure)
    }
    if let failure { throw failure }
    return ZonesFolder.Listing(names: names + strays, folder: folder)
  }

  func read(
    _ name: WorkspaceName, unlessIts fingerprint: Int?, within octets: Int, mayBuild: () -> Bool
  ) -> WorkspaceOutcome? {
    let size = state.withLock { $0.octets[name] ?? 0 }
    guard size <= octets else { return .larger }
    state.withLock { $0.begun.append(name) }
    while state.withLock({ $0.held.contains(name) }) { usleep(1000) }
    let (found, folder) = state.withLock { ($0.versions[name], $0.folder) }
    guard let version = found else { return .gone(from: folder) }
    let contents = WorkspaceOutcome.Contents(octets: size, fingerprint: version)
    guard version != fingerprint else { return .same(contents) }
    guard mayBuild() else {
      state.withLock { $0.readInVain.append(name) }
      return nil
    }
    state.withLock { state in
      state.building.insert(name)
      state.mostAtOnce = max(state.mostAtOnce, state.building.count)
    }
    while state.withLock({ $0.heldBuildings.contains(name) }) { usleep(1000) }
    let text = "{ \"clients\": [\"10.0.0.\(version)\"] }"
    let source = WorkspaceSource(name: name, folder: "\(name)", files: ["workspace.json": Array(text.utf8)])
    let (workspace, problems) = Workspace.load(source, serverRules: [])
    state.withLock { _ = $0.building.remove(name) }
    return .read(contents, workspace, problems)
  }
}

/// The threads that build.
struct BuilderTests {
  private func name(_ text: String) throws -> WorkspaceName { try #require(WorkspaceName(text)) }

  /// Takes results until all of some are there.
  private func take(_ count: Int, from builders: Builders) throws -> [Builders.Result] {
    var results: [Builders.Result] = []
    let end = Date().addingTimeInterval(20)
    while results.count < count {
      try #require(Date() < end, "\(results.count) of \(count) results came")
      builders.relieve()
      results += builders.take()
      usleep(1000)
    }
    return results
  }

  @Test(arguments: [1, 2, 4]) func workspacesWhoseBuildingTakesForEverHoldUpNoOther(threads: Int) throws {
    let reading = HeldReading()
    let builders = try Builders(reading, threads: threads)
    defer { builders.stop() }
    // More of them than there are threads for what is small.
    let held = try (0..<6).map { try name("held-\($0)") }
    let others = try (0..<100).map { try name("other-\($0)") }
    for name in held { reading.set(name, version: 1, isHeld: true) }
    for name in others { reading.set(name, version: 2) }
    #expect(builders.ask(for: held, by: 1, isNeeded: true) == 6)
    #expect(builders.ask(for: others, by: 2, isNeeded: true) == 100)
    let results = try take(100, from: builders)
    #expect(Set(results.map(\.name)) == Set(others) && results.allSatisfy { $0.requests == [2] })
    #expect(!builders.isIdle(upTo: .quick))
    // Their next changes go another way, and the others' as before.
    for name in held { reading.letGo(name) }
    #expect(Set(try take(6, from: builders).map(\.name)) == Set(held))
    #expect(builders.isIdle(upTo: .slow))
    for name in held { reading.set(name, version: 3, isHeld: true) }
    for name in others { reading.set(name, version: 3) }
    _ = builders.ask(for: held, by: 3, isNeeded: true)
    _ = builders.ask(for: others, by: 4, isNeeded: true)
    #expect(Set(try take(100, from: builders).map(\.name)) == Set(others))
    for name in held { reading.letGo(name) }
    #expect(Set(try take(6, from: builders).map(\.name)) == Set(held))
  }

  /// More of them than there are threads, in each lane.
  @Test(arguments: [1, 4], [100, 100_000, 2_000_000])
  func aReadingThatHangsHoldsUpNoOtherOfItsSize(threads: Int, octets: Int) throws {
    let reading = HeldReading()
    let builders = try Builders(
      reading, threads: threads, patience: [1_000_000, 1_000_000, 1_000_000])
    defer { builders.stop() }
    let held = try (0..<6).map { try name("held-\($0)") }
    let others = try (0..<20).map { try name("other-\($0)") }
    for name in held { reading.set(name, version: 1, octets: octets, isHeld: true) }
    for name in others { reading.set(name, version: 2, octets: octets) }
    for request in 1...3 { _ = builders.ask(for: held, by: UInt64(request), isNeeded: true) }
    _ = builders.ask(for: others, by: 4, isNeeded: true)
    #expect(Set(try take(20, from: builders).map(\.name)) == Set(others))
    // However often it is asked for, what hangs has one thread.
    for name in held { #expect(reading.begun.count { $0 == name } == 1) }
    for name in held { reading.letGo(name) }
    var late: Set<WorkspaceName> = []
    try wait(builders) {
      late.formUnion(builders.take().map(\.name))
      return builders.isIdle(upTo: .slow)
    }
    #expect(late == Set(held))
    // And all goes on as before, with as many threads.
    for name in others { reading.set(name, version: 3, octets: octets) }
    _ = builders.ask(for: others, by: 5, isNeeded: true)
    #expect(Set(try take(20, from: builders).map(\.name)) == Set(others))
  }

  /// However long it takes to build, which is no reason for another thread.
  @Test(arguments: [1, 2]) func whatIsMiddlingLeavesAThreadForWhatIsSmall(threads: Int) throws {
    let reading = HeldReading()
    let builders = try Builders(reading, threads: threads)
    defer { builders.stop() }
    let (middling, small) = (
      try (0..<4).map { try name("middling-\($0)") }, try (0..<20).map { try name("small-\($0)") }
    )
    for name in middling { reading.set(name, version: 1, octets: 100_000, isBuildingHeld: true) }
    for name in small { reading.set(name, version: 1) }
    _ = builders.ask(for: middling, by: 1, isNeeded: true)
    try wait(builders) { reading.building.now.count == threads }
    _ = builders.ask(for: small, by: 2, isNeeded: true)
    #expect(Set(try take(20, from: builders).map(\.name)) == Set(small))
    for name in middling { reading.letGo(name) }
    #expect(Set(try take(4, from: builders).map(\.name)) == Set(middling))
  }

  /// One whose files came late has its turn after the one that took its place.
  @Test func ofWhatIsLargeOneIsBuiltAtATime() throws {
    let reading = HeldReading()
    let builders = try Builders(reading, threads: 1, patience: [1_000_000, 1_000_000, 1_000_000])
    defer { builders.stop() }
    let (late, other) = (try name("late"), try name("other"))
    reading.set(late, version: 1, octets: 2_000_000, isHeld: true)
    reading.set(other, version: 1, octets: 2_000_000, isBuildingHeld: true)
    _ = builders.ask(for: [late], by: 1, isNeeded: true)
    try wait(builders) { reading.begun == [late] }
    _ = builders.ask(for: [other], by: 2, isNeeded: true)
    try wait(builders) { reading.building.now == [other] }
    reading.letGo(late)
    // It was read in vain, and is read again when the other is built.
    try wait(builders) { reading.readInVain == [late] }
    reading.letGo(other)
    #expect(try take(2, from: builders).map(\.name) == [other, late])
    #expect(reading.begun == [late, other, late] && reading.building.mostAtOnce == 1)
  }

  private func wait(_ builders: Builders, until isSo: () -> Bool) throws {
    let end = Date().addingTimeInterval(20)
    while !isSo() {
      try #require(Date() < end)
      builders.relieve()
      usleep(1000)
    }
  }

  @Test func everyJobIsDoneOnceHoweverManyThreadsThereAre() throws {
    let reading = HeldReading()
    let builders = try Builders(reading, threads: 4)
    defer { builders.stop() }
    let names = try (0..<2000).map { try name("w\($0)") }
    for name in names { reading.set(name, version: 1) }
    #expect(builders.ask(for: names, by: 1, isNeeded: true) == 2000)
    let results = try take(2000, from: builders)
    #expect(results.map(\.name).sorted() == names.sorted() && reading.begun.count == 2000)
    #expect(builders.ask(for: [names[0]], by: 2, isNeeded: false) == 1)
    let again = try #require(try take(1, from: builders).first)
    guard case .same = again.outcome else {
      Issue.record("what has not changed is not built again")
      return
    }
  }

  /// How the process ends though a worker or the admin interface does not: whoever waits for them has a time.
  @Test func whoWaitsForThreadsWaitsNoLongerThanIsSaid() throws {
    let ends = try Completion(count: 2)
    ends.arrive()
    #expect(!ends.wait(until: System.monotonicNanoseconds() + 20_000_000))
    let thread = try Thread(name: "late") { ends.arrive() }
    thread.detach()
    #expect(ends.wait(until: System.monotonicNanoseconds() + 20_000_000_000))
    #expect(try Completion(count: 0).wait(until: 0))
  }
}

import Forwarding
import Foundation
import Storage
import Testing
import Text
import Wire
import Workspaces

@testable import Server

/// What of the disk is read, and what is kept.
struct WorkspaceStoreTests {
  /// A zones folder of the test's own.
  private final class Zones {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("store-\(UUID().uuidString)")

    deinit { try? FileManager.default.removeItem(at: folder) }

    func write(_ name: String, _ text: String = "{}") throws {
      let place = folder.appendingPathComponent(name)
      try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
      try Data(text.utf8).write(to: place.appendingPathComponent("workspace.json"))
    }

    func remove(_ path: String) throws {
      try FileManager.default.removeItem(at: path.isEmpty ? folder : folder.appendingPathComponent(path))
    }

    var store: ReadStore {
      ReadStore(
        WorkspaceReader(
          folder: ZonesFolder(path: folder.path), setting: WorkspaceSetting()))
    }
  }

  /// A store, and what is read for it at once.
  private struct ReadStore {
    let reader: WorkspaceReader
    var store = WorkspaceStore()
    var fingerprints: [WorkspaceName: Int] = [:]
    var snapshot: Snapshot { store.snapshot }
    var brokenWorkspaces: [BrokenWorkspace] { store.broken.values.sorted { $0.name < $1.name } }

    init(_ reader: WorkspaceReader) { self.reader = reader }

    /// - Returns: those that changed.
    mutating func refresh(_ names: some Sequence<WorkspaceName>) -> Set<WorkspaceName> {
      var changed: Set<WorkspaceName> = []
      for name in names {
        guard let outcome = reader.read(name, unlessIts: fingerprints[name], within: .max) else { continue }
        if case .read(let contents, _, _) = outcome { fingerprints[name] = contents.fingerprint }
        if store.take(outcome, of: name) { changed.insert(name) }
      }
      _ = store.build()
      return changed
    }

    mutating func refreshAll() throws -> Set<WorkspaceName> {
      refresh(store.names.union(try reader.list(lookingAtEach: false).names))
    }
  }

  private func name(_ text: String) throws -> WorkspaceName { try #require(WorkspaceName(text)) }

  private func served(_ store: ReadStore) -> [String] {
    store.snapshot.workspaces.all.map(\.workspace.name.description).sorted()
  }

  @Test func onlyTheNamedWorkspacesAreLookedAt() throws {
    let zones = Zones()
    try zones.write("a")
    try zones.write("b")
    var store = zones.store
    #expect(try store.refreshAll() == [name("a"), name("b")])
    try zones.write("a", #"{ "clients": ["10.0.0.1"] }"#)
    try zones.write("b", #"{ "clients": ["10.0.0.2"] }"#)
    try zones.write("c")
    #expect(try store.refresh([name("b")]) == [name("b")])
    #expect(served(store) == ["a", "b"])
    #expect(try store.refresh([name("b")]).isEmpty, "nothing has changed since")
    #expect(try store.refresh([name("c"), name("nobody")]) == [name("c")])
    try zones.remove("a")
    #expect(try store.refresh([name("a")]) == [name("a")])
    #expect(served(store) == ["b", "c"])
  }

  @Test func aBrokenWorkspaceIsKeptAndTold() throws {
    let zones = Zones()
    try zones.write("good")
    try zones.write("never", "{")
    var store = zones.store
    #expect(try store.refreshAll() == [name("good")])
    #expect(store.brokenWorkspaces.map(\.name.description) == ["never"])
    try zones.write("good", #"{ "cleints": [] }"#)
    #expect(try store.refresh([name("good")]).isEmpty)
    #expect(served(store) == ["good"])
    let broken = store.brokenWorkspaces
    #expect(broken.map(\.isServed) == [true, false])
    #expect(broken[0].problems.first?.message.contains("cleints") == true)
    #expect(broken[0].sinceSeconds > 1_700_000_000)
    try zones.write("good", #"{ "clients": [7] }"#)
    _ = try store.refresh([name("good")])
    #expect(store.brokenWorkspaces.first?.sinceSeconds == broken[0].sinceSeconds)
    #expect(store.brokenWorkspaces.first?.problems.first?.message.contains("number") == true)
    try zones.write("good", "{}")
    try zones.remove("never")
    _ = try store.refreshAll()
    #expect(store.brokenWorkspaces.isEmpty)
    #expect(served(store) == ["good"])
  }

  @Test func withoutAZonesFolderEverythingStays() throws {
    let zones = Zones()
    try zones.write("a")
    var store = zones.store
    _ = try store.refreshAll()
    try zones.remove("")
    guard case .noFolder(let problem) = store.reader.read(try name("a"), unlessIts: nil, within: .max) else {
      Issue.record("without the zones folder nothing is known of what was in it")
      return
    }
    #expect(problem.message.contains("no such zones folder"))
    #expect(try store.refresh([name("a")]).isEmpty)
    #expect(throws: (any Error).self) { try store.refreshAll() }
    #expect(served(store) == ["a"])
    #expect(store.brokenWorkspaces.isEmpty, "nothing is wrong with the workspace")
  }

  @Test func whatIsTooLargeForALaneIsLeftToTheNext() throws {
    let zones = Zones()
    try zones.write("a", "{ \"clients\": [] /* \(String(repeating: "x", count: 1000)) */ }")
    let reader = zones.store.reader
    guard case .larger = reader.read(try name("a"), unlessIts: nil, within: 1000) else {
      Issue.record("more than 1000 octets are larger")
      return
    }
    guard case .read(let contents, _, _) = reader.read(try name("a"), unlessIts: nil, within: 1100) else {
      Issue.record("and fewer than 1100 are not")
      return
    }
    #expect(contents.octets == 1024)
    guard case .same = reader.read(try name("a"), unlessIts: contents.fingerprint, within: 1100) else {
      Issue.record("the files have not changed")
      return
    }
  }
}

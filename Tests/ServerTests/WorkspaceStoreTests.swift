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

    var store: WorkspaceStore {
      WorkspaceStore(
        WorkspaceReader(
          folder: ZonesFolder(path: folder.path), serverRules: ForwardRules([]), own: OwnAddresses(), seed: .known))
    }
  }

  private func name(_ text: String) throws -> WorkspaceName { try #require(WorkspaceName(text)) }

  private func served(_ store: WorkspaceStore) -> [String] {
    store.snapshot.workspaces.all.map(\.workspace.name.description).sorted()
  }

  @Test func onlyTheNamedWorkspacesAreLookedAt() throws {
    let zones = Zones()
    try zones.write("a")
    try zones.write("b")
    var store = zones.store
    #expect(try store.refreshAll().changed == [name("a"), name("b")])
    try zones.write("a", #"{ "clients": ["10.0.0.1"] }"#)
    try zones.write("b", #"{ "clients": ["10.0.0.2"] }"#)
    try zones.write("c")
    #expect(try store.refresh([name("b")]).changed == [name("b")])
    #expect(served(store) == ["a", "b"])
    #expect(try store.refresh([name("b")]).changed.isEmpty, "nothing has changed since")
    #expect(try store.refresh([name("c"), name("nobody")]).changed == [name("c")])
    try zones.remove("a")
    #expect(try store.refresh([name("a")]).changed == [name("a")])
    #expect(served(store) == ["b", "c"])
  }

  @Test func aBrokenWorkspaceIsKeptAndTold() throws {
    let zones = Zones()
    try zones.write("good")
    try zones.write("never", "{")
    var store = zones.store
    #expect(try store.refreshAll().changed == [name("good")])
    #expect(store.brokenWorkspaces.map(\.name.description) == ["never"])
    try zones.write("good", #"{ "cleints": [] }"#)
    #expect(try store.refresh([name("good")]).changed.isEmpty)
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
    #expect(throws: (any Error).self) { try store.refresh([name("a")]) }
    #expect(throws: (any Error).self) { try store.refreshAll() }
    #expect(served(store) == ["a"])
  }
}

#if DEBUG
  import Forwarding
  import Foundation
  import Storage
  import SystemIO
  import Testing
  import Text
  import Wire
  import Workspaces

  @testable import Server

  /// Every system call of a start and of a reload fails once, in turn: no workspace is lost for it, what could not be read is
  /// told of, and the next look finds everything.
  struct ReloadFaultTests {
    private let folder = FileManager.default.temporaryDirectory.appendingPathComponent("reload-\(UUID().uuidString)")

    private func write(_ name: String, _ client: String) throws {
      let place = folder.appendingPathComponent("zones/\(name)")
      try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
      try Data("{ \"clients\": [\"\(client)\"] }".utf8).write(to: place.appendingPathComponent("workspace.json"))
      try Data("$TTL 60\n@ SOA ns.test. n.test. 1 3600 600 604800 60\n@ NS ns.test.\n".utf8).write(
        to: place.appendingPathComponent("z.example.zone"))
    }

    private var store: WorkspaceStore {
      WorkspaceStore(
        WorkspaceReader(
          folder: ZonesFolder(path: folder.appendingPathComponent("zones").path), serverRules: ForwardRules([]),
          own: OwnAddresses(), seed: .known))
    }

    /// The clients of each workspace that is served.
    private func served(_ store: WorkspaceStore) -> [String: String] {
      Dictionary(
        uniqueKeysWithValues: store.snapshot.workspaces.all.map { slot in
          (slot.workspace.name.description, slot.workspace.clients.map { "\($0.prefix)" }.joined(separator: ","))
        })
    }

    private static let errors = [EIO, EMFILE, EACCES, ENOSPC, EINTR]
    private static let old = ["a": "10.0.1.0/24", "b": "10.0.2.0/24", "c": "10.0.3.0/24"]
    private static let new = ["a": "10.0.1.0/24", "b": "10.9.9.0/24", "c": "10.0.3.0/24"]

    @Test(arguments: [true, false]) func noWorkspaceIsLost(ofEverything: Bool) throws {
      defer { try? FileManager.default.removeItem(at: folder) }
      for (name, client) in Self.old { try write(name, client) }
      let b = try #require(WorkspaceName("b"))
      var loaded = store
      _ = try loaded.refreshAll()
      try write("b", "10.9.9.0/24")
      func look(_ store: inout WorkspaceStore) throws -> WorkspaceStore.Changes {
        ofEverything ? try store.refreshAll() : try store.refresh([b])
      }
      let whole = FaultPlan()
      var fresh = loaded
      _ = try whole.run { try look(&fresh) }
      #expect(served(fresh) == Self.new)
      #expect(whole.calls.count > 10)
      for number in 1...whole.calls.count {
        for code in Self.errors {
          let what: Comment = "call \(number), \(whole.calls[number - 1]), fails with \(code)"
          var store = loaded
          do {
            let changes = try FaultPlan(failing: number, .error(code)).run { try look(&store) }
            if changes.unread.contains(b) || code == EINTR {
              #expect(changes.problems.isEmpty == (code == EINTR), what)
            }
            #expect(served(store) == (changes.unread.contains(b) ? Self.old : Self.new), what)
          } catch {
            #expect(served(store) == Self.old, what)
            #expect(code != EINTR, what)
          }
          _ = try look(&store)
          #expect(served(store) == Self.new, what)
        }
      }
    }

    /// The first look of a server.
    @Test func whatCouldNotBeReadAtTheStartIsReadLater() throws {
      defer { try? FileManager.default.removeItem(at: folder) }
      for (name, client) in Self.old { try write(name, client) }
      let whole = FaultPlan()
      var fresh = store
      _ = try whole.run { try fresh.refreshAll() }
      for number in 1...whole.calls.count {
        for code in Self.errors {
          let what: Comment = "call \(number), \(whole.calls[number - 1]), fails with \(code)"
          var store = store
          do {
            let changes = try FaultPlan(failing: number, .error(code)).run { try store.refreshAll() }
            let unread = Set(changes.unread.map(\.description))
            #expect(served(store) == Self.old.filter { !unread.contains($0.key) }, what)
            #expect(unread.count <= 1 && changes.problems.count == unread.count, what)
          } catch {
            #expect(served(store).isEmpty && code != EINTR, what)
          }
          _ = try store.refreshAll()
          #expect(served(store) == Self.old, what)
        }
      }
    }
  }
#endif

#if DEBUG
  import Bounds
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

    private var reader: WorkspaceReader {
      WorkspaceReader(
        folder: ZonesFolder(path: folder.appendingPathComponent("zones").path), setting: WorkspaceSetting())
    }

    /// What a look found that it could not read, or not be sure of.
    private struct Look {
      var unread: Set<WorkspaceName> = []
      var problems: [Problem] = []
    }

    /// What the first thread and a builder do of a look, in turn: all that is there or was, or one workspace.
    private func look(_ store: inout WorkspaceStore, at one: WorkspaceName? = nil) throws -> Look {
      let names = try one.map { [$0] } ?? store.names.union(reader.list(lookingAtEach: false).names)
      var look = Look()
      for name in names.sorted() {
        let read = reader.read(name, unlessIts: nil, within: Limits.Files.octetsOfWorkspace)
        let outcome = try #require(read)
        _ = store.take(outcome, of: name)
        switch outcome {
        case .unreadable(let problem), .noFolder(let problem):
          look.unread.insert(name)
          look.problems.append(problem)
        case .read(_, _, let problems): look.problems += problems
        case .gone, .larger, .same: break
        }
      }
      look.problems += store.build().map(\.problem)
      return look
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
      let one = ofEverything ? nil : b
      var loaded = WorkspaceStore()
      _ = try look(&loaded)
      try write("b", "10.9.9.0/24")
      let whole = FaultPlan()
      var fresh = loaded
      _ = try whole.run { try look(&fresh, at: one) }
      #expect(served(fresh) == Self.new)
      #expect(whole.calls.count > 5)
      for number in 1...whole.calls.count {
        for code in Self.errors {
          let what: Comment = "call \(number), \(whole.calls[number - 1]), fails with \(code)"
          var store = loaded
          do {
            let found = try FaultPlan(failing: number, .error(code)).run { try look(&store, at: one) }
            #expect(found.problems.isEmpty == found.unread.isEmpty, what)
            #expect(found.unread.isEmpty || code != EINTR, what)
            #expect(served(store) == (found.unread.contains(b) ? Self.old : Self.new), what)
          } catch {
            #expect(served(store) == Self.old, what)
            #expect(code != EINTR, what)
          }
          _ = try look(&store, at: one)
          #expect(served(store) == Self.new, what)
        }
        // And all calls after it, with which one finds out what the first failure means.
        let what: Comment = "from call \(number), \(whole.calls[number - 1]), on all fail"
        var store = loaded
        let found = try? FaultPlan(stoppingAt: number).run { try look(&store, at: one) }
        #expect(served(store) == (found?.unread.contains(b) == false ? Self.new : Self.old), what)
      }
    }

    /// The first look of a server.
    @Test func whatCouldNotBeReadAtTheStartIsReadLater() throws {
      defer { try? FileManager.default.removeItem(at: folder) }
      for (name, client) in Self.old { try write(name, client) }
      let whole = FaultPlan()
      var fresh = WorkspaceStore()
      _ = try whole.run { try look(&fresh) }
      for number in 1...whole.calls.count {
        for code in Self.errors {
          let what: Comment = "call \(number), \(whole.calls[number - 1]), fails with \(code)"
          var store = WorkspaceStore()
          do {
            let found = try FaultPlan(failing: number, .error(code)).run { try look(&store) }
            let unread = Set(found.unread.map(\.description))
            #expect(served(store) == Self.old.filter { !unread.contains($0.key) }, what)
            #expect(unread.count <= 1 && found.problems.count == unread.count, what)
          } catch {
            #expect(served(store).isEmpty && code != EINTR, what)
          }
          _ = try look(&store)
          #expect(served(store) == Self.old, what)
        }
      }
    }
  }
#endif

#if DEBUG
  import Fleet
  import Glibc
  import Storage
  import SystemIO
  import Testing
  import Text
  import Workspaces

  /// Every system call of a mirror's life fails once, in turn, or is the last: what the next process finds is of each workspace
  /// all of one state.
  @Suite("Mirror: a system call that fails")
  struct MirrorFaultTests {
    private static let states = [
      ["workspace.json": "{}", "a.zone": "1", "links/x.json": "1"],
      ["workspace.json": "{}", "a.zone": "2", "links/x.json": "2"],
      ["workspace.json": "{ }", "links/x.json": "2"], ["workspace.json": "{  }", "b.zone": "4"],
    ]

    private static func change(from old: [String: String], to new: [String: String], isWhole: Bool) -> WorkspaceChange {
      var change = WorkspaceChange()
      change.isWhole = isWhole
      for (path, text) in new where isWhole || old[path] != text { change.files[path] = Array(text.utf8) }
      for path in old.keys where !isWhole && new[path] == nil { change.files[path] = .some(nil) }
      return change
    }

    /// Goes through all states, with another workspace that comes and goes; each step is tried again where it failed.
    private func live(in folder: TemporaryZones, _ store: StoreAddress) throws {
      let (acme, globex) = (try workspace("acme"), try workspace("globex"))
      var mirror = try Mirror.open(folder.zones, of: store)
      var last: [String: String] = [:]
      for (number, state) in Self.states.enumerated() {
        let change = Self.change(from: last, to: state, isWhole: number == 0 || number == 3)
        if (try? mirror.put(change, of: acme)) == nil { _ = try mirror.put(change, of: acme) }
        last = state
        let other = Self.change(from: [:], to: Self.states[0], isWhole: true)
        _ = try? number.isMultiple(of: 2) ? mirror.put(other, of: globex) : mirror.remove(globex)
        try? mirror.save(StoreIdentity(clusterID: 7, revision: Int64(number), term: 1), heardAt: 1)
      }
    }

    private func check(_ folder: TemporaryZones, _ store: StoreAddress, _ what: Comment) throws -> [String: String] {
      let mirror = try Mirror.open(folder.zones, of: store)
      let names = mirror.names
      #expect(try Set(folder.zones.workspaceNames()) == names, what)
      var own: [String: String] = [:]
      for name in names {
        let files = try folder.zones.source(of: name).files.mapValues { String(decoding: $0, as: UTF8.self) }
        #expect(Self.states.contains(files), what)
        if name == (try workspace("acme")) { own = files }
      }
      #expect(try Files.list(folder.zones.path).allSatisfy { $0 == ".backroad" || WorkspaceName($0) != nil }, what)
      return own
    }

    @Test func whereverTheProcessEndsEachWorkspaceIsWhole() throws {
      let store = try StoreAddress("etcd:http://127.0.0.1:2379")
      var number = 1
      while true {
        let (folder, plan) = (try TemporaryZones(), FaultPlan(stoppingAt: number))
        try? plan.run { try live(in: folder, store) }
        guard plan.calls.count >= number else { break }
        _ = try check(folder, store, "ended before call \(number), \(plan.calls[number - 1])")
        number += 1
      }
      #expect(number > 100)
    }

    @Test func whateverFailsOnceIsMadeTheNextTime() throws {
      let store = try StoreAddress("etcd:http://127.0.0.1:2379")
      var (number, refused) = (1, 0)
      while true {
        let (folder, plan) = (try TemporaryZones(), FaultPlan(failing: number, .error(ENOSPC)))
        var problem: (any Error)?
        do { try plan.run { try live(in: folder, store) } } catch { problem = error }
        guard plan.calls.count >= number else { break }
        let call = plan.calls[number - 1]
        let found = try check(folder, store, "call \(number), \(call), fails")
        if problem == nil { #expect(found == Self.states.last, "\(call)") } else { refused += 1 }
        // How far the mirror goes is worth nothing against answering.
        if call.contains("mirror.json.next") { #expect(problem == nil, "\(call)") }
        number += 1
      }
      #expect(number > 100 && refused < number / 4, "\(refused) of \(number)")
    }
  }
#endif

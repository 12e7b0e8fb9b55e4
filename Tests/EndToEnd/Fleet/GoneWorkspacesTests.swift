import Foundation
import Testing

extension EndToEnd {
  /// Stores that are not what they were: what a server served is given up by somebody's word alone.
  @Suite struct StoresThatTurn {
    /// Three workspaces in a store, and their clients.
    private static let names = ["acme", "globex", "initech"]
    private func client(_ index: Int) -> String { "127.1.\(index + 1).1" }
    private func address(_ index: Int) -> String { "10.0.\(index + 1).7" }

    private func fill(_ lab: Lab, _ cluster: EtcdCluster) throws {
      for (index, name) in Self.names.enumerated() {
        try lab.workspace(name, client: client(index), at: address(index), in: cluster.store)
      }
    }

    private func expectAll(_ server: Server, except gone: [Int] = []) throws {
      for index in Self.names.indices {
        let expected = gone.contains(index) ? "code 5" : address(index)
        #expect(try server.answer(from: client(index)) == expected, "\(Self.names[index])")
      }
    }

    @Test func moreThanHalfThatIsMissingIsServedUntilSomebodyConfirms() throws {
      try Lab.run { lab in
        let cluster = try lab.etcd()
        try fill(lab, cluster)
        try lab.replica(of: cluster.store).end()
        for name in Self.names.prefix(2) { try cluster.control(["del", "--prefix", "/backroad/v1/ws/\(name)/"]) }
        let server = try lab.replica(of: cluster.store)
        try server.awaitLine("2 of 3 workspaces are missing in the store")
        #expect(try server.store()["held"] as? Int == 2)
        #expect(try server.metric("backroad_store_workspaces_held") == 2)
        try expectAll(server)
        // What there is of the store is followed meanwhile.
        try lab.importHosts(["wiki.corp.example"], "wiki", of: "initech", at: "10.0.3.8", into: cluster.store)
        try server.await("10.0.3.8", to: "wiki.corp.example", from: client(2))
        try expectAll(server)
        // A server that is started again knows no more than the first did.
        try server.end()
        let again = try lab.replica(of: cluster.store)
        try again.awaitLine("2 of 3 workspaces are missing in the store")
        try expectAll(again)
        // One of them is back, as its owner makes it.
        try lab.workspace("globex", client: client(1), at: "10.0.2.9", in: cluster.store)
        try again.await("10.0.2.9", from: client(1))
        #expect(try again.store()["held"] as? Int == 1)
        try lab.backroad(["reload", "--admin", again.adminPath])
        try again.await("code 5", from: client(0))
        #expect(try again.answer(from: client(1)) == "10.0.2.9")
        #expect(try again.answer(from: client(2)) == address(2))
        #expect(try again.store()["held"] as? Int == 0)
      }
    }

    @Test func aRestoredBackupIsTakenOverWithoutAWrongAnswer() throws {
      try Lab.run { lab in
        let cluster = try lab.etcd()
        try fill(lab, cluster)
        let server = try lab.replica(of: cluster.store)
        try cluster.save(to: "saved")
        try lab.importHosts(["git.corp.example"], of: "acme", at: "10.0.1.8", into: cluster.store)
        try lab.add("late", clients: ["127.1.9.1"], to: cluster.store)
        try server.await("10.0.1.8", from: client(0))
        let loops = try ["127.1.1.1", "127.1.2.1"].map {
          try QueryLoop("git.corp.example", at: server.address, from: $0)
        }
        try cluster.restore(from: "saved")
        _ = try loops[0].wait(for: "10.0.1.7", since: Date(), within: 30)
        try server.awaitLine("this is another store than before")
        try server.awaitStore()
        // It is followed from there, whose revisions begin below those that were seen.
        try lab.importHosts(["git.corp.example"], of: "acme", at: "10.0.1.9", into: cluster.store)
        _ = try loops[0].wait(for: "10.0.1.9", since: Date(), within: 10)
        for loop in loops { #expect(try loop.stop().lost == 0) }
        #expect(loops[0].answers == ["10.0.1.8", "10.0.1.7", "10.0.1.9"])
        #expect(loops[1].answers == ["10.0.2.7"])
        try expectLate(server)
      }
    }

    /// What came after the backup is gone, being less than half.
    private func expectLate(_ server: Server) throws { try server.await("code 5", from: "127.1.9.1") }

    @Test func anotherClusterThatIsEmptyTakesNothingAway() throws {
      try Lab.run { lab in
        let (cluster, empty) = (try lab.etcd(), try lab.etcd())
        try fill(lab, cluster)
        try lab.replica(of: cluster.store).end()
        // Not even Backroad's form is in it: somebody's, or a new one.
        let stranger = try lab.serve(["--workers", "1"], zones: "mirror", store: empty.store)
        try stranger.awaitLine("does not give what the store has")
        try expectAll(stranger)
        try stranger.end()
        try lab.add("other", clients: ["127.1.9.1"], to: empty.store)
        let server = try lab.replica(of: empty.store)
        try server.awaitLine("3 of 3 workspaces are missing in the store")
        try expectAll(server)
        // Another store's prefix is another fleet.
        try server.end()
        let outcome = try lab.run(
          Lab.backroad(),
          ["serve", "--store", cluster.store + "/other", "--mirror", "mirror", "--listen", "127.0.0.1:1"])
        #expect(
          outcome.status != 0 && outcome.errors.contains("this is the mirror of another fleet"), "\(outcome.errors)")
      }
    }
  }
}

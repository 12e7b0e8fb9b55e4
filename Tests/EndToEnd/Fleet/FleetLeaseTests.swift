import Foundation
import Testing

extension EndToEnd {
  /// Leases that are a store's: given at one server, they hold at each.
  @Suite struct LeasesOfAFleet {
    private static let pod = "127.1.7.7"

    private func run(_ body: (Lab, EtcdCluster, [Server]) throws -> Void) throws {
      try Lab.run { lab in
        let cluster = try lab.etcd()
        try lab.acmeAndGlobex(in: cluster.store)
        try body(lab, cluster, try ["one", "two"].map { try lab.replica(of: cluster.store, mirror: $0) })
      }
    }

    private func lease(_ lab: Lab, _ verb: String, _ workspace: String, at place: [String], ttl: String? = "1h") throws
    {
      let time = verb == "add" ? ["--ttl", ttl ?? ""] : []
      try lab.backroad(["lease", verb, "--workspace", workspace] + time + place + [Self.pod])
    }

    @Test func aLeaseIsLiveOnEachServerAndSoIsItsEnd() throws {
      try run { lab, cluster, servers in
        let places = [
          ["--admin", servers[0].adminPath], ["--admin", servers[1].adminPath], ["--store", cluster.store],
        ]
        for (round, place) in (places + places).enumerated() {
          // The address is another workspace's each time, from one moment to the next.
          let (workspace, address) = round.isMultiple(of: 2) ? ("acme", "10.0.1.7") : ("globex", "10.0.2.7")
          try lease(lab, "add", workspace, at: place)
          // At the server that was asked nothing is waited for.
          if round % 3 < 2 { #expect(try servers[round % 3].answer(from: Self.pod) == address) }
          for server in servers { try server.await(address, from: Self.pod) }
          try lease(lab, "remove", workspace, at: places[(round + 1) % 3])
          if (round + 1) % 3 < 2 { #expect(try servers[(round + 1) % 3].answer(from: Self.pod) == "code 5") }
          for server in servers { try server.await("code 5", from: Self.pod) }
        }
        // One that ends by itself, which etcd decides: 2 s at the least.
        try lease(lab, "add", "acme", at: places[0], ttl: "2s")
        for server in servers { try server.await("10.0.1.7", from: Self.pod) }
        for server in servers { try server.await("code 5", from: Self.pod, within: 20) }
        // Another's lease is refused wherever it is asked for.
        try lease(lab, "add", "acme", at: places[0])
        for place in places {
          let outcome = try lab.run(
            Lab.backroad(), ["lease", "add", "--workspace", "globex", "--ttl", "1h"] + place + [Self.pod])
          #expect(outcome.status == 1 && outcome.errors.contains("is leased to workspace acme"), "\(outcome.errors)")
        }
      }
    }

    /// Written without any server, and by a discovery, whose pods take an address from one another at once.
    @Test func whatTheStoreHasIsAnswered() throws {
      try run { lab, cluster, servers in
        let key = "/backroad/v1/pod/\(Self.pod)"
        try lease(lab, "add", "acme", at: ["--store", cluster.store])
        for server in servers { try server.await("10.0.1.7", from: Self.pod) }
        let pod = #"{"workspace":"globex","uid":"1","namespace":"jobs","name":"c-1","ttl":60}"#
        for value in [pod, "nonsense", pod] {
          try cluster.control(["put", key, value])
          for server in servers { try server.await(value == pod ? "10.0.2.7" : "code 5", from: Self.pod) }
        }
        try cluster.control(["del", key])
        for server in servers { try server.await("code 5", from: Self.pod) }
      }
    }

    @Test func withoutEtcdLeasesThatWereThereGoOnAndNoneIsGiven() throws {
      try run { lab, cluster, servers in
        try lease(lab, "add", "acme", at: ["--store", cluster.store])
        for server in servers { try server.await("10.0.1.7", from: Self.pod) }
        cluster.kill(0)
        try eventually("they find out", within: 30) {
          try servers.allSatisfy { try $0.store()["live"] as? Bool == false }
        }
        for server in servers { #expect(try server.answer(from: Self.pod) == "10.0.1.7") }
        let outcome = try lab.run(
          Lab.backroad(),
          ["lease", "add", "--workspace", "globex", "--ttl", "1h", "--admin", servers[0].adminPath, "127.1.7.8"])
        #expect(outcome.status == 1, "\(outcome.output)")
        for server in servers { #expect(try server.answer(from: "127.1.7.8") == "code 5") }
        // A server that starts then knows of no lease: whose an address is now, nobody can say.
        try servers[0].end()
        let again = try lab.serve(["--workers", "1"], zones: "one", store: cluster.store)
        #expect(try again.answer(from: Self.pod) == "code 5")
        #expect(try again.answer(from: "127.1.1.1") == "10.0.1.7")
        try cluster.restart(0)
        for server in [again, servers[1]] {
          try server.awaitStore()
          try server.await("10.0.1.7", from: Self.pod)
        }
      }
    }
  }
}

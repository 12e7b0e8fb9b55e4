import Foundation
import Testing

extension EndToEnd {
  /// How soon servers that follow one store in a real etcd answer by what is in it.
  @Suite struct SharedLeases {
    private func run(_ body: (Lab, EtcdCluster, [Server]) throws -> Void) throws {
      try Lab.run { lab in
        let cluster = try lab.etcd()
        let store = ["--store", cluster.store]
        for (name, address) in [("acme", "10.0.1.7"), ("globex", "10.0.2.7")] {
          try lab.backroad(["workspace", "add", name, "--no-token"] + store)
          let host = ["--link", "git", "--address", address, "git.corp.example"]
          try lab.backroad(["import", "hosts", "--workspace", name] + host + store)
        }
        let servers = try ["one", "two"].map { try serve(lab, cluster, $0) }
        for server in servers {
          try eventually("both workspaces are served", within: 30) {
            let listed = try lab.run(Lab.backroad(), ["status", "--json", "--admin", "\(admin(server))"]).output
            return listed.contains(#""served": 2"#)
          }
        }
        try body(lab, cluster, servers)
      }
    }

    private func serve(_ lab: Lab, _ cluster: EtcdCluster, _ name: String) throws -> Server {
      let port = try Port.free()
      let program = try lab.start(
        try Lab.backroad(),
        [
          "serve", "--store", cluster.store, "--mirror", "mirror-\(port)", "--admin", "./admin-\(port).sock",
          "--listen", "127.0.0.1:\(port)", "--workers", "2", "--no-watch",
        ])
      let server = Server(program: program, address: Endpoint("127.0.0.1", port), lab: lab)
      try server.address.awaitAnswer(from: program)
      return server
    }

    private func admin(_ server: Server) -> String { "./admin-\(server.address.port).sock" }

    @discardableResult
    private func lease(_ lab: Lab, _ words: [String], by server: Server) throws -> String {
      try lab.backroad(["lease"] + words + ["--admin", admin(server)])
    }

    private func answer(_ server: Server) throws -> [String] {
      try Dig.ask(server.address, ["-b", "127.0.7.7", "git.corp.example"], in: server.lab).addresses
    }

    /// Until a server gives an answer, in milliseconds.
    private func milliseconds(until expected: [String], _ server: Server) throws -> Int {
      let start = ContinuousClock.now
      try eventually("\(server.address.text) answers \(expected)", within: 20) { try answer(server) == expected }
      return Int((ContinuousClock.now - start) / .milliseconds(1))
    }

    @Test func aLeaseOfOneIsAnsweredByAllAtOnce() throws {
      try run { lab, cluster, servers in
        var times: [Int] = []
        for round in 0..<10 {
          let (own, other) = round.isMultiple(of: 2) ? (servers[0], servers[1]) : (servers[1], servers[0])
          let (name, address) = round.isMultiple(of: 2) ? ("acme", "10.0.1.7") : ("globex", "10.0.2.7")
          let said = try lease(lab, ["add", "--workspace", name, "--ttl", "1h", "127.0.7.7"], by: own)
          #expect(said == "127.0.7.7 is workspace \(name)'s for 3600 s\n")
          let seen = try answer(own)
          #expect(seen == [address], "acknowledged, so that the next query has it: round \(round)")
          times.append(try milliseconds(until: [address], other))
          try lease(lab, ["remove", "--workspace", name, "127.0.7.7"], by: other)
          let gone = try answer(other)
          #expect(gone == [], "round \(round)")
          times.append(try milliseconds(until: [], own))
        }
        print("a lease on the other server: \(times.sorted()) ms, dig's own time among it")
      }
    }

    /// Written without any server, and by a discovery.
    @Test func whatTheStoreHasIsAnswered() throws {
      try run { lab, cluster, servers in
        try lab.backroad(["lease", "add", "--workspace", "acme", "--ttl", "1h", "127.0.7.7", "--store", cluster.store])
        for server in servers { _ = try milliseconds(until: ["10.0.1.7"], server) }
        let listed = try lease(lab, ["list"], by: servers[0])
        #expect(listed.contains("127.0.7.7  acme") && listed.contains("3"), "\(listed)")
        let refused = try lab.run(
          try Lab.backroad(),
          ["lease", "add", "--workspace", "globex", "--ttl", "1h", "127.0.7.7", "--admin", admin(servers[1])])
        #expect(refused.status == 1 && refused.errors.contains("is leased to workspace acme for 3"), "\(refused)")
        // The same address is another workspace's pod at once.
        let pod = #"{"workspace":"globex","uid":"1","namespace":"jobs","name":"c-1","ttl":60}"#
        try cluster.control(["put", "/backroad/v1/pod/127.0.7.7", pod])
        for server in servers { _ = try milliseconds(until: ["10.0.2.7"], server) }
        try cluster.control(["put", "/backroad/v1/pod/127.0.7.7", "nonsense"])
        for server in servers { _ = try milliseconds(until: [], server) }
        try cluster.control(["put", "/backroad/v1/pod/127.0.7.7", pod])
        for server in servers { _ = try milliseconds(until: ["10.0.2.7"], server) }
        try cluster.control(["del", "/backroad/v1/pod/127.0.7.7"])
        for server in servers { _ = try milliseconds(until: [], server) }
      }
    }
  }
}

import Foundation
import Testing

extension EndToEnd {
  /// Values in the store that are nothing of Backroad's: each holds its workspace as it was, and no other.
  @Suite struct BadValuesInAStore {
    private func run(_ body: (Lab, EtcdCluster, Server) throws -> Void) throws {
      try Lab.run { lab in
        let cluster = try lab.etcd()
        try lab.acmeAndGlobex(in: cluster.store)
        try body(lab, cluster, lab.replica(of: cluster.store))
      }
    }

    /// Changes another workspace, which is served so at once, while the one stays as it was.
    private func expectOnlyItIsHeld(
      _ lab: Lab, _ cluster: EtcdCluster, _ server: Server, _ round: Int, at address: String = "10.0.1.7"
    ) throws {
      let next = "10.0.2.\(round + 10)"
      try lab.importHosts(["git.corp.example"], of: "globex", at: next, into: cluster.store)
      try server.await(next, from: "127.1.2.1")
      #expect(try server.answer(from: "127.1.1.1") == address)
    }

    /// The workspaces that status lists as not being as the store has them.
    private func behind(_ server: Server) throws -> [String] {
      let list = try server.store()["behindList"] as? [[String: Any]] ?? []
      return list.compactMap { $0["name"] as? String }
    }

    @Test func aCorruptedValueHoldsItsWorkspaceAlone() throws {
      try run { lab, cluster, first in
        var server = first
        let keys = try cluster.control(["get", "--keys-only", "--prefix", "/backroad/v1/ws/acme/"])
        let paths = keys.split(separator: "\n").map { String($0.dropFirst("/backroad/v1/".count)) }
          .filter { $0.hasSuffix(".json") || $0.hasSuffix(".zone") }
        #expect(paths.count == 3, "the settings, the link and its zone: \(keys)")
        for (round, path) in paths.enumerated() {
          let good = try cluster.value(at: path)
          try cluster.put("{ nonsense", at: path)
          try eventually("\(path) is told of", within: 10) { try behind(server) == ["acme"] }
          try expectOnlyItIsHeld(lab, cluster, server, round)
          let status = try lab.run(Lab.backroad(), ["status", "--admin", server.adminPath])
          #expect(status.status == 1 && status.output.contains("acme"), "\(status.output)\(status.errors)")
          // Its last good state is that of the mirror, too.
          try server.end()
          server = try lab.replica(of: cluster.store)
          #expect(try server.answer(from: "127.1.1.1") == "10.0.1.7")
          try eventually("\(path) is told of again", within: 10) { try behind(server) == ["acme"] }
          try cluster.put(good, at: path)
          try eventually("\(path) is mended", within: 10) { try behind(server).isEmpty }
          #expect(try server.answer(from: "127.1.1.1") == "10.0.1.7")
        }
        try lab.importHosts(["git.corp.example"], of: "acme", at: "10.0.1.8", into: cluster.store)
        try server.await("10.0.1.8", from: "127.1.1.1")
      }
    }

    @Test func aKeyThatIsNoFileHoldsItsWorkspaceAlone() throws {
      try run { lab, cluster, server in
        let zone = "ws/acme/git.corp.example.zone"
        for (round, path) in ["ws/acme/links/a/b.json", "ws/acme/../globex/x.zone", "ws/acme/"].enumerated() {
          try cluster.put("x", at: path)
          try eventually("\(path) is told of", within: 10) { try server.store()["behind"] as? Int == 1 }
          let list = try server.store()["behindList"] as? [[String: Any]]
          #expect(list?.compactMap { $0["name"] as? String } == ["acme"], "\(list ?? [])")
          let refused = try lab.run(
            Lab.backroad(),
            [
              "import", "hosts", "--workspace", "acme", "--link", "git", "--address", "10.0.1.9", "--store",
              cluster.store, "git.corp.example",
            ])
          #expect(refused.status == 1 && refused.errors.contains("delete the key"), "\(refused.errors)")
          // What comes to it meanwhile waits.
          let (before, after) = ("10.0.1.\(round + 7)", "10.0.1.\(round + 8)")
          try cluster.put(try cluster.value(at: zone).replacing(before, with: after), at: zone)
          try expectOnlyItIsHeld(lab, cluster, server, round, at: before)
          let status = try lab.run(Lab.backroad(), ["status", "--admin", server.adminPath])
          #expect(status.output.contains("acme"), "\(status.output)\(status.errors)")
          try cluster.control(["del", "/backroad/v1/\(path)"])
          try server.await(after, from: "127.1.1.1")
          try eventually("nothing is held", within: 10) { try behind(server).isEmpty }
        }
        // What is no workspace's is told of, and holds none.
        try cluster.put("x", at: "ws/Not A Name/x.zone")
        try server.awaitLine("Not A Name")
        try lab.importHosts(["git.corp.example"], of: "acme", at: "10.0.1.30", into: cluster.store)
        try server.await("10.0.1.30", from: "127.1.1.1")
      }
    }

    /// A server that starts with what is bad in the store beside it: the others are served.
    @Test func whatIsBadFromTheStartKeepsNoOtherFromBeingServed() throws {
      try run { lab, cluster, first in
        try cluster.put("{ nonsense", at: "ws/acme/links/git.json")
        try cluster.put("x", at: "ws/globex/links/a/b.json")
        try lab.workspace("initech", client: "127.1.3.1", at: "10.0.3.7", in: cluster.store)
        try first.await("10.0.3.7", from: "127.1.3.1")
        let second = try lab.replica(of: cluster.store, mirror: "second")
        #expect(try second.answer(from: "127.1.3.1") == "10.0.3.7")
        // It has never had them right: their clients are refused, and it says whose they are.
        for client in ["127.1.1.1", "127.1.2.1"] { #expect(try second.answer(from: client) != "10.0.2.7") }
        let workspaces = try second.json("/v1/status")["workspaces"] as? [String: Any]
        let broken = workspaces?["brokenList"] as? [[String: Any]] ?? []
        #expect(broken.compactMap { $0["name"] as? String } == ["acme"])
        try eventually("who is not taken is named", within: 10) { try behind(second) == ["globex"] }
        #expect(try first.answer(from: "127.1.1.1") == "10.0.1.7")
        #expect(try first.answer(from: "127.1.2.1") == "10.0.2.7")
      }
    }
  }
}

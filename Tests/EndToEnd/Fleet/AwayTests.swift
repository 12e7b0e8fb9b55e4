import Foundation
import Glibc
import Testing

extension EndToEnd {
  /// Members that freeze or die, and servers that are away meanwhile.
  @Suite struct StoresThatAreAway {
    /// While the server stood still its connections ended, and what it had still to hear of was compacted.
    @Test func whatIsCompactedWhileItIsFrozenIsReadAnew() throws {
      try Lab.run { lab in
        let cluster = try lab.etcd()
        try lab.workspace("acme", client: "127.1.1.1", at: "10.0.1.7", in: cluster.store)
        try lab.workspace("globex", client: "127.1.2.1", at: "10.0.2.7", in: cluster.store)
        try lab.workspace("initech", client: "127.1.3.1", at: "10.0.3.7", in: cluster.store)
        let server = try lab.replica(of: cluster.store)
        server.program.signal(SIGSTOP)
        cluster.kill(0)
        try cluster.restart(0)
        try cluster.awaitHealth()
        try lab.importHosts(["git.corp.example"], of: "acme", at: "10.0.1.8", into: cluster.store)
        try lab.backroad(["workspace", "remove", "initech", "--store", cluster.store])
        try cluster.compact()
        server.program.signal(SIGCONT)
        try server.await("10.0.1.8", from: "127.1.1.1", within: 30)
        try server.await("code 5", from: "127.1.3.1")
        #expect(try server.answer(from: "127.1.2.1") == "10.0.2.7")
        #expect(try server.metric("backroad_store_loads_total") == 2)
        // Compaction while nothing happens changes nothing.
        try cluster.compact()
        try lab.importHosts(["git.corp.example"], of: "acme", at: "10.0.1.9", into: cluster.store)
        try server.await("10.0.1.9", from: "127.1.1.1")
        #expect(try server.metric("backroad_store_loads_total") == 2)
      }
    }

    @Test func withoutAQuorumAnswersGoOnAndItIsBackWithin10Seconds() throws {
      try Lab.run { lab in
        let cluster = try lab.etcd(members: 3)
        try lab.workspace("acme", client: "127.1.1.1", at: "10.0.1.7", in: cluster.store)
        let server = try lab.replica(of: cluster.store)
        let loop = try QueryLoop("git.corp.example", at: server.address, from: "127.1.1.1")
        for member in [1, 2] { cluster.kill(member) }
        let refused = try lab.run(
          Lab.backroad(),
          [
            "import", "hosts", "--workspace", "acme", "--link", "git", "--address", "10.0.1.8", "--store",
            cluster.store(at: 1), "git.corp.example",
          ])
        #expect(refused.status == 1, "nothing is written without a quorum")
        try eventually("it finds out", within: 40) { try server.store()["live"] as? Bool == false }
        try eventually("its age grows", within: 20) { try server.store()["ageSeconds"] as? Int ?? 0 > 2 }
        if Lab.isLong { Thread.sleep(forTimeInterval: 60) }
        for member in [1, 2] { try cluster.restart(member) }
        try cluster.awaitHealth()
        let start = Date()
        try lab.importHosts(["git.corp.example"], of: "acme", at: "10.0.1.9", into: cluster.store)
        _ = try loop.wait(for: "10.0.1.9", since: start, within: 10)
        try server.awaitStore()
        try eventually("its age is none", within: 30) { try server.store()["ageSeconds"] as? Int == 0 }
        #expect(try loop.stop().lost == 0)
        #expect(loop.answers == ["10.0.1.7", "10.0.1.9"])
      }
    }

    @Test func aMemberThatIsKilledIsLeftAtOnce() throws {
      try Lab.run { lab in
        let cluster = try lab.etcd(members: 3)
        try lab.workspace("acme", client: "127.1.1.1", at: "10.0.1.7", in: cluster.store)
        let server = try lab.replica(of: cluster.store)
        let member = try followed(by: server, cluster)
        cluster.kill(member)
        let start = Date()
        try lab.importHosts(["git.corp.example"], of: "acme", at: "10.0.1.8", into: cluster.store)
        try server.await("10.0.1.8", from: "127.1.1.1")
        #expect(Date().timeIntervalSince(start) < 15)
        #expect(try followed(by: server, cluster) != member)
        #expect(try server.metric("backroad_store_loads_total") == 1, "it went on where it was")
      }
    }

    /// A member that stands still keeps its connections, and says nothing.
    @Test(.enabled(if: Lab.isLong, "takes half a minute; Tests/run --long has it"))
    func aFrozenMemberIsLeftWithin25Seconds() throws {
      try Lab.run { lab in
        let cluster = try lab.etcd(members: 3)
        try lab.workspace("acme", client: "127.1.1.1", at: "10.0.1.7", in: cluster.store)
        let server = try lab.replica(of: cluster.store)
        let loop = try QueryLoop("git.corp.example", at: server.address, from: "127.1.1.1")
        let member = try followed(by: server, cluster)
        let start = Date()
        cluster.members[member].program.signal(SIGSTOP)
        let other = cluster.store(at: (member + 1) % 3)
        try eventually("the others have a leader", within: 20) {
          try lab.run(
            Lab.backroad(),
            [
              "import", "hosts", "--workspace", "acme", "--link", "git", "--address", "10.0.1.8", "--store", other,
              "git.corp.example",
            ]
          ).status == 0
        }
        try eventually("another member is followed", within: 40) { try followed(by: server, cluster) != member }
        _ = try loop.wait(for: "10.0.1.8", since: start, within: 10)
        // Its canary is put every 15 s, and is waited for 10 s.
        #expect(Date().timeIntervalSince(start) < 27)
        #expect(try loop.stop().lost == 0)
        #expect(loop.answers == ["10.0.1.7", "10.0.1.8"])
        cluster.members[member].program.signal(SIGCONT)
      }
    }

    /// Which member a server follows.
    private func followed(by server: Server, _ cluster: EtcdCluster) throws -> Int {
      let member = try server.store()["member"] as? String ?? ""
      guard let index = cluster.members.firstIndex(where: { member.contains($0.client.text) }) else {
        throw LabError("no member \(member)")
      }
      return index
    }
  }
}

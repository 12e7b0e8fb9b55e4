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
        try lab.acmeAndGlobex(in: cluster.store)
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
        // Compaction while nothing happens, once its canary has come by the watch, changes nothing.
        try server.awaitStore()
        try eventually("its canary has come", within: 30) { try server.store()["ageSeconds"] as? Int == 0 }
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

  /// Members of etcd that cannot reach each other, or that the server cannot reach: packets are lost, and nobody says so.
  @Suite(
    .enabled(if: Lab.isLong, "takes a minute; Tests/run --long has it"),
    .enabled(if: Network.isAllowed, "\(Network.reason)")
  )
  struct PartedStores {
    /// Three machines with a member each, and one with the server, a cable between each two.
    private struct Site {
      let hosts = (1...4).map { "10.77.0.\($0)" }
      let machines: [Machine]
      let cluster: EtcdCluster

      init(_ lab: Lab, _ network: Network) throws {
        machines = try hosts.enumerated().map { try network.machine("m\($0)", at: [$1]) }
        for first in 0..<4 {
          for second in (first + 1)..<4 {
            let link = "10.77.\(first + 1)\(second + 1)"
            try network.cable(machines[first], "\(link).1/30", machines[second], "\(link).2/30")
          }
        }
        cluster = try EtcdCluster(3, [], in: lab, on: machines, at: hosts)
        for machine in 0..<4 { for other in 0..<4 where other != machine { try join(machine, other) } }
        try cluster.awaitHealth()
      }

      /// Has a machine reach another by their cable, from its own address.
      func join(_ machine: Int, _ other: Int) throws {
        let (low, high) = (min(machine, other), max(machine, other))
        try machines[machine].ip(
          "route", "replace", "\(hosts[other])/32", "via", "10.77.\(low + 1)\(high + 1).\(other == low ? 1 : 2)", "src",
          hosts[machine])
      }

      /// Has all that a machine sends to another be lost.
      func part(_ machine: Int, from other: Int) throws {
        try machines[machine].ip("route", "replace", "blackhole", "\(hosts[other])/32")
      }

      /// The machine of the server.
      var last: Machine { machines[3] }
    }

    private func moveHost(_ site: Site, to address: String, by members: [Int]) throws {
      let store = "etcd:http://" + members.map { site.cluster.members[$0].client.text }.joined(separator: ",")
      let words = [
        "import", "hosts", "--workspace", "acme", "--link", "git", "--address", address, "--store", store,
        "git.corp.example",
      ]
      try eventually("the import of \(address) is made", within: 60) {
        try site.last.run(Lab.backroad(), words).status == 0
      }
    }

    private func answer(_ site: Site, _ server: Server) throws -> String {
      let words = ["@127.0.0.1", "-p", "\(server.address.port)", "-b", "127.1.1.1", "git.corp.example"]
      return Dig.parse(try site.last.run("dig", words).output).addresses.first ?? "nothing"
    }

    /// Waits until the server has an address from another member; meanwhile it answers as it did.
    private func awaitMove(_ site: Site, _ server: Server, from member: Int, _ old: String, to new: String) throws {
      let start = Date()
      try eventually("another member is followed", within: 40) {
        let now = try answer(site, server)
        #expect([old, new].contains(now))
        return try now == new && followed(site, server) != member
      }
      print("fleet: parted from member \(member), \(Int(Date().timeIntervalSince(start))) s until another is followed")
      // Its canary is put every 15 s, and is waited for 10 s.
      #expect(Date().timeIntervalSince(start) < 30)
    }

    private func followed(_ site: Site, _ server: Server) throws -> Int {
      let member = try server.store()["member"] as? String ?? ""
      return site.cluster.members.firstIndex { member.contains($0.client.text) } ?? -1
    }

    @Test func aMemberThatIsPartedFromTheOthersOrFromTheServerIsLeft() throws {
      try Lab.run { lab in
        let network = Network(lab)
        let site = try Site(lab, network)
        let path = try Lab.backroad()
        let words = ["workspace", "add", "acme", "--no-token", "--client", "127.1.1.1", "--store", site.cluster.store]
        #expect(try site.last.run(path, words).status == 0)
        try moveHost(site, to: "10.0.1.7", by: [0, 1, 2])
        let address = Endpoint("127.0.0.1", 5300)
        let program = try site.last.start(
          path,
          [
            "serve", "--store", site.cluster.store, "--mirror", lab.folder.appendingPathComponent("mirror").path,
            "--listen", address.text, "--workers", "1", "--no-watch", "--config",
            lab.folder.appendingPathComponent("backroad.json").path,
          ])
        let server = Server(program: program, address: address, lab: lab, zones: "mirror")
        try eventually("it serves", within: 30) { try answer(site, server) == "10.0.1.7" }

        // Its peers are gone from it, and the server is not.
        let first = try followed(site, server)
        let others = [0, 1, 2].filter { $0 != first }
        for other in others {
          try site.part(first, from: other)
          try site.part(other, from: first)
        }
        try moveHost(site, to: "10.0.1.8", by: others)
        try awaitMove(site, server, from: first, "10.0.1.7", to: "10.0.1.8")
        for other in others {
          try site.join(first, other)
          try site.join(other, first)
        }
        // Nothing comes from it any more, while it is well.
        let second = try followed(site, server)
        try site.part(second, from: 3)
        try site.part(3, from: second)
        try moveHost(site, to: "10.0.1.9", by: [0, 1, 2].filter { $0 != second })
        try awaitMove(site, server, from: second, "10.0.1.8", to: "10.0.1.9")
        try server.awaitStore()
        #expect(try server.metric("backroad_store_loads_total") == 1)
      }
    }
  }
}

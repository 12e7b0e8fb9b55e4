import Foundation
import Testing

extension EndToEnd {
  /// Leases in a real etcd, by the commands without any server.
  @Suite struct StoredLeases {
    private func value(of address: String, _ cluster: EtcdCluster) throws -> String {
      try cluster.control(["get", "--print-value-only", "/backroad/v1/pod/\(address)"])
        .trimmingCharacters(in: .whitespacesAndNewlines)
    }

    private func leaseCount(_ cluster: EtcdCluster) throws -> Int {
      try cluster.control(["lease", "list"]).split(separator: "\n").count { !$0.hasPrefix("found") }
    }

    private func addWorkspaces(_ lab: Lab, _ cluster: EtcdCluster) throws {
      for name in ["acme", "globex"] {
        try lab.backroad(["workspace", "add", name, "--no-token", "--store", cluster.store])
      }
    }

    @Test func aLeaseIsAKeyThatEndsByItself() throws {
      try Lab.run { lab in
        let cluster = try lab.etcd()
        try addWorkspaces(lab, cluster)
        let store = ["--store", cluster.store]
        let path = try Lab.backroad()
        #expect(try lab.backroad(["lease", "list"] + store) == "")
        let added = try lab.backroad(
          ["lease", "add", "--workspace", "acme", "--ttl", "1h", "10.2.3.4", "fd00::1"] + store)
        #expect(added == "10.2.3.4 is workspace acme's for 3600 s\nfd00::1 is workspace acme's for 3600 s\n")
        #expect(try value(of: "10.2.3.4", cluster) == #"{ "workspace": "acme", "ttl": 3600, "alone": true }"#)
        let list = try lab.backroad(["lease", "list", "--workspace", "acme"] + store)
        #expect(list.contains("10.2.3.4") && list.contains("fd00::1"), "\(list)")

        let refused = try lab.run(
          path, ["lease", "add", "--workspace", "globex", "--ttl", "1h", "10.2.3.5", "10.2.3.4"] + store)
        #expect(
          refused.status == 1 && refused.errors.contains("10.2.3.4 is leased to workspace acme for 3"), "\(refused)")
        #expect(try value(of: "10.2.3.5", cluster) == "", "all of them or none")
        let late = try lab.run(path, ["lease", "remove", "--workspace", "globex", "10.2.3.4"] + store)
        #expect(late.status == 1 && late.errors.contains("workspace acme has one"), "\(late)")
        let nobody = try lab.run(path, ["lease", "add", "--workspace", "acne", "--ttl", "1h", "10.2.3.6"] + store)
        #expect(nobody.status == 1 && nobody.errors.contains("acme"), "\(nobody)")
        // What nobody has looked at is told.
        let inside = try lab.run(path, ["lease", "add", "--workspace", "acme", "--ttl", "1h", "10.9.0.1"] + store)
        #expect(inside.status == 0 && inside.errors.contains("clients and grants of other workspaces"), "\(inside)")
        try lab.backroad(["lease", "remove", "--workspace", "acme", "10.9.0.1"] + store)

        #expect(
          try lab.backroad(["lease", "remove", "--workspace", "acme", "10.2.3.4"] + store) == "1 lease removed\n")
        #expect(try value(of: "10.2.3.4", cluster) == "")
        #expect(try leaseCount(cluster) == 1, "etcd's lease has ended with its key")
        try lab.backroad(["lease", "add", "--workspace", "globex", "--ttl", "2s", "10.2.3.4"] + store)
        try eventually("the key ends by itself", within: 60) { try value(of: "10.2.3.4", cluster) == "" }
      }
    }

    /// Renewing is nothing that leaves something behind each time.
    @Test func renewingKeepsOneLeaseOfEtcd() throws {
      try Lab.run { lab in
        let cluster = try lab.etcd()
        try addWorkspaces(lab, cluster)
        let add = ["lease", "add", "--workspace", "acme", "10.2.3.4", "--store", cluster.store, "--ttl"]
        for ttl in ["1h", "1h", "2h", "1h", "1h"] {
          try lab.backroad(add + [ttl])
          #expect(try leaseCount(cluster) == 1, "after \(ttl)")
        }
        let list = try lab.backroad(["lease", "list", "--json", "--store", cluster.store])
        #expect(list.contains(#""secondsLeft": 3600"#) || list.contains(#""secondsLeft": 3599"#), "\(list)")
      }
    }

    @Test func aPodThatWasFoundIsLeftAlone() throws {
      try Lab.run { lab in
        let cluster = try lab.etcd()
        try addWorkspaces(lab, cluster)
        let pod = #"{"workspace":"acme","uid":"1","namespace":"jobs","name":"c-1","ttl":60}"#
        try cluster.control(["put", "/backroad/v1/pod/10.2.3.4", pod])
        let path = try Lab.backroad()
        for words in [
          ["lease", "add", "--workspace", "acme", "--ttl", "1h"],
          ["lease", "add", "--workspace", "globex", "--ttl", "1h"],
          ["lease", "remove", "--workspace", "acme"],
        ] {
          let refused = try lab.run(path, words + ["10.2.3.4", "--store", cluster.store])
          #expect(refused.status == 1 && refused.errors.contains("the pod jobs/c-1"), "\(refused)")
        }
        #expect(try value(of: "10.2.3.4", cluster) == pod)
        #expect(try lab.backroad(["lease", "list", "--store", cluster.store]).contains("10.2.3.4  acme       -"))
      }
    }

    /// The reading is the first transaction, the writing the second.
    @Test(arguments: [1, 2]) func aLeaseWhoseAnswerIsLostIsLookedUp(losses: Int) throws {
      try Lab.run { lab in
        let cluster = try lab.etcd()
        try addWorkspaces(lab, cluster)
        try Relay.run(to: cluster.members[0].client) { path, number in
          path == "/v3/kv/txn" && (1..<1 + losses).contains(number) ? .answerLost : .passed
        } _: { relay in
          try lab.backroad(["lease", "add", "--workspace", "acme", "--ttl", "1h", "10.2.3.4", "--store", relay.store])
          #expect(relay.count("/v3/kv/txn") == 3 + losses, "read, written, sent again, looked up")
        }
        #expect(try version(of: "10.2.3.4", cluster) == 1, "made once")
        #expect(try leaseCount(cluster) == 1)
        try Relay.run(to: cluster.members[0].client) { path, number in
          path == "/v3/kv/txn" && (1..<1 + losses).contains(number) ? .answerLost : .passed
        } _: { relay in
          let words = ["lease", "remove", "--workspace", "acme", "10.2.3.4", "--store", relay.store]
          let removed = try lab.backroad(words)
          #expect(removed == "1 lease removed\n")
        }
        #expect(try value(of: "10.2.3.4", cluster) == "")
      }
    }

    private func version(of address: String, _ cluster: EtcdCluster) throws -> Int {
      let text = try cluster.control(["get", "-w", "json", "/backroad/v1/pod/\(address)"])
      let match = text.firstMatch(of: /"version":(\d+)/)
      return match.flatMap { Int($0.1) } ?? 0
    }

    /// Two at once want an address for two workspaces: one has it, and the other is told who.
    @Test func ofTwoAtOnceOneHasTheAddress() throws {
      try Lab.run { lab in
        let cluster = try lab.etcd()
        try addWorkspaces(lab, cluster)
        let (path, folder, store) = (try Lab.backroad(), lab.folder, cluster.store)
        try Relay.run(to: cluster.members[0].client) { request, number in
          if request == "/v3/kv/txn", number == 1 {
            let words = ["lease", "add", "--workspace", "globex", "--ttl", "1h", "10.2.3.4", "--store", store]
            let program = try? Program(path, words, in: folder, scratch: folder)
            _ = try? program?.wait()
          }
          return .passed
        } _: { relay in
          let words = ["lease", "add", "--workspace", "acme", "--ttl", "1h", "10.2.3.3", "10.2.3.4"]
          let refused = try lab.run(path, words + ["--store", relay.store])
          #expect(
            refused.status == 1 && refused.errors.contains("10.2.3.4 is leased to workspace globex"), "\(refused)")
        }
        #expect(try value(of: "10.2.3.3", cluster) == "")
        #expect(try value(of: "10.2.3.4", cluster).contains("globex"))
        #expect(try leaseCount(cluster) == 1, "what was made for nothing has ended")
      }
    }

    @Test func withoutEtcdItSaysSo() throws {
      try Lab.run { lab in
        let store = "etcd:http://127.0.0.1:\(try Port.free())"
        let words = ["lease", "add", "--workspace", "acme", "--ttl", "1h", "10.2.3.4", "--store", store]
        let outcome = try lab.run(try Lab.backroad(), words)
        #expect(outcome.status == 1 && outcome.errors.contains("etcd does not answer"), "\(outcome)")
        #expect(!outcome.errors.contains("not known"), "\(outcome)")
      }
    }

    /// As many addresses as one transaction takes, and no more.
    @Test func aRequestIsOneTransaction() throws {
      try Lab.run { lab in
        let cluster = try lab.etcd()
        try addWorkspaces(lab, cluster)
        let addresses = (1...128).map { "10.2.4.\($0)" }
        let words = ["lease", "add", "--workspace", "acme", "--ttl", "1h", "--store", cluster.store]
        try lab.backroad(words + addresses.dropLast())
        #expect(try lab.backroad(["lease", "list", "--store", cluster.store]).split(separator: "\n").count == 128)
        let refused = try lab.run(try Lab.backroad(), words + addresses)
        #expect(refused.status == 1 && refused.errors.contains("name 127 at most"), "\(refused)")
      }
    }
  }
}

import Foundation
import Testing

extension EndToEnd {
  /// Servers that follow a store in a real etcd: what is changed there is answered by each of them.
  @Suite struct FollowingAStore {
    @Test func anImportIsLiveOnEachReplicaAndSoIsARemoval() throws {
      try Lab.run { lab in
        let cluster = try lab.etcd()
        try lab.workspace("acme", client: "127.1.1.1", at: "10.0.1.7", in: cluster.store)
        let replicas = try ["one", "two"].map { try lab.replica(of: cluster.store, mirror: $0) }
        // The same host of somebody else, who comes later.
        try lab.workspace("globex", client: "127.1.2.1", at: "10.0.2.7", in: cluster.store)
        for replica in replicas {
          try replica.await("10.0.2.7", from: "127.1.2.1")
          #expect(try replica.answer(from: "127.1.1.1") == "10.0.1.7")
          // In dig's words: an answer, and a stranger's refusal.
          #expect(try replica.dig("-b", "127.1.1.1", "git.corp.example").addresses == ["10.0.1.7"])
          #expect(try replica.dig("-b", "127.1.3.1", "git.corp.example").status == "REFUSED")
        }
        try lab.importHosts(["wiki.corp.example"], "wiki", of: "acme", at: "10.0.1.8", into: cluster.store)
        for replica in replicas {
          try replica.await("10.0.1.8", to: "wiki.corp.example", from: "127.1.1.1")
          #expect(try replica.answer(to: "wiki.corp.example", from: "127.1.2.1") != "10.0.1.8")
        }
        let list = try lab.backroad(["replicas", "--store", cluster.store])
        #expect(list.contains("2 replicas, 0 behind"), "\(list)")
        try lab.backroad(["workspace", "remove", "acme", "--store", cluster.store])
        for replica in replicas {
          try replica.await("code 5", from: "127.1.1.1")
          #expect(try replica.answer(from: "127.1.2.1") == "10.0.2.7")
        }
      }
    }

    /// Etcd's users, with tokens that end long before the server does.
    @Test func aTokenThatHasEndedIsAskedForAnew() throws {
      try Lab.run { lab in
        let cluster = try lab.etcd(members: 1, ["--auth-token", "simple", "--auth-token-ttl", "1"])
        for words in [
          ["user", "add", "root:secret"], ["role", "add", "root"], ["user", "grant-role", "root", "root"],
          ["role", "add", "backroad"],
          ["role", "grant-permission", "backroad", "--prefix=true", "readwrite", "/backroad/"],
          ["user", "add", "backroad:word"], ["user", "grant-role", "backroad", "backroad"], ["auth", "enable"],
        ] { try cluster.control(words) }
        try lab.secret("backroad:word", in: "user")
        let user = ["--store-user-file", "user"]
        try lab.add("acme", clients: ["127.1.1.1"], to: cluster.store, user)
        let replica = try lab.replica(of: cluster.store, user)
        for round in 1...2 {
          // Longer than a token is good for.
          Thread.sleep(forTimeInterval: 3)
          try lab.importHosts(["git.corp.example"], of: "acme", at: "10.0.1.\(round)", into: cluster.store, user)
          try replica.await("10.0.1.\(round)", from: "127.1.1.1")
          // What the server writes itself, which needs a token that holds.
          try eventually("the replica says that it has it", within: 10) {
            try lab.run(Lab.backroad(), ["replicas", "--store", cluster.store] + user).status == 0
          }
        }
        #expect(try replica.metric("backroad_store_loads_total") == 1)
        // A password that is wrong: it is said, and nothing is served of it.
        try lab.secret("backroad:other", in: "wrong")
        let other = try lab.serve(
          ["--workers", "1", "--store-user-file", "wrong"], zones: "other", store: cluster.store)
        try other.awaitLine("authentication failed")
        #expect(try other.answer(from: "127.1.1.1") == "code 5")
      }
    }
  }
}

extension Lab {
  /// Writes a file that its owner alone may read.
  func secret(_ line: String, in path: String) throws {
    try write("\(line)\n", to: path)
    let file = folder.appendingPathComponent(path)
    try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: file.path)
  }
}

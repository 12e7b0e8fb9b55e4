import Foundation
import Testing

extension EndToEnd {
  /// `backroad replicas` on a real etcd. The keys are put by hand here: what servers put themselves, `FleetTests` shows.
  @Suite struct Replicas {
    private func put(_ cluster: EtcdCluster, _ id: String, revision: Int, name: String = "n", age: Int = 2) throws {
      let value =
        #"{"name":"\#(name)","version":"Backroad 0.1.0","addresses":["10.0.0.1:53"],"revision":\#(revision),"age":\#(age)}"#
      try cluster.control(["put", "/backroad/v1/replica/\(id)"], input: Array(value.utf8))
    }

    /// At which revision a key was written last.
    private func revision(of key: String, in cluster: EtcdCluster) throws -> Int {
      let output = try cluster.control(["get", key, "-w", "json"])
      return try #require(output.firstMatch(of: /"mod_revision":(\d+)/).flatMap { Int($0.1) })
    }

    private func replicas(_ lab: Lab, _ cluster: EtcdCluster, _ flags: [String] = []) throws -> Outcome {
      try lab.run(Lab.backroad(), ["replicas", "--store", cluster.store] + flags)
    }

    @Test func theyAreListedAndWhoIsBehindIsTold() throws {
      try Lab.run { lab in
        let cluster = try lab.etcd()
        let none = try replicas(lab, cluster)
        #expect(none.status == 1 && none.errors.contains("there is no store of Backroad here"))
        try lab.backroad([
          "workspace", "add", "acme", "--client", "10.1.0.0/16", "--no-token", "--store", cluster.store,
        ])
        #expect(try replicas(lab, cluster).output == "no server follows this store\n")
        let last = try revision(of: "/backroad/v1/ws/acme/workspace.json", in: cluster)
        try put(cluster, "one", revision: last)
        try put(cluster, "two", revision: last, name: "m", age: -1)
        let good = try replicas(lab, cluster)
        #expect(good.status == 0, "\(good.output)\(good.errors)")
        #expect(
          good.output == """
            REPLICA  NAME  VERSION         ADDRESSES    REVISION  AGE    STATE
            one      n     Backroad 0.1.0  10.0.0.1:53  \(last)         2 s    current
            two      m     Backroad 0.1.0  10.0.0.1:53  \(last)         never  current
            2 replicas, 0 behind revision \(last)

            """)
        // A change that one of them does not have.
        try lab.backroad([
          "import", "hosts", "--workspace", "acme", "--link", "git", "--address", "10.0.1.7", "git.corp.example",
          "--store",
          cluster.store,
        ])
        let next = try revision(of: "/backroad/v1/ws/acme/workspace.json", in: cluster)
        try put(cluster, "one", revision: next)
        let behind = try replicas(lab, cluster)
        #expect(
          behind.status == 1 && behind.output.hasSuffix("2 replicas, 1 behind revision \(next)\n"), "\(behind.output)")
        #expect(behind.output.contains("never  behind\n") && behind.output.contains("2 s    current\n"))
        let json = try replicas(lab, cluster, ["--json"])
        let object = try JSONSerialization.jsonObject(with: Data(json.output.utf8)) as? [String: Any]
        #expect(json.status == 1 && object?["revision"] as? Int == next && object?["behind"] as? Int == 1)
        let rows = try #require(object?["replicas"] as? [[String: Any]])
        #expect(
          rows.map { $0["id"] as? String } == ["one", "two"] && rows.map { $0["behind"] as? Bool } == [false, true])
        #expect(rows[0]["ageSeconds"] as? Int == 2 && rows[1]["ageSeconds"] is NSNull)
      }
    }

    /// A workspace's owner can write as many keys that are no files as they like: each is handed on, and counts.
    @Test func keysThatAreNoFilesHideNoChange() throws {
      try Lab.run { lab in
        let cluster = try lab.etcd()
        try lab.backroad([
          "workspace", "add", "acme", "--client", "10.1.0.0/16", "--no-token", "--store", cluster.store,
        ])
        let last = try revision(of: "/backroad/v1/ws/acme/workspace.json", in: cluster)
        try put(cluster, "one", revision: last)
        try lab.backroad([
          "import", "hosts", "--workspace", "acme", "--link", "git", "--address", "10.0.1.7", "git.corp.example",
          "--store", cluster.store,
        ])
        let puts = (0..<120).map { number in
          let key = Data("/backroad/v1/ws/acme/nonsense\(number)".utf8).base64EncodedString()
          return #"{"request_put":{"key":"\#(key)","value":"eA=="}}"#
        }
        let body = #"{"success":[\#(puts.joined(separator: ","))]}"#
        let outcome = try lab.run(
          "curl", ["-sf", "-d", "@-", "http://\(cluster.members[0].client.text)/v3/kv/txn"], input: Array(body.utf8))
        #expect(outcome.status == 0, "\(outcome.errors)")
        let newest = try revision(of: "/backroad/v1/ws/acme/nonsense0", in: cluster)
        let behind = try replicas(lab, cluster)
        #expect(
          behind.status == 1 && behind.output.hasSuffix("1 replica, 1 behind revision \(newest)\n"), "\(behind.output)")
        try put(cluster, "one", revision: newest)
        #expect(try replicas(lab, cluster).status == 0)
      }
    }

    /// Who starts has loaded all that is there, and claims no revision that others cannot have.
    @Test func whoStartsMakesNobodyBehindAndIsNot() throws {
      try Lab.run { lab in
        let cluster = try lab.etcd()
        try lab.add("acme", clients: ["127.0.0.1"], to: cluster.store)
        try lab.add("globex", clients: [], to: cluster.store)
        func awaitCount(_ count: Int) throws {
          try eventually("\(count) are there", within: 30) {
            try cluster.control(["get", "--prefix", "--keys-only", "/backroad/v1/replica/"]).matches(of: /replica/)
              .count
              == count
          }
        }
        _ = try lab.replica(of: cluster.store, mirror: "a")
        try awaitCount(1)
        // Etcd's own revision goes on, as it does with every canary.
        for number in 0..<5 { try cluster.control(["put", "/other/\(number)", "x"]) }
        _ = try lab.replica(of: cluster.store, mirror: "b")
        try awaitCount(2)
        let both = try replicas(lab, cluster)
        #expect(both.status == 0 && both.output.contains("2 replicas, 0 behind"), "\(both.output)\(both.errors)")
        // A deletion, which who starts later cannot see.
        try lab.backroad(["workspace", "remove", "globex", "--store", cluster.store])
        let later = try replicas(lab, cluster)
        #expect(later.status == 0, "\(later.output)")
        _ = try lab.replica(of: cluster.store, mirror: "c")
        try awaitCount(3)
        let all = try replicas(lab, cluster)
        #expect(all.status == 0 && all.output.contains("3 replicas, 0 behind"), "\(all.output)\(all.errors)")
      }
    }

    /// A server without a mirror is not ready before it has read its store, and is listed once it has.
    @Test func aServerIsReadyOnceItHasReadItsStoreAndIsListed() throws {
      try Lab.run { lab in
        let cluster = try lab.etcd()
        let client = ["--client", "127.0.0.1", "--no-token"]
        try lab.backroad(["workspace", "add", "acme"] + client + ["--store", cluster.store])
        cluster.members[0].program.stop()
        let (address, probes) = (Endpoint("127.0.0.1", try Port.free()), Endpoint("127.0.0.1", try Port.free()))
        let words = ["--listen", address.text, "--probes", probes.text, "--workers", "1", "--no-watch"]
        _ = try lab.start(Lab.backroad(), ["serve", "--store", cluster.store, "--mirror", "mirror"] + words)
        try eventually("it says what it lacks", within: 20) {
          let ready = try lab.probe(probes, "/readyz")
          return ready.status == 503 && ready.body.contains("the store was not read yet")
        }
        #expect(try lab.probe(probes, "/healthz").status == 200)
        try cluster.restart(0)
        try cluster.awaitHealth()
        try eventually("it is ready", within: 30) { try lab.probe(probes, "/readyz").status == 200 }
        // What it has it says within a second, and the command waits for five.
        try lab.backroad([
          "import", "hosts", "--workspace", "acme", "--link", "git", "--address", "10.0.1.7", "git.corp.example",
          "--store",
          cluster.store,
        ])
        let listed = try replicas(lab, cluster)
        #expect(listed.status == 0 && listed.output.contains("1 replica, 0 behind"), "\(listed.output)\(listed.errors)")
        #expect(listed.output.contains(address.text))
        let asked = try Dig.ask(address, ["git.corp.example"], in: lab)
        #expect(asked.addresses == ["10.0.1.7"])
      }
    }

    /// Who catches up while the command waits is not behind.
    @Test func whatIsOnItsWayIsWaitedFor() throws {
      try Lab.run { lab in
        let cluster = try lab.etcd()
        try lab.backroad([
          "workspace", "add", "acme", "--client", "10.1.0.0/16", "--no-token", "--store", cluster.store,
        ])
        let last = try revision(of: "/backroad/v1/ws/acme/workspace.json", in: cluster)
        try put(cluster, "one", revision: last - 1)
        let command = try lab.start(Lab.backroad(), ["replicas", "--store", cluster.store])
        try put(cluster, "one", revision: last)
        let outcome = try command.wait(seconds: 30)
        #expect(outcome.status == 0 && outcome.output.contains("current"), "\(outcome.output)\(outcome.errors)")
      }
    }

    /// Whoever may write into the store writes into no terminal, and no other replica's line.
    @Test func whatAReplicaSaysOfItselfCannotBreakTheTable() throws {
      try Lab.run { lab in
        let cluster = try lab.etcd()
        try lab.backroad([
          "workspace", "add", "acme", "--client", "10.1.0.0/16", "--no-token", "--store", cluster.store,
        ])
        let last = try revision(of: "/backroad/v1/ws/acme/workspace.json", in: cluster)
        try put(cluster, "a", revision: last, name: #"\u001b[2J\nb  current"#)
        try put(cluster, "b", revision: last, name: String(repeating: "n", count: 5000))
        try put(cluster, "c", revision: 1_000_000)
        try cluster.control(["put", "/backroad/v1/replica/d", "--", "{\u{1b}"])
        try cluster.control(["put", "/backroad/v1/replica/e", String(repeating: "x", count: 20_000)])
        try cluster.control(["put", "/backroad/v1/replica/\u{1b}[2J", "{}"])
        let outcome = try replicas(lab, cluster)
        #expect(outcome.status == 1 && !outcome.output.contains("\u{1b}"))
        let lines = outcome.output.split(separator: "\n")
        // A heading, five replicas of which three have a remark, the count.
        #expect(lines.count == 10, "\(outcome.output)")
        #expect(lines.allSatisfy { $0.count < 400 })
        #expect(lines[1].contains(#"\u{1b}[2J\u{a}b"#))
        #expect(outcome.output.contains("which this store has not reached"))
        #expect(lines.last == "5 replicas, 3 behind revision \(last)")
      }
    }

    @Test func aFolderHasNone() throws {
      try Lab.run { lab in
        try lab.workspace("acme", clients: ["10.1.0.0/16"])
        let outcome = try lab.run(Lab.backroad(), ["replicas", "--store", "zones"])
        #expect(outcome.status == 1 && outcome.errors.contains("a folder has one server and no replicas"))
      }
    }
  }
}

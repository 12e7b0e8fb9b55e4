import Foundation
import Synchronization
import Testing

extension EndToEnd {
  /// Who may write below one workspace's prefix, and much or long keys there, takes no command from anybody else.
  @Suite struct LongKeys {
    private func put(_ key: String, _ cluster: EtcdCluster, in lab: Lab) throws {
      let body = #"{"key":"\#(Data(key.utf8).base64EncodedString())","value":"eA=="}"#
      let outcome = try lab.run(
        "curl", ["-sf", "-d", "@-", "http://\(cluster.members[0].client.text)/v3/kv/put"], input: Array(body.utf8))
      guard outcome.status == 0 else { throw LabError("a put failed: \(outcome.output)\(outcome.errors)") }
    }

    private func add(_ name: String, _ client: String, _ cluster: EtcdCluster, in lab: Lab) throws {
      try lab.backroad(["workspace", "add", name, "--client", client, "--no-token", "--store", cluster.store])
    }

    /// More than an answer may have: what a page of the old size would be.
    @Test func longKeysOfOneWorkspaceStopNobodyElse() throws {
      try Lab.run { lab in
        let cluster = try lab.etcd(members: 1, ["--unsafe-no-fsync"])
        try add("acme", "10.1.0.0/16", cluster, in: lab)
        try add("globex", "10.2.0.0/16", cluster, in: lab)
        try add("globex-2", "10.3.0.0/16", cluster, in: lab)
        let long = String(repeating: "k", count: 1_500_000)
        for number in 100..<210 { try put("/backroad/v1/ws/globex/\(number)\(long)", cluster, in: lab) }
        let store = ["--store", cluster.store]
        let list = try lab.run(Lab.backroad(), ["workspace", "list"] + store)
        #expect(list.output.contains("acme") && list.output.contains("globex-2"), "\(list.output)\(list.errors)")
        #expect(list.errors.contains("/globex: more than 64 MiB together"), "\(list.errors)")
        try add("initech", "10.4.0.0/16", cluster, in: lab)
        let check = try lab.run(Lab.backroad(), ["check"] + store)
        #expect(check.output.contains("3 workspaces") || check.output.contains("4 workspaces"), "\(check.output)")
        #expect((check.output + check.errors).contains("/globex: more than 64 MiB together"), "\(check)")
        let none = try lab.run(Lab.backroad(), ["workspace", "show", "acne"] + store)
        #expect(none.errors.contains(#"did you mean "acme"?"#), "\(none.errors)")
        let removal = try lab.backroad(["workspace", "remove", "globex"] + store)
        #expect(removal.contains("with all that is in it (more than 8 MiB of names)"), "\(removal.prefix(300))")
        #expect(try lab.backroad(["workspace", "list"] + store).contains("globex-2"))
      }
    }

    /// More keys than a page has, in a workspace among others.
    @Test func whatAWorkspaceHasBeyondAPageHidesNoOther() throws {
      try Lab.run { lab in
        let cluster = try lab.etcd(members: 1, ["--unsafe-no-fsync", "--max-txn-ops", "10000"])
        for (number, name) in ["a", "b", "b-1", "c"].enumerated() {
          try add(name, "10.\(number).0.0/16", cluster, in: lab)
        }
        let puts = (0..<9000).map { number in
          let key = Data("/backroad/v1/ws/b/x\(number)".utf8).base64EncodedString()
          return #"{"request_put":{"key":"\#(key)","value":"eA=="}}"#
        }
        let outcome = try lab.run(
          "curl", ["-sf", "-d", "@-", "http://\(cluster.members[0].client.text)/v3/kv/txn"],
          input: Array(#"{"success":[\#(puts.joined(separator: ","))]}"#.utf8))
        #expect(outcome.status == 0, "\(outcome.errors)")
        try Relay.run(to: cluster.members[0].client) { _, _ in
          .passed
        } _: { relay in
          let near = try lab.run(Lab.backroad(), ["workspace", "show", "d", "--store", relay.store])
          #expect(near.status == 1 && near.errors.contains("there is no workspace"), "\(near.errors)")
          // The workspace, the form, and two pages of names, whatever one of them has.
          #expect(relay.count("/v3/kv/range") <= 6, "\(relay.count("/v3/kv/range"))")
        }
        let list = try lab.run(Lab.backroad(), ["link", "list", "--store", cluster.store])
        #expect(list.status == 0, "\(list.errors)")
        let names = try lab.run(Lab.backroad(), ["workspace", "list", "--store", cluster.store])
        for name in ["a", "b-1", "c"] { #expect(names.output.contains("\n\(name) "), "\(names.output)") }
        #expect(
          names.errors.contains(" key /backroad/v1/ws/b/x0: no file of a workspace"), "\(names.errors.prefix(300))")
      }
    }

    /// A workspace that one transaction does not hold by its octets, though each of its files fits.
    @Test func whatWasCopiedOutIsCopiedInAgain() throws {
      try Lab.run { lab in
        let cluster = try lab.etcd()
        try lab.workspace("acme", clients: ["10.1.0.0/16"])
        for number in 0..<5 {
          let records = (0..<9000).map {
            "h\($0) A 10.0.\($0 / 250).\($0 % 250) ; \(String(repeating: "c", count: 60))"
          }
          try lab.zone("z\(number).corp.example", records.joined(separator: "\n") + "\n", in: "acme")
        }
        try lab.backroad(["store", "copy", "zones", cluster.store])
        try lab.backroad(["store", "copy", cluster.store, "back"])
        let difference = try lab.run("diff", ["-r", "-x", ".backroad", "zones", "back"])
        #expect(difference.status == 0, "\(difference.output.prefix(500))")
      }
    }

    /// What is read is nothing that may have been changed.
    @Test func whatCannotBeReadSaysNothingOfChanges() throws {
      try Lab.run { lab in
        let cluster = try lab.etcd()
        try add("acme", "10.1.0.0/16", cluster, in: lab)
        try Relay.run(to: cluster.members[0].client) { path, _ in
          path == "/v3/kv/range" ? .answerLost : .passed
        } _: { relay in
          let list = try lab.run(Lab.backroad(), ["workspace", "list", "--store", relay.store])
          #expect(list.status == 1 && list.errors.contains("etcd does not answer ("), "\(list.errors)")
          #expect(!list.errors.contains("change"), "\(list.errors)")
        }
        // A change whose answer is lost, and that cannot be looked up.
        let isSent = Atomic(false)
        try Relay.run(to: cluster.members[0].client) { path, number in
          if path == "/v3/kv/txn", number == 0 {
            isSent.store(true, ordering: .sequentiallyConsistent)
            return .answerLost
          }
          return path == "/v3/kv/range" && isSent.load(ordering: .sequentiallyConsistent) ? .answerLost : .passed
        } _: { relay in
          let words = ["link", "undo", "acme"]
          try lab.importHosts(["git.corp.example"], of: "acme", at: "10.0.1.7", into: cluster.store)
          let change = try lab.run(Lab.backroad(), words + ["--store", relay.store])
          #expect(change.status == 1, "\(change.output)")
          #expect(
            change.errors.contains("whether a change was made is not known: etcd does not answer"), "\(change.errors)")
        }
      }
    }
  }
}

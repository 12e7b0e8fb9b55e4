import Foundation
import Testing

extension EndToEnd {
  /// The folder in which a server has what its store has, beside the commands.
  @Suite struct Mirrors {
    private func run(_ body: (Lab, EtcdCluster) throws -> Void) throws {
      try Lab.run { lab in
        let cluster = try lab.etcd()
        try lab.acmeAndGlobex(in: cluster.store)
        try body(lab, cluster)
      }
    }

    private func refusal(_ lab: Lab, _ words: [String]) throws -> String {
      let outcome = try lab.run(Lab.backroad(), words)
      #expect(outcome.status == 1, "\(words): \(outcome.output)")
      return outcome.errors
    }

    @Test func aZonesFolderIsNotTakenForAMirror() throws {
      try run { lab, cluster in
        try lab.add("own", clients: ["127.1.3.1"], to: "zones")
        let before = try lab.read("zones/own/workspace.json")
        let listen = Endpoint("127.0.0.1", try Port.free()).text
        let said = try refusal(
          lab, ["serve", "--store", cluster.store, "--mirror", "zones", "--listen", listen, "--workers", "1"])
        #expect(said.contains("this zones folder is no mirror"), "\(said)")
        #expect(try lab.read("zones/own/workspace.json") == before)
        #expect(try lab.backroad(["workspace", "list", "--store", "zones"]).contains("own"))
      }
    }

    @Test func twoServersDoNotShareAMirror() throws {
      try run { lab, cluster in
        let first = try lab.replica(of: cluster.store)
        let listen = Endpoint("127.0.0.1", try Port.free()).text
        let said = try refusal(
          lab, ["serve", "--store", cluster.store, "--mirror", "mirror", "--listen", listen, "--workers", "1"])
        #expect(said.contains("another server keeps its mirror here"), "\(said)")
        #expect(try first.answer(from: "127.1.1.1") == "10.0.1.7")
      }
    }

    @Test func commandsThatWouldChangeAMirrorAreToldOfItsStore() throws {
      try run { lab, cluster in
        let server = try lab.replica(of: cluster.store)
        for words in [
          ["import", "hosts", "--workspace", "acme", "--link", "git", "--address", "10.0.1.9", "git.corp.example"],
          ["workspace", "add", "other", "--no-token"], ["workspace", "remove", "acme"],
          ["link", "remove", "acme", "git"], ["workspace", "token", "acme"],
        ] {
          let said = try refusal(lab, words + ["--zones", "mirror"])
          #expect(said.contains("this is a server's mirror of a store"), "\(words): \(said)")
        }
        try lab.add("own", clients: ["127.1.3.1"], to: "zones")
        let said = try refusal(lab, ["store", "copy", "zones", "mirror"])
        #expect(said.contains("this is a server's mirror of a store"), "\(said)")
        #expect(try server.answer(from: "127.1.1.1") == "10.0.1.7")
        // Those that only look do so.
        #expect(try lab.backroad(["workspace", "list", "--zones", "mirror"]).contains("globex"))
      }
    }

    /// It is a backup, as any copy of the store is.
    @Test func aMirrorIsABackup() throws {
      try run { lab, cluster in
        let server = try lab.replica(of: cluster.store)
        let check = try lab.run(Lab.backroad(), ["check", "--strict", "--zones", "mirror"])
        #expect(check.status == 0 && !check.output.contains(".mirror"), "\(check.output)\(check.errors)")
        try server.end()
        let new = try lab.etcd()
        try lab.backroad(["store", "copy", "mirror", new.store])
        let keys = { (store: EtcdCluster) in
          try store.control(["get", "--keys-only", "--prefix", "/backroad/v1/ws/"]).split(separator: "\n")
            .filter { !$0.hasSuffix("/.change") }
        }
        #expect(try keys(new) == keys(cluster))
        let same = try lab.backroad(["store", "copy", cluster.store, new.store, "--dry-run"])
        #expect(same.hasSuffix("0 added, 0 changed, 0 removed, 2 the same\n"), "\(same)")
        try lab.backroad(["store", "copy", "mirror", "copy"])
        let difference = try lab.run("diff", ["-r", "-x", ".backroad", "-x", ".mirror", "mirror", "copy"])
        #expect(difference.status == 0, "\(difference.output)")
        #expect(!FileManager.default.fileExists(atPath: lab.folder.appendingPathComponent("copy/acme/.mirror").path))
        // The copy is a zones folder like any other.
        try lab.importHosts(["git.corp.example"], of: "acme", at: "10.0.1.9", into: "copy")
      }
    }
  }

  /// A server whose store is not there: it answers from its mirror, or says that it has nothing.
  @Suite struct ColdStarts {
    @Test func withoutEtcdTheMirrorAnswersAndSaysHowOldItIs() throws {
      try Lab.run { lab in
        let cluster = try lab.etcd()
        try lab.acmeAndGlobex(in: cluster.store)
        let first = try lab.replica(of: cluster.store)
        try first.end()
        try lab.importHosts(["git.corp.example"], of: "acme", at: "10.0.1.8", into: cluster.store)
        cluster.kill(0)

        let probes = Endpoint("127.0.0.1", try Port.free())
        let second = try lab.serve(["--workers", "1", "--probes", probes.text], zones: "mirror", store: cluster.store)
        // From the first answer on it is what was served last.
        #expect(try second.answer(from: "127.1.1.1") == "10.0.1.7")
        #expect(try second.answer(from: "127.1.2.1") == "10.0.2.7")
        #expect(try lab.probe(probes, "/readyz").status == 200)
        let line = /until (.+) is heard, 2 workspaces are served from mirror, as they were \d+ s ago/
        #expect(second.program.errors.contains(line), "\(second.program.errors)")
        let store = try second.store()
        #expect(store["live"] as? Bool == false && store["ready"] as? Bool == true)
        let age = try #require(store["ageSeconds"] as? Int)
        #expect(try second.metric("backroad_store_live") == 0)
        #expect(try #require(try second.metric("backroad_store_age_seconds")) >= Double(age))
        try eventually("its age grows", within: 10) { try second.store()["ageSeconds"] as? Int ?? 0 > age }
        #expect(try second.store()["problem"] is String)

        try cluster.restart(0)
        try second.await("10.0.1.8", from: "127.1.1.1", within: 30)
        try eventually("it is followed, and proven", within: 30) {
          try second.metric("backroad_store_live") == 1 && second.store()["problem"] is NSNull
        }
      }
    }

    @Test func withNeitherStoreNorMirrorItIsNotReadyAndRefuses() throws {
      try Lab.run { lab in
        let cluster = try lab.etcd()
        try lab.workspace("acme", client: "127.1.1.1", at: "10.0.1.7", in: cluster.store)
        cluster.kill(0)
        let probes = Endpoint("127.0.0.1", try Port.free())
        let server = try lab.serve(["--workers", "1", "--probes", probes.text], zones: "mirror", store: cluster.store)
        let ready = try lab.probe(probes, "/readyz")
        #expect(ready.status == 503 && ready.body.contains("the store was not read yet"), "\(ready)")
        #expect(try lab.probe(probes, "/healthz").status == 200)
        #expect(try server.answer(from: "127.1.1.1") == "code 5")
        let store = try server.store()
        #expect(store["ready"] as? Bool == false && store["ageSeconds"] is NSNull)
        #expect(try server.metric("backroad_store_age_seconds") == nil)
        try cluster.restart(0)
        // Ready means that the next query is answered.
        try eventually("it is ready", within: 30) {
          let isSaid = try server.store()["ready"] as? Bool == true
          let isReady = try lab.probe(probes, "/readyz").status == 200
          #expect(isReady || !isSaid, "its status says so no sooner than probes are told")
          return isReady
        }
        #expect(try server.answer(from: "127.1.1.1") == "10.0.1.7")
      }
    }
  }
}

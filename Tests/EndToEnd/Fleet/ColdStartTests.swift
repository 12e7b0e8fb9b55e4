import Foundation
import Testing

extension EndToEnd {
  /// A server whose store is not there: it answers from its mirror, or says that it has nothing.
  @Suite struct ColdStarts {
    @Test func withoutEtcdTheMirrorAnswersAndSaysHowOldItIs() throws {
      try Lab.run { lab in
        let cluster = try lab.etcd()
        try lab.workspace("acme", client: "127.1.1.1", at: "10.0.1.7", in: cluster.store)
        try lab.workspace("globex", client: "127.1.2.1", at: "10.0.2.7", in: cluster.store)
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
        try second.awaitStore()
        #expect(try second.store()["problem"] is NSNull)
        #expect(try second.metric("backroad_store_live") == 1)
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

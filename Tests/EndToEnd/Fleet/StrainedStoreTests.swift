import Foundation
import Glibc
import Testing

extension EndToEnd {
  /// Stores with no room left, and with more news than there is memory for.
  @Suite struct StrainedStores {
    @Test func aStoreWithoutRoomIsServedOnAndFollowedOnceThereIsSome() throws {
      try Lab.run { lab in
        let cluster = try lab.etcd(members: 1, ["--quota-backend-bytes", "600000"])
        try lab.workspace("acme", client: "127.1.1.1", at: "10.0.1.7", in: cluster.store)
        let first = try lab.replica(of: cluster.store, mirror: "first")
        let large = Array(String(repeating: "x", count: 100_000).utf8)
        var count = 0
        while (try? cluster.control(["put", "/other/\(count)"], input: large)) != nil { count += 1 }
        let refused = try lab.run(
          Lab.backroad(), ["workspace", "add", "late", "--no-token", "--store", cluster.store])
        #expect(refused.status == 1 && refused.errors.contains("NOSPACE"), "\(refused.errors)")
        // One that starts then has everything, though it can write nothing.
        let second = try lab.serve(["--workers", "1"], zones: "second", store: cluster.store)
        try second.await("10.0.1.7", from: "127.1.1.1")
        #expect(try first.answer(from: "127.1.1.1") == "10.0.1.7")
        // As operators make room.
        try cluster.control(["del", "--prefix", "/other/"])
        try cluster.compact()
        try cluster.control(["defrag"])
        try cluster.control(["alarm", "disarm"])
        try lab.importHosts(["git.corp.example"], of: "acme", at: "10.0.1.8", into: cluster.store)
        for server in [first, second] {
          try server.await("10.0.1.8", from: "127.1.1.1")
          try server.awaitStore(within: 60)
        }
      }
    }

    /// A server was away while 100,000 values of 1 kB were written: what it missed comes in one go, and takes no memory.
    @Test(.enabled(if: Lab.isLong, "takes a minute; Tests/run --long has it"))
    func aHundredThousandMissedEventsTakeLittleMemory() throws {
      try Lab.run { lab in
        let cluster = try lab.etcd()
        try lab.workspace("acme", client: "127.1.1.1", at: "10.0.1.7", in: cluster.store)
        let server = try lab.replica(of: cluster.store)
        try write(1, to: cluster, lab)
        try server.await("10.5.0.1", to: "www.z7.example", from: "127.1.1.1")
        let before = server.program.resources.memoryOctets
        server.program.signal(SIGSTOP)
        cluster.kill(0)
        try cluster.restart(0)
        try cluster.awaitHealth()
        for round in 2...1000 { try write(round, to: cluster, lab) }
        server.program.signal(SIGCONT)
        let start = Date()
        var most = 0
        try eventually("all of it is served", within: 300) {
          most = max(most, server.program.resources.memoryOctets)
          return try server.answer(to: "www.z7.example", from: "127.1.1.1") == "10.5.3.232"
        }
        print(
          """
          fleet: 99,900 events of 1 kB missed, caught up with in \(Int(Date().timeIntervalSince(start))) s, \
          \((most - before) >> 20) MiB more memory than before
          """)
        #expect(most - before < 64 << 20)
        #expect(try server.metric("backroad_store_loads_total") == 1)
      }
    }

    /// Writes a hundred zones of a workspace by one transaction.
    private func write(_ round: Int, to cluster: EtcdCluster, _ lab: Lab) throws {
      let padding = "; " + String(repeating: "x", count: 850) + "\n"
      let text = Lab.zoneText("www A 10.5.\(round >> 8).\(round & 255)\n" + padding)
      let value = Data(text.utf8).base64EncodedString()
      let puts = (0..<100).map { number in
        let key = Data("/backroad/v1/ws/acme/z\(number).example.zone".utf8).base64EncodedString()
        return #"{"requestPut":{"key":"\#(key)","value":"\#(value)"}}"#
      }
      let body = #"{"success":["# + puts.joined(separator: ",") + "]}"
      let outcome = try lab.run(
        "curl", ["-s", "--fail", "--data-binary", "@-", "http://\(cluster.members[0].client.text)/v3/kv/txn"],
        input: Array(body.utf8))
      guard outcome.status == 0 else { throw LabError("a transaction: \(outcome.errors)\(outcome.output)") }
    }
  }
}

import Foundation
import Glibc
import Testing

extension EndToEnd {
  /// `backroad discover kubernetes`, between an API server and a real etcd.
  @Suite struct PodDiscovery {
    private static let prefix = "/backroad/v1/pod/"

    /// An etcd with a store, and an API server with two namespaces of workspaces.
    private func withCluster(
      _ body: (Lab, EtcdCluster, APIServer) throws -> Void
    ) throws {
      try Lab.run { lab in
        let etcd = try lab.etcd()
        for name in ["acme", "globex"] {
          try lab.backroad(["workspace", "add", name, "--no-token", "--store", etcd.store])
        }
        try APIServer.run { api in
          api.setNamespace("jobs", workspace: "acme")
          api.setNamespace("globex-jobs", workspace: "globex")
          try body(lab, etcd, api)
        }
      }
    }

    private func discover(_ lab: Lab, _ etcd: EtcdCluster, _ api: String) throws -> Program {
      try lab.start(Lab.backroad(), ["discover", "kubernetes", "--store", etcd.store, "--api", api])
    }

    /// What the store has of pods: by address, the workspace and the uid.
    private func pods(_ etcd: EtcdCluster) throws -> [String: String] {
      let lines = try etcd.control(["get", "--prefix", Self.prefix]).split(separator: "\n")
      var pods: [String: String] = [:]
      for index in stride(from: 0, to: lines.count - 1, by: 2) {
        let value = try JSONSerialization.jsonObject(with: Data(lines[index + 1].utf8)) as? [String: Any]
        let (workspace, uid) = (value?["workspace"] as? String ?? "?", value?["uid"] as? String ?? "?")
        pods[String(lines[index].dropFirst(Self.prefix.count))] = "\(workspace) \(uid)"
      }
      return pods
    }

    private func awaitPods(
      _ wanted: [String: String], in etcd: EtcdCluster, from program: Program, within seconds: Double = 20
    ) throws {
      var last: [String: String] = [:]
      do {
        try eventually("the store has \(wanted)", within: seconds) {
          guard program.isRunning else { throw LabError("it ended: \(program.errors)") }
          last = try pods(etcd)
          return last == wanted
        }
      } catch {
        throw LabError("\(error); it has \(last); it said \(program.errors)")
      }
    }

    /// By `kubectl proxy` with the flags of docs/kubernetes/discovery.yaml, as in a cluster.
    @Test func podsAreInTheStoreWithinAMomentAndGoAsTheyGo() throws {
      try withCluster { lab, etcd, api in
        let socket = lab.folder.appendingPathComponent("api.sock").path
        let proxy = try lab.start(
          "kubectl",
          [
            "proxy", "--kubeconfig=/dev/null", "--server=\(api.url)", "--unix-socket=\(socket)",
            "--accept-paths=^/api/v1/(pods|namespaces)$", "--reject-methods=^(POST|PUT|PATCH|DELETE)$",
          ])
        try eventually("kubectl proxy listens: \(proxy.errors)", within: 20) {
          FileManager.default.fileExists(atPath: socket)
        }
        api.setPod("a", in: "jobs", ["10.1.0.1", "fd00::1"])
        let discovery = try discover(lab, etcd, "unix:\(socket)")
        try awaitPods(["10.1.0.1": "acme a", "fd00::1": "acme a"], in: etcd, from: discovery)
        // What comes later comes by the watch.
        api.setPod("b", in: "globex-jobs", ["10.1.0.2"])
        api.setPod("c", in: "elsewhere", ["10.1.0.3"])
        api.setPod("d", in: "jobs", ["10.1.0.4"], hostNetwork: true)
        api.setPod("e", in: "jobs", ["10.1.0.5"], phase: "Succeeded")
        try awaitPods(
          ["10.1.0.1": "acme a", "fd00::1": "acme a", "10.1.0.2": "globex b"], in: etcd, from: discovery
        )
        // An address that goes from one workspace's pod to another's, at once.
        api.removePod("a")
        api.setPod("f", in: "globex-jobs", ["10.1.0.1"])
        try awaitPods(["10.1.0.1": "globex f", "10.1.0.2": "globex b"], in: etcd, from: discovery)
        #expect(api.counts.lists == 2, "pods and namespaces, once each")
        // Told to end, it lets another lead, and leaves the pods to that one.
        #expect(try etcd.control(["get", "--keys-only", "/backroad/v1/leader/discovery"]).contains("leader"))
        discovery.signal(SIGTERM)
        #expect(try discovery.wait(seconds: 20).status == 0, "\(discovery.errors)")
        #expect(try etcd.control(["get", "--keys-only", "/backroad/v1/leader/discovery"]).isEmpty)
        #expect(try pods(etcd) == ["10.1.0.1": "globex f", "10.1.0.2": "globex b"])
      }
    }

    @Test func aLeaderThatIsKilledIsReplacedBeforeAnyPodIsGone() throws {
      try withCluster { lab, etcd, api in
        api.setPod("a", in: "jobs", ["10.1.0.1"])
        let first = try discover(lab, etcd, api.url)
        let wanted = ["10.1.0.1": "acme a"]
        try awaitPods(wanted, in: etcd, from: first)
        let second = try discover(lab, etcd, api.url)
        try eventually("it stands by: \(second.errors)", within: 20) { second.errors.contains("stands by") }
        first.signal(SIGKILL)
        try eventually("the other leads: \(second.errors)", within: 60) {
          let there = try pods(etcd)
          #expect(there == wanted, "the pod is there all the time")
          return second.errors.contains("this discovery leads") && second.errors.contains("the store has all")
        }
        // What is written now is the other's, and one told to end is replaced at once.
        api.removePod("a")
        api.setPod("b", in: "globex-jobs", ["10.1.0.2"])
        try awaitPods(["10.1.0.2": "globex b"], in: etcd, from: second)
        let third = try discover(lab, etcd, api.url)
        try eventually("it stands by: \(third.errors)", within: 20) { third.errors.contains("stands by") }
        second.signal(SIGTERM)
        #expect(try second.wait(seconds: 20).status == 0)
        try eventually("the third leads: \(third.errors)", within: 20) {
          third.errors.contains("this discovery leads")
        }
        #expect(try pods(etcd) == ["10.1.0.2": "globex b"])
      }
    }

    @Test func anEtcdThatIsAwayIsCaughtUpWith() throws {
      try withCluster { lab, etcd, api in
        api.setPod("a", in: "jobs", ["10.1.0.1"])
        api.setPod("b", in: "jobs", ["10.1.0.2"])
        let discovery = try discover(lab, etcd, api.url)
        try awaitPods(["10.1.0.1": "acme a", "10.1.0.2": "acme b"], in: etcd, from: discovery)
        etcd.members[0].program.stop()
        api.removePod("a")
        api.setPod("c", in: "globex-jobs", ["10.1.0.1"])
        try eventually("it says so: \(discovery.errors)", within: 30) {
          discovery.errors.contains("the store: etcd does not answer")
            || discovery.errors.contains("the store: etcd did not say")
        }
        try etcd.restart(0)
        try etcd.awaitHealth()
        try awaitPods(["10.1.0.1": "globex c", "10.1.0.2": "acme b"], in: etcd, from: discovery, within: 40)
        #expect(discovery.errors.split(separator: "\n").count < 20, "\(discovery.errors)")
      }
    }

    @Test func anAPIServerThatStartsAgainIsCaughtUpWith() throws {
      try withCluster { lab, etcd, api in
        api.setPod("a", in: "jobs", ["10.1.0.1"])
        api.setPod("b", in: "jobs", ["10.1.0.2"])
        let discovery = try discover(lab, etcd, api.url)
        try awaitPods(["10.1.0.1": "acme a", "10.1.0.2": "acme b"], in: etcd, from: discovery)
        api.stop()
        api.removePod("a")
        api.setPod("c", in: "globex-jobs", ["10.1.0.3"])
        try eventually("it says so: \(discovery.errors)", within: 20) {
          discovery.errors.contains("the API server: ")
        }
        #expect(try pods(etcd) == ["10.1.0.1": "acme a", "10.1.0.2": "acme b"], "what is known holds meanwhile")
        // It does not know any more what was.
        api.compact()
        try api.start()
        try awaitPods(["10.1.0.2": "acme b", "10.1.0.3": "globex c"], in: etcd, from: discovery, within: 60)
        #expect(api.counts.expired > 0)
      }
    }

    /// Frozen, and so silent: the worst of ways to be away.
    @Test func aStoreThatDoesNotAnswerHoldsUpNeitherWhatIsLearnedNorTheEnd() throws {
      try withCluster { lab, etcd, api in
        api.setPod("a", in: "jobs", ["10.1.0.1"])
        let discovery = try discover(lab, etcd, api.url)
        try awaitPods(["10.1.0.1": "acme a"], in: etcd, from: discovery)
        etcd.members[0].program.signal(SIGSTOP)
        defer { etcd.members[0].program.signal(SIGCONT) }
        // The API server is followed all the same: each time it starts again, and knows nothing of what was, it is asked for
        // all. Whoever waits for the store in between takes many times as long.
        let limit = Date().addingTimeInterval(40)
        for round in 1...8 {
          api.stop()
          let lists = api.counts.lists
          api.setPod("b", in: "jobs", ["10.1.0.\(round)"])
          api.setNamespace("more-jobs", workspace: "acme")
          api.compact()
          try api.start()
          try eventually("pods and namespaces are listed: \(round)", within: limit.timeIntervalSinceNow) {
            api.counts.lists >= lists + 2
          }
        }
        discovery.signal(SIGTERM)
        #expect(try discovery.wait(seconds: 30).status == 0)
      }
    }

    @Test func aStoreThatIsNotThereYetIsToldOfAndWaitedFor() throws {
      try Lab.run { lab in
        let etcd = try lab.etcd()
        try APIServer.run { api in
          api.setNamespace("jobs", workspace: "acme")
          api.setPod("a", in: "jobs", ["10.1.0.1"])
          let discovery = try discover(lab, etcd, api.url)
          try eventually("it says so", within: 20) { discovery.errors.contains("there is no store of Backroad") }
          #expect(try etcd.control(["get", "--prefix", "/", "--keys-only"]).isEmpty)
          try lab.backroad(["workspace", "add", "acme", "--no-token", "--store", etcd.store])
          try awaitPods(["10.1.0.1": "acme a"], in: etcd, from: discovery, within: 30)
        }
      }
    }

    @Test func whatCannotBeMeantIsRefused() throws {
      try Lab.run { lab in
        for (flags, why) in [
          (["--store", "zones"], "not into a folder"), ([], "not into a folder"),
          (["--store", "etcd:http://127.0.0.1:1", "--api", "https://127.0.0.1:6443"], "kubectl proxy does"),
          (["--store", "etcd:http://127.0.0.1:1", "--api", "127.0.0.1:8001"], "is no API server"),
          (["--store", "etcd:http://127.0.0.1:1", "--api", "http://127.0.0.1"], "kubectl proxy's own is 8001"),
          (["--store", "etcd:http://127.0.0.1:1", "--api", "unix:"], "path is missing"),
          (["--store", "etcd:http://127.0.0.1:1", "--store-user-file", "none"], "none"),
        ] {
          let outcome = try lab.run(Lab.backroad(), ["discover", "kubernetes"] + flags)
          #expect(outcome.status != 0 && outcome.errors.contains(why), "\(flags): \(outcome.errors)")
        }
      }
    }
  }
}

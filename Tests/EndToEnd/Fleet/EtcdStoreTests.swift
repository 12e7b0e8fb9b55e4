import Foundation
import Glibc
import Testing

extension EndToEnd {
  /// Workspaces in a real etcd, read and changed by the commands.
  @Suite struct EtcdStore {
    private static let endpoint =
      "vpce-0a1b2c3d4e5f60718-x1y2z3a4.vpce-svc-0123456789abcdef0.us-east-1.vpce.amazonaws.com"
    private static let standby =
      "vpce-0c0c0c0c0c0c0c0c0-b5c6d7e8.vpce-svc-0fedcba9876543210.us-east-1.vpce.amazonaws.com"
    private static let config = """
      {"regionless-privatelink-account-url":"org-acme.privatelink.snowflakecomputing.com",\
      "privatelink-account-name":"xy12345.us-east-1.privatelink",\
      "privatelink-account-url":"xy12345.us-east-1.privatelink.snowflakecomputing.com",\
      "privatelink-vpce-id":"com.amazonaws.vpce.us-east-1.vpce-svc-0123456789abcdef0"}
      """

    private static let importGit = [
      "import", "hosts", "--workspace", "acme", "--link", "git", "--address", "10.0.1.7", "git.corp.example",
    ]

    /// What an admin does, right and wrong, one after the other.
    private static let commands: [([String], String?)] = [
      (["workspace", "list"], nil), (["workspace", "show", "acme"], nil),
      (["workspace", "add", "acme", "--client", "10.1.0.0/16", "--no-token", "--dry-run"], nil),
      (["workspace", "add", "acme", "--client", "10.1.0.0/16", "--no-token"], nil),
      (["workspace", "add", "acme", "--no-token"], nil),
      (["workspace", "add", "globex", "--client", "10.1.0.0/16", "--no-token"], nil),
      (["workspace", "add", "globex", "--client", "fd00:2::/64", "--no-token"], nil),
      (["workspace", "list"], nil), (["workspace", "list", "--json"], nil), (["workspace", "show", "acem"], nil),
      (["workspace", "token", "acme", "--revoke", "12345678"], nil), (["workspace", "token", "acme", "--list"], nil),
      (["import", "snowflake", "--workspace", "acme", "--link", "sf", "--dry-run", "-"], config),
      (["import", "snowflake", "--workspace", "acme", "--link", "sf", "--endpoint", endpoint, "-"], config),
      (["import", "snowflake", "--workspace", "acme", "--link", "sf", "--endpoint", endpoint, "-"], config),
      (["import", "hosts", "--workspace", "acme", "--link", "git", "--address", "10.0.1.7", "git.corp.example"], nil),
      (["import", "hosts", "--workspace", "acme", "--link", "wiki", "--address", "10.0.1.8", "git.corp.example"], nil),
      (["import", "hosts", "--workspace", "acme", "--link", "wiki", "--address", "8.8.8.8", "wiki.corp.example"], nil),
      (["import", "hosts", "--workspace", "nobody", "--link", "x", "--address", "10.0.1.7", "git.corp.example"], nil),
      (["link", "add", "acme", "asked", "--service", "com.amazonaws.vpce.us-east-1.vpce-svc-0fedcba9876543210"], nil),
      (["link", "set-endpoint", "acme", "asked", standby], nil),
      (["link", "set-endpoint", "acme", "git", "--standby", standby], nil),
      (["link", "failover", "acme", "git"], nil), (["link", "failover", "acme", "git", "--back"], nil),
      (["link", "list"], nil), (["link", "list", "--json"], nil), (["link", "show", "acme", "sf"], nil),
      (["link", "remove", "acme", "git", "--closed"], nil), (["link", "undo", "acme"], nil),
      (["link", "remove", "acme", "asked"], nil), (["link", "remove", "acme", "asked"], nil),
      (["check"], nil), (["check", "--json"], nil), (["check", "--strict"], nil),
      (["workspace", "remove", "globex", "--dry-run"], nil), (["workspace", "remove", "globex"], nil),
      (["workspace", "remove", "globex"], nil), (["workspace", "list"], nil),
    ]

    @Test func everyCommandDoesOnEtcdWhatItDoesOnAFolder() throws {
      try Lab.run { lab in
        let cluster = try lab.etcd()
        let path = try Lab.backroad()
        for (words, input) in Self.commands {
          let input = input.map { Array($0.utf8) }
          let folder = try lab.run(path, words + ["--store", "folder"], input: input)
          let etcd = try lab.run(path, words + ["--store", cluster.store], input: input)
          #expect(etcd.status == folder.status, "\(words): \(etcd.errors)\(folder.errors)")
          // JSON is laid out by its width.
          let isJSON = words.contains("--json")
          let outputs = [etcd.output.replacing(cluster.store, with: "folder"), folder.output].map { output in
            isJSON ? output.filter { !$0.isWhitespace } : output
          }
          #expect(outputs[0] == outputs[1], "\(words)")
          // That there is no store at all, and what to do, are other words for each.
          guard !words.contains("list") || folder.status == 0,
            words != ["workspace", "show", "acme"] || folder.status == 0
          else { continue }
          #expect(etcd.errors.replacing(cluster.store, with: "folder") == folder.errors, "\(words)")
        }
        try lab.backroad(["store", "copy", cluster.store, "back"])
        let difference = try lab.run("diff", ["-r", "-x", ".backroad", "folder", "back"])
        #expect(difference.status == 0, "\(difference.output)")
        let again = try lab.backroad(["store", "copy", "folder", cluster.store, "--dry-run"])
        #expect(again.hasSuffix("would be: 0 added, 0 changed, 0 removed, 1 the same\n"), "\(again)")
      }
    }

    @Test func ofImportersAtOnceNoneUndoesAnother() throws {
      try Lab.run { lab in
        let cluster = try lab.etcd()
        let path = try Lab.backroad()
        try lab.backroad([
          "workspace", "add", "acme", "--client", "10.1.0.0/16", "--no-token", "--store", cluster.store,
        ])
        let importers = try (0..<12).map { number in
          try lab.start(
            path,
            [
              "import", "hosts", "--workspace", "acme", "--link", "git", "--address", "10.0.1.7",
              "h\(number).corp.example", "--store", cluster.store,
            ])
        }
        let outcomes = try importers.map { try $0.wait() }
        let done = outcomes.indices.filter { outcomes[$0].status == 0 }
        let link = try lab.backroad(["link", "show", "acme", "git", "--store", cluster.store])
        for (number, outcome) in outcomes.enumerated() {
          #expect(link.contains("h\(number).corp.example") == (outcome.status == 0), "\(number): \(outcome.errors)")
          guard outcome.status != 0 else { continue }
          #expect(outcome.status == 1)
          #expect(outcome.errors.contains("/acme: this was changed by "), "\(outcome.errors)")
          #expect(outcome.errors.contains("(backroad import hosts), "), "\(outcome.errors)")
          #expect(outcome.errors.contains("while the change was worked out: nothing was changed"), "\(outcome.errors)")
        }
        #expect(!done.isEmpty)
        #expect(try lab.backroad(["check", "--store", cluster.store]).hasSuffix("nothing is wrong\n"))
      }
    }

    /// Two who take the same clients: one has them.
    @Test func ofTwoWhoAddTheSameClientsAtOnceOneDoes() throws {
      try Lab.run { lab in
        let cluster = try lab.etcd()
        let path = try Lab.backroad()
        try lab.backroad(["workspace", "add", "first", "--no-token", "--store", cluster.store])
        for round in 0..<4 {
          let adders = try (0..<4).map { number in
            try lab.start(
              path,
              [
                "workspace", "add", "w\(round)-\(number)", "--client", "10.\(round).0.0/16", "--no-token", "--store",
                cluster.store,
              ])
          }
          let outcomes = try adders.map { try $0.wait() }
          #expect(outcomes.count { $0.status == 0 } == 1, "\(outcomes.map(\.errors))")
        }
      }
    }

    @Test func aChangeWhoseAnswerIsLostIsLookedUpAndMadeOnce() throws {
      try Lab.run { lab in
        let cluster = try lab.etcd()
        try lab.backroad(["workspace", "add", "acme", "--no-token", "--store", cluster.store])
        try Relay.run(to: cluster.members[0].client) { path, number in
          path == "/v3/kv/txn" && number == 0 ? .answerLost : .passed
        } _: { relay in
          try lab.backroad(Self.importGit + ["--store", relay.store])
          #expect(relay.count("/v3/kv/txn") == 2, "sent again, as the answer was lost")
        }
        #expect(try version(of: "acme/workspace.json", cluster) == 2, "made once")
        #expect(try lab.backroad(["link", "list", "--store", cluster.store]).contains("git"))
      }
    }

    @Test func aChangeThatWasLostOnTheWayIsMade() throws {
      try Lab.run { lab in
        let cluster = try lab.etcd()
        try lab.backroad(["workspace", "add", "acme", "--no-token", "--store", cluster.store])
        try Relay.run(to: cluster.members[0].client) { path, number in
          path == "/v3/kv/txn" && number < 2 ? .requestLost : .passed
        } _: { relay in
          _ = try lab.backroad(Self.importGit + ["--store", relay.store])
        }
        #expect(try version(of: "acme/workspace.json", cluster) == 2, "made once")
      }
    }

    /// Somebody else's change came between the loss and the second try.
    @Test func aChangeWhoseAnswerIsLostIsFoundBehindAnothers() throws {
      try Lab.run { lab in
        let cluster = try lab.etcd()
        let path = try Lab.backroad()
        try lab.backroad(["workspace", "add", "acme", "--no-token", "--store", cluster.store])
        let (folder, store) = (lab.folder, cluster.store)
        try Relay.run(to: cluster.members[0].client) { request, number in
          guard request == "/v3/kv/txn" else { return .passed }
          if number == 1 {
            // Before the second try: the first one's change is there, and this one is made after it.
            let words = [
              "import", "hosts", "--workspace", "acme", "--link", "wiki", "--address", "10.0.1.8", "wiki.corp.example",
            ]
            let program = try? Program(path, words + ["--store", store], in: folder, scratch: folder)
            _ = try? program?.wait()
          }
          return number == 0 ? .answerLost : .passed
        } _: { relay in
          _ = try lab.backroad(Self.importGit + ["--store", relay.store])
        }
        let links = try lab.backroad(["link", "list", "--store", cluster.store])
        #expect(links.contains("git") && links.contains("wiki"), "\(links)")
        #expect(try version(of: "acme/workspace.json", cluster) == 3)
      }
    }

    @Test func aUnixSocketLeadsToAMember() throws {
      try Lab.run { lab in
        let cluster = try lab.etcd()
        let store = "etcd:unix:\(cluster.socket(at: 0))"
        try lab.backroad(["workspace", "add", "acme", "--no-token", "--store", store])
        #expect(try lab.backroad(["workspace", "list", "--store", cluster.store]).contains("acme"))
      }
    }

    @Test func aMemberThatIsDownIsPassedOver() throws {
      try Lab.run { lab in
        let cluster = try lab.etcd(members: 3)
        try lab.backroad(["workspace", "add", "acme", "--no-token", "--store", cluster.store])
        cluster.members[0].program.signal(SIGKILL)
        _ = try cluster.members[0].program.wait()
        try lab.backroad(["workspace", "add", "globex", "--no-token", "--store", cluster.store])
        #expect(try lab.backroad(["workspace", "list", "--store", cluster.store]).contains("acme"))
        #expect(try lab.backroad(["workspace", "list", "--store", cluster.store]).contains("globex"))
      }
    }

    @Test func aTokenThatHasEndedIsMadeAnew() throws {
      try Lab.run { lab in
        let cluster = try lab.etcd(members: 1, ["--auth-token", "simple", "--auth-token-ttl", "1"])
        try cluster.control(["user", "add", "root:secret"])
        try cluster.control(["role", "add", "root"])
        try cluster.control(["user", "grant-role", "root", "root"])
        try cluster.control(["auth", "enable"])
        let words = ["workspace", "add", "acme", "--no-token", "--store", cluster.store]
        let refused = try lab.run(Lab.backroad(), words)
        #expect(refused.status == 1 && refused.errors.contains("--store-user-file"), "\(refused.errors)")
        try lab.write("root:wrong\n", to: "wrong")
        try lab.write("root:secret\n", to: "right")
        close("wrong", in: lab)
        let open = try lab.run(Lab.backroad(), words + ["--store-user-file", "right"])
        #expect(open.status == 1 && open.errors.contains("chmod o-rwx right"), "\(open.errors)")
        close("right", in: lab)
        let wrong = try lab.run(Lab.backroad(), words + ["--store-user-file", "wrong"])
        #expect(wrong.status == 1 && wrong.errors.contains("authentication failed"), "\(wrong.errors)")
        // Longer than a token is good for goes by between what the command reads and what it writes.
        try Relay.run(to: cluster.members[0].client) { path, number in
          if path == "/v3/kv/txn", number == 0 { Thread.sleep(forTimeInterval: 3) }
          return .passed
        } _: { relay in
          let words = ["workspace", "add", "acme", "--no-token", "--store", relay.store, "--store-user-file", "right"]
          _ = try lab.backroad(words)
          #expect(relay.count("/v3/auth/authenticate") == 2)
        }
      }
    }

    /// What is written holds only in a store of the form that is known, whatever was read before.
    @Test func aStoreOfAnotherFormIsLeftAsItIs() throws {
      try Lab.run { lab in
        let cluster = try lab.etcd()
        let store = ["--store", cluster.store]
        try lab.backroad(["workspace", "add", "acme", "--no-token"] + store)
        try lab.backroad(Self.importGit + store)
        try cluster.control(["put", "/backroad/v1/format", "backroad 2"])
        let before = try cluster.control(["get", "--prefix", "/backroad/v1/"])
        let commands = [
          ["workspace", "add", "globex", "--no-token"], ["workspace", "remove", "acme"],
          ["link", "remove", "acme", "git"], ["lease", "add", "--workspace", "acme", "--ttl", "1h", "10.1.0.7"],
          ["import", "hosts", "--workspace", "acme", "--link", "wiki", "--address", "10.0.1.8", "wiki.corp.example"],
        ]
        for words in commands {
          let outcome = try lab.run(Lab.backroad(), words + store)
          #expect(outcome.status == 1 && outcome.errors.contains("another form"), "\(words): \(outcome.errors)")
        }
        #expect(try cluster.control(["get", "--prefix", "/backroad/v1/"]) == before)
      }
    }

    @Test func aFullDatabaseSaysSo() throws {
      try Lab.run { lab in
        let cluster = try lab.etcd(members: 1, ["--quota-backend-bytes", "200000"])
        let large = String(repeating: "x", count: 100_000)
        for number in 0..<4 { _ = try? cluster.control(["put", "/other/\(number)"], input: Array(large.utf8)) }
        let outcome = try lab.run(Lab.backroad(), ["workspace", "add", "acme", "--no-token", "--store", cluster.store])
        #expect(
          outcome.status == 1 && outcome.errors.contains("etcd's database is full (NOSPACE)"), "\(outcome.errors)")
      }
    }

    private func close(_ file: String, in lab: Lab) {
      // unsafe: the call reads the path.
      #expect(unsafe chmod(lab.folder.appendingPathComponent(file).path, 0o600) == 0)
    }

    /// How often a key was written.
    private func version(of path: String, _ cluster: EtcdCluster) throws -> Int {
      let text = try cluster.control(["get", "/backroad/v1/ws/\(path)", "-w", "fields"])
      let line = text.split(separator: "\n").first { $0.hasPrefix("\"Version\"") } ?? ""
      return line.split(separator: " ").last.flatMap { Int($0) } ?? 0
    }
  }
}

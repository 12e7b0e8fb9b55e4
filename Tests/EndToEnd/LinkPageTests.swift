import Foundation
import Testing

extension EndToEnd {
  /// The pages of `docs/links`: their commands are run as they stand there, and every name of the links that they make
  /// is asked for.
  @Suite struct LinkPages {
    /// A command that a page shows, and what it shows that it prints; empty where it shows nothing.
    struct Example {
      let words: [String]
      let output: String
    }

    /// The commands of a page's `console` blocks, in order, and the files that it shows: blocks whose fence names one.
    static func read(_ path: String) throws -> (examples: [Example], files: [String: String]) {
      let text = try String(contentsOf: Lab.repository.appendingPathComponent(path), encoding: .utf8)
      var examples: [Example] = []
      var files: [String: String] = [:]
      for (index, block) in ("\n" + text).components(separatedBy: "\n```").enumerated() where index % 2 == 1 {
        let lines = block.components(separatedBy: "\n")
        let body = lines.dropFirst().joined(separator: "\n") + "\n"
        let info = lines[0].split(separator: " ").map(String.init)
        if info.count == 2 { files[info[1]] = body }
        guard info == ["console"] else { continue }
        for part in ("\n" + body).components(separatedBy: "\n$ ").dropFirst() {
          let lines = part.replacingOccurrences(of: " \\\n", with: " ").components(separatedBy: "\n")
          let output = lines.dropFirst().joined(separator: "\n").trimmingCharacters(in: .newlines)
          examples.append(Example(words: words(lines[0]), output: output))
        }
      }
      return (examples, files)
    }

    /// The words of a command line; only single quotes count.
    private static func words(_ line: String) -> [String] {
      var words: [String] = []
      for (index, part) in line.components(separatedBy: "'").enumerated() {
        if index % 2 == 1 { words.append(part) } else { words += part.split(separator: " ").map(String.init) }
      }
      return words
    }

    @Test(arguments: [
      "docs/links/snowflake.md", "docs/links/databricks.md", "docs/links/vcs.md", "docs/links/postgres.md",
      "docs/links/mysql.md", "docs/links/redshift.md",
      "docs/links/s3.md", "docs/links/hosts.md",
    ])
    func everyExampleIsSoAndEveryNameIsAnswered(_ path: String) throws {
      let (examples, files) = try Self.read(path)
      #expect(examples.count >= 4)
      try Lab.run { lab in
        for (name, text) in files { try lab.write(text, to: name) }
        for example in examples where example.words[0] == "backroad" {
          let printed = try lab.backroad(Array(example.words.dropFirst()))
          guard !example.output.isEmpty else { continue }
          #expect(printed.trimmingCharacters(in: .newlines) == example.output, "\(example.words)")
        }
        #expect(try lab.backroad(["check"]).contains("nothing is wrong"))
        let server = try lab.serve()
        for example in examples where example.words[0] == "dig" {
          let words = example.words.dropFirst().map { $0 == "5300" ? "\(server.address.port)" : $0 }
          let printed = try lab.run("dig", words).output
          // How dig aligns its columns is nobody's concern.
          #expect(printed.split { $0.isWhitespace } == example.output.split { $0.isWhitespace }, "\(example.words)")
        }
        #expect(examples.contains { $0.words[0] == "dig" })
        try askForEveryName(server, lab)
      }
    }

    /// The relay's name is the same for all customers of a region (trap 19): each workspace has its own endpoint behind it,
    /// and who has no workspace gets neither (trap 20).
    @Test func aRegionsRelayDiffersByWorkspace() throws {
      try Lab.run { lab in
        let relay = "tunnel.privatelink.us-east-1.cloud.databricks.com"
        for (workspace, client, address) in [
          ("acme", "127.0.1.0/24", "10.1.30.8"), ("globex", "127.0.2.0/24", "10.2.30.8"),
        ] {
          try lab.backroad(["workspace", "add", workspace, "--client", client, "--zones", "zones"])
          try lab.backroad([
            "import", "databricks", "--workspace", workspace, "--link", "relay", "--address", address, "--back-end",
            "--region", "us-east-1", "--zones", "zones", "dbc-a1b2c3d4-e5f6.cloud.databricks.com",
          ])
        }
        let server = try lab.serve()
        for transport in ["+notcp", "+tcp"] {
          #expect(try server.dig("-b", "127.0.1.9", transport, relay).records == ["\(relay). A 10.1.30.8"])
          #expect(try server.dig("-b", "127.0.2.9", transport, relay).records == ["\(relay). A 10.2.30.8"])
          let stranger = try server.dig("-b", "127.0.3.9", transport, relay)
          #expect(stranger.status == "REFUSED" && stranger.answer.isEmpty, "\(stranger.text)")
        }
      }
    }

    /// Every host of every link, over both transports: its endpoint's addresses, and for the family that it has none of
    /// no data (RFC 2308 §2.2).
    private func askForEveryName(_ server: Server, _ lab: Lab) throws {
      let listed = try JSONSerialization.jsonObject(with: Data(lab.backroad(["link", "list", "--json"]).utf8))
      let names = try #require(listed as? [[String: Any]]).compactMap { $0["name"] as? String }
      #expect(names.count >= 2)
      for name in names {
        let shown = try lab.backroad(["link", "show", "acme", name, "--json"])
        let link = try #require(JSONSerialization.jsonObject(with: Data(shown.utf8)) as? [String: Any])
        let endpoint = link["endpoint"] as? [String: Any]
        let addresses = (endpoint?["addresses"] as? [String] ?? []).sorted()
        let zones = link["zones"] as? [String: [String: Any]] ?? [:]
        let hosts = zones.values.flatMap(\.keys).map { $0.replacingOccurrences(of: "*", with: "anything") }
        for transport in ["+notcp", "+tcp"] where !hosts.isEmpty {
          for (type, family) in [
            ("A", addresses.filter { !$0.contains(":") }), ("AAAA", addresses.filter { $0.contains(":") }),
          ] {
            for (host, answer) in zip(hosts, try server.dig(each: hosts.map { "\($0) \(type)" }, transport)) {
              #expect(answer.status == "NOERROR" && answer.flags.contains("aa"), "\(host): \(answer.text)")
              #expect(answer.addresses == family && answer.usedTCP == (transport == "+tcp"), "\(host): \(answer.text)")
            }
          }
        }
      }
    }
  }
}

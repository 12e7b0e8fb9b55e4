import Foundation
import Testing

extension EndToEnd {
  /// What the imports of every kind generate, with the samples of the documents: other servers load each zone without
  /// a word, and Backroad answers, over UDP and TCP, what libldns reads in it.
  @Suite struct EveryKind {
    /// Commands that make links, and the files that they read.
    private struct Sample {
      let source: String
      let commands: [[String]]
      var files: [String: String] = [:]
    }

    /// The pages of docs/links that show imports, and the samples of `zones`.
    private static func samples() throws -> [Sample] {
      let folder = Lab.repository.appendingPathComponent("docs/links").path
      var samples = [Sample(source: "zones", commands: Samples.commands)]
      for name in try FileManager.default.contentsOfDirectory(atPath: folder).sorted() where name.hasSuffix(".md") {
        let (examples, files) = try LinkPages.read("docs/links/\(name)")
        let commands = examples.map(\.words).filter { words in
          words.count > 1 && words[0] == "backroad" && ["workspace", "import", "link"].contains(words[1])
        }
        guard commands.contains(where: { $0[1] == "import" }) else { continue }
        samples.append(Sample(source: name, commands: commands.map { Array($0.dropFirst()) }, files: files))
      }
      return samples
    }

    /// A checker's arguments for a zone, and what it prints of one that is well, whatever its serial; nil where that is the
    /// zone itself.
    private struct Checker {
      let program: String
      let arguments: (_ apex: String, _ file: String) -> [String]
      let approval: (_ apex: String) -> String?
    }

    private static var checkers: [Checker] {
      [
        // Without "-i local" it would ask the network for the name servers' addresses.
        Checker(program: "named-checkzone", arguments: { ["-i", "local", "-k", "fail", $0, $1] }) {
          "zone \($0)/IN: loaded serial N\nOK\n"
        },
        Checker(program: "nsd-checkzone", arguments: { [$0, $1] }) { "zone \($0) is ok\n" },
        Checker(program: "kzonecheck", arguments: { ["-o", $0, $1] }) { _ in "" },
        Checker(program: "ldns-read-zone", arguments: { [$1] }) { _ in nil },
      ]
    }

    @Test func isLoadedByOtherServersAndAnsweredByThisOne() throws {
      var kinds: Set<String> = []
      var zones = 0
      for sample in try Self.samples() {
        kinds.formUnion(sample.commands.filter { $0[0] == "import" }.map { $0[1] })
        try Lab.run { lab in
          for (name, text) in sample.files { try lab.write(text, to: name) }
          for command in sample.commands { try lab.backroad(command) }
          let upstream = try lab.scriptedUpstream { Message.answer($0.octets, $0.type == 1 ? [.a(10, 9, 9, 9)] : []) }
          let server = try lab.serve(["--workers", "1", "--forward", upstream.address.text])
          for workspace in try names(lab.backroad(["workspace", "list", "--json"])) {
            // Its first client, on loopback as all in these documents.
            let client = try #require(try self.client(of: workspace, lab), "\(sample.source): \(workspace)")
            zones += try checkZones(of: workspace, as: client, server, sample.source)
            try askForHosts(of: workspace, as: client, server, sample.source)
          }
        }
      }
      let known = try Lab.kindsOfImport()
      #expect(known.isSubset(of: kinds), "no sample of \(known.subtracting(kinds))")
      #expect(zones >= 20)
    }

    /// Has every checker load the zones of a workspace, and asks for all that is in them.
    ///
    /// - Returns: how many zones there are.
    private func checkZones(of workspace: String, as client: String, _ server: Server, _ source: String) throws -> Int {
      let folder = server.lab.folder.appendingPathComponent("zones/\(workspace)").path
      let files = try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasSuffix(".zone") }
      for file in files.sorted() {
        let apex = String(file.dropLast(5))
        let path = "\(folder)/\(file)"
        var records: [DigAnswer.Record] = []
        for checker in Self.checkers {
          let outcome = try server.lab.run(checker.program, checker.arguments(apex, path))
          let shown = "\(source): \(checker.program) of \(file): \(outcome.output)\(outcome.errors)"
          #expect(outcome.status == 0 && outcome.errors == "", "\(shown)")
          if let approval = checker.approval(apex) {
            #expect(outcome.output.replacing(#/serial \d+/#, with: "serial N") == approval, "\(shown)")
          } else {
            records = outcome.output.split(separator: "\n").compactMap { Dig.record(String($0)) }
            #expect(records.count >= 3 && records.count == outcome.output.split(separator: "\n").count, "\(shown)")
          }
        }
        try ask(for: records, as: client, server, source)
      }
      return files.count
    }

    /// Each set of records is answered as it was read, but for what no client knows how to ask for (ALIAS).
    private func ask(
      for records: [DigAnswer.Record], as client: String, _ server: Server, _ source: String
    ) throws {
      let sets = Dictionary(grouping: records) { "\($0.owner) \($0.type)" }.filter { !$0.key.contains(" TYPE") }
      let questions = sets.keys.sorted()
      for transport in ["+notcp", "+tcp"] {
        for (question, answer) in zip(questions, try server.dig(each: questions, "-b", client, transport)) {
          let ofOwner = answer.answer.filter { "\($0.owner) \($0.type)" == question }
          #expect(
            Set(ofOwner) == Set(sets[question] ?? []) && answer.usedTCP == (transport == "+tcp"),
            "\(source): \(question): \(answer.text)")
        }
      }
    }

    /// Every host of every link leads to addresses of the link, its pinned ones or the upstream's; or it is closed, where the
    /// link has no endpoint.
    private func askForHosts(of workspace: String, as client: String, _ server: Server, _ source: String) throws {
      for link in try names(server.lab.backroad(["link", "list", "--workspace", workspace, "--json"])) {
        let text = try server.lab.backroad(["link", "show", workspace, link, "--json"])
        let shown = try #require(JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
        let zones = shown["zones"] as? [String: [String: Any]] ?? [:]
        let hosts = zones.values.flatMap(\.keys).map { $0.replacingOccurrences(of: "*", with: "anything") }.sorted()
        guard !hosts.isEmpty else { continue }
        for transport in ["+notcp", "+tcp"] {
          for (host, answer) in zip(hosts, try server.dig(each: hosts, "-b", client, transport)) {
            let what = "\(source): \(host) of \(link): \(answer.text)"
            #expect(answer.usedTCP == (transport == "+tcp"), "\(what)")
            if text.contains("\"endpoint\"") {
              #expect(answer.status == "NOERROR" && !answer.addresses.isEmpty, "\(what)")
              for address in answer.addresses where address != "10.9.9.9" {
                #expect(text.contains("\"\(address)\""), "\(what)")
              }
            } else {
              #expect(answer.status == "SERVFAIL" && answer.error?.contains("no endpoint yet") == true, "\(what)")
            }
          }
        }
      }
    }

    private func client(of workspace: String, _ lab: Lab) throws -> String? {
      let settings = try lab.read("zones/\(workspace)/workspace.json")
      return settings.firstMatch(of: /127\.[0-9.]+/).map { String($0.output) }.map { text in
        text.hasSuffix(".0") ? "\(text.dropLast())9" : text
      }
    }

    private func names(_ json: String) throws -> [String] {
      let list = try JSONSerialization.jsonObject(with: Data(json.utf8)) as? [[String: Any]]
      return try #require(list).compactMap { $0["name"] as? String }
    }
  }
}

extension Lab {
  /// The kinds that `import` has commands for.
  fileprivate static func kindsOfImport() throws -> Set<String> {
    var kinds: Set<String> = []
    try Lab.run { lab in
      let help = try lab.backroad(["import", "--help"])
      kinds = Set(help.matches(of: #/\n +import ([a-z0-9]+) /#).map { String($0.output.1) })
    }
    return kinds
  }
}

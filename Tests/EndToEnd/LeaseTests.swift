import Foundation
import Glibc
import TestKit
import Testing

extension EndToEnd {
  /// Leases: a launcher's word makes an address a workspace's client, at once, for a while, and across crashes.
  @Suite struct Leases {
    private func serve(_ body: (Server) throws -> Void) throws {
      try Lab.run { lab in
        try lab.workspace("acme", clients: ["127.0.1.0/24"], zones: ["corp.example": "www A 10.1.0.1\n"])
        try lab.workspace("globex", clients: ["127.0.2.0/24"], zones: ["corp.example": "www A 10.2.0.1\n"])
        try body(lab.serve())
      }
    }

    private func ask(_ server: Server, from client: String, _ transport: String = "+notcp") throws -> [String] {
      try Dig.ask(server.address, ["-b", client, transport, "www.corp.example"], in: server.lab).addresses
    }

    private func refusal(_ lab: Lab, _ arguments: [String]) throws -> String {
      let outcome = try lab.run(Lab.backroad(), arguments)
      #expect(outcome.status == 1)
      return outcome.errors
    }

    @Test func aLeaseDecidesFromTheNextQueryOn() throws {
      try serve { server in
        let lab = server.lab
        for round in 0..<20 {
          let (workspace, address) = round.isMultiple(of: 2) ? ("acme", "10.1.0.1") : ("globex", "10.2.0.1")
          for transport in ["+notcp", "+tcp"] {
            #expect(try ask(server, from: "127.0.7.7", transport) == [])
          }
          let said = try lab.backroad(["lease", "add", "--workspace", workspace, "--ttl", "1h", "127.0.7.7"])
          #expect(said == "127.0.7.7 is workspace \(workspace)'s for 3600 s\n")
          for transport in ["+notcp", "+tcp"] {
            #expect(try ask(server, from: "127.0.7.7", transport) == [address], "round \(round)")
          }
          try lab.backroad(["lease", "remove", "--workspace", workspace, "127.0.7.7"])
        }
        let who = try server.dig("-b", "127.0.7.7", "CH", "TXT", "whoami.backroad")
        #expect(who.status == "REFUSED")
      }
    }

    /// What scripts do: nothing is waited for between the two.
    @Test func aWorkspaceIsLeasedToAsSoonAsItIsAdded() throws {
      try serve { server in
        for number in 0..<10 {
          try server.lab.backroad(["workspace", "add", "new\(number)"])
          let said = try server.lab.backroad(
            ["lease", "add", "--workspace", "new\(number)", "--ttl", "1h", "127.0.7.\(number)"])
          #expect(said == "127.0.7.\(number) is workspace new\(number)'s for 3600 s\n")
          let who = try server.dig("-b", "127.0.7.\(number)", "CH", "TXT", "whoami.backroad")
          #expect(who.answer.first?.data.hasPrefix("\"workspace=new\(number)\"") == true, "\(who.text)")
        }
      }
    }

    @Test func aLeaseEnds() throws {
      try serve { server in
        try server.lab.backroad(["lease", "add", "--workspace", "acme", "--ttl", "1s", "127.0.7.7"])
        #expect(try ask(server, from: "127.0.7.7") == ["10.1.0.1"])
        try eventually("the lease ends", within: 5) { try ask(server, from: "127.0.7.7").isEmpty }
        #expect(try server.lab.backroad(["lease", "list", "--json"]) == "[]\n")
      }
    }

    @Test func anothersLeaseAndAnothersClientsAreRefusedWithTheirHolder() throws {
      try serve { server in
        let lab = server.lab
        try lab.backroad(["lease", "add", "--workspace", "acme", "--ttl", "1h", "127.0.7.7", "127.0.7.8"])
        let leased = try refusal(
          lab, ["lease", "add", "--workspace", "globex", "--ttl", "1h", "127.0.7.6", "127.0.7.7"])
        #expect(leased.contains("127.0.7.7 is leased to workspace acme for "))
        let inPrefix = try refusal(lab, ["lease", "add", "--workspace", "globex", "--ttl", "1h", "127.0.1.9"])
        #expect(inPrefix.contains("127.0.1.9 is in 127.0.1.0/24, which are the clients of workspace acme"))
        let notTheirs = try refusal(lab, ["lease", "remove", "--workspace", "globex", "127.0.7.7"])
        #expect(notTheirs.contains("workspace globex has no lease of 127.0.7.7"))
        let unknown = try refusal(lab, ["lease", "add", "--workspace", "nobody", "--ttl", "1h", "127.0.7.9"])
        #expect(unknown.contains(#"there is no workspace "nobody" here; see backroad workspace list"#))
        let list = try lab.backroad(["lease", "list"]).split(separator: "\n").map { $0.split(separator: " ") }
        let rows = list.map { $0.prefix(2).joined(separator: " ") }
        #expect(rows == ["ADDRESS WORKSPACE", "127.0.7.7 acme", "127.0.7.8 acme"])
      }
    }

    /// Who removes by a mistyped name or address is told what is near.
    @Test func aSlipIsToldWithWhatIsNear() throws {
      try serve { server in
        let lab = server.lab
        try lab.backroad(["lease", "add", "--workspace", "acme", "--ttl", "1h", "10.20.30.41", "127.0.7.8"])
        let remove = ["lease", "remove", "--workspace"]
        for (arguments, said) in [
          (["acne", "127.0.7.8"], #"there is no workspace "acne" here; did you mean "acme"?"#),
          (["initech", "127.0.7.8"], #"there is no workspace "initech" here; see backroad workspace list"#),
          (["acme", "10.20.30.14"], "workspace acme has no lease of 10.20.30.14; did you mean 10.20.30.41?"),
          (["acme", "192.168.251.252"], "workspace acme has no lease of 192.168.251.252; see backroad lease list"),
          // Another's are nobody's to guess, but who has the very address is told, as when it is added.
          (["globex", "127.0.7.7"], "workspace globex has no lease of 127.0.7.7; see backroad lease list"),
          (["globex", "127.0.7.8"], "workspace globex has no lease of 127.0.7.8; workspace acme has one"),
        ] {
          let refused = try refusal(lab, remove + arguments)
          #expect(refused == "backroad: \(said)\n")
        }
        // A removed one's leases can be ended still.
        try FileManager.default.removeItem(at: lab.folder.appendingPathComponent("zones/acme"))
        _ = try server.curl("/v1/reload", "--json", "{}")
        #expect(try lab.backroad(remove + ["acme", "127.0.7.8"]) == "1 lease removed\n")
        let refused = try refusal(lab, remove + ["acme", "10.20.30.14"])
        #expect(refused.contains("did you mean 10.20.30.41?"), "\(refused)")
      }
    }

    @Test func aRemovedWorkspacesLeasesEndAndComeBackWithIt() throws {
      try serve { server in
        let lab = server.lab
        try lab.backroad(["lease", "add", "--workspace", "acme", "--ttl", "1h", "127.0.7.7"])
        let zones = lab.folder.appendingPathComponent("zones")
        let (here, away) = (zones.appendingPathComponent("acme"), lab.folder.appendingPathComponent("acme"))
        try FileManager.default.moveItem(at: here, to: away)
        try eventually("the lease does not count", within: 5) { try ask(server, from: "127.0.7.7").isEmpty }
        try FileManager.default.moveItem(at: away, to: here)
        try eventually("the lease counts again", within: 5) { try ask(server, from: "127.0.7.7") == ["10.1.0.1"] }
      }
    }

    /// Every acknowledged lease is there after a crash, and none that nobody asked for.
    @Test(arguments: Seeds.all) func leasesOutliveKill(seed: UInt64) throws {
      try Lab.run { lab in
        var random = SeededGenerator(seed: seed)
        try lab.workspace("acme", clients: [], zones: ["corp.example": "www A 10.1.0.1\n"])
        var (asked, acknowledged, revoked): (Set<String>, Set<String>, Set<String>) = ([], [], [])
        for round in 0..<4 {
          let server = try lab.serve(["--workers", "1"])
          let listed = try Self.listed(lab)
          #expect(acknowledged.isSubset(of: listed), "round \(round): \(acknowledged.subtracting(listed)) are lost")
          #expect(listed.isSubset(of: asked), "round \(round): nobody asked for \(listed.subtracting(asked))")
          #expect(listed.isDisjoint(with: revoked), "round \(round): \(listed.intersection(revoked)) were ended")
          let victim = server.program
          let killer = Thread { [delay = UInt32.random(in: 0...400_000, using: &random), id = victim.id] in
            usleep(delay)
            kill(id, SIGKILL)
          }
          killer.start()
          for number in 0..<200 {
            let addresses = (0..<3).map { "10.\(round).\(number).\($0 + 1)" }
            asked.formUnion(addresses)
            let add = ["lease", "add", "--workspace", "acme", "--ttl", "1h"] + addresses
            guard try lab.run(Lab.backroad(), add).status == 0 else { break }
            acknowledged.formUnion(addresses)
            // Whether an ending that was not acknowledged holds is open, so it is not looked at.
            acknowledged.remove(addresses[0])
            let remove = ["lease", "remove", "--workspace", "acme", addresses[0]]
            guard try lab.run(Lab.backroad(), remove).status == 0 else { break }
            revoked.insert(addresses[0])
          }
          _ = try victim.wait()
        }
        #expect(acknowledged.count > 10)
      }
    }

    private static func listed(_ lab: Lab) throws -> Set<String> {
      let text = try lab.backroad(["lease", "list"])
      return Set(text.split(separator: "\n").dropFirst().compactMap { $0.split(separator: " ").first.map(String.init) })
    }
  }
}

import Foundation
import Glibc
import Testing

extension EndToEnd {
  /// Folders that their owners write, by the commands that docs/zones.md gives, under a server that is nobody special.
  @Suite(.enabled(if: geteuid() == 0, "only root gives files to others")) struct HandedOver {
    private static let users = ["acme": "65534", "globex": "65533", "backroad": "65532"]

    /// A zones folder with two owners, and a folder that acme's owner may write to.
    private struct Scene {
      let lab: Lab
      let server: Endpoint

      func addresses(_ name: String, from client: String) throws -> [String] {
        try Dig.ask(server, ["-b", client, name], in: lab).addresses
      }

      func workspace(of client: String) throws -> String {
        try Dig.ask(server, ["-b", client, "CH", "TXT", "whoami.backroad"], in: lab).text
      }

      /// Runs commands of acme's owner, who has a copy of the program.
      func owner(_ commands: String) throws -> Outcome {
        try lab.run("setpriv", HandedOver.become("acme") + ["sh", "-ec", "cd desk; PATH=$PWD:$PATH; \(commands)"])
      }
    }

    private static func become(_ user: String) -> [String] {
      ["--reuid=\(users[user] ?? "")", "--regid=\(users[user] ?? "")", "--clear-groups"]
    }

    private func scene(_ handOver: String, _ body: (Scene) throws -> Void) throws {
      try Lab.run { lab in
        try lab.write(
          """
          { "forward": [],
            "grants": { "acme": { "clients": ["127.0.1.0/24"] }, "globex": { "clients": ["127.0.2.0/24"] } } }
          """, to: "backroad.json")
        try lab.backroad(["workspace", "add", "acme", "--client", "127.0.1.0/24"])
        try lab.backroad(["workspace", "add", "globex", "--client", "127.0.2.0/24"])
        try lab.write("", to: "desk/empty")
        let desk = lab.folder.appendingPathComponent("desk")
        let files = FileManager.default
        try files.copyItem(at: URL(fileURLWithPath: Lab.backroad()), to: desk.appendingPathComponent("backroad"))
        try files.createSymbolicLink(atPath: desk.appendingPathComponent("zones").path, withDestinationPath: "../zones")
        for name in ["acme", "globex"] {
          let commands = Self.users.reduce(handOver.replacingOccurrences(of: "acme", with: name)) { text, user in
            text.replacingOccurrences(of: "\(user.key):", with: "\(user.value):")
              .replacingOccurrences(of: ":\(user.key)", with: ":\(user.value)")
          }
          let outcome = try lab.run("sh", ["-ec", "\(commands)\nchmod 755 .; chown \(Self.users["acme"] ?? "") desk"])
          #expect(outcome.status == 0, "\(outcome.errors)")
        }
        let address = Endpoint("127.0.0.1", try Port.free())
        let words = ["desk/backroad", "serve", "--listen", address.text, "--workers", "2"]
        try address.awaitAnswer(from: lab.start("setpriv", Self.become("backroad") + words))
        try body(Scene(lab: lab, server: address))
      }
    }

    @Test func theOwnerEditsInPlaceAndReachesNothingElse() throws {
      let blocks = try Page("docs/zones.md").blocks("A folder that its owner writes", atLeast: 2)
      try scene(blocks[0]) { scene in
        let zone = Lab.zoneText("@ A 10.1.40.9\n").replacingOccurrences(of: "\n", with: "\\n")
        var outcome = try scene.owner("printf '\(zone)' > zones/acme/git.corp.example.zone")
        #expect(outcome.status == 0, "\(outcome.errors)")
        try eventually("what the owner wrote is served", within: 5) {
          try scene.addresses("git.corp.example", from: "127.0.1.1") == ["10.1.40.9"]
        }
        outcome = try scene.owner(blocks[1])
        #expect(outcome.status == 0, "\(outcome.errors)")
        try eventually("what the owner imported into a copy is served", within: 5) {
          try scene.addresses("wiki.corp.example", from: "127.0.1.1") == ["10.1.40.8"]
        }
        for attempt in [
          "mv zones/globex zones/other", "ln -s globex zones/mine", "rm -r zones/acme/../globex", "ls zones/",
          "cat zones/globex/workspace.json", "flock zones/ true",
        ] {
          #expect(try scene.owner(attempt).status != 0, "\(attempt)")
        }
        // What is beyond the grant counts for nothing, and the operator's commands go on.
        outcome = try scene.owner(
          "echo '{ \"clients\": [\"127.0.1.0/24\", \"127.0.2.128/25\"] }' > zones/acme/workspace.json")
        #expect(outcome.status == 0, "\(outcome.errors)")
        outcome = try scene.owner("echo '{ \"clients\": [\"127.0.1.0/24\"] }' > zones/acme/workspace.json")
        try scene.lab.backroad([
          "import", "hosts", "--workspace", "acme", "--link", "chat", "--endpoint", "10.1.40.7", "chat.corp.example",
        ])
        try eventually("what the operator imported is served", within: 5) {
          try scene.addresses("chat.corp.example", from: "127.0.1.1") == ["10.1.40.7"]
        }
        #expect(try scene.workspace(of: "127.0.2.129").contains("\"workspace=globex\""))
      }
    }
  }
}

import Foundation
import Testing

extension EndToEnd {
  /// `explain` tells how a client comes to its answer, and that answer is the one that `dig` gets.
  @Suite struct Explain {
    @Test func theOutcomeIsWhatDigGets() throws {
      try Lab.run { lab in
        let upstream = try lab.scriptedUpstream { Message.answer($0.octets, [.a(192, 0, 2, 7)]) }
        try lab.workspace(
          "acme", clients: ["127.0.1.0/24"],
          zones: ["corp.example": "www CNAME db\ndb A 10.1.0.1\n*.wild A 10.1.0.2\nout CNAME far.example.\n"],
          forward: [".": [upstream.address]])
        let server = try lab.serve()
        func explain(_ arguments: String...) throws -> String { try lab.backroad(["explain"] + arguments) }
        for name in ["www.corp.example", "a.wild.corp.example", "nope.corp.example", "db.corp.example"] {
          let said = try explain("--client", "127.0.1.5", name)
          let answer = try server.dig("-b", "127.0.1.5", name)
          let outcome = said.components(separatedBy: "\noutcome  ").last ?? ""
          #expect(outcome.hasPrefix(answer.status), "\(said)")
          for record in answer.answer { #expect(outcome.contains("\(record.type) \(record.data)"), "\(said)") }
        }
        let first = try explain("--client", "127.0.1.5", "out.corp.example")
        #expect(first.contains("cache    far.example. A: nothing\n"))
        #expect(first.contains("next     \(upstream.address.text) would be asked for far.example. A\n"))
        #expect(try server.dig("-b", "127.0.1.5", "out.corp.example").addresses == ["192.0.2.7"])
        let second = try explain("--client", "127.0.1.5", "out.corp.example")
        #expect(second.contains("cache    far.example. A: an answer of "))
        #expect(second.contains("far.example. ") && second.contains(" A 192.0.2.7"))
        let nobody = try explain("--client", "127.0.9.9", "www.corp.example")
        #expect(nobody.hasPrefix("who      127.0.9.9 is refused: no workspace has it"))
        #expect(try explain("--workspace", "acme", "www.corp.example").hasPrefix("who      taken for a client of"))
      }
    }

    /// Why a change of a file has no effect, and why whoever should be a client is none.
    @Test func aBrokenWorkspaceIsTold() throws {
      try Lab.run { lab in
        try lab.workspace("acme", clients: ["127.0.1.0/24"], zones: ["corp.example": "www A 10.1.0.1\n"])
        try lab.workspace("globex", clients: ["127.0.2.0/24"], zones: ["corp.example": "www A nonsense\n"])
        let server = try lab.serve()
        try lab.zone("corp.example", "new A nonsense\n", in: "acme")
        _ = try lab.run(Lab.backroad(), ["reload"])
        for who in [["--client", "127.0.1.5"], ["--workspace", "acme"]] {
          let said = try lab.backroad(["explain"] + who + ["new.corp.example"])
          let first = said.split(separator: "\n").first ?? ""
          #expect(first.hasSuffix("; its files have errors, and it is served as it was before: run backroad check"))
        }
        let nobody = try lab.backroad(["explain", "--client", "127.0.2.5", "www.corp.example"])
        #expect(
          nobody.contains("; 1 workspace is not served because its files have errors: run backroad check\n"),
          "\(nobody)")
        let unserved = try lab.run(Lab.backroad(), ["explain", "--workspace", "globex", "www.corp.example"])
        #expect(unserved.errors == "backroad: workspace globex is broken, and not served: run backroad check\n")
        withExtendedLifetime(server) {}
      }
    }
  }
}

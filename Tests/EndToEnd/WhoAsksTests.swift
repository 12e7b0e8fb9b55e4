import Foundation
import Glibc
import Testing

extension EndToEnd {
  /// Tokens and listening addresses beside client prefixes, with the real program and the real dig.
  @Suite struct WhoAsks {
    /// Two workspaces; 127.0.9.0/24 is in neither.
    private func lab(_ body: (Lab) throws -> Void) throws {
      try Lab.run { lab in
        try lab.workspace("acme", clients: ["127.0.0.1", "127.0.1.0/24"], zones: ["corp.example": "www A 10.1.0.1\n"])
        try lab.workspace("globex", clients: ["127.0.2.0/24"], zones: ["corp.example": "www A 10.2.0.1\n"])
        try body(lab)
      }
    }

    /// Makes a token with the program.
    private func token(_ workspace: String, in lab: Lab) throws -> (text: String, id: String) {
      let output = try lab.backroad(["workspace", "token", workspace])
      let lines = output.split(separator: "\n")
      return (String(lines[1].dropFirst(2)), String(lines[0].split(separator: " ")[1]))
    }

    @Test func aTokenDecidesFromAnywhere() throws {
      try lab { lab in
        let token = try token("acme", in: lab).text
        let server = try lab.serve()
        for transport in ["+notcp", "+tcp"] {
          let answer = try server.dig("-b", "127.0.9.9", transport, "+ednsopt=65314:\(token)", "www.corp.example")
          #expect(answer.addresses == ["10.1.0.1"], "\(answer.text)")
          let who = try server.dig(
            "-b", "127.0.9.9", transport, "+ednsopt=65314:\(token)", "CH", "TXT", "whoami.backroad")
          #expect(who.answer.map(\.data) == [#""workspace=acme" "client=127.0.9.9" "by=token""#])
          // Wrong in its last digit: not even its own prefix helps.
          let wrong = token.dropLast() + (token.hasSuffix("0") ? "1" : "0")
          let refused = try server.dig("-b", "127.0.1.1", transport, "+ednsopt=65314:\(wrong)", "www.corp.example")
          #expect(refused.status == "REFUSED" && refused.answer.isEmpty)
          #expect(refused.error?.hasPrefix("18 (Prohibited): (the token is no workspace's") == true)
          let twice = try server.dig(
            "-b", "127.0.1.1", transport, "+ednsopt=65314:\(token)", "+ednsopt=65314:\(token)", "www.corp.example")
          #expect(twice.status == "FORMERR", "\(twice.text)")
        }
      }
    }

    /// What is beyond a grant is an error of its workspace, which stays as it was; nobody else notices.
    @Test func aClaimBeyondItsGrantChangesNothing() throws {
      try lab { lab in
        try lab.write(
          """
          { "grants": { "acme": { "clients": ["127.0.0.1", "127.0.1.0/24"] },
                        "globex": { "clients": ["127.0.2.0/24"] } } }
          """, to: "backroad.json")
        try lab.workspace("nobody", clients: ["127.0.9.0/24"])
        let server = try lab.serve()
        func addresses(_ client: String) throws -> [String] {
          try server.dig("-b", client, "www.corp.example").addresses
        }
        #expect(try addresses("127.0.1.1") == ["10.1.0.1"])
        #expect(try addresses("127.0.2.1") == ["10.2.0.1"])
        #expect(try server.dig("-b", "127.0.9.1", "www.corp.example").status == "REFUSED")
        #expect(
          server.program.errors.contains("workspace.json:2:15: 127.0.9.0/24 is not granted"), "\(server.program.errors)"
        )
        try lab.workspace(
          "globex", clients: ["127.0.1.0/25", "127.0.1.128/25", "0.0.0.0/0", "127.0.2.0/24"],
          zones: ["corp.example": "www A 10.6.6.6\n"])
        try eventually("the log tells of it: \(server.program.errors)", within: 5) {
          server.program.errors.contains("0.0.0.0/0 is not in the grant of workspace globex (backroad.json:2:")
        }
        #expect(try addresses("127.0.1.1") == ["10.1.0.1"])
        #expect(try addresses("127.0.2.1") == ["10.2.0.1"], "as it was")
      }
    }

    @Test func twoThatDisagreeAreRefusedAndLogged() throws {
      try lab { lab in
        let token = try token("acme", in: lab).text
        let server = try lab.serve()
        for transport in ["+notcp", "+tcp"] {
          let answer = try server.dig("-b", "127.0.2.1", transport, "+ednsopt=65314:\(token)", "www.corp.example")
          #expect(answer.status == "REFUSED" && answer.answer.isEmpty)
          #expect(
            answer.error
              == "18 (Prohibited): (the token and the client's prefix are of different workspaces, see the server's log)"
          )
        }
        let line = "client 127.0.2.1: the token is of workspace acme, the client's prefix of workspace globex"
        try eventually("the log tells of it: \(server.program.errors)", within: 5) {
          server.program.errors.contains("backroad: refused, because it shows two workspaces: \(line)")
        }
        // A flood of them is a line for each worker, not one for each query.
        _ = try server.dig(
          each: Array(repeating: "www.corp.example", count: 100), "-b", "127.0.2.1", "+ednsopt=65314:\(token)")
        #expect(server.program.errors.components(separatedBy: line).count - 1 <= 2)
      }
    }

    @Test func tokensRotateWhileTheServerRuns() throws {
      try lab { lab in
        let first = try token("acme", in: lab)
        let server = try lab.serve(["--workers", "2", "--token-option", "65400"])
        func status(_ token: String) throws -> String {
          try server.dig("-b", "127.0.9.9", "+ednsopt=65400:\(token)", "www.corp.example").status
        }
        #expect(try status(first.text) == "NOERROR")
        let second = try token("acme", in: lab)
        try eventually("the second token is valid", within: 5) { try status(second.text) == "NOERROR" }
        #expect(try status(first.text) == "NOERROR")
        try lab.backroad(["workspace", "token", "acme", "--revoke", first.id])
        try eventually("the first token is not", within: 5) { try status(first.text) == "REFUSED" }
        #expect(try status(second.text) == "NOERROR")
        // In the usual option it is nothing.
        let other = try server.dig("-b", "127.0.9.9", "+ednsopt=65314:\(second.text)", "www.corp.example")
        #expect(other.error?.contains("is in no workspace") == true)
      }
    }

    @Test func aTokenNeverLeaves() throws {
      try Lab.run { lab in
        let upstream = try lab.scriptedUpstream { Message.answer($0.octets, [.a(192, 0, 2, 1)], truncated: !$0.isTCP) }
        try lab.workspace("acme", clients: [], forward: ["example.test": [upstream.address]])
        let token = try token("acme", in: lab).text
        let server = try lab.serve()
        let answer = try server.dig("+ednsopt=65314:\(token)", "www.example.test")
        #expect(answer.addresses == ["192.0.2.1"], "\(answer.text)")
        // Nor is it in the answer, whose options dig would print.
        #expect(!answer.text.contains("OPT="))
        // It was asked over UDP, and over TCP because that was truncated.
        #expect(upstream.questions.map(\.isTCP) == [false, true])
        let octets = stride(from: 0, to: token.count, by: 2).map {
          UInt8(token.dropFirst($0).prefix(2), radix: 16) ?? 0
        }
        for question in upstream.questions {
          #expect(!question.octets.contains(octets))
          #expect(!question.octets.contains([0xff, 0x22, 0x00, 0x10]))
        }
      }
    }

    @Test func aListeningAddressIsAWorkspaces() throws {
      try lab { lab in
        let own = Endpoint("127.0.0.1", try Port.free())
        let nobodys = Endpoint("127.0.0.1", try Port.free())
        let settings = #"{ "clients": ["127.0.2.0/24"], "listen": ["\#(own.text)", "\#(nobodys.text)"] }"#
        try lab.write(settings, to: "zones/globex/workspace.json")
        let server = try lab.serve(["--workers", "2", "--listen", own.text])
        for transport in ["+notcp", "+tcp"] {
          for client in ["127.0.9.9", "127.0.2.1"] {
            let answer = try Dig.ask(own, ["-b", client, transport, "www.corp.example"], in: lab)
            #expect(answer.addresses == ["10.2.0.1"], "\(answer.text)")
          }
          let who = try Dig.ask(own, ["-b", "127.0.9.9", transport, "CH", "TXT", "whoami.backroad"], in: lab)
          #expect(who.answer.map(\.data) == [#""workspace=globex" "client=127.0.9.9" "by=listener""#])
          #expect(try Dig.ask(own, ["-b", "127.0.1.1", transport, "www.corp.example"], in: lab).status == "REFUSED")
          #expect(try server.dig("-b", "127.0.1.1", transport, "www.corp.example").addresses == ["10.1.0.1"])
          #expect(try server.dig("-b", "127.0.9.9", transport, "www.corp.example").status == "REFUSED")
        }
        #expect(
          server.program.errors.contains(
            "warning: the server does not listen on \(nobodys.text), so this does nothing; "
              + "start it with --listen \(nobodys.text) too, or remove the address"), "\(server.program.errors)")
      }
    }

    @Test func aWorkspaceMayRequireMoreThanOne() throws {
      try lab { lab in
        let settings = #"{ "clients": ["127.0.2.0/24"], "require": ["token", "clients"] }"#
        try lab.write(settings, to: "zones/globex/workspace.json")
        let token = try token("globex", in: lab).text
        let server = try lab.serve()
        let both = try server.dig("-b", "127.0.2.1", "+ednsopt=65314:\(token)", "www.corp.example")
        #expect(both.addresses == ["10.2.0.1"])
        let noToken = try server.dig("-b", "127.0.2.1", "www.corp.example")
        #expect(noToken.error == "18 (Prohibited): (the workspace requires a token, and the query has none)")
        let elsewhere = try server.dig("-b", "127.0.9.9", "+ednsopt=65314:\(token)", "www.corp.example")
        #expect(
          elsewhere.error
            == "18 (Prohibited): (the workspace requires its clients' prefixes, and the client is in none)")
      }
    }
  }
}

extension [UInt8] {
  /// True when these octets stand somewhere in a row.
  func contains(_ octets: [UInt8]) -> Bool {
    guard !octets.isEmpty, count >= octets.count else { return octets.isEmpty }
    return (0...(count - octets.count)).contains { Array(self[$0..<($0 + octets.count)]) == octets }
  }
}

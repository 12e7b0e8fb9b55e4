import Foundation
import Testing

extension EndToEnd {
  /// What an upstream says of an endpoint's name decides whether the link's name is answered.
  @Suite struct NeverPublic {
    private static let endpoint = "vpce-1.vpce.example.com"

    /// From a name without an address to a private one, to a public one, and to a public one that is meant.
    @Test func aLinksNameFollowsItsEndpointWhileThatIsPrivate() throws {
      try Lab.run { lab in
        let script = Script()
        let upstream = try lab.scriptedUpstream { Message.answer($0.octets, script.records, code: script.code) }
        try lab.backroad(["workspace", "add", "acme", "--client", "127.0.0.0/8"])
        try lab.backroad([
          "import", "hosts", "--workspace", "acme", "--link", "db", "--endpoint", Self.endpoint, "db.corp.example",
        ])
        let server = try lab.serve(flags: upstream)
        let host = "db.corp.example"

        script.set(code: 3, [])
        let pending = try server.dig(host)
        #expect(pending.status == "SERVFAIL")
        #expect(pending.error?.contains("the endpoint of link db has no address yet") == true, "\(pending.text)")

        script.set(code: 0, [.a(10, 1, 0, 9, ttl: 1)])
        try eventually("the endpoint has an address", within: 10) { try server.dig(host).addresses == ["10.1.0.9"] }

        script.set(code: 0, [.a(203, 0, 113, 9, ttl: 1)])
        try eventually("the address is public", within: 10) { try server.dig(host).status == "SERVFAIL" }
        let closed = try server.dig(host)
        #expect(closed.error?.contains("link db leads to the public address 203.0.113.9") == true, "\(closed.text)")
        #expect(try server.dig("+tcp", host).addresses == [])
        #expect(try server.dig("elsewhere.example").addresses == ["203.0.113.9"], "no link's name")

        // By hand, as a person would: the links' folder is watched too.
        let link = "zones/acme/links/db.json"
        try lab.write(lab.read(link).replacingOccurrences(of: "\"ttl\"", with: "\"public\": true, \"ttl\""), to: link)
        try eventually("it may be public", within: 10) { try server.dig(host).addresses == ["203.0.113.9"] }
        #expect(try lab.backroad(["check"]).contains("may be answered with public addresses"))
      }
    }

    /// What the upstream says, changed while it runs.
    private final class Script: @unchecked Sendable {
      private let lock = NSLock()
      private var current: (code: Int, records: [Message.Record]) = (0, [])

      var code: Int { lock.withLock { current.code } }
      var records: [Message.Record] { lock.withLock { current.records } }
      func set(code: Int, _ records: [Message.Record]) { lock.withLock { current = (code, records) } }
    }
  }
}

extension Lab {
  /// Serves with one upstream for all names.
  fileprivate func serve(flags upstream: ScriptedUpstream) throws -> Server {
    try serve(on: "127.0.0.1", ["--workers", "2", "--forward", upstream.address.text])
  }
}

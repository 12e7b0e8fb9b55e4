import Foundation
import Glibc
import Testing

extension EndToEnd {
  /// A link's names lead to its standby, and back, while the server runs.
  @Suite struct Standbys {
    private static let host = "git.corp.example"

    private func answers(_ server: Server, _ address: String) throws {
      try eventually("\(Self.host) leads to \(address)", within: 10) {
        try server.dig(Self.host).addresses == [address]
      }
    }

    @Test func aPersonFailsALinkOverWhileTheServerRuns() throws {
      try Lab.run { lab in
        try lab.backroad(["workspace", "add", "acme", "--client", "127.0.0.0/8"])
        try lab.backroad([
          "import", "hosts", "--workspace", "acme", "--link", "git", "--endpoint", "10.1.0.7", "--standby", "10.9.0.7",
          Self.host,
        ])
        let server = try lab.serve()
        #expect(try server.dig(Self.host).addresses == ["10.1.0.7"])
        try lab.backroad(["link", "failover", "acme", "git"])
        try answers(server, "10.9.0.7")
        #expect(try server.dig("+tcp", Self.host).addresses == ["10.9.0.7"])
        try lab.backroad(["link", "failover", "acme", "git", "--back"])
        try answers(server, "10.1.0.7")
        try lab.backroad(["link", "undo", "acme"])
        try answers(server, "10.9.0.7")
        // A standby that turns out to be public is held closed as an endpoint is.
        let link = "zones/acme/links/git.json"
        try lab.write(lab.read(link).replacingOccurrences(of: "10.9.0.7", with: "203.0.113.7"), to: link)
        let zone = "zones/acme/\(Self.host).zone"
        try lab.write(lab.read(zone).replacingOccurrences(of: "10.9.0.7", with: "203.0.113.7"), to: zone)
        try eventually("it is not answered", within: 10) { try server.dig(Self.host).status == "SERVFAIL" }
        let closed = try server.dig(Self.host)
        #expect(closed.error?.contains("203.0.113.7") == true && closed.addresses == [], "\(closed.text)")
      }
    }

    /// Somebody who listens at a loopback address.
    private final class Listener {
      private let (address, port): (UInt32, UInt16)
      private var descriptor: Int32 = -1

      init(_ address: UInt32, _ port: UInt16) { (self.address, self.port) = (address, port) }
      deinit { close() }

      func open() throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var one: Int32 = 1
        var name = sockaddr_in()
        name.sin_family = sa_family_t(AF_INET)
        name.sin_port = port.bigEndian
        name.sin_addr.s_addr = address.bigEndian
        // unsafe: the calls read locals.
        _ = unsafe setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &one, 4)
        let status = unsafe withUnsafePointer(to: &name) { pointer in
          unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
            unsafe bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
          }
        }
        guard status == 0, listen(descriptor, 512) == 0 else { throw LabError("cannot listen on \(port): \(errno)") }
      }

      func close() {
        if descriptor >= 0 { Glibc.close(descriptor) }
        descriptor = -1
      }
    }

    /// The endpoint's listener goes, and comes back; a link that is not to be failed over stays where it is.
    @Test func aServerFailsALinkOverByItselfAndGoesBack() throws {
      try Lab.run { lab in
        let port = try Port.free()
        let (main, standby) = (Listener(0x7f00_0001, port), Listener(0x7f00_0002, port))
        try main.open()
        try standby.open()
        try lab.backroad(["workspace", "add", "acme", "--client", "127.0.0.0/8"])
        for (name, rule) in [("git", ["--failover-after", "1s,2s"]), ("wiki", [])] {
          try lab.backroad(
            [
              "import", "hosts", "--workspace", "acme", "--link", name, "--endpoint", "127.0.0.1", "--standby",
              "127.0.0.2", "--port", "\(port)", "\(name).corp.example",
            ] + rule)
        }
        let files = try (lab.read("zones/acme/links/git.json"), lab.read("zones/acme/\(Self.host).zone"))
        let server = try lab.serve(on: "127.0.0.1", ["--workers", "1", "--watch-every", "1"])
        func leads(to address: String) throws {
          try eventually("\(Self.host) leads to \(address)", within: 60) {
            try server.dig(Self.host).addresses == [address]
          }
        }
        func list() throws -> String { try lab.backroad(["link", "list"]) }
        try eventually("both links are reachable", within: 60) {
          try list().components(separatedBy: "reachable").count == 3
        }
        #expect(try server.dig(Self.host).addresses == ["127.0.0.1"])
        main.close()
        try leads(to: "127.0.0.2")
        #expect(try server.dig("wiki.corp.example").addresses == ["127.0.0.1"])
        #expect(try server.metric("backroad_links_failed_over") == 1)
        #expect(try server.metric("backroad_link_moves_total") == 1)
        #expect(try list().contains("127.0.0.2 (standby, by the server)"))
        try expectStates(server, lab)
        try expectDoctor(server, lab)
        #expect(try lab.backroad(["link", "show", "acme", "git"]).contains("failed over by the server"))
        #expect(try lab.backroad(["status"]).contains("FAILED OVER SINCE\nacme       git   20"))
        #expect(
          try lab.read("zones/acme/links/git.json") == files.0 && lab.read("zones/acme/\(Self.host).zone") == files.1)
        // A reload of the files keeps it: they say nothing of it.
        try lab.backroad(["reload"])
        #expect(try server.dig(Self.host).addresses == ["127.0.0.2"])
        try main.open()
        try leads(to: "127.0.0.1")
        #expect(try server.metric("backroad_links_failed_over") == 0)
        #expect(try server.metric("backroad_link_moves_total") == 2)
        let log = server.program.errors
        #expect(
          log.contains(
            "link git: the endpoint 127.0.0.1 has failed for 1s, so its names lead to the standby 127.0.0.2 now"))
        #expect(
          log.contains("link git: its names lead to the endpoint 127.0.0.1 again") && !log.contains("link wiki: its"))
      }
    }

    /// A link is as what clients are answered is, wherever that is told; why has the endpoint that they would be answered else.
    private func expectStates(_ server: Server, _ lab: Lab) throws {
      let why = "the names lead to the standby, and the main endpoint is failed since 20"
      try eventually("both are told", within: 60) {
        try server.metric("backroad_links{state=\"reachable\"}") == 1
          && server.metric("backroad_links{state=\"failed\"}") == 1
      }
      let shown = try lab.backroad(["link", "show", "acme", "git"])
      #expect(shown.contains("state: reachable since 20") && shown.contains(why), "\(shown)")
      #expect(shown.contains("  main endpoint: failed") && shown.contains("  standby endpoint: reachable"), "\(shown)")
      let admin = try lab.backroad(["status", "--json"])
      #expect(admin.contains("\"reachable\": 1") && admin.contains("\"failed\": 1"), "\(admin)")
    }

    /// A link that the server has failed over is well; where it cannot be asked, this is said.
    private func expectDoctor(_ server: Server, _ lab: Lab) throws {
      let words = ["doctor", "--workspace", "acme", "--link", "git"]
      for more in [[], ["--server", server.address.text]] {
        let known = try lab.run(Lab.backroad(), words + more)
        #expect(
          known.status == 0 && known.output.contains(" (standby, by the server) "), "\(known.output)\(known.errors)")
      }
      let blind = try lab.run(
        Lab.backroad(), words + ["--server", server.address.text, "--admin", "nobody.sock"])
      #expect(blind.status == 0, "\(blind.output)\(blind.errors)")
      #expect(blind.output.contains("leads to the standby 127.0.0.2: a server fails this link over by itself"))
      let program = try lab.backroad(words + ["--json"])
      #expect(program.contains("\"failedOverBy\": \"server\""), "\(program)")
    }
  }
}

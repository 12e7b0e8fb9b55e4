import Foundation
import Glibc
import Testing

extension EndToEnd {
  /// The server watches the endpoints of links, at real listeners.
  @Suite struct Watch {
    /// Somebody who listens on the loopback address, takes connections or leaves them waiting.
    private final class Listener {
      let port: UInt16
      private var descriptor: Int32 = -1
      private var fillers: [Int32] = []

      init(port: UInt16) { self.port = port }
      deinit { close() }

      private func address<Result>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Result) -> Result {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        let length = socklen_t(MemoryLayout<sockaddr_in>.size)
        // unsafe: the pointer is to the local above.
        return unsafe withUnsafePointer(to: &address) { pointer in
          unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { unsafe body($0, length) }
        }
      }

      /// Listens; the kernel takes connections though nobody accepts them.
      func open(backlog: Int32 = 512) throws {
        close()
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var one: Int32 = 1
        // unsafe: the calls read locals.
        _ = unsafe setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &one, 4)
        guard unsafe address({ unsafe bind(descriptor, $0, $1) }) == 0, listen(descriptor, backlog) == 0 else {
          throw LabError("cannot listen on port \(port): \(errno)")
        }
      }

      /// Listens with no room left, so that nothing comes back from there.
      func openSilent() throws {
        try open(backlog: 0)
        for _ in 0..<4 {
          let filler = socket(
            AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue), 0)
          _ = unsafe address { unsafe connect(filler, $0, $1) }
          fillers.append(filler)
        }
      }

      /// True when somebody has connected.
      var wasCalled: Bool {
        var waiting = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        // unsafe: the call reads and writes a local.
        return unsafe poll(&waiting, 1, 0) > 0
      }

      func close() {
        for filler in fillers { Glibc.close(filler) }
        fillers = []
        if descriptor >= 0 { Glibc.close(descriptor) }
        descriptor = -1
      }
    }

    /// A link as a program is told of it.
    private struct Shown {
      let state: String
      let why: String
      let text: String
    }

    private func show(_ lab: Lab, _ link: String = "git") throws -> Shown {
      let text = try lab.backroad(["link", "show", "acme", link, "--json"])
      let object = try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any]
      return Shown(state: object?["state"] as? String ?? "", why: object?["why"] as? String ?? "", text: text)
    }

    private func await(_ state: String, _ lab: Lab, _ link: String = "git") throws {
      try eventually("link \(link) is \(state)", within: 60) { try show(lab, link).state == state }
    }

    private func serve(_ lab: Lab, _ flags: [String] = []) throws -> Server {
      try lab.serve(on: "127.0.0.1", ["--workers", "1", "--watch-every", "1", "--metrics-by-workspace"] + flags)
    }

    @Test func aLinkLosesAPortThenAllAndComesBackAndEverybodySaysSo() throws {
      try Lab.run { lab in
        let (ssh, https) = (Listener(port: try Port.free()), Listener(port: try Port.free()))
        try lab.backroad(["workspace", "add", "acme", "--client", "127.0.0.0/8"])
        try lab.backroad(["workspace", "add", "other", "--client", "10.2.0.0/16"])
        try lab.backroad([
          "import", "hosts", "--workspace", "acme", "--link", "git", "--address", "127.0.0.1", "--port", "\(ssh.port)",
          "--port", "\(https.port)", "git.corp.example",
        ])
        try lab.backroad(["link", "add", "other", "asked"])
        // Without a server the file alone speaks, and that is said.
        #expect(try lab.backroad(["link", "list"]).contains("unknown"))
        #expect(try show(lab).text.contains(#""seenBy": "file""#))

        try ssh.open()
        try https.open()
        let server = try serve(lab)
        try self.await("reachable", lab)
        #expect(try hasWatcher(server))
        let list = try lab.backroad(["link", "list", "--workspace", "acme"])
        #expect(list.contains("reachable  20"), "\(list)")

        https.close()
        try self.await("degraded", lab)
        let degraded = try show(lab)
        #expect(degraded.why.hasPrefix("port \(https.port) is lost: refused"), "\(degraded.text)")
        #expect(degraded.text.contains(#""seenBy": "server""#) && degraded.text.contains(#""since": "20"#))
        let state = #"backroad_workspace_links{workspace="acme",state="degraded"}"#
        #expect(try server.metric(state) == 1)
        #expect(try server.metric(#"backroad_links{state="degraded"}"#) == 1)
        #expect(try server.metric(#"backroad_links{state="requested"}"#) == 1)
        #expect(try lab.backroad(["status"]).contains("links: 1 degraded, 1 requested\n"))

        try https.openSilent()
        try eventually("nothing comes back", within: 60) {
          try show(lab).why.hasPrefix("port \(https.port) is lost: no answer")
        }
        ssh.close()
        https.close()
        try self.await("failed", lab)
        #expect(try show(lab).why.contains("probably a listener or target group of another port"))
        try ssh.open()
        try https.open()
        try self.await("reachable", lab)

        // One workspace's states are none of another's.
        let others = try server.curl("/v1/links?workspace=other").body
        #expect(others.contains("requested") && !others.contains("git"), "\(others)")
        let failed = try server.curl("/v1/links?state=failed").body
        #expect(failed.contains(#""links":[]"#) || failed.contains(#""links": []"#), "\(failed)")
        #expect(try server.curl("/v1/links?state=lost").status == 422)
        let detail = try server.curl("/v1/workspaces/acme/links").body
        #expect(detail.contains("reachable") && detail.contains("endpoints"))

        for line in [
          "link git of workspace acme is reachable since 20",
          "before reachable: port \(https.port) is lost: refused: ", "before degraded: ", "before failed",
        ] {
          #expect(server.program.errors.contains(line), "\(line)")
        }
      }
    }

    @Test func anEndpointsNameIsAskedForAsTheWorkspacesClientsWould() throws {
      try Lab.run { lab in
        let listener = Listener(port: try Port.free())
        try listener.open()
        let script = Script()
        let upstream = try lab.scriptedUpstream { Message.answer($0.octets, script.records, code: script.code) }
        script.set(code: 3, [])
        try lab.backroad(["workspace", "add", "acme", "--client", "127.0.0.0/8"])
        // The workspace's own forwarding knows the name, and nobody else's.
        let workspace = try lab.read("zones/acme/workspace.json")
        let rule = #""forward": [{"zone": "vpce.example", "to": ["\#(upstream.address.text)"]}], "clients""#
        try lab.write(workspace.replacingOccurrences(of: #""clients""#, with: rule), to: "zones/acme/workspace.json")
        try lab.backroad([
          "import", "hosts", "--workspace", "acme", "--link", "git", "--endpoint", "vpce-1.vpce.example", "--port",
          "\(listener.port)", "git.corp.example",
        ])
        let server = try serve(lab)
        try self.await("not-resolving", lab)
        #expect(try show(lab).why.contains("probably the connection is not accepted yet"))
        script.set(code: 0, [.a(127, 0, 0, 1, ttl: 1)])
        try self.await("reachable", lab)
        script.set(code: 0, [.a(203, 0, 113, 9, ttl: 1)])
        try self.await("failed", lab)
        let shown = try show(lab)
        #expect(shown.why.contains("public address 203.0.113.9, which is never connected to"), "\(shown.text)")
        #expect(server.program.errors.contains("link git of workspace acme is failed since"))
        // A workspace that has gone is watched no more.
        try lab.backroad(["link", "remove", "acme", "git"])
        try eventually("nothing is left", within: 20) { try server.metric(#"backroad_links{state="failed"}"#) == 0 }
      }
    }

    /// Where the operator does not say that links end on the server's own machine, nobody's files make the server knock there.
    @Test func servicesOfTheServersOwnMachineAreNotConnectedTo() throws {
      try Lab.run { lab in
        let listener = Listener(port: try Port.free())
        try listener.open()
        let upstream = try lab.scriptedUpstream { Message.answer($0.octets, [.a(127, 0, 0, 1, ttl: 1)]) }
        try lab.write(#"{ "forward": [{ "zone": ".", "to": ["\#(upstream.address.text)"] }] }"#, to: "backroad.json")
        try lab.backroad(["workspace", "add", "acme", "--client", "127.0.0.0/8"])
        for (link, endpoint) in [("git", "127.0.0.1"), ("wiki", "vpce-1.vpce.example")] {
          try lab.backroad([
            "import", "hosts", "--workspace", "acme", "--link", link, "--endpoint", endpoint, "--port",
            "\(listener.port)",
            "\(link).corp.example",
          ])
        }
        let server = try serve(lab)
        for link in ["git", "wiki"] {
          try self.await("resolving", lab, link)
          #expect(try show(lab, link).why.contains("127.0.0.1, so nothing is connected to: that is this machine's own"))
        }
        let outcome = try lab.run(
          Lab.backroad(), ["doctor", "--workspace", "acme", "--server", server.address.text])
        #expect(outcome.status == 1 && outcome.output.contains("127.0.0.1 is not connected to"), "\(outcome.output)")
        #expect(!listener.wasCalled)
        // A workspace's own word changes nothing: it is refused, and the last good state stays.
        let path = "zones/acme/workspace.json"
        let own = #"{ "own-networks": ["127.0.0.0/8", "169.254.0.0/16"], "#
        try lab.write(lab.read(path).replacing("{", with: own, maxReplacements: 1), to: path)
        let check = try lab.run(Lab.backroad(), ["check"])
        #expect(check.status == 1 && check.output.contains("127.0.0.0/8 is loopback"), "\(check.output)\(check.errors)")
        #expect(check.output.contains("169.254.0.0/16: the addresses of 169.254.0.0/16 are link-local"))
        try eventually("it is told", within: 20) { server.program.errors.contains("127.0.0.0/8 is loopback") }
        #expect(!listener.wasCalled)
      }
    }

    @Test func nobodyWatchesWhereThatIsSwitchedOff() throws {
      try Lab.run { lab in
        try lab.backroad(["workspace", "add", "acme", "--client", "127.0.0.0/8"])
        let listener = Listener(port: try Port.free())
        try listener.open()
        try lab.backroad([
          "import", "hosts", "--workspace", "acme", "--link", "git", "--address", "127.0.0.1", "--port",
          "\(listener.port)", "git.corp.example",
        ])
        let server = try serve(lab, ["--no-watch"])
        #expect(try show(lab).text.contains(#""seenBy": "file""#))
        #expect(try server.metric(#"backroad_links{state="unknown"}"#) == nil)
        #expect(try !hasWatcher(server))
        #expect(try lab.backroad(["status"]).contains("links: not watched\n"))
      }
    }

    /// True when the process has the thread that watches.
    private func hasWatcher(_ server: Server) throws -> Bool {
      let tasks = "/proc/\(server.program.id)/task"
      return try FileManager.default.contentsOfDirectory(atPath: tasks).contains { task in
        (try? String(contentsOfFile: "\(tasks)/\(task)/comm", encoding: .utf8)) == "watch\n"
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

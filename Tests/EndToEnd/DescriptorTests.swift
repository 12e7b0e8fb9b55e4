import Foundation
import Glibc
import Testing

extension EndToEnd {
  /// Connections of who is nobody's client, with few descriptors to go round.
  @Suite struct Descriptors {
    private func serve(_ lab: Lab, descriptors: Int, _ flags: [String] = []) throws -> Server {
      let upstream = try lab.scriptedUpstream { Message.answer($0.octets, [.a(10, 9, 9, 9)]) }
      try lab.workspace(
        "acme", clients: ["127.0.1.1"], zones: ["corp.example": "www A 10.1.0.1\n"],
        forward: ["example.com": [upstream.address]])
      return try lab.serve(on: "127.0.0.1", ["--workers", "1"] + flags, descriptors: descriptors)
    }

    private func status(_ lab: Lab, _ flags: String...) throws -> Int32 {
      try lab.run(Lab.backroad(), ["status"] + flags).status
    }

    /// A client at work keeps its connection, its forwarded questions are answered, and the operator sees what goes on.
    @Test func strangersConnectionsTakeNothingFromOthers() throws {
      try Lab.run { lab in
        // Reading workspaces takes some for each core.
        let descriptors = 366 + 8 * ProcessInfo.processInfo.activeProcessorCount
        let server = try serve(lab, descriptors: descriptors)
        try eventually("the log warns", within: 10) {
          server.program.errors.contains("warning: with \(descriptors) open files at most")
        }
        let active = try TestSocket(SOCK_STREAM, server.address)
        #expect(active.connect(from: "127.0.1.1"))
        func asks() -> Bool {
          active.send(messages: [Message.query("www.corp.example", id: 1)]) && active.message().map(Message.code) == 0
        }
        #expect(asks())
        var crowd: [TestSocket] = []
        for number in 1...1100 {
          let socket = try TestSocket(SOCK_STREAM, server.address)
          _ = socket.connect()
          crowd.append(socket)
          guard number % 100 == 0 else { continue }
          #expect(asks(), "after \(number) connections of strangers")
          #expect(try status(lab) == 0)
        }
        let client = try TestSocket(SOCK_DGRAM, server.address)
        #expect(client.connect(from: "127.0.1.1"))
        var answered = 0
        for number in 0..<50 {
          client.send(Message.query("h\(number).example.com", id: UInt16(number)))
          if let answer = client.receive(milliseconds: 5000), Message.code(answer) == 0 { answered += 1 }
        }
        #expect(answered == 50)
        #expect(asks())
        #expect(try server.metric("backroad_tcp_connections") ?? 1000 < 20)
        #expect(try server.metric(#"backroad_tcp_connections_evicted_total{reason="strangers"}"#) ?? 0 > 1000)
        #expect(try server.metric(#"backroad_tcp_connections_evicted_total{reason="client"}"#) == 0)
        #expect(server.program.resources.descriptors < descriptors)
        #expect(crowd.count == 1100)
      }
    }

    @Test func withTooFewTheServerDoesNotStart() throws {
      try Lab.run { lab in
        try lab.workspace("acme", clients: ["127.0.1.1"])
        let outcome = try lab.run(
          "/bin/sh",
          [
            "-c", #"ulimit -n 100; exec "$0" "$@""#, Lab.backroad(), "serve", "--workers", "4", "--listen",
            "127.0.0.1:\(Port.free())",
          ])
        #expect(outcome.status == 1)
        #expect(outcome.errors.contains("the limit of 100 open files is too low"), "\(outcome.errors)")
      }
    }

    /// Idle ones, and ones in the middle of a request.
    @Test func connectionsOfTheAdminInterfaceThatDoNothingKeepNobodyOut() throws {
      try Lab.run { lab in
        let server = try serve(lab, descriptors: 4096)
        var crowd: [AdminSocket] = []
        for number in 1...1000 {
          guard let socket = AdminSocket(path: server.adminPath) else { throw LabError("no connection") }
          if number % 2 == 0 { socket.send("GET /v1/status HTTP/1.1\r\nHost: loc") }
          crowd.append(socket)
          if number % 100 == 0 { #expect(try status(lab) == 0, "beside \(number) connections") }
        }
        #expect(crowd.count == 1000)
      }
    }

    @Test func whoHasNotShownTheTokenGivesWay() throws {
      try Lab.run { lab in
        try lab.write("0123456789abcdef0123456789abcdef\n", to: "token")
        // unsafe: the call reads the path.
        _ = unsafe chmod(lab.folder.appendingPathComponent("token").path, 0o600)
        let port = try Port.free()
        let admin = ["--admin", "127.0.0.1:\(port)", "--admin-token-file", "token"]
        _ = try serve(lab, descriptors: 4096, admin)
        let request = "GET /v1/status HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer "
        let bearer = try TestSocket(SOCK_STREAM, Endpoint("127.0.0.1", port))
        #expect(bearer.connect())
        func asks() -> Bool {
          bearer.send(Array("\(request)0123456789abcdef0123456789abcdef\r\n\r\n".utf8))
            && bearer.receive(milliseconds: 5000).map { String(decoding: $0.prefix(12), as: UTF8.self) }
              == "HTTP/1.1 200"
        }
        #expect(asks())
        var crowd: [TestSocket] = []
        for number in 1...1000 {
          let socket = try TestSocket(SOCK_STREAM, Endpoint("127.0.0.1", port))
          _ = socket.connect()
          if number % 2 == 0 { socket.send(Array("\(request)wrong\r\n".utf8)) }
          crowd.append(socket)
          guard number % 100 == 0 else { continue }
          let outcome = try lab.run(Lab.backroad(), ["status"] + admin)
          #expect(outcome.status == 0, "\(outcome.errors)")
        }
        #expect(asks(), "it is still there")
        #expect(crowd.count == 1000)
      }
    }
  }
}

import Glibc
import Testing

extension EndToEnd {
  /// Clients behind load balancers, which tell of them by the PROXY protocol.
  @Suite struct BehindALoadBalancer {
    /// The load balancer's address; the others in 127.0.0.0/8 are anybody's.
    private static let proxy = "127.0.0.77"

    private func serve(_ body: (Server) throws -> Void) throws {
      try Lab.run { lab in
        try lab.workspace("acme", clients: ["127.0.1.0/24"], zones: ["corp.example": "www A 10.1.0.1\n"])
        try lab.workspace(
          "globex", clients: ["127.0.2.0/24", "fd00::/16"], zones: ["corp.example": "www A 10.2.0.1\n"])
        try body(lab.serve(["--workers", "2", "--proxy", "\(Self.proxy)/32"]))
      }
    }

    /// What dnsdist sends is what the protocol says, over UDP and TCP, health checks among it.
    @Test func dnsdistTellsOfTheTrueClient() throws {
      try serve { server in
        let dnsdist = try server.lab.dnsdist(before: server.address, from: Self.proxy)
        for (client, workspace, address) in [("127.0.1.5", "acme", "10.1.0.1"), ("127.0.2.5", "globex", "10.2.0.1")] {
          for transport in ["+notcp", "+tcp"] {
            let answer = try Dig.ask(dnsdist.address, ["-b", client, transport, "www.corp.example"], in: server.lab)
            #expect(answer.addresses == [address], "\(answer.text)")
            let who = try Dig.ask(
              dnsdist.address, ["-b", client, transport, "CH", "TXT", "whoami.backroad"], in: server.lab)
            #expect(who.answer.first?.data.hasPrefix("\"workspace=\(workspace)\" \"client=\(client)\"") == true)
          }
        }
        let nobody = try Dig.ask(dnsdist.address, ["-b", "127.0.9.9", "www.corp.example"], in: server.lab)
        #expect(nobody.error?.contains("client 127.0.9.9 is in no workspace") == true, "\(nobody.text)")
      }
    }

    /// The line that `backroad workspace token` prints for dnsdist.
    @Test func dnsdistBringsAToken() throws {
      try serve { server in
        let made = try server.lab.backroad(["workspace", "token", "acme"])
        let line = try #require(made.split(separator: "\n").first { $0.contains("dnsdist   ") })
        let rule = line.drop { $0 == " " }.dropFirst("dnsdist   ".count)
        let dnsdist = try server.lab.dnsdist(before: server.address, from: Self.proxy, String(rule))
        try eventually("the token is valid", within: 5) {
          let who = try Dig.ask(
            dnsdist.address, ["-b", "127.0.9.9", "CH", "TXT", "whoami.backroad"], in: server.lab)
          return who.answer.map(\.data) == [#""workspace=acme" "client=127.0.9.9" "by=token""#]
        }
      }
    }

    // MARK: Octet by octet

    private static let signature: [UInt8] = [13, 10, 13, 10, 0, 13, 10, 0x51, 0x55, 0x49, 0x54, 10]

    /// What a load balancer puts before a client's message.
    static func header(_ client: [UInt8], command: UInt8 = 0x21) -> [UInt8] {
      let family: UInt8 = client.count == 16 ? 0x22 : client.isEmpty ? 0 : 0x12
      let addresses = client.isEmpty ? [] : client + [UInt8](repeating: 9, count: client.count) + [0x30, 0x39, 0, 53]
      return signature + [command, family] + Message.bigEndian(addresses.count) + addresses
    }

    private func socket(_ type: __socket_type, _ server: Server, from source: String) throws -> TestSocket {
      let socket = try TestSocket(type, server.address)
      #expect(socket.connect(from: source))
      return socket
    }

    /// The last octets of the answer, which are the address; or the response code.
    private func result(_ answer: [UInt8]?) -> String {
      guard let answer else { return "nothing" }
      guard Message.answerCount(answer) > 0 else { return "code \(Message.code(answer))" }
      return answer.suffix(4).map(String.init).joined(separator: ".")
    }

    @Test func eachDatagramHasAHeader() throws {
      try serve { server in
        let query = Message.query("www.corp.example", id: 7)
        let socket = try socket(SOCK_DGRAM, server, from: Self.proxy)
        // Whatever is dropped gets no answer, so the answers show that it was.
        let v6 = [0xfd] + [UInt8](repeating: 0, count: 14) + [1]
        for (octets, expected) in [
          (Self.header([127, 0, 1, 5]) + query, "10.1.0.1"), (Self.header([127, 0, 2, 5]) + query, "10.2.0.1"),
          (Self.header(v6) + query, "10.2.0.1"), (Self.header([127, 0, 9, 9]) + query, "code 5"),
          // A health check is the load balancer's own, and that is nobody's client.
          (Self.header([], command: 0x20) + query, "code 5"),
          (Self.header([127, 0, 1, 5], command: 0x20) + query, "code 5"),
        ] as [([UInt8], String)] {
          for dropped in [query, Array(octets.dropFirst()), Array(octets.prefix(20)), Self.signature + query] {
            socket.send(dropped)
          }
          socket.send(octets)
          #expect(result(socket.receive(milliseconds: 5000)) == expected)
        }
        #expect(socket.receive(milliseconds: 50) == nil)
      }
    }

    /// Nobody is answered, so that without a word it would look like a server that is down.
    @Test func whatHasNoHeaderIsToldCountedAndExplained() throws {
      try serve { server in
        let query = Message.query("www.corp.example", id: 7)
        let name = "backroad_proxy_headers_missing_total"
        #expect(try server.metric(name) == 0)
        let socket = try socket(SOCK_DGRAM, server, from: Self.proxy)
        for _ in 0..<3 { socket.send(query) }
        let stream = try self.socket(SOCK_STREAM, server, from: Self.proxy)
        stream.send(Message.bigEndian(query.count) + query)
        try eventually("all four are counted", within: 5) { try server.metric(name) == 4 }
        try eventually("the log tells of it", within: 5) {
          server.program.errors.contains(
            "dropped, for \(Self.proxy) is listed as a load balancer (--proxy) and sends no PROXY protocol header")
        }
        let lines = server.program.errors.split(separator: "\n").filter { $0.contains("no PROXY protocol header") }
        #expect(lines.count <= 2, "one of each worker at most")
        let said = try server.lab.backroad(["explain", "--client", Self.proxy, "www.corp.example"])
        #expect(said.hasPrefix("who      \(Self.proxy) is listed as a load balancer (--proxy): "), "\(said)")
        #expect(said.hasSuffix("outcome  no answer at all\n"), "\(said)")
      }
    }

    /// From anybody else what begins with a header is no message, whole or not, and nothing is answered.
    @Test func anUnlistedSourceIsNotBelieved() throws {
      try serve { server in
        let query = Message.query("www.corp.example", id: 7)
        let name = "backroad_proxy_headers_unlisted_total"
        #expect(try server.metric(name) == 0)
        for (source, expected) in [("127.0.2.9", "10.2.0.1"), ("127.0.9.9", "code 5")] {
          let socket = try socket(SOCK_DGRAM, server, from: source)
          socket.send(Self.header([127, 0, 1, 5]) + query)
          socket.send(Self.signature)
          // Whatever is dropped gets no answer, so this one's is the first.
          socket.send(query)
          #expect(result(socket.receive(milliseconds: 5000)) == expected)
          #expect(socket.receive(milliseconds: 50) == nil)
          let stream = try self.socket(SOCK_STREAM, server, from: source)
          stream.send(Self.header([127, 0, 1, 5]) + Message.bigEndian(query.count) + query)
          #expect(stream.isReadable(milliseconds: 5000), "it is closed")
          #expect(stream.receive(milliseconds: 5000)?.isEmpty ?? true)
        }
        try eventually("all six are counted", within: 5) { try server.metric(name) == 6 }
        #expect(try server.metric(#"backroad_queries_total{transport="udp",outcome="dropped"}"#) == 4)
        #expect(try server.metric(#"backroad_queries_total{transport="udp",outcome="notimp"}"#) == 0)
        #expect(try server.metric("backroad_proxy_headers_missing_total") == 0)
        try eventually("the log tells of it", within: 5) {
          server.program.errors.contains("sends a PROXY protocol header and is not listed as a load balancer (--proxy)")
        }
      }
    }

    /// What follows a message is read as messages, whatever it looks like; and a part of a header may be a length.
    @Test func aConnectionsBeginningAloneIsTakenForAHeader() throws {
      try serve { server in
        let query = Message.query("www.corp.example", id: 7)
        let stream = try socket(SOCK_STREAM, server, from: "127.0.2.9")
        stream.send(Message.bigEndian(query.count) + query)
        #expect(result(stream.message()) == "10.2.0.1")
        stream.send(Self.header([127, 0, 1, 5]))
        #expect(stream.message(milliseconds: 200) == nil)
        #expect(try server.metric("backroad_proxy_headers_unlisted_total") == 0)
        #expect(try server.metric("backroad_tcp_connections") == 1)
        // A query of 3338 octets, whose length is the header's first two, and whose number is the next.
        let long = Self.padded(Message.query("www.corp.example", id: 0x0d0a), to: 0x0d0a)
        let other = try socket(SOCK_STREAM, server, from: "127.0.2.9")
        other.send(Message.bigEndian(long.count) + long)
        let answer = try #require(other.message())
        #expect(Message.code(answer) == 0 && Message.answerCount(answer) == 1)
      }
    }

    /// A query with an OPT record whose padding (RFC 7830) makes it that long.
    private static func padded(_ query: [UInt8], to length: Int) -> [UInt8] {
      let padding = length - query.count - 15
      let option = [0, 12] + Message.bigEndian(padding) + [UInt8](repeating: 0, count: padding)
      let opt = [0, 0, 41, 4, 208, 0, 0, 0, 0] + Message.bigEndian(option.count) + option
      return Array(query[..<10]) + [0, 1] + Array(query[12...]) + opt
    }

    @Test func aConnectionStartsWithAHeader() throws {
      try serve { server in
        let query = Message.query("www.corp.example", id: 7)
        let framed = Message.bigEndian(query.count) + query
        let whole = Self.header([127, 0, 1, 5]) + framed
        let socket = try socket(SOCK_STREAM, server, from: Self.proxy)
        // Octet by octet, and then more on the same connection, without another header.
        for octet in whole { socket.send([octet]) }
        #expect(result(socket.message()) == "10.1.0.1")
        socket.send(framed + framed)
        #expect(result(socket.message()) == "10.1.0.1")
        #expect(result(socket.message()) == "10.1.0.1")
        // A second one is no message: the client is who it was, and nothing is answered.
        socket.send(Self.header([127, 0, 2, 5]) + framed)
        #expect(socket.message(milliseconds: 200) == nil)
        let local = try self.socket(SOCK_STREAM, server, from: Self.proxy)
        local.send(Self.header([], command: 0x20) + framed)
        #expect(result(local.message()) == "code 5")
      }
    }

    @Test func aConnectionWithoutAHeaderIsClosed() throws {
      try serve { server in
        let query = Message.query("www.corp.example", id: 7)
        let framed = Message.bigEndian(query.count) + query
        let tooLong = Self.signature + [0x21, 0x12, 0xff, 0xff]
        for octets in [framed, Array(Self.header([127, 0, 1, 5]).dropFirst()) + framed, tooLong] {
          let socket = try socket(SOCK_STREAM, server, from: Self.proxy)
          socket.send(octets)
          #expect(socket.receive(milliseconds: 5000).map { $0.isEmpty } ?? true)
        }
        // And the others are served as before.
        #expect(try server.dig("-b", "127.0.1.1", "+tcp", "www.corp.example").addresses == ["10.1.0.1"])
      }
    }
  }
}

import Glibc
import Testing

extension EndToEnd {
  /// UDP and TCP, IPv4 and IPv6, small and large answers.
  @Suite struct Transports {
    /// `few` fits into 1232 octets but not into 512; `many` into neither.
    private func serve(_ lab: Lab, on address: String = "127.0.0.1") throws -> Server {
      let records = [("few", 40), ("many", 99)].flatMap { name, count in
        (0..<count).map { "\(name) A 10.1.2.\($0)\n" }
      }
      try lab.workspace(
        "acme", clients: ["127.0.0.0/8", "::1"], zones: ["corp.example": records.joined() + "one A 10.1.0.1\n"])
      return try lab.serve(on: address)
    }

    @Test func whatDoesNotFitIsTruncatedAndCameOverTCP() throws {
      try Lab.run { lab in
        let server = try serve(lab)
        let cut = try server.dig("+ignore", "many.corp.example")
        #expect(cut.flags.contains("tc") && cut.answer.isEmpty && cut.size <= 1232)
        let whole = try server.dig("many.corp.example")
        #expect(whole.wasRetried && whole.usedTCP && whole.answer.count == 99 && !whole.flags.contains("tc"))
        let direct = try server.dig("+tcp", "many.corp.example")
        #expect(direct.answer.count == 99 && !direct.wasRetried)
      }
    }

    /// How many octets a client takes, and whether forty addresses fit (RFC 6891 §6.2.5).
    @Test(
      arguments: [
        ("+noedns", false), ("+bufsize=100", false), ("+bufsize=512", false), ("+bufsize=1232", true),
        ("+bufsize=4096", true), ("+bufsize=65535", true),
      ] as [(String, Bool)])
    func theClientsSizeIsKept(flag: String, fits: Bool) throws {
      try Lab.run { lab in
        let server = try serve(lab)
        let few = try server.dig("+ignore", flag, "few.corp.example")
        #expect(few.flags.contains("tc") == !fits && few.answer.count == (fits ? 40 : 0), "\(few.text)")
        #expect(few.size <= (fits ? 1232 : 512))
        #expect(few.payloadSize == (flag == "+noedns" ? nil : 1232))
        let many = try server.dig("+ignore", flag, "many.corp.example")
        #expect(many.flags.contains("tc") && many.size <= 1232)
      }
    }

    @Test func anotherVersionOfEDNSIsRefusedAsSuch() throws {
      try Lab.run { lab in
        let answer = try serve(lab).dig("+edns=1", "+noednsneg", "one.corp.example")
        #expect(answer.status == "BADVERS" && answer.text.contains("EDNS: version: 0"), "\(answer.text)")
      }
    }

    @Test func manyQueriesOnOneConnectionAreAllAnswered() throws {
      try Lab.run { lab in
        let server = try serve(lab)
        let socket = try TestSocket(SOCK_STREAM, server.address)
        #expect(socket.connect())
        for round in 0..<3 {
          let ids = (0..<200).map { UInt16(round * 1000 + $0) }
          socket.send(messages: ids.map { Message.query("one.corp.example", id: $0) })
          var seen: Set<UInt16> = []
          while seen.count < ids.count, let message = socket.message() {
            #expect(Message.code(message) == 0 && Message.answerCount(message) == 1)
            seen.insert(Message.id(message))
          }
          #expect(seen == Set(ids))
        }
      }
    }

    /// Sets of 50 KB, which fill whatever room there is for answers: each of the pipelined questions is answered, though
    /// the client asks nothing more (RFC 7766 §6.2.1.1).
    private func largeAnswers(_ lab: Lab) throws -> Server {
      let text = String(repeating: "x", count: 240)
      let records = (0..<50).map { "big TXT " + String(repeating: "\"\(text)\" ", count: 4) + "\"\($0)\"\n" }
      let upstream = try lab.scriptedUpstream { Message.answer($0.octets, [.a(10, 9, 9, 9)]) }
      try lab.workspace(
        "acme", clients: ["127.0.0.1"], zones: ["corp.example": records.joined() + "one A 10.1.0.1\n"],
        forward: ["example.com": [upstream.address]])
      return try lab.serve(["--workers", "1"])
    }

    private func large(_ count: Int) -> [[UInt8]] {
      (0..<count).map { Message.query("big.corp.example", type: 16, id: UInt16($0)) }
    }

    /// The ids of the answers that come.
    private func ids(_ socket: TestSocket, _ count: Int) -> [Int] {
      var ids: [Int] = []
      while ids.count < count, let message = socket.message() { ids.append(Int(Message.id(message))) }
      return ids
    }

    @Test(arguments: [7, 200]) func largeAnswersAllComeToWhoAsksNoMore(count: Int) throws {
      try Lab.run { lab in
        let socket = try TestSocket(SOCK_STREAM, largeAnswers(lab).address)
        #expect(socket.connect())
        socket.send(messages: large(count))
        #expect(ids(socket, count) == Array(0..<count))
      }
    }

    @Test func largeAnswersAllComeToWhoHasClosedItsSide() throws {
      try Lab.run { lab in
        let socket = try TestSocket(SOCK_STREAM, largeAnswers(lab).address)
        #expect(socket.connect())
        socket.send(messages: large(40))
        socket.shutdownSending()
        #expect(ids(socket, 40) == Array(0..<40))
        #expect(socket.receive(milliseconds: 5000) == [], "the server closes its side when all is sent")
      }
    }

    /// A client that does not read for a while, beside one that does.
    @Test func largeAnswersAllComeToWhoReadsLate() throws {
      try Lab.run { lab in
        let server = try largeAnswers(lab)
        let slow = try TestSocket(SOCK_STREAM, server.address)
        #expect(slow.connect())
        slow.send(messages: large(200))
        let other = try TestSocket(SOCK_STREAM, server.address)
        #expect(other.connect())
        for id in 0..<50 {
          other.send(messages: [Message.query("one.corp.example", id: UInt16(id))])
          #expect(other.message().map(Message.id) == UInt16(id))
        }
        #expect(ids(slow, 200) == Array(0..<200))
      }
    }

    /// Questions that wait for an upstream, more than may wait at once, among them large ones.
    @Test func whatWaitsAndWhatIsBehindItAllComes() throws {
      try Lab.run { lab in
        let server = try largeAnswers(lab)
        let socket = try TestSocket(SOCK_STREAM, server.address)
        #expect(socket.connect())
        let count = 300
        socket.send(
          messages: (0..<count).map { id in
            id % 10 == 9
              ? Message.query("big.corp.example", type: 16, id: UInt16(id))
              : Message.query("h\(id).example.com", id: UInt16(id))
          })
        #expect(Set(ids(socket, count)) == Set(0..<count))
      }
    }

    /// A query that waits for an upstream does not hold up those behind it (RFC 7766 §6.2.1.1).
    @Test func answersOnAConnectionComeAsTheyAreReady() throws {
      try Lab.run { lab in
        let upstream = try lab.scriptedUpstream { Message.answer($0.octets, [.a(10, 9, 9, 9)]) }
        upstream.hold()
        try lab.workspace(
          "acme", clients: ["127.0.0.1"], zones: ["corp.example": "one A 10.1.0.1\n"],
          forward: ["example.com": [upstream.address]])
        let server = try lab.serve()
        let socket = try TestSocket(SOCK_STREAM, server.address)
        #expect(socket.connect())
        socket.send(messages: [
          Message.query("slow.example.com", id: 1), Message.query("one.corp.example", id: 2),
        ])
        #expect(socket.message().map(Message.id) == 2)
        upstream.release()
        #expect(socket.message().map(Message.id) == 1)
      }
    }

    /// Octets come as they come; lengths and messages may be cut anywhere.
    @Test func aQueryInPiecesIsAnswered() throws {
      try Lab.run { lab in
        let server = try serve(lab)
        let socket = try TestSocket(SOCK_STREAM, server.address)
        #expect(socket.connect())
        let query = Message.query("one.corp.example", id: 77)
        for octet in Message.bigEndian(query.count) + query {
          socket.send([octet])
          usleep(500)
        }
        #expect(socket.message().map(Message.id) == 77)
      }
    }

    @Test func listensOnIPv6() throws {
      try Lab.run { lab in
        let server = try serve(lab, on: "::1")
        for transport in ["+notcp", "+tcp"] {
          #expect(try server.dig(transport, "one.corp.example").addresses == ["10.1.0.1"])
        }
        let who = try server.dig("CH", "TXT", "whoami.backroad")
        #expect(who.answer.first?.data == #""workspace=acme" "client=::1" "by=prefix" "prefix=::1/128""#)
      }
    }

    /// `dig` takes no answer that comes from another address than it asked.
    @Test func aWildcardListenerAnswersFromTheAddressAsked() throws {
      try Lab.run { lab in
        let server = try serve(lab, on: "0.0.0.0")
        for host in ["127.0.0.1", "127.0.0.5", "127.77.1.2"] {
          for transport in ["+notcp", "+tcp"] {
            let answer = try Dig.ask(
              Endpoint(host, server.address.port), [transport, "-b", "127.0.0.1", "one.corp.example"], in: lab)
            #expect(answer.addresses == ["10.1.0.1"] && !answer.text.contains("unexpected source"), "\(answer.text)")
          }
        }
      }
    }

    @Test func aWildcardListenerOfIPv6LeavesIPv4Alone() throws {
      try Lab.run { lab in
        let server = try serve(lab, on: "::")
        #expect(try Dig.ask(Endpoint("::1", server.address.port), ["one.corp.example"], in: lab).status == "NOERROR")
        #expect(try TestSocket(SOCK_DGRAM, Endpoint("127.0.0.1", server.address.port)).bind())
      }
    }

    @Test func aTakenAddressIsRefusedAtTheStart() throws {
      try Lab.run { lab in
        let server = try serve(lab)
        let second = try lab.run(
          Lab.backroad(), ["serve", "--zones", "zones", "--listen", server.address.text])
        #expect(second.status == 1, "\(second)")
        #expect(second.errors.contains("\(server.address.text) is in use"), "\(second.errors)")
        #expect(try server.dig("one.corp.example").status == "NOERROR")
      }
    }
  }
}

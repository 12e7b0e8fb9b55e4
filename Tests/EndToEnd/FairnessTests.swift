import Foundation
import Glibc
import Synchronization
import Testing

extension EndToEnd {
  /// One workspace asks for as much as it can get; what is left for another. `Tests/Benchmarks/attacks` has the times.
  @Suite struct Fairness {
    /// Keeps sending until it is stopped.
    private final class Flood: Sendable {
      private let mustStop = Atomic<Bool>(false)
      private let hasStopped = Atomic<Bool>(false)

      /// Sends, from each of the addresses in turn, so many messages a second.
      init(_ hosts: [String], at server: Endpoint, perSecond: Int, _ message: @escaping @Sendable (Int) -> [UInt8])
        throws
      {
        let sockets = try hosts.map { host in
          let socket = try TestSocket(SOCK_DGRAM, server)
          guard socket.connect(from: host) else { throw LabError("no socket from \(host)") }
          return socket
        }
        let box = Handover(sockets)
        Thread { self.run(box.take(), perSecond, message) }.start()
      }

      private func run(_ sockets: [TestSocket], _ perSecond: Int, _ message: (Int) -> [UInt8]) {
        let start = Date()
        var sent = 0
        while !mustStop.load(ordering: .relaxed) {
          let due = Int(Date().timeIntervalSince(start) * Double(perSecond))
          while sent < due {
            sockets[sent % sockets.count].send(message(sent), waits: false)
            sent += 1
          }
          for socket in sockets { while socket.receive(milliseconds: 0) != nil {} }
          usleep(2_000)
        }
        hasStopped.store(true, ordering: .sequentiallyConsistent)
      }

      func stop() throws {
        mustStop.store(true, ordering: .relaxed)
        try eventually("the flood ends", within: 10) { hasStopped.load(ordering: .sequentiallyConsistent) }
      }
    }

    /// An upstream that is silent; about its SOA, which probes ask for, only if it is to seem dead.
    private final class Silent: Sendable {
      let address: Endpoint
      private let mustStop = Atomic<Bool>(false)

      init(seemsDead: Bool) throws {
        address = Endpoint("127.0.0.1", try Port.free())
        let socket = try TestSocket(SOCK_DGRAM, address)
        guard socket.bind() else { throw LabError("port \(address.port) is taken") }
        let box = Handover(socket)
        Thread {
          let socket = box.take()
          while !self.mustStop.load(ordering: .relaxed) {
            guard let (query, peer) = socket.receiveFrom(milliseconds: 50), query.count >= 12 else { continue }
            if !seemsDead, Message.question(query).type == 6 {
              socket.send(Message.answer(query, [], code: 5), to: peer)
            }
          }
        }.start()
      }

      func stop() { mustStop.store(true, ordering: .relaxed) }
    }

    private static let storming = (1...12).map { "127.0.1.\($0)" }

    /// How many of a hundred fresh names of the calm workspace are answered while the other one's storm goes on.
    private func answered(_ lab: Lab, storm upstream: Endpoint, perSecond: Int) throws -> Int {
      let calm = try lab.scriptedUpstream { Message.answer($0.octets, [.a(10, 2, 0, 9)]) }
      try lab.workspace("storm", clients: ["127.0.1.0/24"], forward: [".": [upstream]])
      try lab.workspace("calm", clients: ["127.0.2.0/24"], forward: [".": [calm.address]])
      let server = try lab.serve(["--workers", "1"])
      let flood = try Flood(Self.storming, at: server.address, perSecond: perSecond) { number in
        Message.query("n\(number).storm.example", id: UInt16(truncatingIfNeeded: number))
      }
      let socket = try TestSocket(SOCK_DGRAM, server.address)
      guard socket.connect(from: "127.0.2.1") else { throw LabError("no socket from 127.0.2.1") }
      // Its limits are reached once this many were sent.
      usleep(4_000_000)
      var answered = 0
      for number in 0..<100 {
        // Spread over as long as a question of the storm waits: the limits are reached and left in waves.
        usleep(35_000)
        socket.send(Message.query("fresh\(number).calm.example", id: UInt16(number)))
        while let answer = socket.receive(milliseconds: 2000) {
          guard Message.id(answer) == UInt16(number) else { continue }
          if Message.code(answer) == 0, Message.answerCount(answer) == 1 { answered += 1 }
          break
        }
      }
      try flood.stop()
      return answered
    }

    @Test(arguments: [false, true]) func aStormOfSilentQuestionsLeavesRoomForAnotherWorkspaces(
      _ seemsDead: Bool
    ) throws {
      try Lab.run { lab in
        let upstream = try Silent(seemsDead: seemsDead)
        defer { upstream.stop() }
        let count = try answered(lab, storm: upstream.address, perSecond: 5000)
        #expect(count >= 99)
      }
    }

    /// One upstream for both: what moves to TCP shares its connections.
    @Test func aStormThatMovesToTCPLeavesRoomForAnotherWorkspaces() throws {
      try Lab.run { lab in
        let upstream = try ScriptedUpstream(port: Port.free()) { question in
          guard question.isTCP else { return [Message.answer(question.octets, [], truncated: true)] }
          return question.name.hasSuffix(".calm.example.") ? [Message.answer(question.octets, [.a(10, 2, 0, 9)])] : []
        }
        defer { upstream.stop() }
        try lab.workspace("storm", clients: ["127.0.1.0/24"])
        try lab.workspace("calm", clients: ["127.0.2.0/24"])
        let server = try lab.serve(["--workers", "1", "--forward", upstream.address.text])
        let flood = try Flood(Self.storming, at: server.address, perSecond: 300) { number in
          Message.query("n\(number).storm.example", id: UInt16(truncatingIfNeeded: number))
        }
        usleep(3_000_000)
        let answers = try (0..<15).map { try server.dig("-b", "127.0.2.1", "+time=3", "big\($0).calm.example") }
        #expect(answers.count { $0.addresses == ["10.2.0.9"] } >= 14)
        try flood.stop()
      }
    }

    /// One answer of 50 KB is what 1,536 questions wait for, over connections on which nobody reads yet.
    @Test func oneAnswerForManyQuestionsIsWrittenAsItIsRead() throws {
      try Lab.run { lab in
        let records = (0..<100).map { number in
          Message.Record(
            type: 16, ttlSeconds: 0,
            data: [250] + [UInt8](repeating: UInt8(number), count: 250)
              + [250] + [UInt8](repeating: 0x78, count: 250))
        }
        let upstream = try lab.scriptedUpstream { question in
          question.isTCP
            ? Message.answer(question.octets, records) : Message.answer(question.octets, [], truncated: true)
        }
        try lab.workspace("storm", clients: ["127.0.1.0/24"], forward: [".": [upstream.address]])
        try lab.workspace("calm", clients: ["127.0.2.0/24"], zones: ["corp.example": "one A 10.1.0.1\n"])
        let server = try lab.serve(["--workers", "1"])
        upstream.hold()
        let connections = try (0..<24).map { number in
          let socket = try TestSocket(SOCK_STREAM, server.address)
          socket.keepsLittle()
          guard socket.connect(from: Self.storming[number % 12]) else { throw LabError("no connection") }
          socket.send(messages: (0..<64).map { Message.query("big.storm.example", type: 16, id: $0) })
          return socket
        }
        #expect(try server.dig("-b", "127.0.2.1", "one.corp.example").addresses == ["10.1.0.1"])
        let before = server.program.resources.memoryOctets
        upstream.release()
        for socket in connections { #expect(socket.isReadable(milliseconds: 5000)) }
        #expect(try server.dig("-b", "127.0.2.1", "one.corp.example").addresses == ["10.1.0.1"])
        // All of it would be 77 MB.
        #expect(server.program.resources.memoryOctets < before + (20 << 20))
        for socket in [connections[0], connections[23]] {
          let answers = (0..<64).compactMap { _ in socket.message() }
          #expect(Set(answers.map { Message.id($0) }) == Set(0..<64))
          #expect(answers.allSatisfy { Message.answerCount($0) == 100 })
        }
      }
    }

    /// Connections of whoever is nobody's client any more are strangers' again: refusals keep none of them open.
    @Test func whoIsAClientNoMoreKeepsNoConnection() throws {
      try Lab.run { lab in
        try lab.workspace("acme", clients: ["127.0.1.0/24"], zones: ["corp.example": "one A 10.1.0.1\n"])
        let server = try lab.serve(["--workers", "1"])
        let connections = try (0..<100).map { number in
          let socket = try TestSocket(SOCK_STREAM, server.address)
          guard socket.connect(from: Self.storming[number % 12]) else { throw LabError("no connection") }
          socket.send(messages: [Message.query("one.corp.example", id: 1)])
          #expect(socket.message().map { Message.code($0) } == 0)
          return socket
        }
        try lab.workspace("acme", clients: ["127.0.9.0/24"], zones: ["corp.example": "one A 10.1.0.1\n"])
        try eventually("it is nobody's client", within: 10) {
          try server.dig("-b", "127.0.1.1", "one.corp.example").status == "REFUSED"
        }
        var living = connections
        try eventually("only a stranger's part is left", within: 20) {
          living = living.filter { socket in
            socket.send(messages: [Message.query("one.corp.example", id: 2)])
              && socket.message(milliseconds: 500) != nil
          }
          return living.count <= 64
        }
        try eventually("the rest ends too, whatever it asks", within: 30) {
          living = living.filter { socket in
            socket.send(messages: [Message.query("one.corp.example", id: 3)])
              && socket.message(milliseconds: 500) != nil
          }
          return living.isEmpty
        }
      }
    }

    /// Nobody's clients hold as many connections as they can get.
    @Test func idleConnectionsOfNobodysClientsAreInNobodysWay() throws {
      try Lab.run { lab in
        let upstream = try lab.scriptedUpstream { Message.answer($0.octets, [.a(10, 2, 0, 9)]) }
        try lab.workspace("calm", clients: ["127.0.2.0/24"], forward: [".": [upstream.address]])
        let address = Endpoint("127.0.0.1", try Port.free())
        // As many descriptors as many systems give a program, and no way to more.
        let program = try lab.start(
          "prlimit",
          ["--nofile=1024:1024", Lab.backroad(), "serve", "--listen", address.text, "--workers", "2"])
        let server = Server(program: program, address: address, lab: lab)
        try address.awaitAnswer(from: program)
        let active = try TestSocket(SOCK_STREAM, server.address)
        guard active.connect(from: "127.0.2.1") else { throw LabError("no connection") }
        active.send(messages: [Message.query("first.calm.example", id: 1)])
        #expect(active.message() != nil)
        let idle = try (0..<1100).map { number in
          let socket = try TestSocket(SOCK_STREAM, server.address)
          _ = socket.connect(from: "127.0.3.\(number % 200 + 1)")
          return socket
        }
        let answers = try server.dig(each: (0..<50).map { "forwarded\($0).calm.example" }, "-b", "127.0.2.1")
        #expect(answers.allSatisfy { $0.addresses == ["10.2.0.9"] })
        active.send(messages: [Message.query("second.calm.example", id: 2)])
        #expect(active.message().map { Message.id($0) } == 2, "who uses its connection keeps it")
        #expect(try lab.run(Lab.backroad(), ["status", "--zones", "zones"]).status == 0)
        withExtendedLifetime(idle) {}
      }
    }
  }
}

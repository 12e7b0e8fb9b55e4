import Foundation
import Glibc
import TestKit
import Testing

extension EndToEnd {
  /// Half a million packets of nonsense, and clients that stall: the server stays as it was.
  @Suite struct Hardship {
    /// `BACKROAD_PACKETS` asks for another number.
    static let packetCount = ProcessInfo.processInfo.environment["BACKROAD_PACKETS"].flatMap { Int($0) } ?? 500_000

    private func serve(_ lab: Lab, workers: Int = 2) throws -> Server {
      let upstream = try lab.scriptedUpstream { Message.answer($0.octets, [.a(10, 9, 9, 9)]) }
      try lab.workspace(
        "acme", clients: ["127.0.0.1", "127.0.1.1"],
        zones: [
          "corp.example":
            "www A 10.1.0.1\n* A 10.1.0.2\nalias CNAME www\nmany TXT \"\(String(repeating: "x", count: 200))\"\n"
        ],
        forward: ["example.com": [upstream.address]])
      return try lab.serve(["--workers", "\(workers)"])
    }

    /// The same connection's queries are served in order, so that an answer shows that all before it were.
    private func askThrough(_ socket: TestSocket, id: UInt16) -> Bool {
      socket.send(Message.query("www.corp.example", id: id))
      while let message = socket.receive(milliseconds: 3000) {
        if message.count > 12, Message.id(message) == id, Message.answerCount(message) == 1,
          message.suffix(4).elementsEqual([10, 1, 0, 1])
        {
          return true
        }
      }
      return false
    }

    @Test(arguments: [Seeds.ofRun]) func nonsenseOverUDPChangesNothing(seed: UInt64) throws {
      try Lab.run { lab in
        let server = try serve(lab)
        var nonsense = Nonsense(seed: seed)
        let socket = try TestSocket(SOCK_DGRAM, server.address)
        #expect(socket.connect())
        var settled: (memoryOctets: Int, descriptors: Int)?
        for count in 1...Self.packetCount {
          socket.send(nonsense.packet())
          guard count % 64 == 0 else { continue }
          let isAlive = askThrough(socket, id: UInt16(truncatingIfNeeded: count))
          try #require(isAlive, "no answer after \(count) packets")
          // What is allocated once, for the first of each kind, is there by now.
          if settled == nil, count > Self.packetCount / 10 { settled = server.program.resources }
        }
        try expectFlat(server, since: settled)
      }
    }

    @Test(arguments: [Seeds.ofRun]) func nonsenseOverTCPChangesNothing(seed: UInt64) throws {
      try Lab.run { lab in
        let server = try serve(lab)
        var nonsense = Nonsense(seed: seed)
        var settled: (memoryOctets: Int, descriptors: Int)?
        for count in 1...(Self.packetCount / 100) {
          let socket = try TestSocket(SOCK_STREAM, server.address)
          #expect(socket.connect())
          let packets = (0..<4).map { _ in nonsense.packet() }
          // Half of them with a length that is right.
          if nonsense.generator.oneIn(2) { socket.send(messages: packets) } else { socket.send(packets.flatMap { $0 }) }
          if count == Self.packetCount / 1000 { settled = server.program.resources }
        }
        #expect(try server.dig("+tcp", "www.corp.example").addresses == ["10.1.0.1"])
        try expectFlat(server, since: settled)
      }
    }

    /// Each in its own way: silent, in the middle of a length, in the middle of a message, and without reading.
    @Test func clientsThatStallKeepNobodyWaiting() throws {
      try Lab.run { lab in
        let server = try serve(lab)
        #expect(try server.dig("+tcp", "www.corp.example").status == "NOERROR")
        let before = server.program.resources
        let query = Message.query("many.corp.example", type: 16, id: 1)
        let clients = try (0..<300).map { index in
          let socket = try TestSocket(SOCK_STREAM, server.address)
          #expect(socket.connect())
          switch index % 10 {
          case 0...2: break
          case 3...5: socket.send([0])
          case 6...8: socket.send(Message.bigEndian(query.count) + query.prefix(7))
          default:
            let burst = [[UInt8]](repeating: query, count: 500).flatMap { Message.bigEndian($0.count) + $0 }
            for _ in 0..<20 where socket.send(burst, waits: false) {}
          }
          return socket
        }
        for _ in 0..<20 {
          for transport in ["+notcp", "+tcp"] {
            let start = Date()
            #expect(try server.dig(transport, "www.corp.example").addresses == ["10.1.0.1"])
            #expect(Date().timeIntervalSince(start) < 1, "nobody waits for those who stall")
          }
        }
        let during = server.program.resources
        #expect(during.memoryOctets - before.memoryOctets < 160 << 20, "\(before) → \(during)")
        try eventually("the stalled connections are closed", within: 30) {
          server.program.resources.descriptors <= before.descriptors
        }
        #expect(try server.dig("+tcp", "www.corp.example").addresses == ["10.1.0.1"])
        #expect(clients.count == 300)
      }
    }

    /// Whoever opens a thousand connections closes their own, and none of another's, however long that one was idle.
    @Test func oneClientsConnectionsLeaveRoomForOthers() throws {
      try Lab.run { lab in
        let server = try serve(lab, workers: 1)
        let quiet = try TestSocket(SOCK_STREAM, server.address)
        #expect(quiet.connect(from: "127.0.1.1"))
        let query = Message.query("www.corp.example", id: 1)
        func asks() -> Bool { quiet.send(messages: [query]) && quiet.message() != nil }
        #expect(asks())
        var crowd: [TestSocket] = []
        for number in 0..<1_000 {
          let socket = try TestSocket(SOCK_STREAM, server.address)
          #expect(socket.connect())
          crowd.append(socket)
          // An answer shows that all connections before were taken.
          if number % 100 == 99 {
            socket.send(messages: [query])
            #expect(socket.message() != nil)
          }
        }
        #expect(asks())
        #expect(try server.metric(#"backroad_tcp_connections_evicted_total{reason="client"}"#) ?? 0 > 800)
        #expect(try server.metric(#"backroad_tcp_connections_evicted_total{reason="strangers"}"#) == 0)
      }
    }

    private func expectFlat(_ server: Server, since settled: (memoryOctets: Int, descriptors: Int)?) throws {
      let settled = try #require(settled)
      try eventually("no descriptor is left open", within: 30) {
        server.program.resources.descriptors <= settled.descriptors
      }
      let now = server.program.resources
      #expect(now.memoryOctets < settled.memoryOctets + 4 << 20, "memory grew: \(settled) → \(now)")
      #expect(try server.dig("alias.corp.example").addresses == ["10.1.0.1"])
    }
  }
}

/// Packets that are no queries, or hardly.
private struct Nonsense {
  var generator: SeededGenerator
  private static let names = ["www.corp.example", "alias.corp.example", "x.y.corp.example", "a.example.com", ""]

  init(seed: UInt64) { generator = SeededGenerator(seed: seed) }

  mutating func packet() -> [UInt8] {
    switch Int.random(in: 0..<6, using: &generator) {
    case 0: return generator.octets(Int.random(in: 0...600, using: &generator))
    case 1: return Array(query().prefix(Int.random(in: 0...40, using: &generator)))
    case 2: return damaged(query(), times: 3)
    case 3: return damaged(query() + generator.octets(30), times: 8)
    case 4: return pointers()
    default: return counts()
    }
  }

  private mutating func query() -> [UInt8] {
    let type = Int.random(in: 0...300, using: &generator)
    var message = Message.query(generator.pick(Self.names), type: type, id: 0xffff)
    if generator.oneIn(2) {
      message[11] = 1
      let length = Int.random(in: 0...20, using: &generator)
      message += [0, 0, 41] + generator.octets(6) + Message.bigEndian(length) + generator.octets(length)
    }
    return message
  }

  private mutating func damaged(_ message: [UInt8], times: Int) -> [UInt8] {
    var message = message
    for _ in 0..<times where !message.isEmpty {
      message[Int.random(in: message.indices, using: &generator)] = UInt8.random(in: 0...255, using: &generator)
    }
    return message
  }

  /// Names that point at themselves, at each other, and out of the message.
  private mutating func pointers() -> [UInt8] {
    let target = Int.random(in: 0...40, using: &generator)
    let labels = generator.oneIn(2) ? [1, 0x61] : []
    return [0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0] + labels.map { UInt8($0) } + Message.bigEndian(0xc000 | target)
      + [0, 1, 0, 1]
  }

  /// A header that promises other counts than there are.
  private mutating func counts() -> [UInt8] {
    var message = query()
    message.replaceSubrange(4..<12, with: generator.octets(8).map { generator.oneIn(2) ? $0 & 3 : $0 })
    return message
  }
}

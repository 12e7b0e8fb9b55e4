import Foundation
import Glibc
import Synchronization
import TestKit
import Testing

extension EndToEnd {
  /// From where upstreams are reached, whose answers are whose, and networks that lose.
  @Suite struct Reach {
    /// Answers every query with the address that it came from.
    private static func runSourceTelling<Result>(_ body: (Endpoint) throws -> Result) throws -> Result {
      let address = Endpoint("127.0.0.1", try Port.free())
      let socket = try TestSocket(SOCK_DGRAM, address)
      guard socket.bind() else { throw LabError("port \(address.port) is taken") }
      let box = Handover(socket)
      let flag = Stopping()
      let thread = Thread {
        let socket = box.take()
        while !flag.isSet {
          guard let (octets, peer) = socket.receiveFrom(milliseconds: 50) else { continue }
          let source = peer.storage.ipv4
          socket.send(Message.answer(octets, [.a(source[0], source[1], source[2], source[3])]), to: peer)
        }
      }
      thread.start()
      defer { flag.set() }
      return try body(address)
    }

    private final class Stopping: Sendable {
      private let flag = Atomic<Bool>(false)
      var isSet: Bool { flag.load(ordering: .sequentiallyConsistent) }
      func set() { flag.store(true, ordering: .sequentiallyConsistent) }
    }

    private func workspace(_ name: String, client: String, to: String, cache: String = "shared", in lab: Lab) throws {
      let text = """
        {
          "clients": ["\(client)"],
          "forward": [{ "zone": "corp.example", "to": ["\(to)"] }],
          "cache": "\(cache)"
        }

        """
      try lab.write(text, to: "zones/\(name)/workspace.json")
    }

    /// Two tenants have one address for their resolvers; each is reached from the tenant's own side.
    @Test func eachWorkspaceReachesAnUpstreamFromItsOwnAddress() throws {
      try Lab.run { lab in
        try Self.runSourceTelling { upstream in
          try workspace("acme", client: "127.0.1.1", to: "\(upstream.text)@127.0.0.11", in: lab)
          try workspace("globex", client: "127.0.2.1", to: "\(upstream.text)@127.0.0.22", in: lab)
          let server = try lab.serve()
          for _ in 0..<2 {
            #expect(try server.dig("-b", "127.0.1.1", "www.corp.example").addresses == ["127.0.0.11"])
            #expect(try server.dig("-b", "127.0.2.1", "www.corp.example").addresses == ["127.0.0.22"])
          }
        }
      }
    }

    @Test func anUpstreamIsReachedThroughAnInterface() throws {
      try Lab.run { lab in
        try Self.runSourceTelling { upstream in
          try workspace("acme", client: "127.0.1.1", to: "\(upstream.text)@lo", in: lab)
          try workspace("globex", client: "127.0.2.1", to: "\(upstream.text)@none0", in: lab)
          let server = try lab.serve()
          #expect(try server.dig("-b", "127.0.1.1", "www.corp.example").addresses == ["127.0.0.1"])
          let none = try server.dig("-b", "127.0.2.1", "www.corp.example")
          #expect(
            none.status == "SERVFAIL" && none.error?.contains("no socket could be opened") == true, "\(none.text)")
        }
      }
    }

    /// RFC 9715 §3.1: what is on the wire has DF set, queries to upstreams and answers to clients.
    @Test func datagramsForbidFragments() throws {
      let every = socket(AF_PACKET, Int32(SOCK_RAW.rawValue), Int32(UInt16(0x0800).bigEndian))
      guard every >= 0 else {
        print("skipped: only root sees what is on the wire")
        return
      }
      defer { close(every) }
      try Lab.run { lab in
        try Self.runSourceTelling { upstream in
          try workspace("acme", client: "127.0.0.1", to: upstream.text, in: lab)
          let server = try lab.serve()
          #expect(try server.dig("fragments.corp.example").status == "NOERROR")
          var seen: Set<UInt16> = []
          var packet = [UInt8](repeating: 0, count: 65_536)
          while true {
            // unsafe: fills the array, whose length it is given.
            let count = unsafe recv(every, &packet, packet.count, Int32(MSG_DONTWAIT))
            guard count > 0 else { break }
            // Ethernet's 14 octets, IPv4's 20, then the ports.
            guard count > 42, packet[14] == 0x45, packet[23] == 17 else { continue }
            let from = UInt16(packet[34]) << 8 | UInt16(packet[35])
            let to = UInt16(packet[36]) << 8 | UInt16(packet[37])
            guard to == upstream.port || from == server.address.port else { continue }
            #expect(packet[20] & 0x40 != 0, "a datagram from port \(from) to \(to) may be fragmented")
            seen.insert(to == upstream.port ? to : from)
          }
          #expect(seen == [upstream.port, server.address.port], "both kinds were seen")
        }
      }
    }

    @Test func aCacheOfItsOwnIsNobodyElses() throws {
      try Lab.run { lab in
        let upstream = try lab.scriptedUpstream { Message.answer($0.octets, [.a(10, 9, 9, 9)]) }
        for (name, cache) in [("acme", "own"), ("globex", "shared"), ("initech", "shared")] {
          let text = "{ \"clients\": [\"127.0.\(name.utf8.count).0/24\"], \"cache\": \"\(cache)\" }\n"
          try lab.write(text, to: "zones/\(name)/workspace.json")
        }
        let server = try lab.serve(["--forward", upstream.address.text])
        for (client, count) in [
          ("127.0.6.1", 1), ("127.0.7.1", 1), ("127.0.4.1", 2), ("127.0.4.2", 2), ("127.0.6.2", 2),
        ] {
          #expect(try server.dig("-b", client, "www.example.com").addresses == ["10.9.9.9"])
          #expect(upstream.questions.count == count, "asked from \(client)")
        }
      }
    }

    /// NSD in a network namespace, at 198.18.77.2; the body gets the name of the link that leads there.
    private func withFarServer(_ body: (Lab, Server, String) throws -> Void) throws {
      try Lab.run { lab in
        let (name, link) = ("backroad-\(getpid())", "br\(getpid())")
        guard try Self.makeNetwork(name, link, in: lab) else {
          print("skipped: network namespaces are not to be had here")
          return
        }
        defer { _ = try? lab.run("ip", ["netns", "delete", name]) }
        let folder = "\(lab.folder.path)/far"
        try lab.write(Lab.zoneText("* A 10.1.0.77\n"), to: "far/example.com.zone")
        let text = """
          server:
            ip-address: 198.18.77.2@5353
            username: ""
            chroot: ""
            database: ""
            zonesdir: "\(folder)"
            pidfile: ""
            xfrdfile: "\(folder)/xfrd.state"
            zonelistfile: "\(folder)/zone.list"
          remote-control:
            control-enable: no
          zone:
            name: example.com
            zonefile: example.com.zone

          """
        try lab.write(text, to: "far/nsd.conf")
        _ = try lab.start("ip", ["netns", "exec", name, "/usr/sbin/nsd", "-d", "-c", "\(folder)/nsd.conf"])
        try lab.workspace("acme", clients: ["127.0.0.1"], forward: [".": [Endpoint("198.18.77.2", 5353)]])
        let server = try lab.serve()
        var count = 0
        try eventually("the upstream answers", within: 20) {
          count += 1
          return try server.dig("ready\(count).example.com").addresses == ["10.1.0.77"]
        }
        try body(lab, server, link)
      }
    }

    @Test func aLinkThatWasDownIsUsedAgain() throws {
      try withFarServer { lab, server, link in
        #expect(try lab.run("ip", ["link", "set", link, "down"]).status == 0)
        for index in 0..<5 {
          let answer = try Dig.ask(server.address, ["+time=6", "down\(index).example.com"], in: lab)
          #expect(answer.status == "SERVFAIL" && answer.error != nil, "\(answer.text)")
        }
        #expect(try lab.run("ip", ["link", "set", link, "up"]).status == 0)
        var count = 0
        try eventually("names resolve again", within: 5) {
          count += 1
          return try server.dig("+time=6", "up\(count).example.com").addresses == ["10.1.0.77"]
        }
      }
    }

    /// A third of the queries are lost: nearly every name still resolves, and in the client's time.
    @Test func aNetworkThatLosesAThirdIsBorne() throws {
      try withFarServer { lab, server, link in
        let arguments = ["qdisc", "replace", "dev", link, "root", "netem", "loss", "33%", "delay", "5ms"]
        guard try lab.run("tc", arguments).status == 0 else {
          print("skipped: this kernel has no netem; the scripted upstream's losses stand in for it")
          return
        }
        try expectBearable(server)
      }
    }

    /// The same without a kernel that loses: the upstream is deaf to a third of what it is asked.
    @Test(arguments: [Seeds.ofRun]) func anUpstreamThatLosesAThirdIsBorne(seed: UInt64) throws {
      try Lab.run { lab in
        let dice = Mutex<SeededGenerator>(SeededGenerator(seed: seed))
        let script: ScriptedUpstream.Script = { question in
          let isLost = dice.withLock { Int.random(in: 0..<3, using: &$0) == 0 }
          return isLost ? [] : [Message.answer(question.octets, [.a(10, 1, 0, 77)])]
        }
        try ScriptedUpstream.run(script) { upstream in
          try lab.workspace("acme", clients: ["127.0.0.1"], forward: [".": [upstream.address]])
          try expectBearable(lab.serve())
        }
      }
    }

    private func expectBearable(_ server: Server) throws {
      var resolved = 0
      for index in 0..<60 {
        let start = Date()
        let answer = try Dig.ask(server.address, ["+time=6", "host\(index).example.com"], in: server.lab)
        resolved += answer.addresses == ["10.1.0.77"] ? 1 : 0
        #expect(!answer.status.isEmpty && Date().timeIntervalSince(start) < 4.5, "\(answer.text)")
      }
      // Four tries or more of which each gets through two times of three: one name in eighty fails.
      #expect(resolved >= 54, "\(resolved) of 60 names resolved")
    }

    /// A namespace with an address of its own, linked to this one; false where that is not allowed.
    private static func makeNetwork(_ name: String, _ link: String, in lab: Lab) throws -> Bool {
      let steps = [
        ["netns", "add", name], ["link", "add", link, "type", "veth", "peer", "name", "far0", "netns", name],
        ["address", "add", "198.18.77.1/30", "dev", link], ["link", "set", link, "up"],
        ["-n", name, "address", "add", "198.18.77.2/30", "dev", "far0"], ["-n", name, "link", "set", "far0", "up"],
        ["-n", name, "link", "set", "lo", "up"],
      ]
      for step in steps where try lab.run("ip", step).status != 0 {
        _ = try lab.run("ip", ["netns", "delete", name])
        return false
      }
      return true
    }
  }
}

extension sockaddr_storage {
  /// The IPv4 address, octet by octet.
  fileprivate var ipv4: [UInt8] {
    var copy = self
    // unsafe: reads four octets of a local, where an IPv4 address has them (struct sockaddr_in).
    return unsafe withUnsafeBytes(of: &copy) { unsafe Array($0[4..<8]) }
  }
}

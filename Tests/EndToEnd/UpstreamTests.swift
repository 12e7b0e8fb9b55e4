import Testing

extension EndToEnd {
  /// Names whose ends are elsewhere: an endpoint that is not pinned, resolved by real servers as upstreams.
  @Suite struct Upstreams {
    static let endpoint = "vpce-0a1b2c3d4e5f60718-acmeacme.vpce-svc-0a1b2c3d4e5f60718.us-east-1.vpce.amazonaws.com"
    static let account = "ac41702.us-east-1.privatelink.snowflakecomputing.com"

    /// What the upstream holds below `vpce.amazonaws.com`.
    static let records = """
      vpce-0a1b2c3d4e5f60718-acmeacme.vpce-svc-0a1b2c3d4e5f60718.us-east-1 60 A 10.1.20.7
      vpce-0a1b2c3d4e5f60718-acmeacme.vpce-svc-0a1b2c3d4e5f60718.us-east-1 60 A 10.1.21.7
      vpce-0a1b2c3d4e5f60718-acmeacme.vpce-svc-0a1b2c3d4e5f60718.us-east-1 60 AAAA fd00:1::7

      """

    enum Peer: String, CaseIterable {
      case nsd, bind, unbound, dnsmasq
    }

    private func start(_ peer: Peer, in lab: Lab) throws -> Lab.Daemon {
      let zones = ["vpce.amazonaws.com": Lab.zoneText(Self.records)]
      switch peer {
      case .nsd: return try lab.nsd(zones)
      case .bind: return try lab.bind(zones)
      case .unbound: return try lab.unbound("vpce.amazonaws.com", from: lab.nsd(zones).address)
      case .dnsmasq: return try lab.dnsmasq([Self.endpoint: ["10.1.20.7", "10.1.21.7", "fd00:1::7"]])
      }
    }

    /// A workspace whose account leads to the endpoint, which the upstream knows.
    private func serve(_ lab: Lab, _ upstream: Endpoint) throws -> Server {
      try lab.workspace(
        "acme", clients: ["127.0.0.1"],
        zones: ["privatelink.snowflakecomputing.com": "ac41702.us-east-1 CNAME \(Self.endpoint).\n"],
        forward: ["vpce.amazonaws.com": [upstream]])
      return try lab.serve()
    }

    @Test(arguments: Peer.allCases) func theWholeChainIsAnswered(_ peer: Peer) throws {
      try Lab.run { lab in
        let server = try serve(lab, start(peer, in: lab).address)
        for transport in ["+notcp", "+tcp"] {
          let four = try server.dig(transport, Self.account, "A")
          #expect(four.status == "NOERROR" && four.records.first == "\(Self.account). CNAME \(Self.endpoint).")
          // In any order: some upstreams rotate the records of a set.
          #expect(four.addresses.sorted() == ["10.1.20.7", "10.1.21.7"] && four.answer.count == 3, "\(four.text)")
          #expect(four.answer.dropFirst().allSatisfy { $0.owner == "\(Self.endpoint)." })
          let six = try server.dig(transport, Self.account, "AAAA")
          #expect(six.addresses == ["fd00:1::7"] && six.answer.count == 2, "\(six.text)")
          let text = try server.dig(transport, Self.account, "TXT")
          #expect(text.status == "NOERROR" && text.records == ["\(Self.account). CNAME \(Self.endpoint)."])
          let missing = try server.dig(transport, "missing.us-east-1.vpce.amazonaws.com")
          #expect(missing.status == "NXDOMAIN", "\(missing.text)")
        }
      }
    }

    @Test func timesToLiveCountDownAndHitsStayHere() throws {
      try Lab.run { lab in
        let nsd = try start(.nsd, in: lab)
        let server = try serve(lab, nsd.address)
        let first = try server.dig(Self.account)
        #expect(first.answer.map(\.ttlSeconds) == [300, 60, 60])
        let asked = try lab.queryCount(nsd)
        for _ in 0..<20 {
          for transport in ["+notcp", "+tcp"] {
            #expect(try server.dig(transport, Self.account).addresses == ["10.1.20.7", "10.1.21.7"])
          }
        }
        try eventually("the TTL counts down", within: 5) {
          let ttls = try server.dig(Self.account).answer.map(\.ttlSeconds)
          // The zone's own record does not age; what was learned does.
          return ttls[0] == 300 && ttls[1] <= 58 && ttls[1] == ttls[2] && ttls[1] > 50
        }
        #expect(try lab.queryCount(nsd) == asked, "the cache's hits reached the upstream")
        #expect(try server.dig(Self.endpoint, "AAAA").addresses == ["fd00:1::7"])
        #expect(try lab.queryCount(nsd) == asked + 1, "another type is another question")
      }
    }

    @Test func whatOneWorkspaceLearnedAnotherDoesNotSee() throws {
      try Lab.run { lab in
        let one = try lab.scriptedUpstream { Message.answer($0.octets, [.a(10, 1, 0, 9)]) }
        let other = try lab.scriptedUpstream { Message.answer($0.octets, [.a(10, 2, 0, 9)]) }
        try lab.workspace("acme", clients: ["127.0.1.0/24"], forward: ["corp.example": [one.address]])
        try lab.workspace("globex", clients: ["127.0.2.0/24"], forward: ["corp.example": [other.address]])
        let server = try lab.serve()
        for _ in 0..<3 {
          #expect(try server.dig("-b", "127.0.1.1", "wiki.corp.example").addresses == ["10.1.0.9"])
          #expect(try server.dig("-b", "127.0.2.1", "wiki.corp.example").addresses == ["10.2.0.9"])
        }
        #expect(one.questions.count == 1 && other.questions.count == 1)
      }
    }

    @Test func theLongestRuleDecidesAndTheWorkspacesOwnComesFirst() throws {
      try Lab.run { lab in
        let answers = try (1...3).map { number in
          try lab.scriptedUpstream { Message.answer($0.octets, [.a(10, 0, 0, UInt8(number))]) }
        }
        try lab.workspace(
          "acme", clients: ["127.0.0.1"],
          forward: ["corp.example": [answers[0].address], "lab.corp.example": [answers[1].address]])
        let server = try lab.serve(["--forward", answers[2].address.text])
        #expect(try server.dig("wiki.corp.example").addresses == ["10.0.0.1"])
        #expect(try server.dig("wiki.lab.corp.example").addresses == ["10.0.0.2"])
        #expect(try server.dig("notcorp.example").addresses == ["10.0.0.3"])
        #expect(try server.dig("www.example.com").addresses == ["10.0.0.3"])
      }
    }
  }
}

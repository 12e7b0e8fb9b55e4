import Answering
import Forwarding
import TestKit
import Testing
import Wire
import Workspaces

/// Over random chains, links, upstreams and caches: no public address for a link's name, on any path; and what is private
/// is answered as if nothing were guarded.
@Suite struct NeverPublicPropertyTests {
  /// One world: names of a zone and of upstreams, each with what it leads to, and which of them are links'.
  private struct World {
    var zone: [String] = []
    var script: [String: String] = [:]
    var guarded: Set<String> = []
    var requested: Set<String> = []
    /// What each owner leads to by a CNAME or an ALIAS, of which an answer does not show the latter.
    var leads: [String: String] = [:]
    var random: SeededGenerator

    static let held = (0..<8).map { "h\($0).example." }
    /// Names that only a wildcard may answer.
    static let below = held.map { "x.\($0)" }
    static let away = (0..<6).map { "u\($0).away.test." }
    static let addresses: [RecordType: [String]] = [
      .a: ["10.0.0.1", "100.64.0.1", "192.168.1.1", "203.0.113.1", "169.254.169.254", "172.32.0.1"],
      .aaaa: ["fd00::1", "::1", "2001:db8::1", "fe80::1", "::ffff:10.0.0.1", "::ffff:203.0.113.9"],
    ]

    init(seed: UInt64) {
      random = SeededGenerator(seed: seed)
      for (place, name) in Self.held.enumerated() { hold(name, at: place) }
      for name in Self.away { for type in [RecordType.a, .aaaa] { script["\(name) \(type)"] = response(name, type) } }
      for name in Self.held + Self.away + Self.below where number(below: 4) == 0 { guarded.insert(name) }
      for name in ["h8.example.", "h0.example.", "u6.away.test."] where number(below: 6) == 0 {
        requested.insert(name)
        guarded.remove(name)
      }
    }

    private mutating func pick<Element>(_ list: [Element]) -> Element { random.pick(list) }
    mutating func number(below count: Int) -> Int { random.pick(Array(0..<count)) }
    private mutating func target() -> String { pick(number(below: 2) == 0 ? Self.held : Self.away) }

    /// What a held name leads to: one that comes later, so that the zone has no circle, or one elsewhere.
    private mutating func target(after place: Int) -> String {
      let later = Self.held.count - 1 - place
      return number(below: 2) == 0
        ? pick(Self.away)
        : pick(Self.held.suffix(later) + Self.below.suffix(later) + Self.below.suffix(later) + ["h8.example."])
    }

    /// Every name on the way of these, as far as the zone and the upstreams' answers for a type lead it.
    func way(from names: [String], _ type: RecordType) -> Set<String> {
      var (seen, rest) = (Set<String>(), names)
      while let name = rest.popLast() {
        guard seen.insert(name).inserted else { continue }
        let wildcard = name.split(separator: ".", maxSplits: 1).last.map { "*.\($0)" } ?? ""
        let upstream = script["\(name) \(type)"]?.split(separator: " CNAME ").dropFirst().first.map { String($0) }
        if let next = leads[name] ?? leads[wildcard] ?? upstream { rest.append(next) }
      }
      return seen
    }

    private mutating func hold(_ name: String, at place: Int) {
      let owner = number(below: 2) == 0 ? "*.\(name)" : name
      switch number(below: 5) {
      case 0, 1:
        let target = target(after: place)
        leads[owner] = target
        zone.append("\(owner) 60 \(number(below: 2) == 0 ? "CNAME" : "ALIAS") \(target)")
      case 2: zone.append("\(owner) 60 TXT x")
      default:
        for type in [RecordType.a, .aaaa] {
          for _ in 0..<number(below: 3) { zone.append("\(owner) 60 \(type) \(pick(Self.addresses[type] ?? []))") }
        }
        zone.append("\(owner) 60 TXT x")
      }
    }

    private mutating func response(_ name: String, _ type: RecordType) -> String {
      let negative = "authority: away.test. 30 SOA ns.away.test. h.away.test. 1 2 3 4 30"
      switch number(below: 8) {
      case 0: return "NXDOMAIN\n\(negative)"
      case 1: return "NOERROR\n\(negative)"
      case 2: return "SERVFAIL"
      case 3, 4: return "NOERROR\n\(name) 60 CNAME \(target())"
      default: return "NOERROR\n\(name) 60 \(type) \(pick(Self.addresses[type] ?? []))"
      }
    }

    func server(guarding: Bool) -> TestServer {
      TestServer(
        [
          TestWorkspace(
            zones: ["example": zone.joined(separator: "\n")], links: guarding ? ["prod": guarded.sorted()] : [:],
            requested: guarding ? ["asked": requested.sorted()] : [:])
        ], forward: [".": "10.9.0.9"], ScriptedUpstreams(script))
    }
  }

  private static let networks = PrivateNetworks()

  /// The addresses of an answer, and the names that it has records of.
  private static func parts(_ answer: [UInt8]?) -> (code: String, owners: [Name], addresses: [IPAddress]) {
    guard let answer, let message = try? ParsedMessage(answer) else { return ("none", [], []) }
    let code = message.description.prefix { $0 != " " }
    return (
      String(code), message.answer.map(\.owner),
      message.answer.filter { $0.type == .a || $0.type == .aaaa }.compactMap { IPAddress(octets: $0.data) }
    )
  }

  @Test func noPublicAddressForALinksName() throws {
    var (judged, closed, same) = (0, 0, 0)
    for seed in UInt64(1)...1000 {
      var world = World(seed: seed)
      let (server, open) = (world.server(guarding: true), world.server(guarding: false))
      let links = Set(world.guarded.union(world.requested).map { name($0) })
      for _ in 0..<24 {
        let asked =
          world.number(below: 2) == 0
          ? "x.\(World.held[world.number(below: 8)])"
          : (World.held + World.away + ["h8.example.", "u6.away.test."])[world.number(below: 16)]
        let type = [RecordType.a, .aaaa, .a, .aaaa, .any, .txt][world.number(below: 6)]
        let flags: Flags = world.number(below: 8) == 0 ? [] : .recursionDesired
        let (found, free) = (
          Self.parts(server.ask(asked, type, flags)), Self.parts(open.ask(asked, type, flags))
        )
        let way = world.way(from: [asked] + found.owners.map { "\($0)" }, type)
        let isLink = way.contains { links.contains(name($0)) }
        let publicOnes = found.addresses.filter { !Self.networks.contains($0) }
        if isLink {
          judged += 1
          #expect(publicOnes.isEmpty, "seed \(seed): \(asked) \(type): \(found)")
          if world.requested.contains(asked) {
            #expect(["SERVFAIL", "REFUSED"].contains(found.code), "seed \(seed): \(asked) \(type): \(found)")
          }
        }
        if found.code == "SERVFAIL", free.code != "SERVFAIL" { closed += 1 }
        // What is private in both families, all along the chain, is not closed.
        let names = free.owners.map { "\($0)" } + [asked]
        if !free.addresses.isEmpty, world.requested.isEmpty,
          names.allSatisfy({ name in
            [RecordType.a, .aaaa].allSatisfy {
              Self.parts(open.ask(name, $0, flags)).addresses.allSatisfy { Self.networks.contains($0) }
            }
          })
        {
          same += 1
          #expect(found == free, "seed \(seed): \(asked) \(type)")
        }
        if world.number(below: 4) == 0 {
          let step = Duration.seconds([1, 30, 70, 4000][world.number(below: 4)])
          server.upstreams.now = server.upstreams.now + step
          open.upstreams.now = open.upstreams.now + step
        }
      }
    }
    // Otherwise the worlds were none.
    #expect(judged > 3000 && closed > 1000 && same > 300, "\(judged) \(closed) \(same)")
  }
}

extension TestServer {
  fileprivate func ask(_ question: String, _ type: RecordType, _ flags: Flags) -> [UInt8]? {
    answer(
      RawMessage.query(wire(question), type, .internet, flags: flags.rawValue, additional: 1).opt(size: 4096).octets,
      via: .tcp)
  }
}

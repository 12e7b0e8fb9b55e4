import TestKit
import Testing
import Wire

/// Over random zones that forward their misses, and links in them: what a link's own host lacks is asked of nobody, and what
/// nobody's host lacks is.
@Suite struct OpenZonePropertyTests {
  private static let types: [RecordType] = [.a, .aaaa, .txt, .mx, .soa, .ns]

  @Test func whatAHostLacksIsAskedOfNobody() {
    var (kept, forwarded) = (0, 0)
    for seed in UInt64(1)...300 {
      var random = SeededGenerator(seed: seed)
      let owners = ["@", "a", "b", "x.a", "c.d", "*.w"].filter { _ in random.oneIn(2) }
      var held: [String: Set<RecordType>] = ["example.": [.soa, .ns], "ns.example.": [.a]]
      var text = ""
      for owner in owners {
        let type = random.pick([RecordType.a, .aaaa, .txt])
        let data = type == .a ? "10.0.0.1" : type == .aaaa ? "fd00::1" : "t"
        text += "\(owner) 60 \(type) \(data)\n"
        held[owner == "@" ? "example." : "\(owner).example.", default: []].insert(type)
      }
      let links = held.keys.sorted().filter { _ in random.oneIn(2) }
      let server = TestServer(
        [
          TestWorkspace(
            settings: #"{ "clients": ["10.0.0.0/8"], "zones": { "example": { "miss": "forward" } } }"#,
            zones: ["example": TestWorkspace.preamble + text], links: ["prod": links])
        ], forward: [".": "10.9.0.9"], ScriptedUpstreams())
      server.upstreams.answersAllElse = "NOERROR\nauthority: example. 30 SOA ns.test. h.test. 1 2 3 4 30"
      for name in held.keys.sorted() + ["d.example.", "e.example.", "w.example."] {
        for type in Self.types {
          let before = server.upstreams.asked.count
          _ = server.ask(name, type)
          let asked = server.upstreams.asked.dropFirst(before).contains { $0.hasSuffix(" \(name) \(type)") }
          let own = held[name] ?? []
          // The zone's own name is a host by its addresses or as a link's, any other name by its records.
          let isHost = name == "example." ? !own.isDisjoint(with: [.a, .aaaa]) || links.contains(name) : !own.isEmpty
          if isHost || own.contains(type) { kept += 1 } else { forwarded += 1 }
          // An upstream's SOA may be known of an answer before.
          guard type != .soa || isHost || own.contains(type) else { continue }
          #expect(asked == !(isHost || own.contains(type)), "seed \(seed): \(name) \(type) of \(text), links \(links)")
        }
      }
    }
    #expect(kept > 1000 && forwarded > 1000, "\(kept) \(forwarded)")
  }
}

import Foundation
import TestKit
import Testing
import Text
import Wire
import Zones

/// Random zones and random damage. A failure prints its seed.
@Suite struct RoundTripTests {
  @Test(arguments: Seeds.all) func writtenZonesAreReadBack(seed: UInt64) throws {
    var random = SplitMix64(state: seed)
    for round in 0..<60 {
      // A label at the left that no wildcard is.
      guard let apex = random.name(below: .root, labels: 0...2).prefixed(by: [0x7a]) else { continue }
      let zone = try Zone(apex: apex, records: random.records(apex))
      let text = MasterFile.text(of: zone, header: ["round \(round)"])
      let parsed = MasterFile.parse(Array(text.utf8), file: "test", origin: exampleCom)
      let (again, problems) = Zone.check(parsed, apex: apex)
      let comment: Comment = "seed \(seed), round \(round):\n\(text)"
      #expect(problems.filter { $0.severity == .error } == [], comment)
      #expect(again?.records == zone.records, comment)
      #expect(again.map { MasterFile.text(of: $0, header: ["round \(round)"]) } == text, comment)
    }
  }

  @Test(arguments: Seeds.all) func damagedFilesAreToldOfWithinTheirBounds(seed: UInt64) throws {
    var random = SplitMix64(state: seed)
    let files = try (MasterFileFolderTests.zoneFiles("good") + MasterFileFolderTests.zoneFiles("bad")).map {
      [UInt8](try Data(contentsOf: MasterFileFolderTests.folder.appending(path: "\($0).zone")))
    }
    for _ in 0..<600 {
      var text = Array(files.randomElement(using: &random)?.prefix(1000) ?? [])
      for _ in 0..<Int.random(in: 1...8, using: &random) where !text.isEmpty {
        let at = Int.random(in: 0..<text.count, using: &random)
        switch Int.random(in: 0..<4, using: &random) {
        case 0: text[at] = UInt8.random(in: 0...255, using: &random)
        case 1: text.remove(at: at)
        case 2: text.insert("();\"\\\n $@.*\t\r".utf8.randomElement(using: &random) ?? 0, at: at)
        default: text.replaceSubrange(at..., with: text[at...].prefix(20) + text[..<at].suffix(60))
        }
      }
      let (zone, problems) = check(text)
      let comment: Comment = "seed \(seed): \(text)"
      #expect((zone == nil) == problems.contains { $0.severity == .error }, comment)
      let lineCount = text.count { $0 == 0x0a } + 1
      for place in problems.compactMap(\.position) {
        #expect((1...lineCount).contains(place.line) && (1...(text.count + 1)).contains(place.column), comment)
      }
    }
  }
}

/// Steele, Lea and Flood's SplitMix64: small, and the same everywhere for the same seed.
struct SplitMix64: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }

  private mutating func number(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &self) }

  private mutating func octets(_ range: ClosedRange<Int>) -> [UInt8] {
    (0..<number(range)).map { _ in UInt8.random(in: 0...255, using: &self) }
  }

  mutating func name(below parent: Name, labels: ClosedRange<Int>) -> Name {
    var name = parent
    for _ in 0..<number(labels) {
      let isPlain = Bool.random(using: &self)
      let label = isPlain ? Array("abcXYZ019-_*".utf8.shuffled(using: &self).prefix(number(1...8))) : octets(1...9)
      name = name.prefixed(by: label) ?? name
    }
    return name
  }

  /// An SOA, an NS, and names with the types that may stand together.
  mutating func records(_ apex: Name) -> [ResourceRecord] {
    let soa = StartOfAuthority(
      primary: target(), mailbox: target(), serial: UInt32.random(in: 0...(.max), using: &self), refreshSeconds: 1,
      retrySeconds: 2, expireSeconds: 0x7fff_ffff, minimumSeconds: 0)
    var records = [record(apex, .soa, soa.data), record(apex, .ns, target().wire)]
    var owners: Set<Name> = [apex]
    for _ in 0..<number(0...20) {
      let owner = name(below: apex, labels: 1...3)
      guard owners.insert(owner).inserted else { continue }
      if number(0...3) == 0 {
        records.append(record(owner, .cname, target().wire))
        continue
      }
      for type in [RecordType.a, .aaaa, .txt, .mx, .srv, .ptr, .caa, .naptr, RecordType(700), .https].shuffled(
        using: &self
      )
      .prefix(number(1...4)) {
        let ttlSeconds = UInt32([0, 60, 60, 60, 0x7fff_ffff].randomElement(using: &self) ?? 0)
        for _ in 0..<number(1...4) { records.append(record(owner, type, data(type), ttlSeconds: ttlSeconds)) }
      }
    }
    return records.shuffled(using: &self)
  }

  private func record(_ owner: Name, _ type: RecordType, _ data: [UInt8], ttlSeconds: UInt32 = 60) -> ResourceRecord {
    ResourceRecord(owner: owner, type: type, ttlSeconds: ttlSeconds, data: data)
  }

  /// A name that no zone here holds.
  private mutating func target() -> Name { name(below: elsewhere, labels: 0...2) }

  private mutating func string() -> [UInt8] {
    let octets = octets(0...255)
    return [UInt8(octets.count)] + octets
  }

  private mutating func data(_ type: RecordType) -> [UInt8] {
    switch type {
    case .a: octets(4...4)
    case .aaaa: octets(16...16)
    case .txt: (0..<number(1...3)).flatMap { _ in string() }
    case .mx: octets(2...2) + target().wire
    case .srv: octets(6...6) + target().wire
    case .ptr: target().wire
    case .caa: octets(1...1) + [5] + Array("issue".utf8) + octets(0...300)
    case .naptr: octets(4...4) + string() + string() + string() + target().wire
    default: octets(0...40)
    }
  }
}

private let elsewhere = Name.root.prefixed(by: Array("elsewhere-and-unlikely".utf8)) ?? .root

import Testing
import Wire

@testable import Workspaces

@Suite("Client map: the longest prefix that holds an address")
struct ClientMapTests {
  static func prefix(_ text: String) throws -> IPPrefix { try IPPrefix(text) }

  @Test(
    "A nested prefix wins inside, and what it is nested in goes on behind it",
    arguments: [
      ("10.1.2.3", 2), ("10.1.2.255", 2), ("10.1.3.0", 1), ("10.1.1.255", 1), ("10.2.0.0", 0), ("10.0.255.255", 0),
      ("10.255.255.255", 0), ("11.0.0.0", nil), ("9.255.255.255", nil), ("fd00:1::5", 3), ("fd00:2::", nil),
      ("255.255.255.255", 4), ("0.0.0.0", nil),
    ] as [(String, Int?)])
  func nested(address: String, workspace: Int?) throws {
    let map = ClientMap([
      .init(prefix: try Self.prefix("10.0.0.0/8"), workspace: 0),
      .init(prefix: try Self.prefix("10.1.0.0/16"), workspace: 1),
      .init(prefix: try Self.prefix("10.1.2.0/24"), workspace: 2),
      .init(prefix: try Self.prefix("fd00:1::/64"), workspace: 3),
      .init(prefix: try Self.prefix("255.255.255.255/32"), workspace: 4),
    ])
    let found = map.find(try #require(IPAddress(address)))
    #expect(found.flatMap { map.workspace(at: $0) } == workspace)
  }

  @Test("A disputed prefix is found and belongs to nobody: its clients do not fall through to the prefix around it")
  func disputed() throws {
    let map = ClientMap([
      .init(prefix: try Self.prefix("10.0.0.0/8"), workspace: 0),
      .init(prefix: try Self.prefix("10.1.0.0/16"), workspace: nil),
    ])
    let found = try #require(map.find(.v4(0x0a01_0001)))
    #expect(map.workspace(at: found) == nil)
    #expect(map.entry(at: found).prefix.description == "10.1.0.0/16")
  }

  @Test("A map without prefixes holds nobody")
  func empty() {
    let map = ClientMap([])
    #expect(map.find(.v4(0)) == nil)
    #expect(map.find(.v6(UInt128.max)) == nil)
  }

  @Test(
    "Random prefixes of both families agree with trying each in turn", arguments: [1, 2, 3, 4, 5, 6, 7, 8] as [UInt64])
  func agreesWithNaive(seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    var prefixes: Set<IPPrefix> = []
    for _ in 0..<Int.random(in: 0...200, using: &random) {
      let address = Self.address(&random)
      let length = Int.random(in: 0...address.bitWidth, using: &random)
      if let prefix = IPPrefix(address, length: length) { prefixes.insert(prefix) }
    }
    let map = ClientMap(prefixes.enumerated().map { .init(prefix: $1, workspace: $0) })
    for _ in 0..<2000 {
      let address = Self.address(&random)
      let expected = prefixes.filter { $0.contains(address) }.max { $0.length < $1.length }
      #expect(map.find(address).map { map.entry(at: $0).prefix } == expected, "seed \(seed), \(address)")
    }
  }

  @Test(
    "However many ranges there are, each address is in the right one, the highest too",
    arguments: [1, 7, 8, 9, 15, 16, 17, 127, 128, 129, 2000])
  func sizes(count: Int) throws {
    // Single addresses with a gap behind each, up to the highest of all.
    let bases = (0..<UInt32(count)).map { UInt32.max - 2 * $0 }
    let prefixes = try bases.map { try #require(IPPrefix(.v4($0), length: 32)) }
    let map = ClientMap(prefixes.enumerated().map { .init(prefix: $1, workspace: $0) })
    for (workspace, base) in bases.enumerated() {
      #expect(map.find(.v4(base)).flatMap { map.workspace(at: $0) } == workspace)
      #expect(map.find(.v4(base - 1)) == nil)
    }
    #expect(map.find(.v4(0)) == nil)
  }

  /// An address with few random bits, so that prefixes nest and addresses hit them.
  static func address(_ random: inout SeededGenerator) -> IPAddress {
    if Bool.random(using: &random) {
      return .v4(UInt32.random(in: 0...7, using: &random) << 29 | UInt32.random(in: 0...255, using: &random) << 8)
    }
    let high = UInt128.random(in: 0...7, using: &random) << 125
    return .v6(high | UInt128.random(in: 0...255, using: &random))
  }
}

/// A generator whose numbers follow from its seed (SplitMix64).
struct SeededGenerator: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var mixed = state
    mixed = (mixed ^ mixed >> 30) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ mixed >> 27) &* 0x94d0_49bb_1331_11eb
    return mixed ^ mixed >> 31
  }
}

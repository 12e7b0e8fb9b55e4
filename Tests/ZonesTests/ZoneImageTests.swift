import Bounds
import Testing
import Text
import Wire

@testable import Zones

/// The image: that whoever chooses names cannot make look-ups or building slow, and that it is bounded.
@Suite struct ZoneImageTests {
  static func zone(_ text: String, _ apex: String = "example") throws -> Zone {
    let apex = try Name(apex)
    let (zone, problems) = Zone.check(
      MasterFile.parse(
        Array(("$TTL 60\n@ SOA ns.b. root.b. 1 2 3 4 5\n@ NS ns.b.\n" + text).utf8), file: "f", origin: apex),
      apex: apex)
    return try #require(zone, "\(problems)")
  }

  private static func hash(_ name: Name, _ seed: HashSeed) -> UInt32 {
    var hashes = NameHashes()
    hashes.fill(name.wire.span, seed: seed)
    return hashes.hash(fromLabel: 0)
  }

  private static func lookup(_ name: Name, in image: ZoneImage) -> Lookup {
    var hashes = NameHashes()
    let view = image.view
    hashes.fill(name.wire.span, seed: view.seed)
    return view.lookup(name.wire.span, hashes)
  }

  /// The zone's own name is open where its misses are forwarded, unless it is a link's host: also one that has no records.
  @Test func aLinksHostAtTheApexIsNotOpen() throws {
    let zone = try Self.zone("git A 10.0.0.1\n")
    let apex = try Name("example")
    for (links, isHeld) in [
      (LinkNames(), false), (LinkNames(guarded: [apex]), true), (LinkNames(closed: [apex]), true),
      (LinkNames(guarded: [try Name("git.example")]), false),
    ] {
      let image = try ZoneImage([(zone, .forward)], links: links)
      let found = Self.lookup(apex, in: image)
      #expect(image.view.holds(found, .mx) == isHeld)
      let git = Self.lookup(try Name("git.example"), in: image)
      #expect(image.view.holds(found, .ns) && image.view.holds(git, .mx))
    }
  }

  /// Names that all want the same slot, found by who knows the seed: another seed is taken, and no look-up is long.
  @Test func namesThatCollideGetAnotherSeed() throws {
    var names: [Name] = []
    var number = 0
    while names.count < 300 {
      number += 1
      let name = try Name("n\(number).example")
      if Self.hash(name, .known) & 511 == 0 { names.append(name) }
    }
    let zone = try Self.zone(names.map { "\($0) A 10.0.0.1\n" }.joined())
    let image = try ZoneImage([(zone, .nxdomain)], seed: .known)
    #expect(image.view.longestProbe <= ZoneImage.usualProbes)
    #expect(image.view.seed != .known)
    for name in names { #expect(Self.lookup(name, in: image).outcome == .exact) }
    #expect(Self.lookup(try Name("none.example"), in: image).outcome == .missing)
  }

  /// Many names are never far from their slots, whatever random seed there is.
  @Test(arguments: [HashSeed(1, 2), HashSeed(0x1234_5678, 0xffff_ffff_0000_0001), .known])
  func usualNamesAreNearTheirSlots(_ seed: HashSeed) throws {
    let zone = try Self.zone((0..<3000).map { "host\($0) A 10.0.0.1\n" }.joined())
    let image = try ZoneImage([(zone, .nxdomain)], seed: seed)
    #expect(image.view.longestProbe < 32)
    #expect(image.view.seed == seed)
  }

  /// Differences of two words that cancel each other in a product's lower half, whatever the seed: with them names of
  /// one hash were made by the hundred thousand.
  @Test(arguments: [HashSeed(1, 2), HashSeed(0x9876_5432_1234_5678, 0x0fed_cba9_8765_4321)])
  func differencesDoNotCancel(_ seed: HashSeed) throws {
    var first = [UInt8](repeating: 0x61, count: 16)
    first[0] = 15
    var second = first
    // Bit 63 of the first word; bits 63 and 34 of the second.
    second[7] ^= 0x80
    second[15] ^= 0x80
    second[12] ^= 0x04
    let names = try [first, second].map { try #require(Name(wire: $0 + [0])) }
    #expect(Self.hash(names[0], seed) != Self.hash(names[1], seed))
  }

  @Test func hashesIgnoreCase() throws {
    #expect(
      Self.hash(try Name("WWW.Example-1.TEST"), .known) == Self.hash(try Name("www.example-1.test"), .known))
  }

  // MARK: Limits

  private static func refusal(
    _ zones: [Zone], _ change: (inout ZoneImageLimits) -> Void
  ) -> ZoneImage.TooLarge? {
    var limits = ZoneImageLimits()
    change(&limits)
    do throws(ZoneImage.TooLarge) {
      _ = try ZoneImage(zones.map { ($0, .nxdomain) }, limits: limits)
      return nil
    } catch {
      return error
    }
  }

  @Test func tooManyNamesAreRefused() throws {
    // The apex, x, y.x and z.y.x: those without records count too.
    let zone = try Self.zone("z.y.x A 10.0.0.1\n")
    #expect(Self.refusal([zone]) { $0.nodes = 4 } == nil)
    #expect(Self.refusal([zone]) { $0.nodes = 3 }?.message == "more than 3 names")
  }

  @Test func tooManyOctetsAreRefused() throws {
    let zones = [try Self.zone("a A 10.0.0.1\n", "a.example"), try Self.zone("a A 10.0.0.1\n", "b.example")]
    let size = try ZoneImage(zones.map { ($0, .nxdomain) }).byteCount
    #expect(Self.refusal(zones) { $0.octets = size } == nil)
    let refusal = Self.refusal(zones) { $0.octets = size / 2 }
    #expect(
      refusal == ZoneImage.TooLarge(zone: try Name("b.example"), message: "more than \(size / 2) octets to answer from")
    )
  }

  @Test func tooManyZonesAreRefused() throws {
    let zones = try ["a1", "b1", "c1"].map { try Self.zone("", $0) }
    #expect(Self.refusal(zones) { $0.zones = 3 } == nil)
    #expect(
      Self.refusal(zones) { $0.zones = 2 } == ZoneImage.TooLarge(zone: try Name("c1"), message: "more than 2 zones"))
  }

  /// A query for one of many types at a name goes along them, so there are not too many.
  @Test func tooManyTypesOfANameAreRefused() throws {
    let text = { (count: Int) in (0..<count).map { "n 60 TYPE\(1000 + $0) \\# 0\n" }.joined() }
    #expect(throws: Never.self) { try Self.zone(text(Limits.Zones.typesOfName)) }
    let apex = try Name("example")
    let parsed = MasterFile.parse(
      Array(("@ 60 SOA a. b. 1 2 3 4 5\n@ 60 NS ns.b.\n" + text(Limits.Zones.typesOfName + 1)).utf8), file: "f",
      origin: apex)
    let (zone, problems) = Zone.check(parsed, apex: apex)
    #expect(zone == nil)
    #expect(
      problems.map(\.description) == [
        "f:103:1: n.example. has records of 101 types: at most 100 are served; remove the others"
      ])
  }

  // MARK: What stands where

  /// Names between an owner and the apex exist, once, and what a deeper zone or a rule takes does not.
  @Test func emptyNonTerminalsAndCuts() throws {
    let upper = try Self.zone(
      "a.b.c A 10.0.0.1\nd.b.c A 10.0.0.2\nin.deep A 10.0.0.3\nx.rule.r A 10.0.0.4\nbelow.cut A 10.0.0.5\ncut NS below.cut\n"
        + "*.w A 10.0.0.6\n")
    let deep = try Self.zone("www A 10.0.0.7\n", "deep.example")
    let image = try ZoneImage(
      [(upper, .nxdomain), (deep, .nxdomain)],
      forwarded: try ["rule.r.example", "x.rule.r.example", "other"].map { try Name($0) })
    let expected: [(String, Lookup.Outcome)] = [
      ("a.b.c.example", .exact), ("b.c.example", .exact), ("c.example", .exact), ("x.c.example", .missing),
      ("in.deep.example", .missing), ("www.deep.example", .exact), ("rule.r.example", .forwarded),
      ("x.rule.r.example", .forwarded), ("r.example", .exact), ("below.cut.example", .delegation),
      ("cut.example", .delegation), ("q.w.example", .wildcard), ("w.example", .exact), ("other", .noZone),
    ]
    for (name, outcome) in expected {
      let name = try Name(name)
      #expect(Self.lookup(name, in: image).outcome == outcome, "\(name)")
    }
  }

  /// The root can be a zone, and a wildcard can stand right below it.
  @Test func theRootZone() throws {
    let zone = try Self.zone("*.test. A 10.0.0.1\n* A 10.0.0.2\n", ".")
    let image = try ZoneImage([(zone, .nxdomain)])
    #expect(Self.lookup(.root, in: image).outcome == .exact)
    #expect(Self.lookup(try Name("a.test"), in: image).outcome == .wildcard)
    #expect(Self.lookup(try Name("a.b"), in: image).outcome == .wildcard)
  }
}

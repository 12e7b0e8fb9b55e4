import Testing
import Text
import Wire
import Zones

/// Zones made in code, and what they tell about themselves. What the checks refuse is in `MasterFiles/bad`.
@Suite struct ZoneTests {
  /// An SOA and an NS, for zones that need them for something else.
  static func frame(_ apex: Name) throws -> [ResourceRecord] {
    [
      try record(apex, .soa, "ns.example.net. admin.example.net. 7 3600 600 604800 300"),
      try record(apex, .ns, "ns.example.net."),
    ]
  }

  static func record(_ owner: Name, _ type: RecordType, _ text: String, ttlSeconds: UInt32 = 60) throws
    -> ResourceRecord
  {
    let data = try RecordText.data(text, type: type, origin: exampleCom)
    return ResourceRecord(owner: owner, type: type, ttlSeconds: ttlSeconds, data: data)
  }

  @Test func recordsAreOrderedAndMerged() throws {
    let www = name("www.example.com.")
    let records = [
      try Self.record(www, .a, "192.0.2.2"), try Self.record(www, .a, "192.0.2.1"),
      try Self.record(name("WWW.example.com."), .a, "192.0.2.1"),
      try Self.record(name("z.a.example.com."), .txt, "x"),
    ]
    let zone = try Zone(apex: exampleCom, records: records + Self.frame(exampleCom))
    #expect(zone.records.map(\.type) == [.soa, .ns, .txt, .a, .a])
    #expect(zone.records(at: name("WWW.EXAMPLE.com."), type: .a).map(\.data) == [[192, 0, 2, 1], [192, 0, 2, 2]])
    #expect(zone.records(at: www, type: .aaaa) == [])
    #expect(zone.records(at: name("x.example.com."), type: .a) == [])
    #expect(zone.records(at: name("a.example.com."), type: .txt) == [])
    #expect(zone.records(at: exampleCom, type: .ns).count == 1)
    #expect(zone.apex == exampleCom)
  }

  @Test func startOfAuthorityIsRead() throws {
    let zone = try Zone(apex: exampleCom, records: Self.frame(exampleCom))
    let expected = StartOfAuthority(
      primary: name("ns.example.net."), mailbox: name("admin.example.net."), serial: 7, refreshSeconds: 3600,
      retrySeconds: 600, expireSeconds: 604_800, minimumSeconds: 300)
    #expect(zone.soa == expected)
    #expect(expected.data == zone.records.first?.data)
    #expect(StartOfAuthority(data: expected.data + [0]) == nil)
    #expect(StartOfAuthority(data: []) == nil)
  }

  @Test func errorsOfRecordsWithoutAFileHaveNoPlace() throws {
    let records = [
      try Self.record(name("a.example.com."), .cname, "x.example.net."),
      try Self.record(name("a.example.com."), .a, "192.0.2.1"),
      try Self.record(name("b.example.com."), .cname, "nowhere.example.com."),
    ]
    let all = records + (try Self.frame(exampleCom))
    let error = #expect(throws: Problems.self) { try Zone(apex: exampleCom, records: all) }
    // The dangling target of b is a warning, which is not thrown.
    #expect(
      error?.all.map(\.description) == [
        "a.example.com. has A here and CNAME: a CNAME stands alone at its name (RFC 2181 §10.1); remove one"
      ])
  }

  @Test(arguments: [
    (RecordType.a, [UInt8]([1, 2, 3]), UInt32(60), "the data is not what"),
    (.any, [], 60, "the data is not what"), (.caa, [0, 1, 0x2d], 60, "the data is not what"),
    (RecordType(700), [UInt8](repeating: 0, count: 65_536), 60, "the data is not what"),
    (.a, [1, 2, 3, 4], 0x8000_0000, "the TTL is above"),
  ]) func recordsThatNoFileCanHoldAreRefused(_ type: RecordType, _ data: [UInt8], _ ttl: UInt32, _ message: String)
    throws
  {
    let bad = ResourceRecord(owner: name("x.example.com."), type: type, ttlSeconds: ttl, data: data)
    let records = try Self.frame(exampleCom) + [bad]
    let error = #expect(throws: Problems.self) { try Zone(apex: exampleCom, records: records) }
    #expect(error?.all.count == 1)
    #expect(error?.all.first?.message.contains(message) == true)
  }

  @Test func aSetThatFitsNoMessageIsRefused() throws {
    let big = (0..<66).map { index in
      ResourceRecord(
        owner: name("x.example.com."), type: RecordType(700), ttlSeconds: 60,
        data: [UInt8](repeating: UInt8(index), count: 1000))
    }
    let frame = try Self.frame(exampleCom)
    #expect(throws: Problems.self) { try Zone(apex: exampleCom, records: frame + big) }
    #expect(try Zone(apex: exampleCom, records: frame + big.prefix(64)).records.count == 66)
  }

  @Test func theRootCanBeAZone() throws {
    // Every name is in the root zone, so its name server needs an address there.
    let address = try Self.record(name("ns.example.net."), .a, "192.0.2.1")
    let zone = try Zone(apex: .root, records: Self.frame(.root) + [address])
    let text = MasterFile.text(of: zone)
    let parsed = MasterFile.parse(Array(text.utf8), file: "test", origin: exampleCom)
    #expect(Zone.check(parsed, apex: .root).zone?.records == zone.records)
  }

  @Test func anyApexIsTakenWhenNoneIsExpected() {
    let parsed = MasterFile.parse(
      Array("$TTL 1\n@ SOA a.example.net. b.example.net. 1 2 3 4 5\n@ NS a.example.net.".utf8), file: "x",
      origin: exampleCom)
    #expect(Zone.check(parsed).zone?.apex == exampleCom)
    #expect(Zone.check(parsed, apex: name("example.org.")).zone == nil)
  }

  @Test func headerLinesAreCommentsWhateverTheyHold() throws {
    let zone = try Zone(apex: exampleCom, records: Self.frame(exampleCom))
    let text = MasterFile.text(of: zone, header: ["Generated.\n$INCLUDE x", "", "a\r\nb\tc\u{b}"])
    #expect(text.hasPrefix("; Generated.\n; $INCLUDE x\n;\n; a  b c \n$ORIGIN"))
    #expect(check(Array(text.utf8)).problems == [])
  }
}

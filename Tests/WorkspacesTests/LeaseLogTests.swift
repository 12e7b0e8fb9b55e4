import Bounds
import Testing
import Wire

@testable import Workspaces

@Suite("Lease log: what a journal's octets say")
struct LeaseLogTests {
  static let boot = "0c7b1c5e-0f6d-4f0e-9a39-3f1d7c2a5b10"
  static let now = LeaseClock(sinceBoot: 5_000_000, wall: 1_763_726_400_123)

  /// What a journal says, its records among it.
  struct Reading {
    var records: [LeaseRecord] = []
    let log: LeaseLog

    init?(_ octets: [UInt8], boot: String = LeaseLogTests.boot, at now: LeaseClock = LeaseLogTests.now) {
      var records: [LeaseRecord] = []
      guard let log = LeaseLog(octets, boot: boot, at: now, { records.append($0) }) else { return nil }
      self.log = log
      self.records = records
    }
  }

  static func records(_ count: Int) throws -> [LeaseRecord] {
    let name = try #require(WorkspaceName("acme"))
    return (0..<count).map { index -> LeaseRecord in
      guard index % 3 != 2 else { return .revoked(.v6(UInt128(index))) }
      return .granted(.v4(UInt32(index + 1)), name, milliseconds: 60_000 + UInt64(index))
    }
  }

  static func line(_ record: LeaseRecord, at moment: LeaseClock = now) -> [UInt8] {
    var line: [UInt8] = []
    LeaseLog.add(record, at: moment, to: &line)
    return line
  }

  /// A line with a right checksum.
  static func line(_ text: String) -> [UInt8] {
    let sum = String(Checksum.of(text.utf8), radix: 16)
    return Array((String(repeating: "0", count: 8 - sum.count) + sum + " " + text + "\n").utf8)
  }

  static let start = LeaseLog.header + LeaseLog.bootLine(boot)

  static func octets(_ records: [LeaseRecord]) -> [UInt8] { start + records.flatMap { line($0) } }

  @Test("CRC-32C gives the check value of its definition")
  func checksum() {
    #expect(Checksum.of("123456789".utf8) == 0xe306_9283)
  }

  @Test("What is written is read again")
  func roundTrip() throws {
    let records = try Self.records(50)
    let read = try #require(Reading(Self.octets(records)))
    #expect(read.records == records)
    #expect(read.log.damages.isEmpty)
    #expect(read.log.length == Self.octets(records).count)
    #expect(read.log.endsInThisBoot && !read.log.hasOtherBoots && !read.log.isOld)
    let line = String(decoding: Self.line(records[0]), as: UTF8.self)
    #expect(line.hasSuffix(" + 1763726460123 60000 5000000 0.0.0.1 acme\n"))
  }

  @Test("A journal cut at any octet gives the lines that are whole")
  func torn() throws {
    let records = try Self.records(6)
    let octets = Self.octets(records)
    for count in 0...octets.count {
      let read = try #require(Reading(Array(octets[..<count])))
      let whole = records.indices.count { Self.octets(Array(records[...$0])).count <= count }
      #expect(read.records == Array(records[..<whole]), "\(count)")
      #expect(read.log.damages.isEmpty)
      let length = (octets[..<count].lastIndex(of: UInt8(ascii: "\n")) ?? -1) + 1
      #expect(read.log.length == length, "\(count)")
    }
  }

  @Test("Any octet changed costs its own line and no other, and is told with its line and octets")
  func damaged() throws {
    let records = try Self.records(5)
    let octets = Self.octets(records)
    for at in Self.start.count..<octets.count where octets[at] != UInt8(ascii: "\n") {
      for bit in 0..<8 {
        var changed = octets
        changed[at] ^= 1 << UInt8(bit)
        guard changed[at] != UInt8(ascii: "\n") else { continue }
        let read = try #require(Reading(changed))
        let line = octets[..<at].count { $0 == UInt8(ascii: "\n") } + 1
        var left = records
        left.remove(at: line - 3)
        #expect(read.records == left, "octet \(at), bit \(bit)")
        #expect(read.log.damages.map(\.line) == [line])
        #expect(read.log.damages.first?.octets.contains(at) == true)
      }
    }
  }

  @Test("Damaged lines that follow one another are one stretch, and there are only so many stretches")
  func stretch() throws {
    let records = try Self.records(4)
    let octets = Self.start + Self.line(records[0]) + Array("x\ny\n\nz\n".utf8) + Self.line(records[1])
    let read = try #require(Reading(octets))
    #expect(read.records == Array(records[..<2]))
    let start = Self.start.count + Self.line(records[0]).count
    #expect(read.log.damages == [LeaseLog.Damage(line: 4, octets: start..<(start + 7))])
    var many = Self.start
    for _ in 0..<1000 { many += Self.line(records[0]) + Array("x\n".utf8) }
    let told = try #require(Reading(many)).log.damages
    #expect(told.count == Limits.Leases.damages)
    #expect(told.last?.octets.upperBound == many.count)
  }

  @Test("Another file is no journal", arguments: ["backroad-leases 4\n", "{}", "backroad-leases 3 \n\n\n\n", "x"])
  func notAJournal(text: String) {
    #expect(Reading(Array(text.utf8)) == nil)
  }

  @Test("A line whose checksum is right and whose words are not is damaged")
  func wrongWords() throws {
    let texts = [
      "+ 1 1 1 10.0.0.1", "+ x 1 1 10.0.0.1 acme", "+ 1 1 10.0.0.1 acme", "+ 1 1 1 10.0.0 acme",
      "+ 1 1 1 10.0.0.1 ACME", "- 10.0.0.1 x", "* 10.0.0.1", "+ 1 1 1 10.0.0.1 acme ", "+  1 1 1 10.0.0.1 acme", "",
      "+ 18446744073709551616 1 1 10.0.0.1 acme", "=", "+", "*",
      "* 1 1", "* x", "* 18446744073709551615", "* 9223372036854775807",
    ]
    for text in texts {
      let read = try #require(Reading(LeaseLog.header + Self.line(text)))
      #expect(read.records.isEmpty)
      #expect(read.log.damages.count == 1, "\(text)")
    }
  }

  @Test("A journal of the first version is read, and told of as such")
  func firstVersion() throws {
    let octets =
      Array("backroad-leases 1\n".utf8) + Self.line("+ 1763726401123 10.0.0.1 acme") + Self.line("- 10.0.0.2")
      + Self.line("+ 1763726400123 10.0.0.3 acme")
    let read = try #require(Reading(octets))
    let name = try #require(WorkspaceName("acme"))
    #expect(
      read.records == [
        .granted(.v4(0x0a00_0001), name, milliseconds: 1000), .revoked(.v4(0x0a00_0002)),
        .granted(.v4(0x0a00_0003), name, milliseconds: 0),
      ])
    #expect(read.log.isOld && read.log.damages.isEmpty)
  }

  @Test("A journal of the second version is read, and told of as such")
  func secondVersion() throws {
    let records = try Self.records(6)
    let octets = Array("backroad-leases 2\n".utf8) + Self.octets(records)[LeaseLog.header.count...]
    let read = try #require(Reading(octets))
    #expect(read.records == records && read.log.isOld && read.log.endsInThisBoot && read.log.damages.isEmpty)
    let request = try #require(Reading(octets + Self.line("* 0")))
    #expect(request.records == records && request.log.damages.count == 1, "it had no requests")
  }

  /// A request between two others, cut at any octet; and the last one with any octet of its lines damaged.
  @Test func aRequestCountsWholeOrNotAtAll() throws {
    let records = try Self.records(9)
    var octets = Self.start
    LeaseLog.add(request: Array(records[..<3]), at: Self.now, to: &octets)
    let first = octets.count
    LeaseLog.add(request: [records[3]], at: Self.now, to: &octets)
    let second = octets.count
    LeaseLog.add(request: Array(records[4...]), at: Self.now, to: &octets)
    #expect(Reading(octets)?.records == records)
    for count in Self.start.count...octets.count {
      let read = try #require(Reading(Array(octets[..<count])))
      let (whole, length) =
        count < first
        ? (0, Self.start.count) : count < second ? (3, first) : count < octets.count ? (4, second) : (9, count)
      #expect(read.records == Array(records[..<whole]), "\(count)")
      #expect(read.log.length == length && read.log.damages.isEmpty, "\(count)")
    }
    let lines = second + (octets[second...].firstIndex(of: UInt8(ascii: "\n")) ?? 0) - second + 1
    for at in lines..<octets.count {
      var changed = octets
      changed[at] = 0
      let read = try #require(Reading(changed))
      #expect(read.records == Array(records[..<4]), "\(at)")
      #expect(read.log.damages == [LeaseLog.Damage(line: 8, octets: second..<octets.count)])
      #expect(read.log.length == octets.count)
      // What stands before another request was acknowledged: the other lines count. (Its last line's end is the next one's.)
      guard at + 1 < octets.count else { continue }
      LeaseLog.add(request: [records[0]], at: Self.now, to: &changed)
      let later = try #require(Reading(changed))
      #expect(later.records.count >= 8 && later.records.last == records[0], "\(at)")
    }
  }

  /// What is left of a lease of 60 s, whatever the clocks say.
  static let restarts: [(String, sinceBoot: UInt64, wall: Int64, isOfThisBoot: Bool, left: UInt64)] = [
    ("at once", 5_000_000, 0, true, 60_000),
    ("20 s later", 5_020_000, 20_000, true, 40_000),
    ("20 s later, the wall clock set back by a week", 5_020_000, 20_000 - 604_800_000, true, 40_000),
    ("20 s later, the wall clock set forward by a week", 5_020_000, 604_820_000, true, 40_000),
    ("61 s later", 5_061_000, 61_000, true, 0),
    ("the machine started anew, 20 s later", 10_000, 20_000, false, 40_000),
    ("the machine started anew, the clock set back by a week", 10_000, -604_800_000, false, 50_000),
    ("the machine started anew, the clock set back, and up for long", 70_000, -604_800_000, false, 0),
    ("the machine started anew, the clock set forward by a week", 10_000, 604_800_000, false, 0),
    ("the machine started anew, and its clock stands at 1970", 10_000, -1_763_726_400_123, false, 50_000),
  ]

  @Test("A lease has no more left than its TTL from when it was given", arguments: Self.restarts.indices)
  func restart(index: Int) throws {
    let (_, sinceBoot, wall, isOfThisBoot, left) = Self.restarts[index]
    let name = try #require(WorkspaceName("acme"))
    let octets = Self.octets([.granted(.v4(1), name, milliseconds: 60_000)])
    let now = LeaseClock(sinceBoot: sinceBoot, wall: UInt64(Int64(Self.now.wall) + wall))
    let read = try #require(Reading(octets, boot: isOfThisBoot ? Self.boot : "another", at: now))
    #expect(read.records == [.granted(.v4(1), name, milliseconds: left)])
    #expect(read.log.hasOtherBoots == !isOfThisBoot)
    let unknown = try #require(Reading(LeaseLog.header + LeaseLog.bootLine("") + octets[Self.start.count...], boot: ""))
    #expect(unknown.log.hasOtherBoots, "where the kernel does not name a start, none is this one")
  }
}

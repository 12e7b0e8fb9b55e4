import Testing
import Wire

@testable import Workspaces

@Suite("Lease log: what a journal's octets say")
struct LeaseLogTests {
  static func records(_ count: Int) throws -> [LeaseRecord] {
    let name = try #require(WorkspaceName("acme"))
    return (0..<count).map { index -> LeaseRecord in
      guard index % 3 != 2 else { return .revoked(.v6(UInt128(index))) }
      return .granted(.v4(UInt32(index + 1)), name, until: 1_763_726_400_123 + UInt64(index))
    }
  }

  static func octets(_ records: [LeaseRecord]) -> [UInt8] { LeaseLog.header + records.flatMap(\.line) }

  @Test("CRC-32C gives the check value of its definition")
  func checksum() {
    #expect(Checksum.of("123456789".utf8) == 0xe306_9283)
  }

  @Test("What is written is read again")
  func roundTrip() throws {
    let records = try Self.records(50)
    let log = try #require(LeaseLog(Self.octets(records)))
    #expect(log.records == records)
    #expect(log.damages.isEmpty)
    #expect(log.length == Self.octets(records).count)
    let line = String(decoding: records[0].line, as: UTF8.self)
    #expect(line.hasSuffix(" + 1763726400123 0.0.0.1 acme\n"))
  }

  @Test("A journal cut at any octet gives the lines that are whole")
  func torn() throws {
    let records = try Self.records(6)
    let octets = Self.octets(records)
    for count in 0...octets.count {
      let log = try #require(LeaseLog(Array(octets[..<count])))
      var whole = 0
      while Self.octets(Array(records[...whole])).count <= count, whole < records.count - 1 { whole += 1 }
      if count == octets.count { whole = records.count }
      #expect(log.records == Array(records[..<whole]), "\(count)")
      #expect(log.damages.isEmpty)
      #expect(log.length == (count < LeaseLog.header.count ? 0 : Self.octets(Array(records[..<whole])).count))
    }
  }

  @Test("Any octet changed costs its own line and no other, and is told with its line and octets")
  func damaged() throws {
    let records = try Self.records(5)
    let octets = Self.octets(records)
    for at in LeaseLog.header.count..<octets.count where octets[at] != UInt8(ascii: "\n") {
      for bit in 0..<8 {
        var changed = octets
        changed[at] ^= 1 << UInt8(bit)
        guard changed[at] != UInt8(ascii: "\n") else { continue }
        let log = try #require(LeaseLog(changed))
        let line = octets[..<at].count { $0 == UInt8(ascii: "\n") } + 1
        var left = records
        left.remove(at: line - 2)
        #expect(log.records == left, "octet \(at), bit \(bit)")
        #expect(log.damages.map(\.line) == [line])
        #expect(log.damages.first?.octets.contains(at) == true)
      }
    }
  }

  @Test("Damaged lines that follow one another are one stretch")
  func stretch() throws {
    let records = try Self.records(4)
    let octets = LeaseLog.header + records[0].line + Array("x\ny\n\nz\n".utf8) + records[1].line
    let log = try #require(LeaseLog(octets))
    #expect(log.records == Array(records[..<2]))
    let start = LeaseLog.header.count + records[0].line.count
    #expect(log.damages == [LeaseLog.Damage(line: 3, octets: start..<(start + 7))])
  }

  @Test("Another file is no journal", arguments: ["backroad-leases 2\n", "{}", "backroad-leases 1 \n\n\n\n", "x"])
  func notAJournal(text: String) {
    #expect(LeaseLog(Array(text.utf8)) == nil)
  }

  @Test("A line whose checksum is right and whose words are not is damaged")
  func wrongWords() throws {
    let texts = [
      "+ 1 10.0.0.1", "+ x 10.0.0.1 acme", "+ 1 10.0.0 acme", "+ 1 10.0.0.1 ACME", "- 10.0.0.1 x", "* 10.0.0.1",
    ]
    for text in texts {
      let sum = String(Checksum.of(text.utf8), radix: 16)
      let line = String(repeating: "0", count: 8 - sum.count) + sum + " " + text + "\n"
      let log = try #require(LeaseLog(LeaseLog.header + Array(line.utf8)))
      #expect(log.records.isEmpty)
      #expect(log.damages.count == 1, "\(text)")
    }
  }
}

import TestKit
import Testing
import Wire

/// Addresses as text and as record data.
@Suite struct AddressTests {
  /// RFC 5952's rules: no leading zeros, lower case, the first longest run of zeros shortened, but never a single one.
  @Test(arguments: [
    ("192.0.2.1", "192.0.2.1"), ("0.0.0.0", "0.0.0.0"), ("255.255.255.255", "255.255.255.255"),
    ("2001:db8:0:0:0:0:0:1", "2001:db8::1"), ("2001:0db8::0001", "2001:db8::1"), ("2001:DB8::A", "2001:db8::a"),
    ("::", "::"), ("0:0:0:0:0:0:0:0", "::"), ("::1", "::1"), ("1::", "1::"), ("1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8"),
    ("2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"), ("2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"),
    ("2001:0:0:1:0:0:0:1", "2001:0:0:1::1"), ("::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8"),
    ("1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"), ("0:0:1::", "0:0:1::"), ("64:ff9b::192.0.2.33", "64:ff9b::c000:221"),
    ("::ffff:192.0.2.1", "192.0.2.1"), ("::ffff:c000:201", "192.0.2.1"), ("::ffff:0:0", "0.0.0.0"),
    ("::192.0.2.1", "::c000:201"), ("::fffe:c000:201", "::fffe:c000:201"),
  ])
  func readsAndWrites(text: String, expected: String) throws {
    let address = try #require(IPAddress(text))
    #expect(address.description == expected)
    #expect(IPAddress(expected) == address)
  }

  @Test(arguments: [
    "", "1", "1.2.3", "1.2.3.4.5", "1.2.3.256", "1.2.3.04", "01.2.3.4", "1.2.3.-4", "1.2.3.+4", " 1.2.3.4", "1.2.3.4 ",
    "1..2.3", "1.2.3.", "0x1.2.3.4", "1.2.3.999999999999999999999",
    ":", ":::", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1::2::3", "::1::", "12345::", "g::", "+1::", "-1::", "1:::2",
    "1:2:3:4:5:6:7:8::", "::1:2:3:4:5:6:7:8", "1.2.3.4::", "::1.2.3", "::1.2.3.4:5", "::1.2.3.04", "fe80::1%eth0",
    "[::1]", ":1", "1:", "1:2:3:4:5:6:7:1.2.3.4",
  ])
  func refuses(text: String) {
    #expect(IPAddress(text) == nil)
  }

  @Test func isRecordData() {
    #expect(IPAddress("192.0.2.1")?.octets == [192, 0, 2, 1])
    #expect(IPAddress("192.0.2.1")?.recordType == .a)
    let v6 = IPAddress("2001:db8::1")
    #expect(v6?.octets == [0x20, 1, 0x0d, 0xb8] + Array(repeating: 0, count: 11) + [1])
    #expect(v6?.recordType == .aaaa)
    for count in 0...17 {
      #expect((IPAddress(octets: Array(repeating: 7, count: count)) != nil) == [4, 16].contains(count))
    }
  }

  /// What an AAAA record holds stays an IPv6 address, mapped or not: it is data, and no peer's address.
  @Test func aMappedAddressInRecordDataIsKept() {
    let mapped = IPAddress(octets: Array(repeating: 0, count: 10) + [255, 255, 192, 0, 2, 1])
    #expect(mapped == .v6(0xffff_c000_0201))
    #expect(mapped?.octets.count == 16)
    #expect(IPAddress(v6: 0xffff_c000_0201) == .v4(0xc000_0201))
  }

  @Test func knowsSpecialAddresses() {
    #expect(["127.0.0.1", "127.255.0.9", "::1"].allSatisfy { IPAddress($0)?.isLoopback == true })
    #expect(["128.0.0.1", "::2", "::", "0.0.0.0"].allSatisfy { IPAddress($0)?.isLoopback == false })
    #expect(["0.0.0.0", "::"].allSatisfy { IPAddress($0)?.isUnspecified == true })
    #expect(IPAddress("::1")?.isUnspecified == false)
  }

  @Test func isOrderedByFamilyAndNumber() {
    let ordered = ["0.0.0.1", "9.0.0.0", "10.0.0.0", "255.0.0.0", "::", "::1", "fe80::"].compactMap { IPAddress($0) }
    #expect(ordered.reversed().sorted() == ordered)
  }

  @Test(arguments: Seeds.all) func randomAddressesComeBack(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    for _ in 0..<2_000 {
      // Whole groups of zeros, which RFC 5952 shortens, are made likely.
      let bits = (0..<8).reduce(UInt128(0)) { bits, _ in
        bits << 16 | UInt128(random.oneIn(2) ? 0 : random.next() & 0xffff)
      }
      for address in [IPAddress(v6: bits), .v4(UInt32(truncatingIfNeeded: bits))] {
        #expect(IPAddress(address.description) == address)
        #expect(IPAddress(octets: address.octets) == address)
      }
    }
  }
}

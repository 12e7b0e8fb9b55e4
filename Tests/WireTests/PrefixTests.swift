import TestKit
import Testing
import Wire

/// Prefixes: who the clients of a workspace are.
@Suite struct PrefixTests {
  @Test(arguments: [
    ("10.1.0.0/16", "10.1.0.0/16"), ("10.1.2.3", "10.1.2.3/32"), ("10.1.2.3/32", "10.1.2.3/32"),
    ("0.0.0.0/0", "0.0.0.0/0"),
    ("fd00:1::/64", "fd00:1::/64"), ("FD00:1:0::/64", "fd00:1::/64"), ("::1", "::1/128"), ("::/0", "::/0"),
    ("128.0.0.0/1", "128.0.0.0/1"), ("8000::/1", "8000::/1"),
  ])
  func readsAndWrites(text: String, expected: String) throws {
    #expect(try IPPrefix(text).description == expected)
  }

  @Test(arguments: [
    "", "/", "10.0.0.0/", "/8", "10.0.0.0/33", "::/129", "10.0.0.0/-1", "10.0.0.0/+8", "10.0.0.0/ 8", "10.0.0.0/8/8",
    "10.0.0/8", "10.0.0.0/x", "10.0.0.0/255.0.0.0", "10.0.0.0/99999999999999999999",
  ])
  func refuses(text: String) {
    #expect(throws: IPPrefix.TextError.notAPrefix) { try IPPrefix(text) }
  }

  @Test(arguments: [
    ("10.1.2.3/16", "10.1.0.0/16"), ("10.0.0.1/31", "10.0.0.0/31"), ("255.255.255.255/0", "0.0.0.0/0"),
    ("fd00:1::1/64", "fd00:1::/64"), ("ffff::/1", "8000::/1"), ("::1/127", "::/127"),
  ])
  func namesThePrefixThatWasMeant(text: String, meant: String) throws {
    let prefix = try IPPrefix(meant)
    #expect(throws: IPPrefix.TextError.hostBitsSet(prefix)) { try IPPrefix(text) }
  }

  @Test(arguments: [
    ("10.1.0.0/16", "10.1.0.0", true), ("10.1.0.0/16", "10.1.255.255", true), ("10.1.0.0/16", "10.2.0.0", false),
    ("10.1.0.0/16", "10.0.255.255", false), ("0.0.0.0/0", "255.255.255.255", true), ("10.0.0.1", "10.0.0.1", true),
    ("10.0.0.1", "10.0.0.0", false), ("fd00:1::/64", "fd00:1::ffff", true), ("fd00:1::/64", "fd00:1:0:1::", false),
    // The families never mix: not even all of one holds an address of the other.
    ("::/0", "10.0.0.1", false), ("0.0.0.0/0", "::1", false), ("0.0.0.0/0", "::ffff:10.0.0.1", true),
  ])
  func containsAddresses(prefix: String, address: String, expected: Bool) throws {
    #expect(try IPPrefix(prefix).contains(#require(IPAddress(address))) == expected)
  }

  @Test func lengthsHaveLimits() {
    #expect(IPPrefix(.v4(1), length: -1) == nil)
    #expect(IPPrefix(.v4(1), length: 33) == nil)
    #expect(IPPrefix(.v6(1), length: 129) == nil)
    #expect(IPPrefix(.v4(.max), length: 0)?.base == .v4(0))
    #expect(IPPrefix(.v6(.max), length: 0)?.base == .v6(0))
    #expect(IPPrefix(.v6(.max), length: 128)?.base == .v6(.max))
  }

  @Test func isOrderedByBaseThenLength() throws {
    let ordered = try ["10.0.0.0/8", "10.0.0.0/16", "11.0.0.0/8", "::/0", "fd00::/8"].map { try IPPrefix($0) }
    #expect(ordered.reversed().sorted() == ordered)
  }
}

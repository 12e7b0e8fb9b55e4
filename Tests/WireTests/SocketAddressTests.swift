import Testing
import Wire

/// Addresses with ports, in the forms that people and other programs write.
@Suite struct SocketAddressTests {
  @Test(arguments: [
    ("192.0.2.1", "192.0.2.1:53"), ("192.0.2.1:5353", "192.0.2.1:5353"), ("192.0.2.1#5353", "192.0.2.1:5353"),
    ("2001:db8::1", "[2001:db8::1]:53"), ("[2001:db8::1]", "[2001:db8::1]:53"),
    ("[2001:db8::1]:5353", "[2001:db8::1]:5353"), ("2001:db8::1#5353", "[2001:db8::1]:5353"), ("::", "[::]:53"),
    ("[::ffff:192.0.2.1]:53", "192.0.2.1:53"), ("192.0.2.1:65535", "192.0.2.1:65535"), ("192.0.2.1:0", "192.0.2.1:0"),
  ])
  func readsAndWrites(text: String, expected: String) throws {
    let address = try #require(SocketAddress(text, defaultPort: 53))
    #expect(address.description == expected)
    #expect(SocketAddress(expected, defaultPort: 9) == address)
  }

  @Test(arguments: [
    "", ":", ":53", "192.0.2.1:", "192.0.2.1:65536", "192.0.2.1:-1", "192.0.2.1:+1", "192.0.2.1:x", "192.0.2.1#",
    "192.0.2.1:53:53", "[192.0.2.1", "[2001:db8::1]5353", "[2001:db8::1]:", "[2001:db8::1]:x", "[]:53", "localhost:53",
    "[2001:db8::1]#53", "192.0.2.1##53", "[[::1]]:53",
  ])
  func refuses(text: String) {
    #expect(SocketAddress(text, defaultPort: 53) == nil)
  }
}

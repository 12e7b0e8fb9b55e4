import Testing
import Wire

@Suite struct PrivateNetworksTests {
  /// The first and the last address of each network, and those before and after.
  @Test(arguments: [
    ("10.0.0.0", "10.255.255.255", "9.255.255.255", "11.0.0.0"),
    ("172.16.0.0", "172.31.255.255", "172.15.255.255", "172.32.0.0"),
    ("192.168.0.0", "192.168.255.255", "192.167.255.255", "192.169.0.0"),
    ("100.64.0.0", "100.127.255.255", "100.63.255.255", "100.128.0.0"),
    ("127.0.0.0", "127.255.255.255", "126.255.255.255", "128.0.0.0"),
    ("fc00::", "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "fbff::1", "fe00::"), ("::1", "::1", "::", "::2"),
    ("::ffff:10.0.0.0", "::ffff:10.255.255.255", "::ffff:9.255.255.255", "::ffff:11.0.0.0"),
  ]) func eachNetworkHasItsEdges(first: String, last: String, before: String, after: String) throws {
    let networks = PrivateNetworks()
    for text in [first, last] { #expect(networks.contains(try #require(IPAddress(text))), "\(text)") }
    for text in [before, after] { #expect(!networks.contains(try #require(IPAddress(text))), "\(text)") }
  }

  /// What is not routed is not private for that: no endpoint has such an address.
  @Test(arguments: ["169.254.169.254", "fe80::1", "192.0.2.1", "2001:db8::1", "0.0.0.0", "::"])
  func whatIsMerelyNotRoutedIsNotPrivate(text: String) throws {
    #expect(!PrivateNetworks().contains(try #require(IPAddress(text))))
  }

  @Test func ownNetworksCountBesideThem() throws {
    let networks = PrivateNetworks(own: [try IPPrefix("198.51.100.0/24")]).adding([try IPPrefix("2001:db8::/32")])
    for text in ["198.51.100.9", "::ffff:198.51.100.9", "2001:db8::9", "10.0.0.1"] {
      #expect(networks.contains(try #require(IPAddress(text))), "\(text)")
    }
    #expect(!networks.contains(try #require(IPAddress("198.51.101.0"))))
  }
}

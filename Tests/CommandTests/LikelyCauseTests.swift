import Links
import SystemIO
import Testing
import Wire

@testable import backroad

/// Causes that no listener on loopback has.
struct LikelyCauseTests {
  @Test func routingTablesAndACLsAreSuspected() throws {
    let link = Link(name: "git", kind: "vcs", main: Link.Route(endpoint: nil, hosts: []))
    let address = try #require(SocketAddress("10.0.0.5:22", defaultPort: 22))
    let attempt = ConnectAttempt(to: address, ended: .noRoute("No route to host"))
    let cause = LikelyCause.ofAttempts([attempt], LinkFacts(link, of: "acme", nil))
    #expect(
      cause?.text.hasPrefix("no way leads there: routing tables and network ACLs, or run this in the VPC of the")
        == true)
    let silent = LikelyCause.ofAttempts(
      [ConnectAttempt(to: address, ended: .silent)], LinkFacts(link, of: "acme", nil))
    #expect(silent?.text.contains("routing tables or network ACLs: try an endpoint in another VPC") == true)
  }
}

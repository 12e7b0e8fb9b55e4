import Bounds
import Testing
import Text
import Wire

@testable import Workspaces

/// What may be called a network of one's own, and by whom.
@Suite struct OwnNetworksTests {
  private func problems(_ networks: [String]) -> [String] {
    let list = networks.map { "\"\($0)\"" }.joined(separator: ", ")
    do throws(Problems) {
      _ = try WorkspaceFile(Array("{ \"clients\": [],\n  \"own-networks\": [\(list)] }".utf8), file: "workspace.json")
      return []
    } catch {
      return error.all.map(\.description)
    }
  }

  private func serverReads(_ networks: [String]) -> Bool {
    var reader = OwnNetworkReader(of: .server)
    do throws(Problem) {
      for network in networks { _ = try reader.network(network) }
      return true
    } catch { return false }
  }

  @Test(arguments: [
    ("169.254.0.0/16", "169.254.0.0/16 are link-local (RFC 3927)"), ("169.254.169.254", "link-local"),
    ("169.254.169.0/24", "remove it"), ("169.0.0.0/8", "169.0.0.0/8 holds 169.254.0.0/16"), ("fe80::/10", "link-local"),
    ("fe80::/64", "link-local"), ("fe00::/7", "holds fe80::/10"), ("224.0.0.0/4", "multicast"),
    ("239.1.0.0/16", "multicast"),
    ("ff05::/16", "multicast"), ("0.0.0.0/8", "no host"), ("0.0.0.0", "no host"), ("::/128", "no host"),
    ("240.0.0.0/8", "reserved"), ("255.255.255.255", "broadcast"), ("126.0.0.0/7", "127.0.0.0/8"),
    ("0.0.0.0/0", "every address"),
    ("::/0", "every address"), ("0.0.0.0/1", "holds 0.0.0.0/8"), ("96.0.0.0/3", "holds 127.0.0.0/8"),
    ("64.0.0.0/4", "wider than what anybody was ever given, a /8"), ("8.0.0.0/7", "a /8"),
    ("2000::/3", "2000::/3 stands for IPv4"),
    ("2600::/12", "a /16"), ("2a00::/15", "a /16"), ("2002::/16", "of 0.0.0.0/0"),
    ("2002:800::/23", "of 8.0.0.0/7: 8.0.0.0/7 is wider"),
    ("2002:a9fe:a9fe::/48", "169.254.169.254/32: the addresses of 169.254.0.0/16"), ("64:ff9b::/96", "of 0.0.0.0/0"),
    ("64:ff9b::a9fe:0/112", "of 169.254.0.0/16"), ("64:ff9b::7f00:0/104", "loopback"),
    ("64:ff9b:1::/48", "of 0.0.0.0/0"),
    ("64:ff9b:1::a9fe:a9fe", "link-local"), ("64::/16", "of 0.0.0.0/0"), ("::7f00:1", "loopback"),
    ("::/3", "of 0.0.0.0/0"), ("::ffff:0:0/16", "no host"),
    ("168.63.129.16", "Azure's own service"), ("fd00:ec2::254", "AWS's own services"), ("100.100.100.200", "Alibaba"),
  ]) func whatIsNobodysOwnIsRefusedForBoth(network: String, says: String) throws {
    let all = problems([network])
    #expect(all.count == 1 && all.allSatisfy { $0.hasPrefix("workspace.json:2:20: ") && $0.contains(says) }, "\(all)")
    #expect(!serverReads([network]))
  }

  @Test(arguments: [
    "8.0.0.0/8", "198.51.100.0/24", "2630::/16", "2001:db8:1::/48", "100.100.0.0/16", "10.0.0.0/8", "fc00::/7",
    "2002:c633:6400::/40", "64:ff9b::c633:6400/120", "64:ff9b::a00:0/104", "168.63.0.0/16",
  ]) func whatSomebodyMayHaveIsTaken(network: String) {
    #expect(problems([network]) == [])
    #expect(serverReads([network]))
  }

  /// Only the operator says what is looked at on the server's machine.
  @Test(arguments: ["127.0.0.0/8", "127.0.0.1", "::1"]) func loopbackIsForTheServersListAlone(network: String) {
    #expect(
      problems([network]).first?.contains("is loopback, which is private without being listed; remove it") == true)
    #expect(serverReads([network]))
  }

  /// Many that are each narrow enough come to no more than one that is.
  @Test func togetherTheyAreNoMoreThanOneMayBe() {
    let halves = ["8.0.0.0/9", "9.0.0.0/9"]
    #expect(problems(halves) == [] && problems(["2630::/17", "2631::/17"]) == [])
    #expect(problems(halves + ["198.51.100.7"]).first?.contains("have more addresses together than one /8") == true)
    #expect(problems(["2630::/16", "2001:db8::/128"]).first?.contains("than one /16") == true)
    // An IPv6 network that stands for IPv4 addresses counts as those.
    #expect(problems(["8.0.0.0/8", "2002:c633:6400::/40"]).count == 1)
    // What is private to everybody does not count.
    #expect(problems(["8.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "fc00::/7"]) == [])
    #expect(!serverReads(halves + ["198.51.100.7"]))
  }

  /// Over random networks: whatever is accepted holds no special address, and is connected to nowhere that is.
  @Test func overRandomNetworksNothingSpecialIsAccepted() throws {
    var random = SeededGenerator(seed: 18)
    var accepted = 0
    for _ in 0..<20_000 {
      let bits = UInt32.random(in: 0...UInt32.max, using: &random)
      let address: IPAddress
      switch Int.random(in: 0..<4, using: &random) {
      case 0: address = .v4(bits)
      case 1: address = IPAddress(v6: 0x2002 << 112 | UInt128(bits) << 80)
      case 2: address = IPAddress(v6: 0x0064_ff9b << 96 | UInt128(bits))
      default: address = IPAddress(v6: UInt128.random(in: 0...UInt128.max, using: &random) >> 2)
      }
      let prefix = try #require(IPPrefix(address, length: Int.random(in: 0...address.bitWidth, using: &random)))
      guard serverReads(["\(prefix)"]), !PrivateNetworks().contains(prefix) else { continue }
      accepted += 1
      let judged = prefix.embeddedIPv4 ?? prefix
      #expect(
        judged.length >= (judged.base.bitWidth == 32 ? Limits.Workspaces.ownLength4 : Limits.Workspaces.ownLength6))
      for special in SpecialNetworks.all { #expect(!special.prefix.overlaps(judged), "\(prefix)") }
    }
    #expect(accepted > 1000)
  }
}

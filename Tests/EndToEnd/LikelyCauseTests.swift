import Foundation
import Glibc
import Testing

extension EndToEnd {
  /// What vendors of private links tell their customers that goes wrong, made with real listeners and answers: `doctor`
  /// names each as the likely cause, with the networks and regions of the operator's profile.
  @Suite struct LikelyCauses {
    private static let name = "vpce-0a1b2c3d4e5f60718-abcdefgh.vpce-svc-0123456789abcdef0.us-east-2.vpce.amazonaws.com"

    /// A listener of one address that takes connections, or one whose queue is full, so that nothing comes back.
    private final class Listener {
      private let socket: TestSocket
      private var waiting: [TestSocket] = []

      init(_ host: String, _ port: UInt16, isSilent: Bool = false) throws {
        socket = try TestSocket(SOCK_STREAM, Endpoint(host, port))
        try #require(socket.bind())
        socket.listen(backlog: isSilent ? 0 : 64)
        guard isSilent else { return }
        let type = __socket_type(rawValue: SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue)
        for _ in 0..<4 {
          let client = try TestSocket(type, Endpoint(host, port))
          _ = client.connect()
          waiting.append(client)
        }
      }
    }

    private static func profile(_ network: String = "127.0.0.0/8") -> String {
      """
      { "own-networks": ["127.0.0.0/8"], "operator": { "principals": ["111122223333"],
          "environments": { "us": { "region": "us-east-1", "cidrs": ["\(network)"] } } } }
      """
    }

    /// What `doctor` says of hosts at addresses and ports.
    private func causes(
      _ addresses: String, _ ports: [UInt16], kind: [String] = ["hosts"], host: String = "git.corp.example",
      network: String = "127.0.0.0/8", change: (Lab) throws -> Void = { _ in }
    ) throws -> String {
      var output = ""
      try Lab.run { lab in
        try lab.backroad(["workspace", "add", "acme", "--client", "127.0.0.0/8"])
        try lab.backroad(
          ["import"] + kind + ["--workspace", "acme", "--link", "prod", "--endpoint", addresses]
            + ports.flatMap { ["--port", "\($0)"] } + [host])
        try change(lab)
        let server = try lab.serve()
        try lab.write(Self.profile(network), to: "backroad.json")
        let outcome = try lab.run(Lab.backroad(), ["doctor", "--workspace", "acme", "--server", server.address.text])
        #expect(outcome.status == 1 && outcome.errors == "", "\(outcome.output)\(outcome.errors)")
        output = outcome.output
      }
      return output
    }

    /// What `doctor` says of an endpoint whose name has no address.
    private func causesWithoutAddress(_ state: String? = nil) throws -> String {
      try causes(Self.name, [22]) { lab in
        let upstream = try lab.scriptedUpstream { Message.answer($0.octets, []) }
        let path = "zones/acme/workspace.json"
        let forward = "{ \"forward\": [{ \"zone\": \"amazonaws.com\", \"to\": [\"\(upstream.address.text)\"] }],"
        try lab.write(lab.read(path).replacing("{", with: forward, maxReplacements: 1), to: path)
        guard let state else { return }
        let described = """
          {"VpcEndpoints": [{"State": "\(state)", "VpcEndpointId": "vpce-0a1b2c3d4e5f60718",
           "ServiceName": "com.amazonaws.vpce.us-east-2.vpce-svc-0123456789abcdef0"}]}
          """
        try lab.backroad(["link", "state", "acme", "prod"], input: Array(described.utf8))
      }
    }

    // MARK: Without an address

    @Test func aConnectionThatIsNotAcceptedIsSuspected() throws {
      let said = try causesWithoutAddress()
      #expect(
        said.contains("likely: probably the connection is not accepted yet, or \(Self.name) is rejected"), "\(said)")
      #expect(said.contains("(from here these look alike)"))
      let pending = try causesWithoutAddress("PendingAcceptance")
      #expect(pending.contains("likely: AWS said PendingAcceptance on 2"), "\(pending)")
      #expect(
        pending.contains("accepts the connection; aws ec2 describe-vpc-endpoints | backroad link state acme prod"))
    }

    @Test func aPrincipalThatIsNotAllowedIsSuspected() throws {
      #expect(
        try causesWithoutAddress().contains(
          "the owner of the service allows arn:aws:iam::111122223333:root and accepts"))
    }

    @Test func aRegionThatIsNotEnabledIsSuspected() throws {
      #expect(
        try causesWithoutAddress().contains("is us-east-1 a supported region of the service, which is in us-east-2?"))
      #expect(try causesWithoutAddress("Rejected").contains("likely: AWS said Rejected on 2"))
    }

    @Test func anEndpointThatIsGoneSinceIsSuspected() throws {
      #expect(
        try causesWithoutAddress("Available").contains("it is deleted since, its name is mistyped, or an older answer"))
    }

    // MARK: Without a connection

    @Test func aSecurityGroupWithoutTheCIDRIsSuspected() throws {
      let port = try Port.free()
      let listener = try Listener("127.0.0.41", port, isSilent: true)
      let said = try causes("127.0.0.41", [port])
      #expect(
        said.contains("likely: probably a security group without 127.0.0.0/8 on TCP \(port) (\"enforce inbound"),
        "\(said)")
      let other = try causes("127.0.0.41", [port], network: "10.0.1.0/24")
      #expect(
        other.contains(
          "without 10.0.1.0/24 (this came from 127.0.0.1, which is none of them: run this where connections"),
        "\(other)")
      withExtendedLifetime(listener) {}
    }

    @Test func aSecurityGroupThatOnlyRefersToItselfIsSuspected() throws {
      let port = try Port.free()
      let listener = try Listener("127.0.0.42", port, isSilent: true)
      #expect(
        try causes("127.0.0.42", [port]).contains("on), or one that only refers to itself; else unhealthy targets"))
      withExtendedLifetime(listener) {}
    }

    @Test func aSecurityGroupThatLetsOnePortInIsSuspected() throws {
      let (well, silent) = (try Port.free(), try Port.free())
      let listeners = [try Listener("127.0.0.43", well), try Listener("127.0.0.43", silent, isSilent: true)]
      #expect(
        try causes("127.0.0.43", [well, silent]).contains(
          "likely: other ports take connections: probably the security group lets 127.0.0.0/8 not in on TCP \(silent)"))
      withExtendedLifetime(listeners) {}
    }

    @Test func aListenerOfTheWrongPortIsSuspected() throws {
      let (well, refused) = (try Port.free(), try Port.free())
      let listener = try Listener("127.0.0.44", well)
      let said = try causes("127.0.0.44", [well, refused])
      #expect(
        said.contains(
          "likely: other ports take connections: the load balancer has no listener on port \(refused), its"), "\(said)")
      // Each port with its time.
      #expect(said.contains(try Regex("127\\.0\\.0\\.44:\(well) +\\d+ +reached\n")), "\(said)")
      #expect(said.contains(try Regex("127\\.0\\.0\\.44:\(refused) +\\d+ +Connection refused\n")), "\(said)")
      withExtendedLifetime(listener) {}
    }

    @Test func unhealthyTargetsAreSuspected() throws {
      let port = try Port.free()
      let said = try causes("127.0.0.45", [port])
      #expect(
        said.contains(
          "likely: something is there and says no: a listener or target group of another port than \(port), or no healthy target\n"
        ),
        "\(said)")
    }

    @Test func aTargetThatMovedWhenItsDatabaseFailedOverIsSuspected() throws {
      let port = try Port.free()
      let said = try causes(
        "127.0.0.46", [port], kind: ["postgres"], host: "orders.abcdef123456.us-east-2.rds.amazonaws.com")
      #expect(
        said.contains("or the target is registered by an address from before the database failed over"), "\(said)")
    }

    /// An endpoint has an address in each zone.
    @Test func crossZoneBalancingThatIsOffIsSuspected() throws {
      let port = try Port.free()
      let listener = try Listener("127.0.0.47", port)
      #expect(
        try causes("127.0.0.47,127.0.0.48", [port]).contains(
          "likely: other addresses take connections on port \(port): probably a zone is lost, targets are in one zone with cross-zone "
            + "balancing off"))
      withExtendedLifetime(listener) {}
    }

    @Test func zonesOfTheLoadBalancerThatChangedAreSuspected() throws {
      let port = try Port.free()
      let listener = try Listener("127.0.0.49", port)
      let said = try causes("\(Self.name)=127.0.0.49,127.0.0.50", [port]) { lab in
        let zonal = Self.name.replacing("abcdefgh.", with: "abcdefgh-us-east-1a.")
        let described = """
          {"VpcEndpoints": [{"State": "available", "VpcEndpointId": "vpce-0a1b2c3d4e5f60718",
           "ServiceName": "com.amazonaws.vpce.us-east-2.vpce-svc-0123456789abcdef0",
           "DnsEntries": [{"DnsName": "\(Self.name)"}, {"DnsName": "\(zonal)"}]}]}
          """
        try lab.backroad(["link", "state", "acme", "prod"], input: Array(described.utf8))
      }
      #expect(
        said.contains("or the load balancer's zones have changed; AWS named us-east-1a as the endpoint's"), "\(said)")
      withExtendedLifetime(listener) {}
    }

    // MARK: Another answer

    @Test func anOlderAnswerThatIsStillCachedIsSuspected() throws {
      let said = try causes("127.0.0.51", []) { lab in
        // What is served is of before, as an upstream's cache would have it.
        try lab.write(
          lab.read("zones/acme/git.corp.example.zone").replacing("127.0.0.51", with: "127.0.0.52"),
          to: "zones/acme/git.corp.example.zone")
      }
      #expect(
        said.contains("likely: an older answer is cached, or the endpoint was made anew: backroad cache flush"),
        "\(said)")
    }
  }
}

import Foundation
import Glibc
import Testing

extension EndToEnd {
  /// A server on all addresses of a machine with two ways to its client, where answers go another way than questions
  /// came. In network namespaces of the test's own.
  @Suite(.enabled(if: geteuid() == 0, "network namespaces are made by root alone")) struct AsymmetricRoutes {
    /// Two machines with two cables.
    private final class Network {
      private let lab: Lab
      let server = "backroad-s\(getpid())"
      let client = "backroad-c\(getpid())"

      init(_ lab: Lab) throws {
        self.lab = lab
        for name in [server, client] {
          try ip("netns", "add", name)
          try ip("-n", name, "link", "set", "lo", "up")
          for key in ["all/rp_filter=0", "default/rp_filter=0", "all/arp_ignore=1", "all/arp_announce=2"] {
            try set("ipv4/conf/\(key)", in: name)
          }
          try set("ipv6/conf/default/accept_dad=0", in: name)
        }
        for cable in ["1", "2"] {
          try ip("-n", server, "link", "add", "s\(cable)", "type", "veth", "peer", "name", "c\(cable)", "netns", client)
          for (name, end, host) in [(server, "s", 1), (client, "c", 2)] {
            try ip("-n", name, "address", "add", "10.77.\(cable).\(host)/24", "dev", "\(end)\(cable)")
            try ip("-n", name, "address", "add", "fd77:\(cable)::\(host)/64", "dev", "\(end)\(cable)", "nodad")
            try ip("-n", name, "link", "set", "\(end)\(cable)", "up")
          }
        }
        // The client's own address is behind no cable; the way to it is the second one.
        try ip("-n", client, "address", "add", "10.77.9.9/32", "dev", "lo")
        try ip("-n", client, "address", "add", "fd77:9::9/128", "dev", "lo", "nodad")
        try ip("-n", server, "route", "add", "10.77.9.9/32", "via", "10.77.2.2")
        // In IPv6 an interface that is asked for is only preferred, among routes of the same prefix and metric: so there is one
        // by the first cable too, on which nobody is found, and the second one's comes before it.
        for (verb, cable) in [("add", "s2"), ("append", "s1")] {
          try ip("-n", server, "-6", "route", verb, "fd77:9::9/128", "dev", cable, "metric", "100")
        }
        try ip("-n", client, "link", "set", "c2", "address", "02:00:00:00:77:02")
        try ip("-n", server, "neighbour", "add", "fd77:9::9", "lladdr", "02:00:00:00:77:02", "dev", "s2")
      }

      deinit {
        for name in [server, client] { _ = try? lab.run("ip", ["netns", "delete", name]) }
      }

      private func ip(_ words: String...) throws {
        let outcome = try lab.run("ip", words)
        guard outcome.status == 0 else { throw LabError("ip \(words.joined(separator: " ")): \(outcome.errors)") }
      }

      private func set(_ setting: String, in name: String) throws {
        let (key, value) = (setting.prefix { $0 != "=" }, setting.drop { $0 != "=" }.dropFirst())
        let outcome = try lab.run(
          "ip", ["netns", "exec", name, "/bin/sh", "-c", "echo \(value) >/proc/sys/net/\(key)"])
        guard outcome.status == 0 else { throw LabError("\(setting): \(outcome.errors)") }
      }

      func run(_ words: [String]) throws -> Outcome { try lab.run("ip", ["netns", "exec", client] + words) }
    }

    @Test(arguments: [("0.0.0.0", "10.77.9.9", "10.77.1.1"), ("[::]", "fd77:9::9", "fd77:1::1")])
    func answersGoWhereTheRoutingTableSays(listener: String, client: String, server: String) throws {
      try Lab.run { lab in
        let network = try Network(lab)
        try lab.workspace(
          "acme", clients: [client], zones: ["corp.example": "www A 10.1.0.1\n"],
          forward: ["example.com": [Endpoint("127.0.0.1", 9)]])
        let program = try lab.start(
          "ip",
          [
            "netns", "exec", network.server, Lab.backroad(), "serve", "--listen", "\(listener):5300", "--workers", "1",
          ])
        try eventually("the server is there", within: 30) { program.errors.contains("serving 1 workspace") }
        func ask(_ name: String, _ more: String...) throws -> String {
          try network.run(["dig", "+tries=3", "+time=2", "-p", "5300", "@\(server)", "-b", client, name] + more).output
        }
        // Made from the zones in the same batch, and sent later, when an upstream has failed.
        #expect(try ask("www.corp.example", "+short") == "10.1.0.1\n")
        #expect(try ask("www.example.com").contains("status: SERVFAIL"))
      }
    }
  }
}

import Foundation
import Testing

extension EndToEnd {
  /// Programs as people use them, on a machine whose resolv.conf names Backroad, reach by a link's names the servers that
  /// stand for its endpoint, and find their certificates and host keys right.
  @Suite(.enabled(if: Network.isAllowed, "\(Network.reason)")) struct RealClients {
    private static let snowflake = "xy12345.us-east-1.privatelink.snowflakecomputing.com"
    private static let git = "git.corp.example"
    private static let database = "prod.cluster-c1a2b3d4e5f6.us-east-1.rds.amazonaws.com"

    /// A customer's machine with three endpoints, the vendor's with Backroad and the cloud's resolver, and a client's.
    private struct Site {
      let lab: Lab
      let authority: Authority
      let client: Machine
      let listeners: Listeners

      init(_ lab: Lab, _ network: Network) throws {
        self.lab = lab
        authority = try Authority(lab)
        client = try network.machine("client")
        let vendor = try network.machine("vendor", at: ["10.77.0.53", "10.77.0.2"])
        let customer = try network.machine("customer", at: ["10.1.20.7", "10.1.30.7", "10.1.40.7"])
        try network.cable(vendor, "10.77.1.1/24", client, "10.77.1.2/24")
        try network.cable(vendor, "10.77.2.1/24", customer, "10.77.2.2/24")
        try client.ip("route", "add", "default", "via", "10.77.1.1")
        try vendor.ip("route", "add", "10.1.0.0/16", "via", "10.77.2.2")
        try customer.ip("route", "add", "default", "via", "10.77.2.1")
        try vendor.becomeRouter()
        try client.resolve(with: "10.77.0.53")
        listeners = Listeners(lab: lab, machine: customer)
        try makeLinks(with: CloudResolver("10.77.0.2", on: vendor, in: lab))
        let server = try vendor.start(
          Lab.backroad(), ["serve", "--listen", "10.77.0.53:53", "--forward", "10.77.0.2:53", "--workers", "1"])
        try eventually("the server serves; it said \(server.errors)", within: 30) {
          server.errors.contains("serving 1")
        }
      }

      /// A link whose endpoint's addresses the cloud's resolver knows, and two with pinned ones.
      private func makeLinks(with resolver: CloudResolver) throws {
        try lab.backroad(["workspace", "add", "acme", "--no-token", "--client", "10.77.1.0/24"])
        let endpoint = "vpce-0a1b2c3d4e5f60718-abcdefgh.vpce-svc-0123456789abcdef0.us-east-1.vpce.amazonaws.com"
        try resolver.hold([endpoint: ["10.1.20.7"]])
        try lab.backroad(
          ["import", "snowflake", "--workspace", "acme", "--link", "snowflake", "--endpoint", endpoint],
          input: Array(#"{"privatelink-account-url": "\#(snowflake)"}"#.utf8))
        try lab.backroad([
          "import", "vcs", "--workspace", "acme", "--link", "git", "--product", "gitlab", "--address", "10.1.40.7", git,
        ])
        try lab.backroad([
          "import", "postgres", "--workspace", "acme", "--link", "warehouse", "--address", "10.1.30.7", database,
        ])
      }

      /// Runs a program on the client's machine, which is to succeed; what it printed.
      func run(_ path: String, _ arguments: [String]) throws -> String {
        let outcome = try client.run(path, arguments)
        guard outcome.status == 0 else {
          throw LabError("\(path) \(arguments) ended with \(outcome.status): \(outcome.output)\(outcome.errors)")
        }
        return outcome.output
      }
    }

    private func withSite(_ body: (Site) throws -> Void) throws {
      try Lab.run { lab in try body(Site(lab, Network(lab))) }
    }

    /// A repository with one commit, whose id it gives.
    private func makeRepository(_ lab: Lab) throws -> String {
      let repository = lab.folder.appendingPathComponent("git/team/app.git").path
      let git = ["-C", repository, "-c", "user.name=nobody", "-c", "user.email=nobody@corp.example"]
      try lab.expect("git", ["init", "-q", "--bare", repository])
      let tree = try lab.expect("git", git + ["hash-object", "-t", "tree", "-w", "/dev/null"])
      let words = ["commit-tree", "-m", "A start", tree.trimmingCharacters(in: .newlines)]
      let commit = try lab.expect("git", git + words).trimmingCharacters(in: .newlines)
      try lab.expect("git", git + ["update-ref", "refs/heads/main", commit])
      return commit
    }

    @Test func getaddrinfoFindsTheEndpoint() throws {
      try withSite { site in
        for (host, address) in [(Self.snowflake, "10.1.20.7"), (Self.git, "10.1.40.7"), (Self.database, "10.1.30.7")] {
          let lines = try site.run("getent", ["ahosts", host]).split(separator: "\n")
          #expect(Set(lines.map { $0.prefix { $0 != " " } }) == [Substring(address)], "\(host): \(lines)")
        }
        // EAI_NONAME, and not the wait for somebody who does not answer.
        #expect(try site.client.run("getent", ["ahosts", "none.\(Self.snowflake)"]).status == 2)
      }
    }

    @Test func curlTrustsTheCertificateOfThePrivateName() throws {
      try withSite { site in
        let certificate = try site.authority.certify(Self.snowflake)
        _ = try site.listeners.https("10.1.20.7", certificate: certificate, page: "behind the endpoint")
        let words = ["-sS", "--cacert", site.authority.certificate, "-w", " at %{remote_ip}"]
        #expect(try site.run("curl", words + ["https://\(Self.snowflake)/"]) == "behind the endpoint at 10.1.20.7")
        // The other endpoint's server shows its own certificate to who asks it by the first one's name.
        _ = try site.listeners.https("10.1.40.7", certificate: certificate, page: "another's")
        let other = try site.client.run("curl", words + ["https://\(Self.git)/"])
        #expect(other.status == 60 && other.errors.contains(Self.git), "\(other.errors)")
      }
    }

    @Test func psqlConnectsAndVerifiesTheDatabasesName() throws {
      try withSite { site in
        let database = try site.listeners.postgres("10.1.30.7", certificate: site.authority.certify(Self.database))
        let connection =
          "host=\(Self.database) port=5432 dbname=pgbouncer user=reader sslmode=verify-full connect_timeout=10 "
          + "sslrootcert=\(site.authority.certificate)"
        // One row for each client: itself, from where, to where, and by which TLS.
        let row = try site.run("psql", ["-X", "-At", "-c", "SHOW CLIENTS", connection]).split(separator: "|")
        #expect(row.contains("10.77.1.2") && row.contains("10.1.30.7"), "\(row) \(database.errors)")
        #expect(row.contains { $0.hasPrefix("TLSv1.3/") }, "\(row)")
      }
    }

    @Test func gitListsARepositoryOverHTTPS() throws {
      try withSite { site in
        let commit = try makeRepository(site.lab)
        let certificate = try site.authority.certify(Self.git)
        _ = try site.listeners.https("10.1.40.7", certificate: certificate, page: "")
        let listed = try site.run(
          "env",
          [
            "GIT_TERMINAL_PROMPT=0", "GIT_SSL_CAINFO=\(site.authority.certificate)", "git", "ls-remote",
            "https://\(Self.git)/git/team/app.git",
          ])
        #expect(listed.contains("\(commit)\trefs/heads/main\n"), "\(listed)")
      }
    }

    @Test func gitListsARepositoryOverSSHWithTheHostKeyOfThePrivateName() throws {
      try withSite { site in
        let commit = try makeRepository(site.lab)
        try site.lab.expect("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "", "-f", "client.key"])
        let (server, hostKey) = try site.listeners.ssh("10.1.40.7", letting: "client.key.pub")
        let folder = site.lab.folder.path
        let ssh = [
          "ssh", "-F", "none", "-i", "\(folder)/client.key", "-o", "IdentitiesOnly=yes", "-o", "BatchMode=yes",
          "-o", "StrictHostKeyChecking=yes", "-o", "UserKnownHostsFile=\(folder)/known_hosts",
          "-o", "GlobalKnownHostsFile=/dev/null", "-o", "CheckHostIP=no", "-o", "ConnectTimeout=10",
        ].joined(separator: " ")
        let words = [
          "GIT_SSH_COMMAND=\(ssh)", "git", "ls-remote",
          "ssh://git@\(Self.git)\(folder)/git/team/app.git",
        ]
        try site.lab.write("\(Self.git) \(hostKey)\n", to: "known_hosts")
        let listed = try site.run("env", words)
        #expect(listed.contains("\(commit)\trefs/heads/main\n"), "\(listed)")
        #expect(
          server.errors.contains(#/Connection from 10\.77\.1\.2 port \d+ on 10\.1\.40\.7 port 22/#), "\(server.errors)")
        // The same key under another name is no proof of this one.
        try site.lab.write("\(Self.database) \(hostKey)\n", to: "known_hosts")
        let stranger = try site.client.run("env", words)
        #expect(
          stranger.status == 128 && stranger.errors.contains("Host key verification failed"), "\(stranger.errors)")
      }
    }
  }
}

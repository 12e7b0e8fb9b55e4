import Foundation
import Glibc

// Debian's resolvers as upstreams, each resolving one fixture; and what is done to them.
extension Lab {
  /// A resolver that can be taken away and brought back at the same address.
  final class Peer {
    let lab: Lab
    let address: Endpoint
    private let path: String
    private let arguments: [String]
    private(set) var program: Program

    fileprivate init(_ lab: Lab, _ path: String, _ arguments: [String], _ address: Endpoint) throws {
      (self.lab, self.path, self.arguments, self.address) = (lab, path, arguments, address)
      program = try lab.start(path, arguments)
      try address.awaitAnswer(from: program)
    }

    func kill() {
      program.stop()
    }

    func restart() throws {
      program = try lab.start(path, arguments)
      try address.awaitAnswer(from: program)
    }
  }

  enum Resolver: String, CaseIterable {
    case unbound, bind, recursor, dnsmasq
  }

  /// Starts a resolver that asks `authority` for everything.
  func resolver(_ kind: Resolver, over authority: Endpoint) throws -> Peer {
    let folder = "\(self.folder.path)/\(kind.rawValue)-\(UUID().uuidString.prefix(8))"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    let address = Endpoint("127.0.0.1", try Port.free())
    let file = "\(folder)/\(kind.rawValue).conf"
    switch kind {
    case .unbound:
      try Data(Self.unboundText(address, authority, folder).utf8).write(to: URL(fileURLWithPath: file))
      return try Peer(self, "unbound", ["-d", "-c", file], address)
    case .bind:
      try Data(Self.bindText(address, authority, folder).utf8).write(to: URL(fileURLWithPath: file))
      return try Peer(self, "named", ["-g", "-n", "1", "-c", file], address)
    case .recursor:
      try Data(Self.recursorText(address, authority, folder).utf8)
        .write(to: URL(fileURLWithPath: "\(folder)/recursor.conf"))
      return try Peer(self, "pdns_recursor", ["--config-dir=\(folder)"], address)
    case .dnsmasq:
      let arguments = [
        "--keep-in-foreground", "--conf-file=/dev/null", "--port=\(address.port)", "--listen-address=127.0.0.1",
        "--bind-interfaces", "--no-resolv", "--no-hosts", "--pid-file=\(folder)/pid", "--user=\(NSUserName())",
        "--server=127.0.0.1#\(authority.port)",
      ]
      return try Peer(self, "dnsmasq", arguments, address)
    }
  }

  private static func unboundText(_ address: Endpoint, _ authority: Endpoint, _ folder: String) -> String {
    """
    server:
      interface: 127.0.0.1
      port: \(address.port)
      username: ""
      chroot: ""
      directory: "\(folder)"
      pidfile: ""
      use-syslog: no
      do-daemonize: no
      num-threads: 1
      module-config: "iterator"
      do-not-query-localhost: no
      minimal-responses: no
    remote-control:
      control-enable: no
    forward-zone:
      name: "."
      forward-addr: \(authority.host)@\(authority.port)

    """
  }

  private static func bindText(_ address: Endpoint, _ authority: Endpoint, _ folder: String) -> String {
    """
    options {
      directory "\(folder)";
      pid-file none;
      session-keyfile none;
      listen-on port \(address.port) { 127.0.0.1; };
      listen-on-v6 { none; };
      recursion yes;
      dnssec-validation no;
      minimal-responses no;
    };
    controls { };
    zone "." { type forward; forward only; forwarders { 127.0.0.1 port \(authority.port); }; };

    """
  }

  private static func recursorText(_ address: Endpoint, _ authority: Endpoint, _ folder: String) -> String {
    """
    local-address=127.0.0.1
    local-port=\(address.port)
    forward-zones=example.com=127.0.0.1:\(authority.port)
    dont-query=
    dnssec=off
    threads=1
    socket-dir=\(folder)
    setuid=
    setgid=
    security-poll-suffix=

    """
  }

  /// PowerDNS's authoritative server with a zone given as text.
  func powerDNS(_ zone: String, _ records: String) throws -> Peer {
    let folder = "\(self.folder.path)/pdns-\(UUID().uuidString.prefix(8))"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    let address = Endpoint("127.0.0.1", try Port.free())
    try Data(records.utf8).write(to: URL(fileURLWithPath: "\(folder)/\(zone).zone"))
    let bind = "zone \"\(zone)\" { type master; file \"\(folder)/\(zone).zone\"; };\n"
    try Data(bind.utf8).write(to: URL(fileURLWithPath: "\(folder)/named.conf"))
    let text = """
      launch=bind
      bind-config=\(folder)/named.conf
      local-address=127.0.0.1
      local-port=\(address.port)
      socket-dir=\(folder)
      daemon=no
      guardian=no
      dname-processing=yes
      setuid=
      setgid=

      """
    try Data(text.utf8).write(to: URL(fileURLWithPath: "\(folder)/pdns.conf"))
    return try Peer(self, "pdns_server", ["--config-dir=\(folder)"], address)
  }
}

import Foundation
import Glibc

/// Debian's DNS servers as upstreams: each in the foreground, on a loopback port of its own, all files in the lab.
extension Lab {
  /// A server that another program runs.
  struct Daemon {
    let program: Program
    let address: Endpoint
    let configuration: String
  }

  /// NSD with zones given as text.
  func nsd(_ zones: [String: String]) throws -> Daemon {
    let folder = try daemonFolder("nsd")
    let address = Endpoint("127.0.0.1", try Port.free())
    var text = """
      server:
        ip-address: 127.0.0.1@\(address.port)
        username: ""
        chroot: ""
        database: ""
        zonesdir: "\(folder)"
        pidfile: "\(folder)/nsd.pid"
        xfrdfile: "\(folder)/xfrd.state"
        zonelistfile: "\(folder)/zone.list"
        logfile: "\(folder)/nsd.log"
        server-count: 1
      remote-control:
        control-enable: yes
        control-interface: \(folder)/control

      """
    for (zone, records) in zones.sorted(by: { $0.key < $1.key }) {
      try Data(records.utf8).write(to: URL(fileURLWithPath: "\(folder)/\(zone).zone"))
      text += "zone:\n  name: \(zone)\n  zonefile: \(zone).zone\n"
    }
    return try daemon("nsd", ["-d", "-c"], text, folder, address)
  }

  /// How many queries an NSD has answered.
  func queryCount(_ nsd: Daemon) throws -> Int {
    let outcome = try run("nsd-control", ["-c", nsd.configuration, "stats_noreset"])
    let line = outcome.output.split(separator: "\n").first { $0.hasPrefix("num.queries=") }
    guard let line, let count = Int(line.dropFirst(12)) else {
      throw LabError("nsd-control: \(outcome.output)\(outcome.errors)")
    }
    return count
  }

  /// Unbound, resolving a zone from another server.
  func unbound(_ zone: String, from authority: Endpoint) throws -> Daemon {
    let folder = try daemonFolder("unbound")
    let address = Endpoint("127.0.0.1", try Port.free())
    let text = """
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
        access-control: 127.0.0.0/8 allow
        local-zone: "ready.invalid." refuse
      remote-control:
        control-enable: no
      stub-zone:
        name: "\(zone)"
        stub-addr: \(authority.host)@\(authority.port)

      """
    return try daemon("unbound", ["-d", "-c"], text, folder, address)
  }

  /// BIND with zones given as text.
  func bind(_ zones: [String: String]) throws -> Daemon {
    let folder = try daemonFolder("bind")
    let address = Endpoint("127.0.0.1", try Port.free())
    var text = """
      options {
        directory "\(folder)";
        pid-file none;
        session-keyfile none;
        listen-on port \(address.port) { 127.0.0.1; };
        listen-on-v6 { none; };
        recursion no;
        dnssec-validation no;
        notify no;
      };
      controls { };

      """
    for (zone, records) in zones.sorted(by: { $0.key < $1.key }) {
      try Data(records.utf8).write(to: URL(fileURLWithPath: "\(folder)/\(zone).zone"))
      text += "zone \"\(zone)\" { type primary; file \"\(zone).zone\"; };\n"
    }
    return try daemon("named", ["-g", "-n", "1", "-c"], text, folder, address)
  }

  /// dnsmasq with addresses given by name.
  func dnsmasq(_ hosts: [String: [String]], cnames: [String: String] = [:]) throws -> Daemon {
    let folder = try daemonFolder("dnsmasq")
    let address = Endpoint("127.0.0.1", try Port.free())
    var text = """
      port=\(address.port)
      listen-address=127.0.0.1
      bind-interfaces
      no-resolv
      no-hosts
      no-daemon
      local-ttl=300
      pid-file=
      user=\(NSUserName())
      local=/amazonaws.com/

      """
    for (host, addresses) in hosts.sorted(by: { $0.key < $1.key }) {
      for address in addresses { text += "host-record=\(host),\(address)\n" }
    }
    for (alias, target) in cnames.sorted(by: { $0.key < $1.key }) { text += "cname=\(alias),\(target)\n" }
    return try daemon("dnsmasq", ["--conf-file"], text, folder, address)
  }

  /// dnsdist in front of a server, to which it tells each client by the PROXY protocol.
  ///
  /// - Parameters:
  ///   - source: the loopback address that the server sees it at.
  ///   - lines: more of its configuration.
  func dnsdist(before server: Endpoint, from source: String, _ lines: String = "") throws -> Daemon {
    let folder = try daemonFolder("dnsdist")
    let address = Endpoint("127.0.0.1", try Port.free())
    let text = """
      setLocal("\(address.text)")
      setSecurityPollSuffix("")
      newServer({address="\(server.text)", source="\(source)", useProxyProtocol=true})
      \(lines)

      """
    return try daemon("dnsdist", ["--supervised", "--disable-syslog", "-C"], text, folder, address)
  }

  /// dnsdist in front of a server that takes it for a client.
  ///
  /// - Parameter checking: how it finds out that the server is up.
  func dnsdist(checking: String, _ server: Endpoint) throws -> Daemon {
    let folder = try daemonFolder("dnsdist")
    let address = Endpoint("127.0.0.1", try Port.free())
    let text = """
      setLocal("\(address.text)")
      setSecurityPollSuffix("")
      newServer({address="\(server.text)", \(checking)})

      """
    return try daemon("dnsdist", ["--supervised", "--disable-syslog", "-C"], text, folder, address)
  }

  private func daemonFolder(_ name: String) throws -> String {
    let folder = self.folder.appendingPathComponent("\(name)-\(UUID().uuidString.prefix(8))")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    return folder.path
  }

  private func daemon(
    _ name: String, _ flags: [String], _ text: String, _ folder: String, _ address: Endpoint
  ) throws -> Daemon {
    let configuration = "\(folder)/\(name).conf"
    try Data(text.utf8).write(to: URL(fileURLWithPath: configuration))
    let last = flags.last == "--conf-file" ? ["--conf-file=\(configuration)"] : flags + [configuration]
    let program = try start(name, last)
    try address.awaitAnswer(from: program)
    return Daemon(program: program, address: address, configuration: configuration)
  }
}

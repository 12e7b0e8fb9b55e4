import Foundation

/// A certificate authority of a test's own.
struct Authority {
  private let lab: Lab
  private static let key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]

  init(_ lab: Lab) throws {
    self.lab = lab
    try lab.expect(
      "openssl",
      ["req", "-x509"] + Self.key
        + ["-subj", "/CN=Backroad tests", "-keyout", "authority.key", "-out", "authority.pem"])
  }

  /// Its own certificate, which clients trust.
  var certificate: String { lab.folder.appendingPathComponent("authority.pem").path }

  /// A certificate for a host, with its key in the same file, whose path it gives.
  func certify(_ host: String) throws -> String {
    try lab.expect(
      "openssl",
      ["req", "-x509", "-CA", "authority.pem", "-CAkey", "authority.key"] + Self.key + [
        "-subj", "/CN=server", "-addext", "subjectAltName=DNS:\(host)", "-addext", "basicConstraints=critical,CA:FALSE",
        "-keyout", "\(host).key", "-out", "\(host).crt",
      ])
    try lab.write(lab.read("\(host).key") + lab.read("\(host).crt"), to: "\(host).pem")
    return lab.folder.appendingPathComponent("\(host).pem").path
  }
}

/// Real servers that stand behind an endpoint, each in the foreground and on one address of a machine.
struct Listeners {
  let lab: Lab
  let machine: Machine

  private func path(_ name: String) -> String { lab.folder.appendingPathComponent(name).path }

  /// Waits until something accepts connections there.
  private func listening(_ program: Program, _ address: String, _ port: Int) throws -> Program {
    try eventually("\(program.name) listens on \(address), port \(port); it said \(program.errors)", within: 20) {
      guard program.isRunning else { throw LabError("it ended at once: \(program.errors)\(program.output)") }
      return try machine.run("ss", ["-Hltn", "src", "\(address):\(port)"]).output != ""
    }
    return program
  }

  /// lighttpd: over HTTPS a page with a text at `/`, and the repositories below the folder `git` at `/git/`.
  func https(_ address: String, port: Int = 443, certificate: String, page: String) throws -> Program {
    let name = "https-\(address)-\(port)"
    try lab.write(page, to: "\(name)/index.html")
    let text = """
      server.modules = ("mod_openssl", "mod_alias", "mod_setenv", "mod_cgi")
      server.document-root = "\(path(name))"
      server.bind = "\(address)"
      server.port = \(port)
      index-file.names = ("index.html")
      mimetype.assign = (".html" => "text/plain")
      ssl.engine = "enable"
      ssl.pemfile = "\(certificate)"
      alias.url = ("/git" => "/usr/lib/git-core/git-http-backend")
      $HTTP["url"] =~ "^/git/" {
        cgi.assign = ("" => "")
        setenv.add-environment = ("GIT_PROJECT_ROOT" => "\(path("git"))", "GIT_HTTP_EXPORT_ALL" => "")
      }

      """
    try lab.write(text, to: "\(name).conf")
    return try listening(machine.start("lighttpd", ["-D", "-f", path("\(name).conf")]), address, port)
  }

  /// OpenSSH's server, which lets the user `git` in by a key.
  ///
  /// - Returns: its host key, as `known_hosts` has it behind the host.
  func ssh(_ address: String, letting publicKey: String) throws -> (program: Program, hostKey: String) {
    let name = "ssh-\(address)"
    try lab.expect("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "", "-f", "\(name).key"])
    let text = """
      ListenAddress \(address):22
      HostKey \(path("\(name).key"))
      AuthorizedKeysFile \(path(publicKey))
      AuthenticationMethods publickey
      StrictModes no
      UsePAM no
      PidFile none
      LogLevel VERBOSE

      """
    try lab.write(text, to: "\(name).conf")
    // Users of its own, whatever those of this machine may do; sshd leaves its rights to one of them.
    try machine.replace("/etc/passwd", "git:x:0:0::/:/bin/sh\nsshd:x:65534:65534::/run/sshd:/usr/sbin/nologin\n")
    try machine.replace("/etc/shadow", "git:*:20000::::::\n")
    let command = "mount -t tmpfs none /run && mkdir -m 755 /run/sshd && exec \"$0\" \"$@\""
    let program = try machine.start(
      "/bin/sh", ["-c", command, "/usr/sbin/sshd", "-D", "-e", "-f", path("\(name).conf")])
    let hostKey = try lab.read("\(name).key.pub").trimmingCharacters(in: .whitespacesAndNewlines)
    return (try listening(program, address, 22), hostKey)
  }

  /// pgbouncer, whose console speaks PostgreSQL's protocol as a database does, and takes no connection without TLS.
  func postgres(_ address: String, certificate: String) throws -> Program {
    let name = "postgres-\(address)"
    try lab.write("\"reader\" \"\"\n", to: "\(name).users")
    let text = """
      [databases]
      [pgbouncer]
      listen_addr = \(address)
      listen_port = 5432
      unix_socket_dir =
      auth_type = trust
      auth_file = \(path("\(name).users"))
      stats_users = reader
      client_tls_sslmode = require
      client_tls_key_file = \(certificate)
      client_tls_cert_file = \(certificate)
      user = nobody

      """
    try lab.write(text, to: "\(name).ini")
    return try listening(machine.start("pgbouncer", [path("\(name).ini")]), address, 5432)
  }
}

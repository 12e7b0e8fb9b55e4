import Foundation
import Links
import Testing
import Text
import Wire

/// What refusals and plans tell a person to type, typed into a shell: the words are those that were meant.
@Suite struct PrintedCommands {
  /// No link of a plan has such a name; a refusal that comes before that is known prints it.
  private static let link = "a b'$(id)*;#"

  /// What sh makes of the command in a text: from `backroad` on, as far as a person copies it.
  private func words(_ text: String, until end: String? = nil) throws -> [String] {
    let start = try #require(text.range(of: "backroad import"), "\(text)").lowerBound
    var line = text[start...]
    if let end, let range = line.range(of: end) { line = line[..<range.lowerBound] }
    let process = Process()
    process.executableURL = URL(filePath: "/bin/sh")
    process.arguments = ["-c", "printf '%s\\0' \(line)"]
    let folder = FileManager.default.temporaryDirectory.appending(path: "backroad-words-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
    defer { try? FileManager.default.removeItem(at: folder) }
    // Something that a pattern would take.
    try Data().write(to: folder.appending(path: "x.corp.com"))
    process.currentDirectoryURL = folder
    let output = Pipe()
    process.standardOutput = output
    try process.run()
    let octets = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    #expect(process.terminationStatus == 0, "\(line)")
    return octets.split(separator: 0, omittingEmptySubsequences: false).dropLast().map {
      String(decoding: $0, as: UTF8.self)
    }
  }

  private func start(_ kind: String, _ link: String = Self.link) -> [String] {
    ["backroad", "import", kind, "--workspace", "acme", "--link", link]
  }

  @Test func ofADatabricksBackEnd() throws {
    let host = "dbc-a1b2c3d4-e5f6.cloud.databricks.com"
    var options = DatabricksImport.Options(LinkRequest("prod", endpoint: nil))
    (options.isBackEnd, options.region) = (true, "us-east-1")
    let plan = try DatabricksImport.plan("https://\(host)", options: options, in: workspace())
    #expect(
      try words(plan.leftOut.first?.why ?? "")
        == start("databricks", "prod-workspace") + ["--endpoint", "VPCE", host])
  }

  @Test func ofAGitServer() throws {
    for host in ["corp.com", "*.corp.com"] {
      let options = VCSImport.Options(LinkRequest(Self.link, endpoint: try readEndpoint("10.1.2.3")))
      let why = refusal {
        _ = try VCSImport.plan(.hosts([HostsImport.Item(host)], file: nil), options: options, in: workspace())
      }
      #expect(
        try words(why) == start("hosts") + ["--zone", "corp.com", "--miss", "forward", host], "\(why)")
    }
    var options = VCSImport.Options(LinkRequest(Self.link, endpoint: try readEndpoint("10.1.2.3")))
    options.pages = "corp.com"
    let why = refusal {
      _ = try VCSImport.plan(
        .hosts([HostsImport.Item("gitlab.corp.com")], file: nil), options: options, in: workspace())
    }
    #expect(
      try words(why) == start("hosts") + ["--zone", "corp.com", "--miss", "forward", "corp.com", "*.corp.com"], "\(why)"
    )
  }

  @Test func ofADatabase() throws {
    let options = DatabaseImport.Options(.redshift, LinkRequest(Self.link, endpoint: try readEndpoint("10.1.2.3")))
    let host = "orders.abcdef123456.us-east-2.rds.amazonaws.com"
    let why = refusal { _ = try DatabaseImport.plan([HostsImport.Item(host)], options: options, in: workspace()) }
    #expect(try words(why, until: ", or") == start("postgres") + [host], "\(why)")
  }

  @Test func ofSnowflakesStorage() throws {
    let input = """
      {"privatelink-account-name": "wl91852.west-europe.privatelink",
       "privatelink-account-url": "wl91852.west-europe.privatelink.snowflakecomputing.com",
       "privatelink-internal-stage": "sfc1stage.blob.core.windows.net",
       "privatelink-snowflake-managed-storage-volume-nfs": "wesfcvolnfs3.blob.core.windows.net"}
      """
    let plan = try importSnowflake(input, link: "prod", endpoint: nil, addresses: ["10.1.2.3"])
    let volume = plan.nextSteps.first { $0.contains("storage volume") } ?? ""
    #expect(
      try words(volume)
        == start("hosts", "prod-storage") + ["--endpoint", "VPCE", "wesfcvolnfs3.blob.core.windows.net"])
    let stage = plan.nextSteps.first { $0.contains("internal stage") } ?? ""
    #expect(try words(stage) == start("snowflake", "prod") + ["--stage-endpoint", "VPCE", "CONFIG"])
  }

  /// Where a vendor's public name is refused the remedy is a whole command.
  @Test func ofAVendorsPublicName() throws {
    let options = VCSImport.Options(LinkRequest(Self.link, endpoint: try readEndpoint("10.1.2.3")))
    for (host, kind, operand) in [
      ("accounts.cloud.databricks.com", "databricks", "URL"),
      ("xy12345.us-east-1.snowflakecomputing.com", "snowflake", "CONFIG"),
    ] {
      let why = refusal {
        _ = try VCSImport.plan(.hosts([HostsImport.Item(host)], file: nil), options: options, in: workspace())
      }
      #expect(try words(why) == start(kind) + [operand], "\(why)")
    }
    let hosts = HostsImport.Options(LinkRequest("prod", endpoint: try readEndpoint("10.1.2.3")))
    let plan = try HostsImport.plan(
      [HostsImport.Item("accounts.cloud.databricks.com")], file: nil, options: hosts, in: workspace())
    let warning = plan.warnings.first { $0.message.contains("public name of Databricks") }
    #expect(try words(warning?.message ?? "") == start("databricks", "prod") + ["URL"])
  }
}

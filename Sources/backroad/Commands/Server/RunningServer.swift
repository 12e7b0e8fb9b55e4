import Admin
import Bounds
import Links
import Server
import Storage
import SystemIO
import Text
import Wire
import Workspaces

/// How commands find the zones folder, by one rule for all of them.
extension Arguments {
  /// The flags by which the workspaces are found.
  static let zonesFlags: [Flag] = [.zones, .config]

  /// Where workspaces are read and changed.
  ///
  /// - Throws: what is wrong with the configuration, unless a flag makes it of no matter.
  func store() throws -> any Store { try zonesFolder() }

  /// The zones folder: that of `--zones`, of the configuration file, or the usual one, in this order.
  ///
  /// - Throws: what is wrong with the configuration, unless `--zones` makes it of no matter.
  func zonesFolder() throws -> ZonesFolder {
    zonesFolder(over: has(.zones) ? ServerSettings() : try configurationFile())
  }

  /// The same with the configuration file as it was read.
  func zonesFolder(over file: ServerSettings) -> ZonesFolder {
    ZonesFolder(path: value(.zones) ?? file.zones ?? ServerConfiguration.defaultZones)
  }
}

extension Arguments {
  /// True where the configuration is that of the zones folder: one that merely lies here says nothing of a folder that
  /// `--zones` names.
  var hasOwnConfiguration: Bool { !has(.zones) || has(.config) }

  /// What the operator says to customers and holds links to; nil for nothing.
  ///
  /// - Throws: what is wrong with the configuration.
  func operatorProfile() throws -> OperatorProfile? {
    hasOwnConfiguration ? try configurationFile().operatorProfile : nil
  }
}

/// How commands find and ask the running server.
extension SocketAddress {
  /// How `dig` is told of it.
  var asDigTakesIt: String { "@\(address)" + (port == 53 ? "" : " -p \(port)") }
}

extension Arguments {
  /// The flags by which a running server is found.
  static let serverFlags: [Flag] = zonesFlags + [.admin, .adminTokenFile]

  /// What `--admin` says.
  func adminAddress() throws(UsageError) -> AdminAddress? {
    guard let text = value(.admin) else { return nil }
    return try readFlag(.admin) { () throws(Problem) in try AdminAddress(text) }
  }

  /// The running server, by the rule that `serve` chooses the place by: the flags, the configuration file, and the zones
  /// folder. A configuration that merely lies here says nothing of the zones folder that a flag names.
  func runningServer() throws -> AdminClient {
    let isNamed = has(.zones) && !has(.config) && !has(.admin)
    let file = isNamed ? ServerSettings() : try configurationFile()
    let address = try adminAddress() ?? file.admin ?? .standard(zones: zonesFolder(over: file).path)
    return try AdminClient(address, tokenFile: value(.adminTokenFile) ?? file.adminTokenFile)
  }

  /// What the configuration file says; nothing when there is none and none was named.
  func configurationFile() throws -> ServerSettings {
    var problems: [Problem] = []
    let settings = try configurationFile(&problems)
    guard problems.isEmpty else { throw Problems(problems) }
    return settings
  }

  /// What can be read of the configuration file.
  ///
  /// - Parameter problems: gets what is wrong in it.
  /// - Throws: when the file cannot be read at all.
  func configurationFile(_ problems: inout [Problem]) throws(Problem) -> ServerSettings {
    let path = value(.config) ?? ServerSettings.fileName
    do throws(SystemError) {
      let octets = try Files.read(path, maximumSize: Limits.Server.configurationOctets)
      return ServerSettings(octets, file: path, &problems)
    } catch {
      if error.kind == .notFound, !has(.config) { return ServerSettings() }
      throw Problem(file: path, "cannot read the configuration: \(error.reason)")
    }
  }

  /// Where the server is asked: where the running one listens, or else where the configuration says that one would. What
  /// keeps the configuration from being read is told by what depends on it; this is for hints.
  var serverAddress: SocketAddress {
    var settings = (try? configurationFile()) ?? ServerSettings()
    let status = try? runningServer().patient(milliseconds: 2000).ask(.get, ["v1", "status"])
    let listen = status?.list("listen").compactMap { $0.asString.flatMap { SocketAddress($0, defaultPort: 0) } } ?? []
    // A configuration that merely lies beside it may be another server's.
    if !listen.isEmpty { settings.listen = listen }
    return settings.askedAt
  }

  /// Refuses settings of a workspace that claim what is not granted to it: the server would not take them.
  func checkIsGranted(_ file: [UInt8], to name: WorkspaceName, path: String) throws {
    guard let grants = try configurationFile().grants else { return }
    let problems = grants.problems(of: try WorkspaceFile(file, file: path), name, path: path)
    if !problems.isEmpty { throw Problems(problems) }
  }
}

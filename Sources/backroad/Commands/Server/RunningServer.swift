import Admin
import Bounds
import Fleet
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
  static let zonesFlags: [Flag] = [.zones, .store, .storeUserFile, .config]

  /// Where workspaces are read and changed: the store of a flag, of the configuration file, or the usual folder, in this
  /// order.
  ///
  /// - Throws: what is wrong with the configuration, unless a flag makes it of no matter.
  func store() throws -> any Store { try store(over: namesStore ? ServerSettings() : try configurationFile()) }

  /// The same with the configuration file as it was read.
  func store(over file: ServerSettings) throws -> any Store {
    guard let address = try storeAddress(over: file) else { return zonesFolder(over: file) }
    return EtcdStore(address, try storeCredentials(over: file), by: Self.author, command: command)
  }

  /// The store, where it is not a folder.
  func storeAddress(over file: ServerSettings) throws -> StoreAddress? {
    guard let text = value(.store) else { return has(.zones) ? nil : file.store }
    guard !has(.zones) else {
      throw UsageError("\(Flag.zones.name) and \(Flag.store.name) say the same thing; leave one of them out")
    }
    guard StoreAddress.isMeant(by: text) else { return nil }
    return try readFlag(.store) { () throws(Problem) in try StoreAddress(text) }
  }

  /// The store that an operand names.
  func store(named text: String) throws -> any Store {
    guard StoreAddress.isMeant(by: text) else { return ZonesFolder(path: text) }
    let credentials = try storeCredentials(over: hasOwnConfiguration ? try configurationFile() : ServerSettings())
    return EtcdStore(try StoreAddress(text), credentials, by: Self.author, command: command)
  }

  /// The store's user and password; nil where it wants none.
  func storeCredentials(over file: ServerSettings) throws(Problem) -> StoreCredentials? {
    guard let path = value(.storeUserFile) ?? file.storeUserFile else { return nil }
    return try StoreCredentials(file: path)
  }

  /// Who changes a store that others change too.
  private static var author: String { "\(System.ownUserName)@\(System.hostName)" }

  /// The folder that a server answers from.
  func zonesFolder() throws -> ZonesFolder {
    zonesFolder(over: namesStore ? ServerSettings() : try configurationFile())
  }

  /// The same with the configuration file as it was read.
  func zonesFolder(over file: ServerSettings) -> ZonesFolder {
    ZonesFolder(path: folder ?? file.zones ?? ServerConfiguration.defaultZones)
  }

  /// The zones folder that a flag names.
  var folder: String? {
    value(.zones) ?? value(.store).flatMap { StoreAddress.isMeant(by: $0) ? nil : $0 }
  }
}

extension Arguments {
  /// True where a flag says where the workspaces are.
  var namesStore: Bool { has(.zones) || has(.store) }

  /// True where the configuration is that of the workspaces: one that merely lies here says nothing of those that a flag
  /// names.
  var hasOwnConfiguration: Bool { !namesStore || has(.config) }

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
    let isNamed = namesStore && !has(.config) && !has(.admin)
    let file = isNamed ? ServerSettings() : try configurationFile()
    let address = try adminAddress() ?? file.admin ?? .standard(zones: try servedFolder(over: file))
    return try AdminClient(address, tokenFile: value(.adminTokenFile) ?? file.adminTokenFile)
  }

  /// The folder that a server answers from, which is the mirror where it follows a store.
  private func servedFolder(over file: ServerSettings) throws -> String {
    try storeAddress(over: file) == nil
      ? zonesFolder(over: file).path : file.mirror ?? ServerConfiguration.defaultMirror
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

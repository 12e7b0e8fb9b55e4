import Bounds
import Text
import Wire

/// Who may ask as a workspace, where that are too many or none.
extension WorkspaceFile {
  /// Warns of client prefixes that hold public addresses: whoever has one of them, today or tomorrow, is a client.
  ///
  /// It is no error: behind a load balancer, or with a token required, such a prefix may be what is meant.
  ///
  /// - Parameter networks: what is private.
  func publicClients(_ networks: PrivateNetworks, file: String) -> [Problem] {
    let found = ProblemList()
    for client in clients where PublicSpace.holdsAny(of: client.prefix, but: networks.own) {
      let whose =
        client.prefix.length == 0 ? "\(client.prefix) is everybody" : "\(client.prefix) has public addresses in it"
      found.add(
        Problem(
          file: file, position: client.position, severity: .warning,
          "\(whose), and whoever has one of them is this workspace's client; name private prefixes, list a network that is yours "
            + "in \"own-networks\", or have clients bring a token with \"require\": [\"token\"]"))
    }
    return found.all
  }
}

extension Workspace {
  /// A warning where nobody can ask as this workspace.
  ///
  /// - Parameter isLeased: an address is leased to it.
  public func warningOfNobody(isLeased: Bool) -> Problem? {
    guard clients.isEmpty, claims.tokens.isEmpty, claims.listeners.isEmpty, !isLeased else { return nil }
    return Problem(
      file: "\(folder)/\(WorkspaceFile.fileName)", severity: .warning,
      "nobody can ask as this workspace: it has no clients, tokens, listening addresses or leases; make a token with backroad "
        + "workspace token \(name), or name its clients")
  }
}

import Text
import Wire

/// Where a server can be reached from outside of the private networks.
public enum Exposure {
  /// A warning for each listening address that is public, or is every address of the machine.
  ///
  /// - Parameters:
  ///   - interfaces: the machine's own addresses.
  ///   - own: networks that are private here though the Internet may have others of these addresses.
  ///   - file: where the addresses are named; nil for flags.
  public static func warnings(
    _ listen: [SocketAddress], interfaces: [IPAddress], own: [IPPrefix], file: String?
  ) -> [Problem] {
    listen.compactMap { listener in
      let outside = reached(listener, interfaces, own)
      let why: String
      if listener.address.isUnspecified {
        let these = outside.isEmpty ? "" : ", the public \(outside[0]) among them"
        why = "is every address of this machine\(these), and those that it gets"
      } else if !outside.isEmpty {
        why = "is a public address"
      } else {
        return nil
      }
      return Problem(
        file: file, severity: .warning,
        "the listening address \(listener) \(why): whoever reaches it is answered or refused; listen on private addresses"
      )
    }
  }

  /// The public addresses by which a listener is reached, as far as the machine knows its own.
  static func reached(_ listener: SocketAddress, _ interfaces: [IPAddress], _ own: [IPPrefix]) -> [IPAddress] {
    let addresses =
      listener.address.isUnspecified
      ? interfaces.filter { $0.bitWidth == listener.address.bitWidth } : [listener.address]
    return addresses.filter { PublicSpace.contains($0, but: own) }
  }

  /// Whether any listener can be reached from outside of the private networks: a line for the log.
  static func summary(_ listen: [SocketAddress], interfaces: [IPAddress], own: [IPPrefix]) -> String {
    let outside = listen.flatMap { reached($0, interfaces, own) }
    guard let first = outside.first else {
      return "by this machine's addresses it cannot be reached from outside of the private networks, unless something "
        + "in front of it lets the Internet in"
    }
    return "warning: it can be reached from outside of the private networks, at the public address \(first)"
  }
}

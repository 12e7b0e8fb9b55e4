import Bounds
import Text
import Wire

/// Networks that are private here though the Internet may have others of these addresses, the key `"own-networks"`: a link
/// may end in them, and the server connects to what links have there.
public enum OwnNetworks {
  /// Whose list it is.
  public enum Owner: Sendable {
    /// A workspace's, which is trusted with that workspace alone.
    case workspace
    /// The server's, which may also name what of its own machine links end on.
    case server
  }

  /// Reads `["100.100.0.0/16", "2001:db8:1::/48"]`.
  static func read(_ value: JSON?, of owner: Owner, _ file: String, _ problems: ProblemList) -> [IPPrefix] {
    let elements = WorkspaceFile.list(
      value, "\"own-networks\"", of: "networks", Limits.Workspaces.ownNetworks, file, problems)
    var reader = OwnNetworkReader(of: owner)
    return WorkspaceFile.texts(elements, "a network", file, problems) { text throws(Problem) in
      try reader.network(text)
    }.map(\.value)
  }

  /// Reads a server's `"own-networks"`.
  ///
  /// - Throws: everything that is wrong, each with its place.
  public static func read(_ value: JSON, file: String) throws(Problems) -> [IPPrefix] {
    let problems = ProblemList()
    let networks = read(value, of: .server, file, problems)
    guard problems.all.isEmpty else { throw Problems(problems.all) }
    return networks
  }
}

/// Reads the networks of one list, one after the other.
///
/// What is accepted is connected to, and is what names of links may be answered with: so none of it is special, and all of it
/// together is no more than one network may be.
public struct OwnNetworkReader {
  private let owner: OwnNetworks.Owner
  /// How many addresses there are in all so far, beyond those that are private to everybody.
  private var (addresses4, addresses6) = (UInt64(0), UInt128(0))

  /// For a list without networks yet.
  public init(of owner: OwnNetworks.Owner) { self.owner = owner }

  /// Reads one more.
  ///
  /// - Throws: what is wrong with it, and what to write; knows no place.
  public mutating func network(_ text: String) throws(Problem) -> IPPrefix {
    let prefix: IPPrefix
    do throws(IPPrefix.TextError) {
      prefix = try IPPrefix(text)
    } catch {
      throw Problem(WorkspaceFile.clientMessage(error, text))
    }
    if try isPrivateToAll(prefix) { return prefix }
    guard prefix.length > 0 else {
      throw Problem("\(prefix) is every address; a link that may be answered with any says \"public\": true")
    }
    if let embedded = prefix.embeddedIPv4 {
      // What goes to the one arrives at the other.
      do throws(Problem) {
        try check(embedded)
      } catch {
        throw Problem("\(prefix) stands for IPv4 addresses, those of \(embedded): \(error.message)")
      }
    } else {
      try check(prefix)
    }
    return prefix
  }

  /// True for a part of what everybody calls private: listing it changes nothing, with one exception.
  private func isPrivateToAll(_ prefix: IPPrefix) throws(Problem) -> Bool {
    guard PrivateNetworks().contains(prefix) else { return false }
    if prefix.base.isLoopback, owner == .workspace {
      throw Problem(
        "\(prefix) is loopback, which is private without being listed; remove it (whether links are looked at on the server's "
          + "own machine is for \"own-networks\" of backroad.json to say)")
    }
    try checkIsNoClouds(prefix)
    return true
  }

  private func checkIsNoClouds(_ prefix: IPPrefix) throws(Problem) {
    guard let cloud = SpecialNetworks.ofClouds.first(where: { $0.prefix.contains(prefix) }) else { return }
    throw Problem("\(prefix) is \(cloud.what), where no link ends; remove it")
  }

  private mutating func check(_ prefix: IPPrefix) throws(Problem) {
    try checkIsNoClouds(prefix)
    // The whole family is refused for its width, which says more.
    if prefix.length > 0, let special = SpecialNetworks.all.first(where: { $0.prefix.overlaps(prefix) }) {
      if special.prefix.contains(prefix) {
        throw Problem(
          "\(prefix): the addresses of \(special.prefix) are \(special.what), and no link ends there; remove it")
      }
      throw Problem(
        "\(prefix) holds \(special.prefix), whose addresses are \(special.what), and no link ends there; write the networks "
          + "that are yours")
    }
    let widest = prefix.base.bitWidth == 32 ? Limits.Workspaces.ownLength4 : Limits.Workspaces.ownLength6
    guard prefix.length >= widest else {
      throw Problem(
        "\(prefix) is wider than what anybody was ever given, a /\(widest); write the networks that are yours, or let a link that "
          + "may be answered with any address say \"public\": true")
    }
    try count(prefix, widest)
  }

  private mutating func count(_ prefix: IPPrefix, _ widest: Int) throws(Problem) {
    let isTooMuch: Bool
    switch prefix.base {
    case .v4:
      addresses4 += 1 << UInt64(32 - prefix.length)
      isTooMuch = addresses4 > 1 << UInt64(32 - widest)
    case .v6:
      addresses6 += 1 << UInt128(128 - prefix.length)
      isTooMuch = addresses6 > 1 << UInt128(128 - widest)
    }
    guard !isTooMuch else {
      throw Problem(
        "with \(prefix) the networks of this list have more addresses together than one /\(widest); write the networks that are "
          + "yours, each once")
    }
  }
}

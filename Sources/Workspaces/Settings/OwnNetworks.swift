import Bounds
import Text
import Wire

/// Networks that are private here though the Internet may have others of these addresses, the key `"own-networks"`: a link
/// may end in them.
public enum OwnNetworks {
  /// Reads `["100.100.0.0/16", "2001:db8:1::/48"]`.
  static func read(_ value: JSON?, _ file: String, _ problems: ProblemList) -> [IPPrefix] {
    let elements = WorkspaceFile.list(
      value, "\"own-networks\"", of: "networks", Limits.Workspaces.ownNetworks, file, problems)
    return WorkspaceFile.texts(elements, "a network", file, problems, network).map(\.value)
  }

  /// Reads a server's `"own-networks"`.
  ///
  /// - Throws: everything that is wrong, each with its place.
  public static func read(_ value: JSON, file: String) throws(Problems) -> [IPPrefix] {
    let problems = ProblemList()
    let networks = read(value, file, problems)
    guard problems.all.isEmpty else { throw Problems(problems.all) }
    return networks
  }

  /// Reads one network.
  public static func network(_ text: String) throws(Problem) -> IPPrefix {
    let prefix: IPPrefix
    do throws(IPPrefix.TextError) {
      prefix = try IPPrefix(text)
    } catch {
      throw Problem(WorkspaceFile.clientMessage(error, text))
    }
    guard prefix.length > 0 else {
      throw Problem("\(prefix) is every address; a link that may be answered with any says \"public\": true")
    }
    return prefix
  }
}

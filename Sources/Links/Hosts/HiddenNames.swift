import Text
import Wire
import Workspaces
import Zones

/// Public names that a workspace's zones say do not exist.
public enum HiddenNames {
  /// Warns of each zone that answers for a domain in which others have names, and says of all that it does not hold that
  /// they do not exist.
  ///
  /// - Parameter folder: the workspace's, for the problems.
  public static func warnings(_ zones: [ZoneListing], folder: String) -> [Problem] {
    var problems: [Problem] = []
    for zone in zones where !zone.missIsForwarded {
      guard let hidden = PublicDomain.hidden(by: zone.apex) else { continue }
      let text = zone.apex.textWithoutFinalDot
      problems.addWithinLimit(
        Problem(
          file: "\(folder)/\(zone.apex.isRoot ? "." : text)\(WorkspaceSource.zoneSuffix)", severity: .warning,
          "what this zone does not hold of \(hidden) does not exist for the workspace's clients; to have it forwarded put "
            + "\"zones\": { \"\(zone.apex.isRoot ? "." : text)\": { \"miss\": \"forward\" } } into \(WorkspaceFile.fileName)"
        ))
    }
    return problems
  }
}

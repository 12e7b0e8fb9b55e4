import Bounds
import Forwarding
import Text
import Wire

/// Forwarding rules as files and flags write them.
public enum ForwardRuleText {
  /// Reads `{ "zone": "corp.example", "to": ["10.1.0.2", "10.1.0.3:5353"] }`.
  public static func rule(_ value: JSON, file: String) throws(Problem) -> WorkspaceFile.Rule {
    let object = try value.expectObject("a forwarding rule", file: file)
    try object.check(known: ["zone", "to"], file: file)
    guard let zone = object["zone"], let to = object["to"] else {
      throw Problem(
        file: file, position: value.position,
        "a forwarding rule has a \"zone\" and a list \"to\"; write { \"zone\": \"corp.example\", \"to\": [\"10.1.0.2\"] }"
      )
    }
    let name = try Self.zone(zone.expectString("\"zone\"", file: file), file: file, position: zone.position)
    let elements = try to.expectArray("\"to\"", file: file)
    guard elements.count <= Limits.Workspaces.upstreamsOfRule else {
      throw Problem(
        file: file, position: to.position, "more than \(Limits.Workspaces.upstreamsOfRule) upstreams in one rule")
    }
    var upstreams: [Upstream] = []
    for element in elements {
      let text = try element.expectString("an upstream", file: file)
      upstreams.append(try upstream(text, file: file, position: element.position))
    }
    return WorkspaceFile.Rule(zone: name, upstreams: upstreams, position: value.position)
  }

  /// Reads the name of a zone.
  public static func zone(_ text: String, file: String? = nil, position: Position? = nil) throws(Problem) -> Name {
    do throws(NameTextError) {
      return try Name(text)
    } catch {
      throw Problem(file: file, position: position, "\(quoted(text)) is not a zone's name: \(error)")
    }
  }

  /// Reads `ADDRESS`, `ADDRESS:PORT` or `[IPV6]:PORT`, with `@SOURCE` after it or not.
  public static func upstream(
    _ text: String, file: String? = nil, position: Position? = nil
  ) throws(Problem) -> Upstream {
    guard let upstream = Upstream(text) else {
      throw Problem(
        file: file, position: position,
        "\(quoted(text)) is not an upstream's address; write one like 10.1.0.2, 10.1.0.2:5353 or [fd00::2]:53")
    }
    return upstream
  }
}

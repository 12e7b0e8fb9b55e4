import Bounds
import Forwarding
import Text
import Wire

/// Forwarding rules as files and flags write them.
public enum ForwardRuleText {
  /// Reads `{ "zone": "corp.example", "to": ["10.1.0.2", "10.1.0.3:5353"] }`.
  public static func rule(_ value: JSON, file: String) throws(Problem) -> WorkspaceFile.Rule {
    if let text = value.asString {
      let to = Upstream(text) == nil ? "10.1.0.2" : text
      throw Problem(
        file: file, position: value.position,
        "a forwarding rule names its zone, \".\" for all names; write { \"zone\": \".\", \"to\": [\(quoted(to))] }")
    }
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

  /// Reads the name of a zone, as every file and flag has it that speaks of one: rules, search domains, zones' settings.
  ///
  /// A zone is a name and everything below it, so other programs' patterns for that (`*.corp.example`, `.corp.example`)
  /// are refused with what to write: taken literally they would match nothing, and the names would leave the machine.
  public static func zone(_ text: String, file: String? = nil, position: Position? = nil) throws(Problem) -> Name {
    let problem = { (why: String) in
      Problem(file: file, position: position, "\(quoted(text)) is not a zone's name: \(why)")
    }
    var meant = text == "*" || text == "." ? "" : text[...]
    while meant.hasPrefix("*.") || meant.hasPrefix(".") { meant = meant.drop { $0 != "." }.dropFirst() }
    guard text == "." || (!text.isEmpty && meant.count == text.count) else {
      throw problem("a zone is a name and everything below it: write \(meant.isEmpty ? "." : String(meant))")
    }
    let name: Name
    do throws(NameTextError) { name = try Name(text) } catch { throw problem("\(error)") }
    // Its star may have been written with an escape.
    guard !name.isWildcard else { throw problem("its first label is a star, and a zone has no pattern in its name") }
    return name
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

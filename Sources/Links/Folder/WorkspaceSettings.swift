import Text
import Wire
import Zones

/// Changes to `workspace.json` that keep what its author wrote: order, comments, indentation.
enum WorkspaceSettings {
  /// The zones that the settings say to forward misses of.
  static func forwardedMisses(_ settings: JSON) -> Set<Name> {
    let zones = settings.asObject?["zones"]?.asObject?.members ?? []
    return Set(
      zones.filter { $0.value.asObject?["miss"]?.asString == MissPolicy.forward.rawValue }.compactMap {
        (try? Name($0.key))?.lowercased
      })
  }

  /// The settings with `"zones": { ZONE: { "miss": MISS } }` among them.
  ///
  /// - Returns: the whole file; nil when it says so already.
  /// - Throws: when it says something else.
  static func setting(_ miss: MissPolicy, of zone: Name, in bytes: [UInt8], file: String) throws(Problem) -> [UInt8]? {
    let edit = try JSONEdit(bytes, file: file)
    let json = edit.root
    let settings = try json.expectObject("the settings of a workspace", file: file)
    let name = zone.textWithoutFinalDot
    let entry = JSON.literal(name) + ": { \"miss\": \(JSON.literal(miss.rawValue)) }"
    guard let zones = settings["zones"] else {
      return edit.inserting("\"zones\": { \(entry) }", into: json)
    }
    let known = try zones.expectObject("\"zones\"", file: file)
    if let member = member(of: known, zone: zone) {
      let object = try member.value.expectObject("the settings of a zone", file: file)
      guard let value = object["miss"] else {
        return edit.inserting("\"miss\": \(JSON.literal(miss.rawValue))", into: member.value)
      }
      if value.asString == miss.rawValue { return nil }
      throw Problem(
        file: file, position: value.position,
        "misses in \(name) are set to \(quoted(value.asString ?? value.compactText)), and --miss says "
          + "\(quoted(miss.rawValue)); change the one or the other")
    }
    return edit.inserting(entry, into: zones)
  }

  /// The settings without the entries of some zones, each when that says nothing but its `miss`.
  ///
  /// - Returns: the whole file; nil when there is nothing to remove.
  static func removing(_ zones: Set<Name>, from bytes: [UInt8], file: String) throws(Problem) -> [UInt8]? {
    let edit = try JSONEdit(bytes, file: file)
    let json = edit.root
    guard let settings = json.asObject?["zones"], let known = settings.asObject else { return nil }
    let gone = known.members.indices.filter { index in
      guard let zone = try? Name(known.members[index].key), zones.contains(zone) else { return false }
      let members = known.members[index].value.asObject?.members ?? []
      return members.count == 1 && members[0].key.isSame(as: "miss")
    }
    return gone.isEmpty ? nil : edit.removing(Set(gone), of: settings)
  }

  private static func member(of object: JSON.Object, zone: Name) -> JSON.Member? {
    object.members.first { (try? Name($0.key)) == zone }
  }
}

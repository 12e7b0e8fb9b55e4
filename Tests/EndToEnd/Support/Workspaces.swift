import Foundation

extension Lab {
  /// Writes a workspace by hand, as far as its tests need one.
  ///
  /// - Parameters:
  ///   - zones: the records of each zone, without SOA and NS.
  ///   - forward: upstreams by zone.
  ///   - misses: what zones do on a miss.
  func workspace(
    _ name: String, clients: [String], zones: [String: String] = [:],
    forward: KeyValuePairs<String, [Endpoint]> = [:], misses: [String: String] = [:]
  ) throws {
    for (zone, records) in zones { try self.zone(zone, records, in: name) }
    let rules = forward.map { zone, to in
      "{ \"zone\": \"\(zone)\", \"to\": [\(to.map { "\"\($0.text)\"" }.joined(separator: ", "))] }"
    }
    let settings = misses.sorted { $0.key < $1.key }.map { "\"\($0.key)\": { \"miss\": \"\($0.value)\" }" }
    let text = """
      {
        "clients": [\(clients.map { "\"\($0)\"" }.joined(separator: ", "))],
        "forward": [\(rules.joined(separator: ", "))],
        "zones": { \(settings.joined(separator: ", ")) }
      }

      """
    try write(text, to: "zones/\(name)/workspace.json")
  }

  /// Writes a zone of a workspace.
  func zone(_ apex: String, _ records: String, in workspace: String) throws {
    try write(Lab.zoneText(records), to: "zones/\(workspace)/\(apex).zone")
  }

  /// Records with what every zone has before them.
  static func zoneText(_ records: String) -> String {
    "$TTL 300\n@ SOA ns.backroad.invalid. nobody.invalid. 1 3600 600 604800 60\n@ NS ns.backroad.invalid.\n\(records)"
  }
}

import Text
import Wire

/// Links as `link list` and `link show` tell of them.
public enum LinkReport {
  /// A table of links, each with its workspace's name.
  public static func table(_ links: [(workspace: String, link: Link)]) -> String {
    var table = Table("WORKSPACE", "LINK", "KIND", "HOSTS", "ENDPOINT", "PINNED")
    for (workspace, link) in links {
      for route in link.routes {
        table.add(
          workspace, link.name, link.kind, String(route.hosts.count), route.endpoint.text,
          route.endpoint.name == nil ? "" : route.endpoint.addresses.map(\.description).joined(separator: ", "))
      }
    }
    return table.text
  }

  /// The same for programs.
  public static func json(_ links: [(workspace: String, link: Link)]) -> JSON {
    .array(links.map { json($0.link, workspace: $0.workspace) })
  }

  /// One link, every host of it.
  public static func text(_ link: Link, workspace: String) -> String {
    var facts = Table("workspace", workspace)
    facts.add("link", link.name)
    facts.add("kind", link.kind)
    if let account = link.account { facts.add("account", account) }
    if let service = link.service { facts.add("service", service) }
    facts.add("endpoint", link.main.endpoint.textWithAddresses)
    if let stage = link.stage { facts.add("stage endpoint", stage.endpoint.textWithAddresses) }
    facts.add("TTL", "\(link.ttlSeconds) s")
    facts.add("answered with", link.answer == .name ? "the endpoint's name" : "the endpoint's addresses")
    var hosts = Table("HOST", "ZONE", "FROM")
    for host in link.routes.flatMap(\.hosts) {
      let sources = host.sources.map(\.text).joined(separator: "; ")
      hosts.add(host.name.textWithoutFinalDot, host.zone.textWithoutFinalDot, sources)
    }
    return facts.text + "\n" + hosts.text
  }

  /// One link for programs: what its file holds, with its name and workspace.
  public static func json(_ link: Link, workspace: String) -> JSON {
    let members: [JSON.Member] = [
      JSON.Member("workspace", .string(workspace)), JSON.Member("link", .string(link.name)),
    ]
    return JSON(.object(JSON.Object(members + (link.json.asObject?.members ?? []))))
  }
}

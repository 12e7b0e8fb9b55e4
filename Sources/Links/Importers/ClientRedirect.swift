import Text
import Wire

/// Snowflake's client redirect: a connection URL is a name of no account, and leads to the account that has it now.
///
/// Each account's config names the URL. In a workspace whose links are several of these accounts the name is no conflict:
/// it is a CNAME to the host of the account that is primary, which is a CNAME to that account's endpoint.
struct ClientRedirect {
  /// The keys of connection URLs.
  static let connectionKeys: Set<String> = ["privatelink-connection-urls", "allowlist-client-failover"]
  /// The keys of the hosts that drivers ask for certificate status when they use a connection URL.
  private static let statusKeys: Set<String> = [
    "privatelink-connection-ocsp-urls", "privatelink-connection-ocsp-connection-urls", "allowlist-ocsp-client-failover",
  ]
  /// The keys of the account's own URLs, that with the region before the other.
  static let accountKeys = [
    "privatelink-account-url", "allowlist-snowflake-deployment", "regionless-privatelink-account-url",
    "allowlist-snowflake-deployment-regionless",
  ]

  /// The names of a link that are connection URLs, or are asked for with one.
  let names: Set<Name>
  /// The account's host.
  private let account: Name?
  /// The host that certificate status is asked for at with the account's.
  private let status: Name?
  /// The names of `names` that certificate status is asked for at.
  let statusNames: Set<Name>

  /// Looks at a link's hosts; without any names for a link of another kind.
  init(_ link: Link) {
    let hosts = link.kind == "snowflake" ? link.main.hosts : []
    let found = hosts.filter { host in
      !host.sources.isEmpty
        && host.sources.allSatisfy { Self.connectionKeys.contains($0.key) || Self.statusKeys.contains($0.key) }
    }
    names = Set(found.map(\.name))
    statusNames = Set(
      found.filter { host in
        host.sources.contains {
          Self.statusKeys.contains($0.key) || $0.derivation == .ocsp || $0.derivation == .dashedOCSP
        }
      }.map(\.name))
    guard !names.isEmpty else {
      account = nil
      status = nil
      return
    }
    account =
      Self.accountKeys.lazy.compactMap { key in
        hosts.first { $0.sources.contains(Link.Source(key: key)) }?.name
      }.first
    let ocsp = account?.prefixed(by: Array("ocsp".utf8))
    status = ocsp.flatMap { name in hosts.contains { $0.name == name } ? name : nil }
  }

  /// The account's host that a connection URL leads to; nil when the link has none.
  func target(of name: Name) -> Name? {
    guard names.contains(name) else { return nil }
    let target = statusNames.contains(name) ? status : account
    return target == name ? nil : target
  }

  /// A connection URL that several links of a workspace have.
  struct Shared {
    /// The links that have it, in the order given.
    var links: [String]
    /// Those of them that say it is theirs.
    var primary: [String]
    /// Whose it is now: that says so, or was there first by its name.
    var owner: String { primary.first ?? links[0] }
  }

  /// The connection URLs that several of these links have.
  static func shared(_ links: [Link]) -> [Name: Shared] {
    var having: [Name: Shared] = [:]
    for link in links {
      for name in ClientRedirect(link).names {
        having[name, default: Shared(links: [], primary: [])].links.append(link.name)
        if link.primary.contains(name) { having[name]?.primary.append(link.name) }
      }
    }
    return having.filter { $1.links.count > 1 }
  }
}

extension LinkUpdate {
  /// Settles whose the connection URLs are that the link shares with others of its workspace: its own when `isPrimary`,
  /// and otherwise those of the link that has them already.
  ///
  /// - Returns: the other links whose files say something else after, and what to tell of it.
  static func settle(
    _ link: inout Link, isPrimary: Bool, among others: [Link]
  ) -> (changed: [Link], notes: [String]) {
    let redirect = ClientRedirect(link)
    let names = redirect.names
    link.primary = isPrimary ? names : link.primary.intersection(names)
    var changed: [String: Link] = [:]
    var notes: [String] = []
    for (name, shared) in ClientRedirect.shared(others + [link]).sorted(by: { $0.key < $1.key })
    where names.contains(name) {
      let having = shared.links.filter { $0 != link.name }
      let owner = link.primary.contains(name) ? link.name : shared.primary.first ?? having[0]
      for other in others where having.contains(other.name) {
        var copy = changed[other.name] ?? other
        if other.name == owner { copy.primary.insert(name) } else { copy.primary.remove(name) }
        if copy != other { changed[other.name] = copy }
      }
      // Those that certificate status is asked for at go with their connection.
      guard !redirect.statusNames.contains(name) else { continue }
      let list = having.map { quoted($0) }.joined(separator: ", ")
      let whose = owner == link.name ? "this link has it now" : "the link \(quoted(owner)) has it now"
      notes.append("\(name.textWithoutFinalDot) is a connection URL of \(list) too (client redirect): \(whose)")
    }
    return (changed.values.sorted { $0.name < $1.name }, notes.shortened)
  }
}

extension Plan {
  /// Says of the connection URLs that several links have where they lead, and of those that are moved where they led.
  ///
  /// - Parameters:
  ///   - before: the workspace's links as they are.
  ///   - after: as they are to be.
  ///   - remark: of a name that the link with this name has now, for a plan of another link; nil where there is no such plan.
  mutating func show(redirects before: [Link], _ after: [Link], remark: ((String) -> String)? = nil) {
    let shared = ClientRedirect.shared(after)
    guard !shared.isEmpty else { return }
    let sharedBefore = ClientRedirect.shared(before)
    // A URL that one link alone had was that link's.
    var owners: [Name: String] = sharedBefore.mapValues(\.owner)
    for link in before { for name in ClientRedirect(link).names where owners[name] == nil { owners[name] = link.name } }
    let targets = { (links: [Link]) in
      Dictionary(links.map { ($0.name, $0.activeEndpoint) }, uniquingKeysWith: { first, _ in first })
    }
    let (led, lead) = (targets(before), targets(after))
    for index in hosts.indices where hosts[index].change != .removed {
      guard let owner = shared[hosts[index].host]?.owner, let target = lead[owner] else { continue }
      hosts[index].target = target
      if owner != link, let remark { hosts[index].remark = remark(owner) }
      guard let old = owners[hosts[index].host], old != owner, let was = led[old], !was.leadsWhere(target) else {
        continue
      }
      if hosts[index].change == .kept { hosts[index].change = .changed }
      hosts[index].remark = "was \(was.text), of the link \(quoted(old))"
    }
  }
}

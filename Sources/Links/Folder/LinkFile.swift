import Bounds
import Text
import Wire
import Workspaces

/// A link as `links/<link>.json`: readable, diffable, and all that generating the zones needs.
extension Link {
  /// The file's text; the same link gives the same text.
  public var fileText: String { json.text }

  /// The link without its name, as its file holds it.
  public var json: JSON { json(withCloud: true) }

  /// The same, with what AWS said of it or without.
  func json(withCloud: Bool) -> JSON {
    var members: [(String, JSON)] = [("kind", .string(kind))]
    if let account { members.append(("account", .string(account))) }
    if let service { members.append(("service", .string(service))) }
    if let region { members.append(("region", .string(region))) }
    members.append(("ttl", .number(ttlSeconds)))
    if let statedPorts { members.append(("ports", .array(statedPorts.map { .number($0) }))) }
    if isPublic { members.append(("public", JSON(.bool(true)))) }
    if hasZoneAffinity { members.append(("zone_affinity", JSON(.bool(true)))) }
    if answer != .name { members.append(("answer", .string(answer.rawValue))) }
    if !primary.isEmpty {
      members.append(("primary", .array(primary.sorted().map { .string($0.textWithoutFinalDot) })))
    }
    if withCloud, let cloud { members.append(("aws", cloud.json)) }
    members += Self.members(of: main, beside: standbyMembers)
    if let stage { members.append(("stage", .object(Self.members(of: stage)))) }
    return .object(members)
  }

  private static func members(of route: Route, beside own: [(String, JSON)] = []) -> [(String, JSON)] {
    let endpoint = route.endpoint.map { [("endpoint", Self.json(of: $0))] } ?? []
    let zones = Dictionary(grouping: route.hosts, by: \.zone).sorted { $0.key < $1.key }.map { zone, hosts in
      let hosts = hosts.map { host in
        (host.name.textWithoutFinalDot, JSON.array(host.sources.map { .string($0.text) }))
      }
      return (zone.textWithoutFinalDot, JSON.object(hosts))
    }
    return endpoint + own + [("zones", .object(zones))]
  }

  static func json(of endpoint: Endpoint) -> JSON {
    var members: [(String, JSON)] = []
    if let name = endpoint.name { members.append(("name", .string(name.textWithoutFinalDot))) }
    if !endpoint.addresses.isEmpty {
      members.append(("addresses", .array(endpoint.addresses.map { .string($0.description) })))
    }
    return .object(members + endpoint.zonalMembers)
  }
}

/// Reads link files.
public struct LinkFileReader {
  let file: String
  private var hostCount = 0

  /// Reads a link's file.
  ///
  /// - Parameters:
  ///   - name: the link's name, which the file's name is made of.
  ///   - file: the file as the person knows it, for errors.
  /// - Throws: the first problem, with its place.
  public static func read(_ bytes: [UInt8], name: String, file: String) throws(Problem) -> Link {
    try read(JSON.parse(bytes, file: file, comments: false), name: name, file: file)
  }

  /// The same of a link within another file.
  static func read(_ json: JSON, name: String, file: String) throws(Problem) -> Link {
    var reader = LinkFileReader(file: file)
    return try reader.link(name, json)
  }

  private init(file: String) { self.file = file }

  private mutating func link(_ name: String, _ json: JSON) throws(Problem) -> Link {
    guard isPlainName(name) else {
      throw Problem(file: file, "the file's name is not a link's: use lower-case letters, digits and \"-\"")
    }
    let object = try json.expectObject("a link", file: file)
    try object.check(
      known: [
        "kind", "account", "service", "region", "ttl", "ports", "public", "zone_affinity", "answer", "primary", "aws",
        "endpoint", "zones", "stage",
      ] + Self.standbyKeys, file: file)
    let kind = try required("kind", in: object, json).expectString("\"kind\"", file: file)
    guard isPlainName(kind) else {
      throw problem(object["kind"] ?? json, "\(quoted(kind)) is not a kind of link")
    }
    let range = Link.ttlRangeSeconds
    let ttl = try object["ttl"]?.expectInt("\"ttl\"", in: Int(range.lowerBound)...Int(range.upperBound), file: file)
    var answer = Link.Answer.name
    if let value = object["answer"] {
      let text = try value.expectString("\"answer\"", file: file)
      guard let known = Link.Answer(rawValue: text) else {
        throw problem(value, "\"answer\" is \"name\" or \"address\", not \(quoted(text))")
      }
      answer = known
    }
    var stage: Link.Route?
    if let value = object["stage"] {
      let inner = try value.expectObject("\"stage\"", file: file)
      try inner.check(known: ["endpoint", "zones"], file: file)
      stage = try route(inner, value)
    }
    var link = Link(
      name: name, kind: kind, account: try word("account", in: object), service: try word("service", in: object),
      ttlSeconds: ttl.map { UInt32($0) } ?? Link.defaultTTLSeconds, answer: answer, main: try route(object, json),
      stage: stage)
    link.statedPorts = try object["ports"].map { (value) throws(Problem) in try ports(value) }
    if let value = object["region"] {
      let region = try value.expectString("\"region\"", file: file)
      if let why = AWSRegion.refusal(region) { throw problem(value, why) }
      link.region = region
    }
    link.isPublic = try object["public"]?.expectBool("\"public\"", file: file) ?? false
    link.hasZoneAffinity = try object["zone_affinity"]?.expectBool("\"zone_affinity\"", file: file) ?? false
    for value in try object["primary"]?.expectArray("\"primary\"", file: file) ?? [] {
      let name = try self.name(value.expectString("a connection URL's host", file: file), at: value.position)
      guard link.main.hosts.contains(where: { $0.name == name }) else {
        throw problem(value, "\(quoted(name.textWithoutFinalDot)) of \"primary\" is no host of this link; leave it out")
      }
      link.primary.insert(name)
    }
    try readStandby(object, into: &link)
    if let value = object["aws"] { link.cloud = try CloudState(value, file: file) }
    return link
  }

  /// What the link is of, which plans, and the text that is sent to the customer, tell.
  private func word(_ key: String, in object: JSON.Object) throws(Problem) -> String? {
    guard let value = object[key] else { return nil }
    let text = try value.expectString(quoted(key), file: file)
    guard Link.isWord(text) else {
      throw problem(
        value,
        "\(quoted(key)) is \(quoted(text)): write a word of letters, digits and any of - . _ : /, without //, or leave it out"
      )
    }
    return text
  }

  private func ports(_ json: JSON) throws(Problem) -> [Int] {
    var ports: Set<Int> = []
    for value in try json.expectArray("\"ports\"", file: file) {
      ports.insert(try value.expectInt("a port", in: Link.portRange, file: file))
      guard ports.count <= Limits.Links.portsOfLink else {
        throw problem(value, "more than \(Limits.Links.portsOfLink) ports in one link")
      }
    }
    return ports.sorted()
  }

  private mutating func route(_ object: JSON.Object, _ json: JSON) throws(Problem) -> Link.Route {
    var endpoint: Endpoint?
    if let value = object["endpoint"] { endpoint = try self.endpoint(value) }
    var hosts: [Link.Host] = []
    for zone in try required("zones", in: object, json).expectObject("\"zones\"", file: file).members {
      let apex = try name(zone.key, at: zone.keyPosition)
      if let why = PublicDomain.refusal(apex) { throw Problem(file: file, position: zone.keyPosition, why) }
      for member in try zone.value.expectObject("a zone", file: file).members {
        hosts.append(try host(member, apex))
      }
    }
    return Link.Route(endpoint: endpoint, hosts: hosts)
  }

  private mutating func host(_ member: JSON.Member, _ apex: Name) throws(Problem) -> Link.Host {
    hostCount += 1
    guard hostCount <= Limits.Links.hosts else {
      throw Problem(file: file, position: member.keyPosition, "more than \(Limits.Links.hosts) hosts in one link")
    }
    let name = try name(member.key, at: member.keyPosition)
    var sources: [Link.Source] = []
    for source in try member.value.expectArray("where a host came from", file: file) {
      let text = try source.expectString("where a host came from", file: file)
      let parts = text.split(separator: ",", maxSplits: 1)
      guard let key = parts.first, let how = Link.Source.Derivation(rawValue: String(text.dropFirst(key.count + 2)))
      else {
        throw problem(source, "\(quoted(text)) is not a source: KEY, or \"KEY, dashed\" or \"KEY, ocsp\"")
      }
      sources.append(Link.Source(key: String(key), derivation: how))
    }
    guard let host = Link.Host(name: name, zone: apex, sources: sources) else {
      let below = "\(quoted(member.key)) is not below its zone \(apex.textWithoutFinalDot)"
      throw Problem(file: file, position: member.keyPosition, below)
    }
    return host
  }

  func endpoint(_ json: JSON, _ key: String = "\"endpoint\"") throws(Problem) -> Endpoint {
    let object = try json.expectObject(key, file: file)
    try object.check(known: ["name", "addresses", "zonal"], file: file)
    var addresses: [IPAddress] = []
    for value in try object["addresses"]?.expectArray("\"addresses\"", file: file) ?? [] {
      let text = try value.expectString("an address", file: file)
      guard let address = IPAddress(text) else { throw problem(value, "\(quoted(text)) is not an IP address") }
      addresses.append(address)
    }
    var name: Name?
    if let value = object["name"] {
      name = try self.name(value.expectString("the endpoint's \"name\"", file: file), at: value.position)
    }
    let zones = try self.zones(object["zonal"], of: addresses)
    guard let endpoint = Endpoint(name: name, addresses: addresses, zones: zones) else {
      throw problem(
        json, "an endpoint has a \"name\", or \"addresses\" (at most \(Limits.Links.addressesOfEndpoint)), or both")
    }
    return endpoint
  }

  private func name(_ text: String, at position: Position) throws(Problem) -> Name {
    switch HostText.read(text) {
    case .host(let name, changes: []): return name
    case .host(let name, _):
      throw Problem(
        file: file, position: position, "\(quoted(text)) is not written plainly; write \(name.textWithoutFinalDot)")
    case .none(let why): throw Problem(file: file, position: position, "\(quoted(text)) \(why)")
    }
  }

  private func required(_ key: String, in object: JSON.Object, _ json: JSON) throws(Problem) -> JSON {
    guard let value = object[key] else { throw problem(json, "the key \(quoted(key)) is missing") }
    return value
  }

  func problem(_ json: JSON, _ message: String) -> Problem {
    Problem(file: file, position: json.position, message)
  }
}

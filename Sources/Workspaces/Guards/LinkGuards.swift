import Text
import Wire
import Zones

/// The names of a workspace's links: they are answered with addresses of private networks, or not at all.
public struct LinkGuards: Sendable {
  /// A name, and the link that it is of.
  public struct Entry: Hashable, Sendable {
    /// The link's name.
    public let link: String
    /// Why the name is not answered, whatever an upstream says; nil for one whose answer is looked at.
    public fileprivate(set) var closure: Closure?
    /// True for a name that a zone holds below a link's wildcard.
    fileprivate var isHeld = false

    /// Takes both.
    public init(link: String, closure: Closure? = nil) {
      self.link = link
      self.closure = closure
    }
  }

  /// Why a name is not answered; known when the workspace is loaded.
  public enum Closure: Hashable, Sendable {
    /// The link has no endpoint yet.
    case noEndpoint
    /// What the zones hold of it leads to this address, which is not private.
    case publicAddress(IPAddress)
    /// A zone has the say over this name, to which it leads, and has no address of it.
    case noAddress(Name)
    /// The zones hold SVCB or HTTPS records of it, whose targets and hints would be connected to (RFC 9460 §7.3).
    case serviceBinding
    /// Its chain is a circle, or too long.
    case endless

    /// What a name does that is closed for it: the end of a sentence.
    public var text: String {
      switch self {
      case .noEndpoint: "has no endpoint yet"
      case .publicAddress(let address):
        "leads to the public address \(address); correct the endpoint, list its network in \"own-networks\", or say "
          + "\"public\": true in the link"
      case .noAddress(let name): "leads to \(name.textWithoutFinalDot), which a zone here says does not exist"
      case .serviceBinding:
        "has SVCB or HTTPS records in a zone here, which may name what is public; take them out, or say \"public\": true in the link"
      case .endless: "leads round in a circle, or too far"
      }
    }
  }

  /// As far as answering goes: along CNAMEs, and then along those of an ALIAS.
  private static let maximumHops = 16

  private var entries: [Name: Entry] = [:]
  private var hasWildcards = false
  /// The endpoints of the workspace's links, guarded or not, for whoever watches them.
  public var targets: [LinkTarget] = []
  /// The links that servers fail over by themselves, by name.
  public var automatic: [String: AutomaticFailover] = [:]
  /// Those of them whose names lead to their standbys now.
  public var failedOver: Set<String> = []
  /// All links whose names lead to their standbys now, by whose decision ever.
  public var atStandby: Set<String> = []
  /// Addresses of endpoints by the availability zone that they are in, of links that answer those of the client's zone
  /// first.
  public var zonal: [String: Set<IPAddress>] = [:]

  /// Without names.
  public init() {}

  /// True when no link has a name that is guarded.
  public var isEmpty: Bool { entries.isEmpty }

  /// Adds a link's name, in lower case; its leftmost label may be `*`. Of two links with one name one that has an endpoint
  /// counts: a link that is only asked for takes no name from another.
  public mutating func add(_ name: Name, _ entry: Entry) {
    if entries[name].map({ $0.closure != nil }) ?? true { entries[name] = entry }
    hasWildcards = hasWildcards || name.isWildcard
  }

  /// The entry that holds for a name: its own, or that of the closest wildcard above it. Nil when no link has it.
  ///
  /// - Complexity: a look-up for each label.
  public func entry(for name: Name) -> Entry? {
    guard !isEmpty else { return nil }
    let name = name.lowercased
    if let entry = entries[name] { return entry }
    guard hasWildcards else { return nil }
    var above = name.parent
    while let encloser = above {
      if let entry = encloser.prefixed(by: [UInt8(ascii: "*")]).flatMap({ entries[$0] }) { return entry }
      // A name that a link has stops a wildcard above it, as in a zone (RFC 4592 §2.2.1).
      if let entry = entries[encloser], !entry.isHeld { return nil }
      above = encloser.parent
    }
    return nil
  }

  /// Takes the names that zones hold below a link's wildcard: a client that asks for one means the link's, whoever wrote
  /// it, and it is guarded like the others.
  mutating func addHeld(by zones: [Zone]) {
    guard hasWildcards else { return }
    let parents = Set(entries.keys.filter(\.isWildcard).compactMap(\.parent))
    var above: Set<Name> = [.root]
    for parent in parents { above.formUnion(parent.andAbove) }
    var held: [Name: Entry] = [:]
    for zone in zones where above.contains(zone.apex) || zone.apex.andAbove.contains(where: { parents.contains($0) }) {
      for owner in zone.owners where entries[owner] == nil && !owner.isWildcard {
        guard var entry = entry(for: owner) else { continue }
        entry.isHeld = true
        held[owner] = entry
      }
    }
    entries.merge(held) { own, _ in own }
  }

  /// True when a link that waits for its endpoint has names below a zone, which is not made before.
  func areRequested(below zone: Name) -> Bool {
    entries.contains { $0.value.closure == .noEndpoint && $0.key.isSubdomain(of: zone) }
  }

  /// The names by what an image has to mark.
  var linkNames: LinkNames {
    var names = LinkNames()
    for (name, entry) in entries {
      if entry.closure == nil { names.guarded.append(name) } else { names.closed.append(name) }
    }
    return names
  }

  /// What is to be said of names that are not answered though their links have endpoints: once for each link.
  ///
  /// - Parameter folder: the workspace's, for the problems.
  func warnings(folder: String) -> [Problem] {
    var closed: [String: [Name]] = [:]
    for (name, entry) in entries where entry.closure.map({ $0 != .noEndpoint }) ?? false {
      closed[entry.link, default: []].append(name)
    }
    return closed.sorted { $0.key < $1.key }.compactMap { link, names in
      guard let first = names.min(), let why = entries[first]?.closure?.text else { return nil }
      let more = names.count > 1 ? ", and \(names.count - 1) more of this link are not either" : ""
      return Problem(
        file: "\(folder)/\(WorkspaceSource.linksFolder)/\(link)\(WorkspaceSource.linkSuffix)", severity: .warning,
        "\(first.textWithoutFinalDot) is not answered: it \(why)\(more)")
    }
  }

  /// Closes the names for which the zones hold what is not private, or hold nothing.
  ///
  /// - Returns: true when any was closed that was not: the image is to be made again.
  mutating func close(by image: ZoneImageView, _ networks: PrivateNetworks) -> Bool {
    var hashes = NameHashes()
    var hasClosed = false
    for (name, entry) in entries where entry.closure == nil {
      guard let closure = Self.closure(of: name, image, networks, &hashes) else { continue }
      entries[name]?.closure = closure
      hasClosed = true
    }
    return hasClosed
  }

  private static func closure(
    of name: Name, _ image: ZoneImageView, _ networks: PrivateNetworks, _ hashes: inout NameHashes
  ) -> Closure? {
    for type in [RecordType.svcb, .https]
    where image.holds(type, atTheEndOf: name, maximumHops: Self.maximumHops, &hashes) { return .serviceBinding }
    var lacks: Name?
    for type in [RecordType.a, .aaaa] {
      switch image.addresses(of: name, type, maximumHops: Self.maximumHops, &hashes) {
      case .addresses(let addresses):
        if let address = addresses.first(where: { !networks.contains($0) }) { return .publicAddress(address) }
        if !addresses.isEmpty { lacks = nil }
      case .missing(let missing): lacks = missing
      case .leaves: return nil
      case .endless: return .endless
      }
    }
    // A link's own name that no zone holds is a mistake in the zones, which say so themselves.
    return lacks.flatMap { $0 == name ? nil : .noAddress($0) }
  }
}

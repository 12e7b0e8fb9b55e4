import Bounds
import Wire

/// What a zone does for a name that it does not hold.
public enum MissPolicy: String, Sendable {
  /// It says that there is no such name.
  case nxdomain
  /// It asks the workspace's forwarding.
  case forward
}

extension ZoneImage {
  /// Why zones cannot be one image.
  public struct TooLarge: Error, Hashable, Sendable {
    /// The zone with which they became too much.
    public let zone: Name
    /// What is too much, and what is allowed: a clause for a person.
    public let message: String

    /// Takes both.
    public init(zone: Name, message: String) {
      self.zone = zone
      self.message = message
    }
  }

  /// Makes an image of a workspace's zones.
  ///
  /// - Parameters:
  ///   - zones: checked zones with what a miss in each does; no two of one name.
  ///   - forwarded: the names of the workspace's forwarding rules. One that lies inside a zone cuts it: from there on
  ///     down the rule answers. One that is a zone's own name does not: there the zone answers first.
  ///   - links: the names of the workspace's links.
  ///   - seed: of the hashes; one that no stranger knows.
  ///   - limits: what the zones may come to.
  ///   - first: addresses that come before the others of their RRset.
  /// - Throws: when they come to more.
  /// - Complexity: linear in the octets of the zones; beside the image itself it takes next to no memory.
  public convenience init(
    _ zones: [(zone: Zone, miss: MissPolicy)], forwarded: [Name] = [], links: LinkNames = LinkNames(),
    seed: HashSeed = .known, limits: ZoneImageLimits = ZoneImageLimits(), first: Set<IPAddress> = []
  ) throws(TooLarge) {
    let plan = ZoneImagePlan(zones, forwarded: forwarded, links: links, first: first, seed: seed)
    let size = try ZoneImageSize(plan, limits)
    unsafe self.init(ZoneImagePlace.filled(plan, size, seed: seed))  // unsafe: the image frees it.
  }
}

/// The names of a workspace's links, for an image to mark.
public struct LinkNames: Sendable {
  /// Those whose answers are looked at where their chain leads out of the zones.
  public var guarded: [Name]
  /// Those that are not answered. Each exists in the zone around it, whether or not that has records of it.
  public var closed: [Name]

  /// Takes both.
  public init(guarded: [Name] = [], closed: [Name] = []) {
    self.guarded = guarded
    self.closed = closed
  }

  var isEmpty: Bool { guarded.isEmpty && closed.isEmpty }
}

/// What an image may be.
public struct ZoneImageLimits: Sendable {
  /// The most zones; a node has 16 bits for its zone.
  public var zones = Limits.Zones.zonesOfWorkspace
  /// The most names.
  public var nodes = Limits.Zones.nodesOfImage
  /// The most octets; a place in the image has 32 bits.
  public var octets = Limits.Zones.octetsOfImage

  /// Those of `Limits`.
  public init() {}
}

/// How large an image becomes, found out before any of it is made.
struct ZoneImageSize {
  private(set) var nodeCount = 0
  private(set) var octetCount = 0
  private(set) var hasWildcards = false
  let zoneCount: Int
  let slotCount: Int

  init(_ plan: ZoneImagePlan, _ limits: ZoneImageLimits) throws(ZoneImage.TooLarge) {
    zoneCount = plan.zones.count
    if zoneCount > limits.zones {
      throw ZoneImage.TooLarge(zone: plan.apex(limits.zones), message: "more than \(limits.zones) zones")
    }
    var (nodes, octets, wildcards) = (0, 0, false)
    // A record has at most some 65,000 octets and a file 64 MiB, so these sums are far from the end of 64 bits.
    for zone in plan.zones.indices {
      try plan.forEachNode(of: zone) { node throws(ZoneImage.TooLarge) in
        nodes += 1
        octets = ZoneImageFilling.start(after: octets, length: node.length) + node.length
        wildcards = wildcards || node.isWildcard
        guard nodes <= limits.nodes else {
          throw ZoneImage.TooLarge(zone: plan.apex(zone), message: "more than \(limits.nodes) names")
        }
        guard octets <= limits.octets else {
          throw ZoneImage.TooLarge(zone: plan.apex(zone), message: "more than \(limits.octets) octets to answer from")
        }
      }
    }
    for zone in plan.zones.indices { octets += plan.tailLength(of: zone) }
    slotCount = Self.slotCount(forNodes: nodes)
    guard octets <= limits.octets else {
      throw ZoneImage.TooLarge(
        zone: plan.apex(zoneCount - 1), message: "more than \(limits.octets) octets to answer from")
    }
    (nodeCount, octetCount, hasWildcards) = (nodes, octets, wildcards)
  }

  /// Open addressing with a quarter of the slots free, so that a probe for a name that is not there ends soon.
  private static func slotCount(forNodes nodes: Int) -> Int {
    var size = 2
    while 3 * size < 4 * nodes { size *= 2 }
    return size
  }
}

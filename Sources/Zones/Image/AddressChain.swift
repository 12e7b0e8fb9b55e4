import Wire

/// How the way from a name to its addresses ends, as far as the zones of an image lead.
public enum AddressChainEnd: Sendable {
  /// The zones hold the addresses, or that there are none of this kind.
  case addresses([IPAddress])
  /// A zone has the say over a name on the way, and does not hold it.
  case missing(Name)
  /// The name is to be had elsewhere: by forwarding, or from the servers that it is delegated to.
  case leaves(Name)
  /// The chain is a circle, or longer than is followed.
  case endless
}

extension ZoneImageView {
  /// How the way of a name ends, whatever is asked for.
  private enum WayEnd {
    /// At this set, or at a name that has none of the type.
    case held(RecordSet?)
    case missing(Name)
    case leaves(Name)
    case endless
  }

  /// Follows CNAME, ALIAS and DNAME from a name to its addresses, as answering does; for what is decided when a workspace
  /// is loaded.
  ///
  /// - Parameters:
  ///   - type: A or AAAA.
  ///   - maximumHops: how many links of the chain are followed.
  public func addresses(
    of name: Name, _ type: RecordType, maximumHops: Int, _ hashes: inout NameHashes
  ) -> AddressChainEnd {
    switch way(of: name, type, maximumHops, &hashes) {
    case .held(let set?): .addresses(addresses(in: set))
    case .held(nil): .addresses([])
    case .missing(let name): .missing(name)
    case .leaves(let name): .leaves(name)
    case .endless: .endless
    }
  }

  /// True when the zones hold records of a type, which is none of addresses, where the way of a name ends.
  public func holds(
    _ type: RecordType, atTheEndOf name: Name, maximumHops: Int, _ hashes: inout NameHashes
  ) -> Bool {
    if case .held(_?) = way(of: name, type, maximumHops, &hashes) { true } else { false }
  }

  private func way(
    of name: Name, _ type: RecordType, _ maximumHops: Int, _ hashes: inout NameHashes
  ) -> WayEnd {
    var name = name
    for _ in 0...maximumHops {
      hashes.fill(name.wire.span, seed: seed)
      let found = lookup(name.wire.span, hashes)
      guard holds(found, type) else { return .leaves(name) }
      switch found.outcome {
      case .noZone, .forwarded, .delegation: return .leaves(name)
      case .missing: return .missing(name)
      case .dname:
        let kept = name.wire[..<hashes.offset(ofLabel: found.labelsBelow)]
        guard let set = set(.dname, at: found.node), let next = Name(wire: kept + firstData(set).array) else {
          return .endless
        }
        name = next
      case .exact, .wildcard:
        if let set = set(type, at: found.node) { return .held(set) }
        let alias = type == .a || type == .aaaa ? set(.alias, at: found.node) : nil
        guard let link = set(.cname, at: found.node) ?? alias else { return .held(nil) }
        guard let next = Name(wire: firstData(link).array) else { return .endless }
        name = next
      }
    }
    return .endless
  }

  private func addresses(in set: RecordSet) -> [IPAddress] {
    let records = records(set)
    let length = set.type == .a ? 4 : 16
    // A checked zone's address records have just their address.
    return stride(from: RecordSet.dataOffset, to: records.count, by: RecordSet.dataOffset + length).compactMap {
      IPAddress(octets: records.extracting($0..<($0 + length)).array)
    }
  }
}

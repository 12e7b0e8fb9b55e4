import Bounds

/// What a master file may come to beside the others of its workspace, before anything of it is made ready to be answered
/// from: reading stops where it is used up, so that what all files together are read into has a bound.
///
/// All that it counts the image has as well, but for the few names above each zone, what is said twice, and what is hidden
/// by a deeper zone, a delegation or a forwarding rule: whatever else fits there is read.
public struct ZoneAllowance: Sendable {
  /// How many octets its records may take as they go into messages, the names in their data whole and their owners as
  /// pointers.
  var octets: Int
  /// How many names it may name, those that only stand between others among them.
  var names: Int
  /// How many records it may have, equal ones counted each: they take memory until they are known to be equal.
  var records: Int
  /// True once other files have taken some of it.
  private(set) var isShared = false

  /// All that a workspace may have.
  public init() {
    self.init(octets: Limits.Zones.octetsOfImage)
  }

  /// A part of that, for tests.
  package init(
    octets: Int = Limits.Zones.octetsOfImage, names: Int = Limits.Zones.nodesOfImage,
    records: Int = Limits.Zones.recordsOfWorkspace
  ) {
    (self.octets, self.names, self.records) = (octets, names, records)
  }

  /// Leaves the others what a zone does not have.
  public mutating func take(_ zone: Zone) {
    octets -= zone.list.octets
    names -= zone.list.names.count
    records -= zone.list.count
    isShared = true
  }

  /// Why what was read is too much; nil when it is not.
  func refusal(of list: RecordList) -> String? {
    if list.octets > octets {
      return isShared
        ? "with this line the records of the workspace take more than \(Limits.Zones.octetsOfImage) octets: split it"
        : "the records take more than \(octets) octets: split the zone"
    }
    // A name of one octet a label is a name for each of them, and so are those of records that are refused.
    if list.names.count > names {
      return isShared
        ? "with this line the workspace has more than \(Limits.Zones.nodesOfImage) names: split it"
        : "more than \(names) names: split the zone"
    }
    // One file alone has `Limits.Zones.records`, which are fewer.
    if list.count > records {
      return "with this line the workspace has more than \(Limits.Zones.recordsOfWorkspace) records: split it"
    }
    return nil
  }
}

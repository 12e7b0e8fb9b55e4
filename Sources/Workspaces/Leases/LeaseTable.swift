import Forwarding
import Wire

/// Whose an address is by lease, for the path of a query: it never changes, and looking at it takes no lock and no
/// memory.
///
/// It belongs to the snapshot that it was made for, whose indices of workspaces it gives.
public final class LeaseTable: Sendable {
  /// True when nobody has a lease.
  public let isEmpty: Bool
  /// From then on nobody has one, whatever the end of each: the end of time, unless they are a store's that is followed.
  public let holdsUntil: Instant

  private let v4: LeaseLayers<UInt32>
  private let v6: LeaseLayers<UInt128>
  /// The workspaces' indices in the snapshot by the book's numbers; -1 for a workspace that is not there.
  private let indices: [Int32]

  init(
    v4: LeaseLayers<UInt32>, v6: LeaseLayers<UInt128>, indices: [Int32],
    holdsUntil: Instant = Instant(nanoseconds: .max)
  ) {
    isEmpty = v4.isEmpty && v6.isEmpty
    self.holdsUntil = holdsUntil
    self.v4 = v4
    self.v6 = v6
    self.indices = indices
  }

  /// A table without leases.
  public convenience init() { self.init(v4: LeaseLayers(seed: 1), v6: LeaseLayers(seed: 1), indices: []) }

  /// The index, in the snapshot, of the workspace that has a live lease of the address; nil when none has.
  @inlinable public func workspace(of address: IPAddress, at now: Instant) -> Int? {
    guard !isEmpty, now < holdsUntil else { return nil }
    return switch address {
    case .v4(let bits): find(v4: bits, now.nanoseconds)
    case .v6(let bits): find(v6: bits, now.nanoseconds)
    }
  }

  @usableFromInline func find(v4 bits: UInt32, _ now: UInt64) -> Int? {
    guard let slot = v4.find(bits), slot.end > now else { return nil }
    return index(slot.owner)
  }

  @usableFromInline func find(v6 bits: UInt128, _ now: UInt64) -> Int? {
    guard let slot = v6.find(bits), slot.end > now else { return nil }
    return index(slot.owner)
  }

  private func index(_ owner: Int32) -> Int? {
    let index = indices[Int(owner)]
    return index < 0 ? nil : Int(index)
  }
}

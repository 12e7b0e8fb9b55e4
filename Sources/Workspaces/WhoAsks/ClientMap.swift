import Wire

/// Finds whose client an address is: the longest prefix that holds it.
///
/// Prefixes are laid out as ranges that do not overlap, sorted, so that a look-up is one search; what a nested prefix
/// interrupts goes on behind it as a range of its own.
public final class ClientMap: Sendable {
  /// A prefix and who it belongs to.
  public struct Entry: Hashable, Sendable {
    /// The addresses.
    public let prefix: IPPrefix
    /// The workspace's slot; nil when two workspaces claim the prefix, and so nobody has it.
    public let workspace: Int?

    /// Takes both.
    public init(prefix: IPPrefix, workspace: Int?) {
      self.prefix = prefix
      self.workspace = workspace
    }
  }

  /// A workspace's word that a prefix is of its clients.
  struct Claim: Comparable {
    let prefix: IPPrefix
    /// The workspace's.
    let slot: Int32
    /// The slot of what its clients are answered from: the workspace's own, or that of the availability zone they are in.
    let image: Int32
    /// The prefix's place among the workspace's own.
    let index: Int32

    static func < (a: Self, b: Self) -> Bool { a.prefix == b.prefix ? a.slot < b.slot : a.prefix < b.prefix }
  }

  /// Distinct, in order.
  private let prefixes: [IPPrefix]
  /// Each prefix's workspace, or -1 where several claim it: all that most queries need of an entry.
  private let owners: [Int32]
  /// The slot of each prefix's image, where any is not its workspace's own; else empty.
  private let images: [Int32]
  /// The place of the next larger prefix that holds each one, or -1.
  private let outer: [Int32]
  /// Where each prefix's claims start among all, and behind the last where they end.
  private let firstClaims: [Int32]
  /// The workspaces that claim a prefix, in order, prefix by prefix.
  private let claimants: [Int32]
  private let v4: RangeTable<UInt32>
  private let v6: RangeTable<UInt128>

  /// Takes distinct prefixes, each with one workspace; those of nobody are known to be claimed, and by whom is not.
  public convenience init(_ entries: [Entry]) {
    let claims = entries.map { entry in
      let slot = Int32(entry.workspace ?? -1)
      return Claim(prefix: entry.prefix, slot: slot, image: slot, index: 0)
    }
    self.init(sorted: claims.sorted())
  }

  /// Takes claims in order.
  ///
  /// Positions are of 32 bits: 2^31 claims would take 100 GB where they come from, so none are lost.
  init(sorted claims: [Claim]) {
    var prefixes: [IPPrefix] = []
    var images: [Int32] = []
    var (owners, outer, firstClaims): ([Int32], [Int32], [Int32]) = ([], [], [])
    var v4: [RangeTable<UInt32>.Range] = []
    var v6: [RangeTable<UInt128>.Range] = []
    // The prefixes that hold the one that is looked at, the largest first: each is longer than the one before.
    var open: [Int32] = []
    for (place, claim) in claims.enumerated() {
      if prefixes.last == claim.prefix {
        owners[owners.count - 1] = -1
        images[images.count - 1] = -1
        continue
      }
      let index = Int32(prefixes.count)
      while let last = open.last, !prefixes[Int(last)].contains(claim.prefix.base) { open.removeLast() }
      outer.append(open.last ?? -1)
      open.append(index)
      prefixes.append(claim.prefix)
      owners.append(claim.slot)
      images.append(claim.image)
      firstClaims.append(Int32(place))
      let length = claim.prefix.length
      switch claim.prefix.base {
      case .v4(let bits): v4.append(.init(first: bits, last: bits | UInt32.max >> UInt32(length), entry: index))
      case .v6(let bits): v6.append(.init(first: bits, last: bits | UInt128.max >> UInt128(length), entry: index))
      }
    }
    firstClaims.append(Int32(claims.count))
    self.prefixes = prefixes
    self.owners = owners
    self.images = images == owners ? [] : images
    self.outer = outer
    self.firstClaims = firstClaims
    claimants = claims.map(\.slot)
    self.v4 = RangeTable(v4)
    self.v6 = RangeTable(v6)
  }

  /// How many distinct prefixes there are.
  var count: Int { prefixes.count }

  /// The place of the longest prefix that holds `address`, for `entry(at:)`; nil when none does.
  @inlinable public func find(_ address: IPAddress) -> Int? {
    switch address {
    case .v4(let bits): find(v4: bits)
    case .v6(let bits): find(v6: bits)
    }
  }

  @usableFromInline func find(v4 bits: UInt32) -> Int? { v4.find(bits) }
  @usableFromInline func find(v6 bits: UInt128) -> Int? { v6.find(bits) }

  /// The place of the longest prefix that holds `address` and that a workspace claims, whoever claims it too or has a
  /// longer one: what `find` would give if there were no other workspace.
  ///
  /// - Complexity: a step for each prefix that holds the address, at most one for each bit, with a binary search where
  ///   several claim it.
  public func find(_ address: IPAddress, of workspace: Int) -> Int? {
    var place = find(address)
    while let index = place, !isClaimed(index, by: workspace) { place = self.outer(of: index) }
    return place
  }

  private func isClaimed(_ index: Int, by workspace: Int) -> Bool {
    if owners[index] >= 0 { return owners[index] == workspace }
    let end = Int(firstClaims[index + 1])
    var (low, high) = (Int(firstClaims[index]), end)
    while low < high {
      let middle = (low + high) / 2
      if claimants[middle] < workspace { low = middle + 1 } else { high = middle }
    }
    return low < end && claimants[low] == workspace
  }

  /// Which of all claims, in order, are of a prefix.
  func claims(at index: Int) -> Range<Int> { Int(firstClaims[index])..<Int(firstClaims[index + 1]) }

  /// The place of the next larger prefix around one; nil when there is none.
  func outer(of index: Int) -> Int? { outer[index] < 0 ? nil : Int(outer[index]) }

  /// The workspace of the entry that `find` gave the place of; nil when nobody has the prefix.
  public func workspace(at index: Int) -> Int? {
    let owner = owners[index]
    return owner < 0 ? nil : Int(owner)
  }

  /// The slot of the image that the clients of an entry are answered from; nil for that of whoever's clients they are.
  func image(at index: Int) -> Int? {
    guard !images.isEmpty, images[index] >= 0 else { return nil }
    return Int(images[index])
  }

  /// An entry that `find` gave the place of.
  public func entry(at index: Int) -> Entry { Entry(prefix: prefixes[index], workspace: workspace(at: index)) }
}

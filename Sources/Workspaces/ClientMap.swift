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

  private let entries: [Entry]
  /// Each entry's workspace, or -1: all that a query needs of an entry.
  private let owners: [Int32]
  private let v4: RangeTable<UInt32>
  private let v6: RangeTable<UInt128>

  /// Takes distinct prefixes.
  public init(_ entries: [Entry]) {
    self.entries = entries.sorted { $0.prefix < $1.prefix }
    owners = self.entries.map { Int32($0.workspace ?? -1) }
    var v4: [RangeTable<UInt32>.Range] = []
    var v6: [RangeTable<UInt128>.Range] = []
    for (index, entry) in self.entries.enumerated() {
      let length = entry.prefix.length
      switch entry.prefix.base {
      case .v4(let bits): v4.append(.init(first: bits, last: bits | UInt32.max >> UInt32(length), entry: Int32(index)))
      case .v6(let bits):
        v6.append(.init(first: bits, last: bits | UInt128.max >> UInt128(length), entry: Int32(index)))
      }
    }
    self.v4 = RangeTable(v4)
    self.v6 = RangeTable(v6)
  }

  /// The place of the longest prefix that holds `address`, for `entry(at:)`; nil when none does.
  @inlinable public func find(_ address: IPAddress) -> Int? {
    switch address {
    case .v4(let bits): find(v4: bits)
    case .v6(let bits): find(v6: bits)
    }
  }

  @usableFromInline func find(v4 bits: UInt32) -> Int? { v4.find(bits) }
  @usableFromInline func find(v6 bits: UInt128) -> Int? { v6.find(bits) }

  /// The workspace of the entry that `find` gave the place of; nil when nobody has the prefix.
  public func workspace(at index: Int) -> Int? {
    let owner = owners[index]
    return owner < 0 ? nil : Int(owner)
  }

  /// An entry that `find` gave the place of.
  public func entry(at index: Int) -> Entry { entries[index] }
}

/// Who has how much of something bounded, and who gives way when all of it is taken.
///
/// Items (questions, sockets, connections) are held by members (clients) of groups (workspaces). While there is room
/// everybody gets what they ask for, however much they have. When there is none, whoever uses most gives way first: the
/// group with most, in it the member with most, and of its items the one that was used longest ago; one with work under
/// way after all that are idle. Members of no group (nobody's clients) give way before all others, and may have a part of
/// the whole alone. Among equals whoever came to have so much first gives way. A newcomer that would itself have the most
/// gets nothing.
///
/// Every operation is a few steps whatever is held. Used by one thread.
public struct FairShare<Group: Hashable & Sendable, Member: Hashable & Sendable, Item: Hashable & Sendable>: Sendable {
  /// On whose account an item is.
  public typealias Holder = ShareHolder<Group, Member>

  /// What becomes of a newcomer.
  public enum Admission: Hashable, Sendable {
    /// There is room.
    case room
    /// It may have the place of this item, which the caller is to end and to remove.
    case inPlaceOf(Item)
    /// It would have more than those whose place it could take.
    case none
  }

  /// An item between its neighbours by when they were used, of one holder.
  private struct Node {
    let holder: Holder
    let isBusy: Bool
    var older: Item?
    var newer: Item?
  }

  /// A holder's items that are idle, or that are not.
  private struct Line: Hashable {
    let holder: Holder
    let isBusy: Bool

    init(_ holder: Holder, _ isBusy: Bool) {
      self.holder = holder
      self.isBusy = isBusy
    }
  }

  private struct Ends {
    var oldest: Item
    var newest: Item
  }

  /// The most items.
  public let capacity: Int
  /// The most items of nobody's clients.
  public let strangerCapacity: Int
  /// How many there are.
  public var count: Int { nodes.count }

  private var nodes: [Item: Node] = [:]
  private var ends: [Line: Ends] = [:]
  private var groups = Ranking<Group>()
  private var members: [Group: Ranking<Member>] = [:]
  private var strangers = Ranking<Member>()
  /// How many items nobody's clients have together.
  public private(set) var strangerCount = 0

  /// Nothing held yet.
  ///
  /// - Parameters:
  ///   - capacity: the most items that are held at once.
  ///   - strangers: how many of them nobody's clients may have; nil for all.
  public init(capacity: Int, strangers: Int? = nil) {
    self.capacity = capacity
    strangerCapacity = strangers ?? capacity
  }

  /// How many items a group has.
  public func count(of group: Group) -> Int { groups[group] }

  /// How many items a member has.
  public func count(of holder: Holder) -> Int {
    guard let group = holder.group else { return strangers[holder.member] }
    return members[group]?[holder.member] ?? 0
  }

  /// On whose account an item is; nil for one that is not held.
  public func holder(of item: Item) -> Holder? { nodes[item]?.holder }

  /// The item of a holder that gives way first: the one that was used longest ago, of those that are idle if any is.
  public func oldest(of holder: Holder) -> Item? { oldestIdle(of: holder) ?? ends[Line(holder, true)]?.oldest }

  /// The item of a holder that is idle and was used longest ago.
  public func oldestIdle(of holder: Holder) -> Item? { ends[Line(holder, false)]?.oldest }

  /// The item that gives way when something has to: of whoever uses most, the one that was used longest ago.
  public var firstToGo: Item? {
    if let stranger = strangers.heaviest { return oldest(of: Holder(nil, stranger.key)) }
    guard let group = groups.heaviest?.key, let member = members[group]?.heaviest else { return nil }
    return oldest(of: Holder(group, member.key))
  }

  /// What becomes of one more item of a holder.
  public func admission(of holder: Holder) -> Admission {
    let isTooManyStrangers = holder.group == nil && strangerCount >= strangerCapacity
    guard count >= capacity || isTooManyStrangers else { return .room }
    let rival: Holder?
    if let stranger = strangers.heaviest {
      let isLighter = holder.group != nil || strangers[holder.member] < stranger.count
      rival = isLighter ? Holder(nil, stranger.key) : nil
    } else {
      rival = holder.group.flatMap { heavierHolder(than: holder, in: $0) }
    }
    return rival.flatMap { oldest(of: $0) }.map { .inPlaceOf($0) } ?? .none
  }

  /// Who gives way to a member of `group`: the heaviest group's heaviest, unless that group is its own.
  private func heavierHolder(than holder: Holder, in group: Group) -> Holder? {
    guard let heaviest = groups.heaviest else { return nil }
    let victim = groups[group] >= heaviest.count ? group : heaviest.key
    guard let member = members[victim]?.heaviest, victim != group || count(of: holder) < member.count else {
      return nil
    }
    return Holder(victim, member.key)
  }

  /// Holds an item, which counts as just used. One that is held already is not held twice.
  ///
  /// The caller has asked for `admission`; beyond the capacity it is held all the same.
  public mutating func insert(_ item: Item, of holder: Holder) {
    guard nodes[item] == nil else { return touch(item) }
    link(item, holder, isBusy: false)
    guard let group = holder.group else {
      strangerCount += 1
      return strangers.add(holder.member)
    }
    groups.add(group)
    members[group, default: Ranking()].add(holder.member)
  }

  /// An item was used.
  public mutating func touch(_ item: Item) {
    guard let node = nodes[item], node.newer != nil else { return }
    unlink(item, node)
    link(item, node.holder, isBusy: node.isBusy)
  }

  /// Work on an item is under way, or is no more: a busy one gives way after all idle ones of its holder.
  public mutating func set(_ item: Item, isBusy: Bool) {
    guard let node = nodes[item], node.isBusy != isBusy else { return }
    unlink(item, node)
    link(item, node.holder, isBusy: isBusy)
  }

  /// Puts an item on another's account, as just used; nothing for one that is not held.
  public mutating func move(_ item: Item, to holder: Holder) {
    guard let node = nodes[item], node.holder != holder else { return }
    remove(item)
    insert(item, of: holder)
    set(item, isBusy: node.isBusy)
  }

  /// An item is held no more; nothing for one that is not.
  public mutating func remove(_ item: Item) {
    guard let node = nodes[item] else { return }
    unlink(item, node)
    guard let group = node.holder.group else {
      strangerCount -= 1
      return strangers.remove(node.holder.member)
    }
    groups.remove(group)
    members[group]?.remove(node.holder.member)
    if members[group]?.keyCount == 0 { members[group] = nil }
  }

  private mutating func link(_ item: Item, _ holder: Holder, isBusy: Bool) {
    let line = Line(holder, isBusy)
    let newest = ends[line]?.newest
    nodes[item] = Node(holder: holder, isBusy: isBusy, older: newest, newer: nil)
    if let newest {
      nodes[newest]?.newer = item
      ends[line]?.newest = item
    } else {
      ends[line] = Ends(oldest: item, newest: item)
    }
  }

  private mutating func unlink(_ item: Item, _ node: Node) {
    let line = Line(node.holder, node.isBusy)
    nodes[item] = nil
    if let older = node.older { nodes[older]?.newer = node.newer }
    if let newer = node.newer { nodes[newer]?.older = node.older }
    switch (node.older, node.newer) {
    case (nil, nil): ends[line] = nil
    case (nil, let newer?): ends[line]?.oldest = newer
    case (let older?, nil): ends[line]?.newest = older
    case (_?, _?): break
    }
  }
}

/// On whose account something is.
public struct ShareHolder<Group: Hashable & Sendable, Member: Hashable & Sendable>: Hashable, Sendable {
  /// Nil for nobody's clients.
  public let group: Group?
  /// Whose client.
  public let member: Member

  /// Takes both.
  public init(_ group: Group?, _ member: Member) {
    self.group = group
    self.member = member
  }
}

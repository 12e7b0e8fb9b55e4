import Bounds
import Testing

@Suite struct FairShareTests {
  typealias Share = FairShare<String, Int, Int>

  private func filled(_ holders: [(Share.Holder, Int)], capacity: Int) -> Share {
    var share = Share(capacity: capacity)
    var item = 0
    for (holder, count) in holders {
      for _ in 0..<count {
        share.insert(item, of: holder)
        item += 1
      }
    }
    return share
  }

  @Test func everybodyGetsWhatTheyAskForWhileThereIsRoom() {
    let share = filled([(.init("a", 1), 9)], capacity: 10)
    #expect(share.admission(of: .init("a", 1)) == .room)
    #expect(share.admission(of: .init(nil, 7)) == .room)
  }

  @Test func theGroupWithMostGivesWayItsHeaviestMemberFirst() {
    let share = filled([(.init("b", 9), 3), (.init("a", 1), 2), (.init("a", 2), 5)], capacity: 10)
    #expect(share.admission(of: .init("b", 9)) == .inPlaceOf(5))
    #expect(share.admission(of: .init("c", 1)) == .inPlaceOf(5))
  }

  @Test func whoHasMostOfItsOwnGroupGetsNothing() {
    let share = filled([(.init("b", 9), 3), (.init("a", 1), 2), (.init("a", 2), 5)], capacity: 10)
    #expect(share.admission(of: .init("a", 2)) == .none)
    #expect(share.admission(of: .init("a", 1)) == .inPlaceOf(5))
    #expect(share.admission(of: .init("a", 3)) == .inPlaceOf(5))
  }

  @Test func strangersGiveWayBeforeAll() {
    let share = filled([(.init("a", 1), 8), (.init(nil, 1), 1), (.init(nil, 2), 1)], capacity: 10)
    #expect(share.admission(of: .init("a", 1)) == .inPlaceOf(8))
    #expect(share.admission(of: .init(nil, 1)) == .none)
    #expect(share.admission(of: .init(nil, 3)) == .inPlaceOf(8))
  }

  @Test func strangersMayHaveAPartAlone() {
    var share = Share(capacity: 10, strangers: 2)
    share.insert(0, of: .init(nil, 1))
    #expect(share.admission(of: .init(nil, 2)) == .room)
    share.insert(1, of: .init(nil, 2))
    #expect(share.strangerCount == 2)
    #expect(share.admission(of: .init(nil, 2)) == .none)
    #expect(share.admission(of: .init(nil, 3)) == .inPlaceOf(0))
    #expect(share.admission(of: .init("a", 1)) == .room)
    share.move(0, to: .init("a", 1))
    #expect(share.strangerCount == 1)
    #expect(share.admission(of: .init(nil, 2)) == .room)
    #expect(share.count(of: .init("a", 1)) == 1)
  }

  /// Of those who have as much as each other, whoever came to have it first: a newcomer is not gone before it has asked.
  @Test func amongEqualsTheOneWhoCameFirstGives() {
    let share = filled([(.init(nil, 1), 1), (.init(nil, 2), 1), (.init(nil, 3), 1)], capacity: 3)
    #expect(share.admission(of: .init(nil, 4)) == .inPlaceOf(0))
    let grown = filled([(.init(nil, 1), 1), (.init(nil, 2), 2), (.init(nil, 1), 1)], capacity: 4)
    #expect(grown.admission(of: .init(nil, 4)) == .inPlaceOf(1))
  }

  @Test func whatIsIdleGoesBeforeWhatIsBusy() {
    var share = filled([(.init("a", 1), 3), (.init("b", 1), 1)], capacity: 4)
    share.set(0, isBusy: true)
    #expect(share.firstToGo == 1)
    share.touch(1)
    share.set(2, isBusy: true)
    #expect(share.firstToGo == 1)
    share.set(1, isBusy: true)
    #expect(share.oldestIdle(of: .init("a", 1)) == nil)
    // Busy ones in the order of their use; another's idle one stays.
    #expect(share.firstToGo == 0)
    share.touch(0)
    #expect(share.firstToGo == 2)
    share.move(2, to: .init("b", 1))
    #expect(share.oldestIdle(of: .init("b", 1)) == 3 && share.count(of: "b") == 2)
    share.set(2, isBusy: false)
    share.remove(3)
    #expect(share.oldestIdle(of: .init("b", 1)) == 2)
  }

  /// In every count, as what was used last, and as busy as it was.
  @Test func whatChangesHandsIsWhollyTheNewHolders() {
    let (a, b, stranger) = (Share.Holder("a", 1), Share.Holder("b", 1), Share.Holder(nil, 9))
    var share = filled([(a, 3), (b, 1), (stranger, 1)], capacity: 5)
    share.set(0, isBusy: true)
    share.move(0, to: b)
    #expect(share.count == 5 && share.holder(of: 0) == b)
    #expect(share.count(of: a) == 2 && share.count(of: "a") == 2)
    #expect(share.count(of: b) == 2 && share.count(of: "b") == 2)
    #expect(share.oldestIdle(of: b) == 3 && share.oldest(of: a) == 1)
    share.move(1, to: b)
    #expect(share.oldestIdle(of: b) == 3, "what came is the newest")
    share.remove(3)
    #expect(share.oldestIdle(of: b) == 1)
    share.remove(1)
    #expect(share.oldestIdle(of: b) == nil && share.oldest(of: b) == 0, "it is busy still")
    // From nobody's clients and back.
    #expect(share.firstToGo == 4)
    share.move(4, to: a)
    #expect(share.strangerCount == 0 && share.count(of: stranger) == 0 && share.firstToGo == 2)
    share.move(2, to: stranger)
    #expect(share.strangerCount == 1 && share.firstToGo == 2 && share.count(of: "a") == 1)
    share.move(4, to: stranger)
    #expect(share.count(of: "a") == 0 && share.oldest(of: a) == nil)
    // To whom it is on the account of already, it is no use of it; and what is not held is nobody's after.
    share.move(2, to: stranger)
    #expect(share.firstToGo == 2)
    share.move(77, to: a)
    #expect(share.count == 3 && share.holder(of: 77) == nil && share.count(of: a) == 0)
  }

  @Test func strangersTakeNobodysPlace() {
    let share = filled([(.init("a", 1), 10)], capacity: 10)
    #expect(share.admission(of: .init(nil, 1)) == .none)
  }

  @Test func whatWasUsedLongestAgoGoesFirst() {
    var share = filled([(.init("a", 1), 3)], capacity: 3)
    share.touch(0)
    #expect(share.admission(of: .init("b", 1)) == .inPlaceOf(1))
    share.remove(1)
    share.insert(3, of: .init("a", 1))
    share.touch(2)
    #expect(share.firstToGo == 0)
  }

  @Test func nothingIsHeldTwice() {
    var share = Share(capacity: 2)
    share.insert(1, of: .init("a", 1))
    share.insert(1, of: .init("a", 1))
    #expect(share.count == 1)
    #expect(share.count(of: "a") == 1)
    share.remove(1)
    share.remove(1)
    #expect(share.count == 0)
    #expect(share.count(of: "a") == 0)
    #expect(share.firstToGo == nil)
  }

  /// Whatever comes and goes: whoever has less than an equal share of what is taken gets a place, and it is of somebody
  /// who has more. Compared with counting everything anew.
  @Test(arguments: 0..<40 as Range<UInt64>) func nobodyBelowAnEqualShareIsRefused(seed: UInt64) {
    var random = SplitMix(state: seed)
    var share = Share(capacity: 24)
    var held: [Int: Share.Holder] = [:]
    for item in 0..<2000 {
      if random.next() % 3 == 0, let gone = held.keys.sorted().randomElement(using: &random) {
        share.remove(gone)
        held[gone] = nil
      }
      let holder = Self.anyHolder(&random)
      if random.next() % 4 == 0, let moved = held.keys.sorted().randomElement(using: &random) {
        let new = Self.anyHolder(&random)
        share.move(moved, to: new)
        held[moved] = new
      }
      func count(_ group: String?) -> Int { held.values.filter { $0.group == group }.count }
      switch share.admission(of: holder) {
      case .room: #expect(held.count < share.capacity)
      case .none:
        #expect(held.count == share.capacity)
        if let group = holder.group {
          let groups = Set(held.values.map(\.group))
          #expect(!groups.contains(nil) && groups.allSatisfy { count($0) <= count(group) })
        }
        continue
      case .inPlaceOf(let victim):
        guard let other = held[victim] else {
          Issue.record("nobody has \(victim)")
          return
        }
        if let group = other.group, let mine = holder.group {
          #expect(count(group) > count(mine) || group == mine)
          #expect(!held.values.contains { $0.group == nil })
        }
        share.remove(victim)
        held[victim] = nil
      }
      share.insert(item, of: holder)
      held[item] = holder
      #expect(share.count == held.count)
      #expect(share.count(of: holder) == held.values.filter { $0 == holder }.count)
      #expect(share.strangerCount == count(nil))
    }
  }

  private static func anyHolder(_ random: inout SplitMix) -> Share.Holder {
    let group = random.next() % 8
    return Share.Holder(group == 0 ? nil : "g\(group * group / 16)", Int(random.next() % 4))
  }
}

/// Steele, Lea and Flood's generator: the same numbers for the same seed.
struct SplitMix: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var mixed = (state ^ (state >> 30)) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
    return mixed ^ (mixed >> 31)
  }
}

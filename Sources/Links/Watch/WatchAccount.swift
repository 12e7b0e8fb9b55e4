import Bounds
import Wire
import Workspaces

/// Which endpoint of which workspace.
struct WatchKey: Hashable {
  let workspace: WorkspaceName
  let id: LinkTarget.ID
}

/// Something of a look that waits for its turn or time; of each look there is one at a time.
struct WatchItem {
  let key: WatchKey
  let look: UInt64
  /// The pair that is to be connected to; nil where the look is to begin.
  let pair: Int?
  let isUrgent: Bool
}

/// A workspace whose endpoints are watched: how much of it is under way, and what waits.
///
/// Its times are given away when a turn comes and never ahead, so what becomes pointless while it waits, be it that links are
/// rewritten all the time, keeps nobody waiting and leaves nothing behind.
struct WatchAccount {
  private typealias Line = TurnQueue<Int, WatchItem>

  private struct Lane {
    var nextAt: UInt64
    var waiting = Line()
  }

  /// What a look at all of its endpoints costs, in probes.
  var cost = 0
  /// How many of its probes are under way.
  var underWay = 0
  /// When its next probe may be made.
  private(set) var nextAt: UInt64 = 0
  /// True while it is to be called at that time.
  var isCalled = false
  /// What waits for that time or for a probe to end: looks that go on, and such that begin, which come after them.
  private var going = Line()
  private var beginning = Line()
  /// The addresses that it connected to a moment ago, and what waits to connect to them.
  private var lanes: [IPAddress: Lane] = [:]

  /// True where it may have one probe more.
  func hasRoom(at now: UInt64, atOnce: Int) -> Bool { underWay < atOnce && nextAt <= now }

  /// When what is held may have its turn; nil where that is once a probe has ended, or nothing is held.
  func nextTurn(atOnce: Int) -> UInt64? {
    underWay < atOnce && !(going.isEmpty && beginning.isEmpty) ? nextAt : nil
  }

  /// True where nothing of it is under way, nor was a moment ago.
  var isIdle: Bool { underWay == 0 && lanes.isEmpty }
  /// How much is kept of it.
  var count: Int { lanes.values.reduce(going.count + beginning.count + lanes.count) { $0 + $1.waiting.count } }

  /// A probe is made: the next comes after so many milliseconds, or a little sooner where this one was late.
  mutating func make(at now: UInt64, pause: UInt64, lateness: UInt64) {
    underWay += 1
    nextAt = max(now - min(now, lateness), nextAt) + pause
  }

  /// Has an item wait until it is called.
  mutating func hold(_ item: WatchItem) {
    if item.pair ?? 0 > 0 { going.append(item, of: 0) } else { beginning.append(item, of: 0) }
  }

  /// Takes out what has its turn; what has become pointless goes.
  mutating func next(_ isLive: (WatchItem) -> Bool) -> WatchItem? {
    while let item = going.next() ?? beginning.next() {
      if isLive(item) { return item }
    }
    return nil
  }

  // MARK: Addresses

  /// What becomes of connecting to an address.
  enum Admission {
    /// It may be connected to.
    case now
    /// It may be, and its lane is new: it is to be looked at again after its time.
    case nowAndCall
    /// The item waits for the lane, and keeps no other of the workspace waiting.
    case later
  }

  /// Takes an address's time for an item.
  mutating func admit(_ item: WatchItem, to address: IPAddress, now: UInt64, pause: UInt64) -> Admission {
    guard let lane = lanes[address] else {
      lanes[address] = Lane(nextAt: now + pause)
      return .nowAndCall
    }
    guard lane.nextAt <= now else {
      lanes[address]?.waiting.append(item, of: 0)
      return .later
    }
    lanes[address]?.nextAt = now + pause
    return .now
  }

  /// What becomes of a lane once its time has come.
  enum Opening {
    /// It was used since, until then.
    case notYet(UInt64)
    /// Somebody has the next turn.
    case turn(WatchItem)
    /// Nobody wants it; it is forgotten.
    case closed
  }

  /// Looks at a lane whose time has come.
  mutating func open(_ address: IPAddress, now: UInt64, _ isLive: (WatchItem) -> Bool) -> Opening {
    guard let lane = lanes[address] else { return .closed }
    guard lane.nextAt <= now else { return .notYet(lane.nextAt) }
    while let item = lanes[address]?.waiting.next() {
      if isLive(item) { return .turn(item) }
    }
    lanes[address] = nil
    return .closed
  }

  /// Lets go of all that has become pointless.
  mutating func tidy(_ isLive: (WatchItem) -> Bool) {
    func clear(_ line: inout Line) {
      var live = Line()
      while let item = line.next() {
        if isLive(item) { live.append(item, of: 0) }
      }
      line = live
    }
    clear(&going)
    clear(&beginning)
    for address in Array(lanes.keys) {
      guard var lane = lanes[address], !lane.waiting.isEmpty else { continue }
      clear(&lane.waiting)
      lanes[address] = lane
    }
  }
}

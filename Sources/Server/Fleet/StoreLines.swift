import Bounds
import Fleet
import Forwarding
import Text

/// The lines of the log about the store: each at once, up to so many in a row, and then one every few seconds, with how many there
/// were beside them. A store whose members all fail says something else at each try.
struct StoreLines {
  private static let rate = Pace.Rate(interval: 10_000_000_000, burst: 10)

  private let store: StoreAddress
  private var pace = Pace()
  private var strangers = Pace()
  private var omitted = 0
  private var isFailing = false

  init(_ store: StoreAddress) { self.store = store }

  /// When `takeRest` has something to say; nil when it has not.
  var due: Instant? { omitted > 0 ? Instant(nanoseconds: pace.time(for: 1, Self.rate, at: 0)) : nil }

  /// What was left out, once there is room for it.
  mutating func takeRest(_ now: Instant) -> String? {
    guard omitted > 0, hasRoom(now) else { return nil }
    defer { omitted = 0 }
    return "the store: \(omitted) more lines like these were left out"
  }

  /// The line of what the follower has to tell; nil for nothing that is worth one, or one too many.
  mutating func line(of news: FollowNews, _ now: Instant) -> String? {
    switch news {
    case .following(let endpoint):
      defer { isFailing = false }
      return paced(now, "the store is followed\(isFailing ? " again" : "") at \(member(endpoint))")
    case .failed(let endpoint, let why):
      isFailing = true
      let remedy = why.isForPeople ? "; what is served stays as it is" : ""
      return paced(now, "\(member(endpoint)) does not give what the store has: \(why)\(remedy); the next is tried")
    case .loading(let why): return paced(now, "the store is read from the start: \(why)")
    case .otherStore(let why): return paced(now, "this is another store than before, and all of it is read: \(why)")
    case .differences(let count):
      return paced(now, "\(count) differences between what is served and what the store has were found, and are mended")
    case .back: return paced(now, "the workspaces that were missing in the store are all back")
    }
  }

  /// All has been read.
  mutating func loaded(_ load: StoreLoad, _ now: Instant) -> String? {
    let held = load.held.isEmpty ? "" : ", and \(load.held.count) that are missing there are served on"
    return paced(now, "the store was read, at revision \(load.revision): \(load.names.count) workspaces\(held)")
  }

  /// More than half is missing.
  func held(_ missing: Int, of all: Int) -> String {
    """
    \(missing) of \(all) workspaces are missing in the store: they are served as they were until they are back, or somebody \
    confirms that they are gone, with backroad reload or SIGHUP
    """
  }

  /// A key that is nobody's.
  mutating func stranger(_ key: StrangeKey, _ now: Instant) -> String? {
    // Whoever may write beside the workspaces is not to take the lines about the store itself.
    guard strangers.time(for: 1, Self.rate, at: now.nanoseconds) <= now.nanoseconds else { return nil }
    strangers.use(1, Self.rate, at: now.nanoseconds)
    return "the key \(quoted(key.key)) of the store is left alone: \(key.why); backroad store check tells all of them"
  }

  private func member(_ endpoint: Int) -> String { "\(store.members[endpoint])" }

  private mutating func paced(_ now: Instant, _ line: String) -> String? {
    if hasRoom(now) { return line }
    omitted += 1
    return nil
  }

  private mutating func hasRoom(_ now: Instant) -> Bool {
    guard pace.time(for: 1, Self.rate, at: now.nanoseconds) <= now.nanoseconds else { return false }
    pace.use(1, Self.rate, at: now.nanoseconds)
    return true
  }
}

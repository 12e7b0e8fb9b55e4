/// Holds a watch's events until their revision is known to be complete: half a revision is half of somebody's change.
///
/// It is once an event of a later revision has come, or the end of a message that is no fragment.
struct RevisionGate {
  /// A revision with all of its events.
  struct Revision: Hashable {
    let number: Int64
    let events: [EtcdKeyValue]
  }

  /// The last revision that was let through.
  private(set) var passed: Int64
  private var number: Int64 = 0
  private var events: [EtcdKeyValue] = []
  private var octets = 0
  private let maximumEvents: Int
  private let maximumOctets: Int

  /// Starts behind a revision.
  init(after passed: Int64, maximumEvents: Int, maximumOctets: Int) {
    self.passed = passed
    self.maximumEvents = maximumEvents
    self.maximumOctets = maximumOctets
  }

  /// How many events are held.
  var held: Int { events.count }

  /// Takes an event.
  ///
  /// - Returns: the revision before it, which is now complete.
  /// - Throws: `torn` where it is of a revision that had its end already, or of one that is too large.
  mutating func add(_ event: EtcdKeyValue) throws(FollowFailure) -> Revision? {
    var complete: Revision?
    if event.modRevision > number { complete = release() }
    guard event.modRevision > passed, event.modRevision >= number else {
      throw .torn("the watch brings more of revision \(event.modRevision) after its end")
    }
    number = event.modRevision
    octets += event.key.count + event.value.count
    events.append(event)
    guard events.count <= maximumEvents, octets <= maximumOctets else {
      throw .torn("revision \(number) has more than \(maximumEvents) events or \(maximumOctets) octets")
    }
    return complete
  }

  /// Takes the end of a message.
  ///
  /// - Returns: the revision that is now complete.
  mutating func messageEnded(isFragment: Bool) -> Revision? { isFragment ? nil : release() }

  private mutating func release() -> Revision? {
    guard !events.isEmpty else { return nil }
    defer { (events, octets) = ([], 0) }
    passed = number
    return Revision(number: number, events: events)
  }
}

import Wire

/// What one worker knows of an upstream: how fast it is, whether it answers at all, and what it does not understand.
///
/// Only checked responses, and the lack of any, change this; what anyone could have forged never does.
final class UpstreamState: TimerItem {
  let upstream: Upstream

  // Health.
  private(set) var isDown = false
  private var failuresInARow = 0
  /// When something checked was last heard.
  private(set) var lastHeard: Instant?
  /// When a rule that has this upstream was last asked by; probing ends a while after.
  var lastWanted = Instant(nanoseconds: 0)
  var probeInterval = Duration.zero
  var probe: Attempt?
  /// The zone whose SOA a probe asks for.
  var probeZone = Name.root
  /// Tries that are open.
  var openTries = 0 { didSet { if openTries > oldValue { tally.queryCount += 1 } } }
  /// What was counted since it is known.
  private(set) var tally = UpstreamTally()

  // Speed.
  private(set) var latency = Latency()

  // What it does not understand, and until when that is believed.
  private var noEDNSUntil = Instant(nanoseconds: 0)
  /// Queries with EDNS that were not answered, in a row.
  private var silencesWithEDNS = 0
  /// True when one of them was not answered since the last answer to one without.
  private var wasSilentSincePlain = false
  /// Answers to queries without EDNS, each after silence to one with it.
  private var answersToPlain = 0
  /// True when the last datagram was sent without EDNS.
  var isSendingPlain = false
  private var noMixedCaseUntil = Instant(nanoseconds: 0)
  private var caseLosses = 0
  /// Cookies, RFC 7873: the client's is made once for an upstream; the server's comes with its responses.
  let clientCookie: [UInt8]
  private(set) var serverCookie: [UInt8]?

  var streams: [UpstreamStream] = []

  /// How long an upstream that nobody asks any more is still probed.
  static let probedFor = Duration.seconds(60)
  /// How many queries in a row must come back with another case until their case is mixed no more.
  private static let caseLossesUntilPlain = 3
  /// After how many silences in a row datagrams without EDNS are tried in turn with those with it, and after how many
  /// times of silence there and an answer here it counts as dropping EDNS. One time could be a packet that was lost.
  private static let silencesUntilPlain = 2
  private static let answersToPlainUntilBelieved = 3

  init(_ upstream: Upstream, clientCookie: [UInt8]) {
    self.upstream = upstream
    self.clientCookie = clientCookie
  }

  override func wake(in forwarder: Forwarder, now: Instant) { forwarder.probe(self, now) }

  /// A checked response came.
  ///
  /// - Returns: true when the upstream was down until now.
  func heard(_ now: Instant) -> Bool {
    lastHeard = now
    failuresInARow = 0
    defer { isDown = false }
    return isDown
  }

  func answered(after duration: Duration) { latency.add(duration) }

  /// A try ended without a response.
  ///
  /// Only when nothing was heard since it was sent does it speak against the upstream rather than the name that was
  /// asked for.
  /// - Returns: true when the upstream counts as down from now on.
  func failed(sentAt: Instant, settings: ForwardSettings) -> Bool {
    tally.failureCount += 1
    if let lastHeard, lastHeard >= sentAt { return false }
    failuresInARow += 1
    guard !isDown, failuresInARow >= settings.failuresUntilDown else { return false }
    isDown = true
    return true
  }

  func forgoEDNS(until end: Instant) {
    noEDNSUntil = end
    silencesWithEDNS = 0
    answersToPlain = 0
  }

  /// A datagram with EDNS was not answered: the network may drop them, or the upstream (RFC 6891 §7, RFC 8906).
  func droppedEDNS() {
    silencesWithEDNS += 1
    wasSilentSincePlain = true
  }

  /// Learns from a checked response whether it drops datagrams with EDNS.
  func heardDatagram(hadEDNS: Bool, _ now: Instant, settings: ForwardSettings) {
    guard !hadEDNS else {
      silencesWithEDNS = 0
      answersToPlain = 0
      return
    }
    guard wasSilentSincePlain, silencesWithEDNS >= Self.silencesUntilPlain else { return }
    wasSilentSincePlain = false
    answersToPlain += 1
    if answersToPlain >= Self.answersToPlainUntilBelieved { forgoEDNS(until: now + settings.quirkMemory) }
  }

  /// True when the next datagram carries EDNS: in turn with plain ones while none with it is answered. Signatures need
  /// it, so a question for them goes without only once that is known to be the only way.
  func takesEDNS(dnssecOK: Bool, at now: Instant) -> Bool {
    guard knowsEDNS(at: now) else { return false }
    return dnssecOK || silencesWithEDNS < Self.silencesUntilPlain || isSendingPlain
  }

  func knowsEDNS(at now: Instant) -> Bool { now >= noEDNSUntil }

  func keepsCase(at now: Instant) -> Bool { now >= noMixedCaseUntil }

  func keptCase() { caseLosses = 0 }

  /// A query was answered with another case, and once more, in plain case, properly.
  func lostCase(_ now: Instant, settings: ForwardSettings) {
    caseLosses += 1
    guard caseLosses >= Self.caseLossesUntilPlain else { return }
    caseLosses = 0
    noMixedCaseUntil = now + settings.quirkMemory
  }

  func learned(serverCookie cookie: [UInt8]) { serverCookie = cookie }

  func forgetServerCookie() { serverCookie = nil }

  /// Makes an upstream that others outran look a little faster, so that it is tried again in time.
  func age() { latency.age() }

  /// How long a try waits; longer for each that this question made before.
  func timeout(triesBefore: Int, settings: ForwardSettings) -> Duration {
    let base = latency.timeout.map { max($0, settings.minimumTimeout) } ?? settings.firstTimeout
    return min(base * (1 << min(triesBefore, 4)), settings.maximumTimeout)
  }
}

/// How long an upstream takes.
struct Latency {
  private var smoothed: Duration?
  private var variation = Duration.zero
  private var recent: [Duration] = []
  private var next = 0
  /// What 95 of 100 recent answers took at most; nil while there were too few.
  private(set) var percentile95: Duration?

  /// In parts of `noDiscount`.
  private var discount = Self.noDiscount

  private static let noDiscount = 10_000
  private static let window = 64
  private static let fewest = 20

  /// The smoothed time; nil when nothing was heard.
  var usual: Duration? { smoothed }

  /// What to prefer upstreams by: less than the usual time after others were preferred for long; nothing for one that
  /// was never heard.
  var order: Duration { smoothed.map { $0 * discount / Self.noDiscount } ?? .zero }

  /// The usual time and four times its variation, as RFC 6298 §2 has it for TCP.
  var timeout: Duration? { smoothed.map { $0 + variation * 4 } }

  mutating func add(_ duration: Duration) {
    discount = Self.noDiscount
    if let before = smoothed {
      let difference = duration > before ? duration - before : before - duration
      variation = (variation * 3 + difference) / 4
      smoothed = (before * 7 + duration) / 8
    } else {
      smoothed = duration
      variation = duration / 2
    }
    if recent.count < Self.window { recent.append(duration) } else { recent[next] = duration }
    next = (next + 1) % Self.window
    if recent.count >= Self.fewest, next % 8 == 0 { percentile95 = recent.sorted()[recent.count * 95 / 100] }
  }

  mutating func age() { discount -= discount / 50 }
}

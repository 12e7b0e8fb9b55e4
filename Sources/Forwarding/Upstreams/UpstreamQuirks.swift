/// What an upstream does not understand, and until when that is believed; and its cookie.
///
/// Learned of checked responses alone, and of silence to what was sent.
struct UpstreamQuirks {
  private var noEDNSUntil = Instant(nanoseconds: 0)
  /// Queries with EDNS that were not answered, in a row.
  private var silencesWithEDNS = 0
  /// True when one of them was not answered since the last answer to one without.
  private var wasSilentSincePlain = false
  /// Answers to queries without EDNS, each after silence to one with it.
  private var answersToPlain = 0
  /// True when the last question was sent without EDNS.
  private var isSendingPlain = false
  private var noMixedCaseUntil = Instant(nanoseconds: 0)
  private var caseLosses = 0
  /// The server's cookie (RFC 7873), which comes with its responses.
  private(set) var serverCookie: [UInt8]?

  /// How many queries in a row must come back with another case until their case is mixed no more.
  private static let caseLossesUntilPlain = 3
  /// After how many silences in a row datagrams without EDNS are tried in turn with those with it, and after how many
  /// times of silence there and an answer here it counts as dropping EDNS. One time could be a packet that was lost.
  private static let silencesUntilPlain = 2
  private static let answersToPlainUntilBelieved = 3

  // MARK: EDNS

  mutating func forgoEDNS(until end: Instant) {
    noEDNSUntil = end
    silencesWithEDNS = 0
    answersToPlain = 0
  }

  mutating func sent(hasEDNS: Bool) { isSendingPlain = !hasEDNS }

  /// A datagram with EDNS was not answered: the network may drop them, or the upstream (RFC 6891 §7, RFC 8906).
  mutating func droppedEDNS() {
    silencesWithEDNS += 1
    wasSilentSincePlain = true
  }

  /// Learns from a checked response whether it drops datagrams with EDNS.
  mutating func heardDatagram(hadEDNS: Bool, _ now: Instant, settings: ForwardSettings) {
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

  /// True when a probe carries EDNS: it is to find out whether the upstream answers, and goes without as soon as that may
  /// be what is in the way.
  func probeTakesEDNS(at now: Instant) -> Bool { knowsEDNS(at: now) && silencesWithEDNS < Self.silencesUntilPlain }

  func knowsEDNS(at now: Instant) -> Bool { now >= noEDNSUntil }

  // MARK: Case

  func keepsCase(at now: Instant) -> Bool { now >= noMixedCaseUntil }

  mutating func keptCase() { caseLosses = 0 }

  /// A query was answered with another case, and once more, in plain case, properly.
  mutating func lostCase(_ now: Instant, settings: ForwardSettings) {
    caseLosses += 1
    guard caseLosses >= Self.caseLossesUntilPlain else { return }
    caseLosses = 0
    noMixedCaseUntil = now + settings.quirkMemory
  }

  // MARK: Cookies

  mutating func learned(serverCookie cookie: [UInt8]) { serverCookie = cookie }

  mutating func forgetServerCookie() { serverCookie = nil }
}

/// What an upstream does not understand, and until when that is believed; and its cookie.
///
/// Learned of checked responses alone. Whether it drops EDNS is learned of probes alone, whose names no client chooses: a
/// zone's own servers may have an upstream be silent, or say FORMERR, to any question below it.
struct UpstreamQuirks {
  private var noEDNSUntil = Instant(nanoseconds: 0)
  /// True when the last probe had EDNS and was not answered.
  private var wasSilentToEDNS = false
  /// Probes without EDNS that were answered, each right after silence to one with it.
  private var answersToPlain = 0
  /// True when the last question was sent without EDNS.
  private var isSendingPlain = false
  private var noMixedCaseUntil = Instant(nanoseconds: 0)
  private var caseLosses = 0
  /// The server's cookie (RFC 7873), which comes with its responses.
  private(set) var serverCookie: [UInt8]?

  /// How many queries in a row must come back with another case until their case is mixed no more.
  private static let caseLossesUntilPlain = 3
  /// How often a probe with EDNS must be met with silence, and one without it at once be answered, until it counts as
  /// dropping EDNS. Once could be a packet that was lost.
  private static let answersToPlainUntilBelieved = 3

  // MARK: EDNS

  mutating func forgoEDNS(until end: Instant) {
    noEDNSUntil = end
    (wasSilentToEDNS, answersToPlain) = (false, 0)
  }

  mutating func sent(hasEDNS: Bool) { isSendingPlain = !hasEDNS }

  /// A probe was not answered: the network may drop datagrams with EDNS, or the upstream (RFC 6891 §7, RFC 8906).
  mutating func wasSilentToProbe(hadEDNS: Bool) {
    wasSilentToEDNS = hadEDNS
    // Nor was one without EDNS: that is not what is in the way.
    if !hadEDNS { answersToPlain = 0 }
  }

  /// Learns from a checked response whether it drops datagrams with EDNS.
  mutating func heardDatagram(hadEDNS: Bool, isProbe: Bool, _ now: Instant, settings: ForwardSettings) {
    if hadEDNS { (wasSilentToEDNS, answersToPlain) = (false, 0) }
    guard !hadEDNS, isProbe, wasSilentToEDNS else { return }
    wasSilentToEDNS = false
    answersToPlain += 1
    if answersToPlain >= Self.answersToPlainUntilBelieved { forgoEDNS(until: now + settings.quirkMemory) }
  }

  /// True while EDNS may be what is in the way, and is to be probed on until that is known.
  var doubtsEDNS: Bool { answersToPlain > 0 }

  /// True when the next datagram carries EDNS: in turn with plain ones while that may be in the way. Signatures need it, so
  /// a question for them goes without only once that is known to be the only way.
  func takesEDNS(dnssecOK: Bool, at now: Instant) -> Bool {
    guard knowsEDNS(at: now) else { return false }
    return dnssecOK || !doubtsEDNS || isSendingPlain
  }

  /// True when a probe carries EDNS: in turn with plain ones while none is answered.
  func probeTakesEDNS(at now: Instant) -> Bool { knowsEDNS(at: now) && !wasSilentToEDNS }

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

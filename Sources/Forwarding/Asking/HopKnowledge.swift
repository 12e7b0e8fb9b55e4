import Wire

/// What is known of a question before any upstream is asked.
///
/// `Forwarder` goes on from here, and `explain` tells of it: they cannot differ.
public enum HopKnowledge: Sendable {
  /// The rule has no upstreams.
  case closed
  /// The type is never forwarded.
  case notForwardable(ForwardFailure)
  /// An answer within its TTL.
  case fresh(UpstreamAnswer)
  /// Asking failed lately, and there is an answer past its TTL.
  case failedWithStale(ForwardFailure, UpstreamAnswer)
  /// Asking failed lately, and there is nothing else.
  case failed(ForwardFailure)
  /// A name above does not exist (RFC 8020).
  case cut(UpstreamAnswer)
  /// Upstreams are to be asked; the answer past its TTL, if there is one, is for when they do not answer.
  case unknown(stale: UpstreamAnswer?)

  /// What the client gets; nil when upstreams are to be asked.
  public var result: ForwardResult? {
    switch self {
    case .closed: .closed
    case .notForwardable(let failure): .failure(failure)
    case .fresh(let answer), .cut(let answer): .answer(answer)
    case .failedWithStale(let failure, let answer): .past(answer, failure.error.text)
    case .failed(let failure):
      .failure(
        ForwardFailure(failure.reason, ExtendedError(.cachedError, failure.error.text + ", remembered")))
    case .unknown: nil
    }
  }

  /// What is left for when upstreams do not answer.
  var stale: UpstreamAnswer? {
    if case .unknown(let stale) = self { stale } else { nil }
  }

  /// What the question itself decides; nil when the cache is to be looked at.
  init?(_ question: ForwardQuestion) {
    if question.rule.isClosed {
      self = .closed
    } else if !question.isForwardable {
      let error = ExtendedError(.notSupported, "questions for \(question.type) are not forwarded")
      self = .notForwardable(ForwardFailure(.notForwardable, error))
    } else {
      return nil
    }
  }

  /// What the cache decides.
  ///
  /// - Parameter nameErrorAbove: looks for an NXDOMAIN of a name above; asked last, for it looks several times.
  init(
    _ found: AnswerCache.Found, _ settings: ForwardSettings, _ now: Instant, nameErrorAbove: () -> UpstreamAnswer?
  ) {
    let stale = found.answer.flatMap { $0.isUsable(at: now, settings) ? $0 : nil }
    if let answer = found.answer, answer.isFresh(at: now) {
      self = .fresh(answer)
    } else if let failure = found.failure {
      // A failure never stands before a good answer, fresh or stale (RFC 9520 §3.2).
      self = stale.map { .failedWithStale(failure, $0) } ?? .failed(failure)
    } else if settings.cutsAtNameErrors, let answer = nameErrorAbove() {
      self = .cut(answer)
    } else {
      self = .unknown(stale: stale)
    }
  }
}

extension UpstreamAnswer {
  /// True while it may be given when the upstreams fail (RFC 8767), its TTL run out or not.
  fileprivate func isUsable(at now: Instant, _ settings: ForwardSettings) -> Bool {
    UInt64(now.wholeSeconds(since: storedAt)) < UInt64(ttlSeconds) + UInt64(settings.maximumStaleSeconds)
  }
}

extension ForwardResult {
  /// An answer past its TTL, and why it is given.
  static func past(_ answer: UpstreamAnswer, _ why: String) -> ForwardResult {
    .stale(answer, ExtendedError(.staleAnswer, "an answer past its TTL, because " + why))
  }
}

extension AnswerCache {
  /// What is known of a question; unlike asking, it leaves no trace in the cache.
  public func knowledge(of question: ForwardQuestion, settings: ForwardSettings, now: Instant) -> HopKnowledge {
    if let known = HopKnowledge(question) { return known }
    return HopKnowledge(find(question, now: now, .look), settings, now) {
      nameErrorAbove(question, now: now, .look)
    }
  }
}

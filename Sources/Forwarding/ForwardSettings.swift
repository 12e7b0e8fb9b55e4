import Bounds

/// Every limit and time of the forwarding, with its default.
public struct ForwardSettings: Sendable {
  // MARK: Times of a question

  /// A question that is not answered after this long has failed.
  ///
  /// It is shorter than the four seconds a client's whole question has, so that the reason given is that of the hop, and
  /// shorter than the five after which `dig` and most stub resolvers give up.
  public var deadline: Duration = .milliseconds(3500)
  /// How long the first try waits for an upstream of which nothing is known, before the next is tried.
  public var firstTimeout: Duration = .milliseconds(400)
  /// The least that a try waits for an upstream whose speed is known.
  public var minimumTimeout: Duration = .milliseconds(200)
  /// The most that a question's first try waits, however slow the upstream is.
  public var longestFirstTimeout: Duration = .milliseconds(800)
  /// The most that a try waits, however slow the upstream is and however often it was tried.
  public var maximumTimeout: Duration = .milliseconds(1600)
  /// How long a try over TCP waits, the handshake included.
  public var streamTimeout: Duration = .milliseconds(1500)
  /// How many tries a question has, over all upstreams.
  public var maximumTries = 8
  /// How many tries of one question may be open at once; a further one closes the oldest. Each is a chance to guess.
  public var maximumOpenTries = 4
  /// How many wrong datagrams a question bears before it moves to TCP.
  public var maximumWrongDatagrams = 8

  // MARK: Caching

  /// The longest that any record is kept, in seconds.
  public var maximumTTLSeconds: UInt32 = 86_400
  /// The longest that a negative answer is kept, in seconds; at most `highestNegativeTTLSeconds`.
  ///
  /// A record that was just added (an endpoint's, a challenge's) is hidden for no longer than this; a minute still
  /// makes search-list junk cheap.
  public var maximumNegativeTTLSeconds: UInt32 = 60
  /// RFC 2308 §5 finds one to three hours sensible and a day problematic.
  public static let highestNegativeTTLSeconds: UInt32 = 10_800
  /// How long a first failure is remembered; each one after it in a row doubles that (RFC 9520 §3.2).
  public var failureTime: Duration = .seconds(1)
  /// The longest that a failure is remembered; less than 5 s, so that an upstream's return shows by then.
  public var maximumFailureTime: Duration = .seconds(4)
  /// How long past its TTL an answer may be given when upstreams fail (RFC 8767 §5); 0 switches that off.
  public var maximumStaleSeconds: UInt32 = 86_400
  /// How long an answer is waited for before a stale one is given (RFC 8767 §5).
  public var staleAfter: Duration = .milliseconds(1800)
  /// The TTL of a stale answer (RFC 8767 §4).
  public static let staleTTLSeconds: UInt32 = 30
  /// A name that does not exist has nothing below it (RFC 8020).
  public var cutsAtNameErrors = true
  /// Answers that are asked for often are asked anew in the last tenth of their TTL.
  public var prefetches = true

  // MARK: Upstreams

  /// How many tries in a row that came to nothing, with nothing heard in between, make an upstream suspected.
  public var failuresUntilDown = 2
  /// A suspected upstream counts as down once it has been silent for this long and a probe has come to nothing too: longer
  /// than a burst of lost packets, and short enough to leave a stub its time.
  public var silenceUntilDown: Duration = .seconds(1)
  /// How soon a down upstream is probed; each probe without an answer doubles that.
  public var firstProbeInterval: Duration = .milliseconds(500)
  /// The longest time between probes of an upstream that is asked for; while nobody does each takes four times as long as the
  /// one before.
  public var maximumProbeInterval: Duration = .seconds(2)
  /// How many questions at once a suspected upstream is still asked.
  public var maximumTriesWhileSuspected = 8
  /// How many questions at once an upstream that is down is still asked, with nobody waiting for them: one that is silent
  /// to probes alone is found out so.
  public var maximumTriesWhileDown = 2
  /// A try that takes longer than 95 of 100 is repeated at another upstream.
  public var hedges = true
  /// The case of the letters in a question is random, and must come back (draft-vixie-dnsext-dns0x20).
  public var mixesCase = true
  /// DNS cookies (RFC 7873) are sent.
  public var sendsCookies = true
  /// How long an upstream's lack of EDNS, or of keeping the case, is remembered.
  public var quirkMemory: Duration = .seconds(3600)

  // MARK: Bounds

  /// Questions in flight. When all places are taken, whoever has most of them gives way: the workspace, then the client.
  /// The same holds for waiters, UDP sockets, TCP connections and the questions on them.
  public var maximumExchanges = Limits.Forwarding.exchanges
  /// Clients' questions that wait.
  public var maximumWaiters = Limits.Forwarding.waiters
  /// Waiters of one client, of IPv6 of one /64, however much room there is: what it could have answered at one moment.
  public var maximumWaitersPerClient = Limits.Forwarding.waitersOfClient
  /// UDP sockets.
  public var maximumSockets = Limits.Forwarding.sockets
  /// TCP connections.
  public var maximumStreams = Limits.Forwarding.streams
  /// TCP connections to one upstream.
  public var maximumStreamsPerUpstream = Limits.Forwarding.streamsOfUpstream
  /// Questions at once on one connection.
  public var maximumQuestionsPerStream = Limits.Forwarding.questionsOfStream
  /// How long a connection without questions is kept.
  public var streamIdleTime: Duration = .seconds(8)
  /// The most records of one set; an answer with more is not taken.
  public var maximumRecordsPerSet = Limits.Forwarding.recordsOfSet
  /// The most records of an answer that are looked at.
  public var maximumRecordsPerAnswer = Limits.Forwarding.recordsOfAnswer
  /// The most octets that a kept answer has.
  public var maximumAnswerOctets = Limits.Forwarding.octetsOfAnswer
  /// The longest chain of CNAMEs and DNAMEs in one answer.
  public var maximumChain = 8

  /// The defaults.
  public init() {}
}

/// What the forwarder counted since it was made.
public struct ForwardCounters: Hashable, Sendable {
  /// Questions answered from the cache, within their TTL.
  public var cacheHits = 0
  /// Questions answered from the cache past their TTL.
  public var staleAnswers = 0
  /// Questions refused by a failure that is still remembered.
  public var cachedFailures = 0
  /// Questions answered by a cached NXDOMAIN of a name above.
  public var cutAnswers = 0
  /// Questions that joined an equal one in flight.
  public var coalesced = 0
  /// Questions that waited for another worker that asked the same.
  public var followed = 0
  /// Questions that were taken over from another worker that stood still.
  public var takeOvers = 0
  /// Questions that were taken to upstreams.
  public var exchanges = 0
  /// Exchanges that ended without an answer.
  public var failures = 0
  /// Questions refused because of a limit, or because whoever asked them had the most already.
  public var overloads = 0
  /// Questions that had to end before their time, so that others had room.
  public var displaced = 0
  /// Questions that failed at once because all their upstreams were known to be down.
  public var failedAtOnce = 0
  /// Queries sent over UDP.
  public var datagramQueries = 0
  /// Queries sent over TCP.
  public var streamQueries = 0
  /// Queries sent because an earlier one of the same question was slow, not late.
  public var hedges = 0
  /// Datagrams that were not the answer: wrong id, question, case or cookie, no response, or damaged.
  public var wrongDatagrams = 0
  /// Datagrams and stream messages for sockets or ids that nobody waits for any more.
  public var lateAnswers = 0
  /// Truncated answers, which were asked again over TCP.
  public var truncated = 0
  /// Exchanges that moved to TCP after too many wrong datagrams.
  public var floods = 0
  /// Times an upstream came to count as down.
  public var upstreamsDown = 0
  /// Times a down upstream answered again.
  public var upstreamsUp = 0
  /// Probes sent to down upstreams.
  public var probes = 0
  /// Answers asked anew ahead of their expiry.
  public var prefetches = 0

  /// Nothing counted yet.
  public init() {}
}

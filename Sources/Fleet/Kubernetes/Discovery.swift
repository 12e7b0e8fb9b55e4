import Bounds
import Wire

/// Something that is to be done for a `Discovery`.
public enum DiscoveryAction: Hashable, Sendable {
  /// Connect to the API server, which is asked without TLS: to `kubectl proxy`, by its port or its socket.
  case open(UInt64)
  /// Send octets on a connection that is open.
  case send(UInt64, [UInt8])
  /// Close a connection, or give up making it. Nothing more is to be told of it.
  case close(UInt64)
}

/// Times and sizes of a `Discovery`; times in milliseconds.
public struct DiscoverySettings: Sendable {
  /// How long making a connection may take.
  public var connectTime: UInt64 = 10_000
  /// How long an answer may be silent that is not a watch's; a watch's until its head.
  public var answerTime: UInt64 = 30_000
  /// How long a watch may be silent. An API server sends a bookmark each minute.
  public var silence: UInt64 = 150_000
  /// How long the pods or namespaces may be without an event, a bookmark or a list before they are listed anew.
  public var quiet: UInt64 = 300_000
  /// How long what is known holds without any of these: then every address is nobody's.
  public var forget: UInt64 = 600_000
  /// For how long a watch is asked, in seconds; up to twice that, so that not all end at once.
  public var watchSeconds: UInt64 = 300
  /// The shortest and the longest pause after a failure.
  public var shortestPause: UInt64 = 500
  /// The longest pause after a failure.
  public var longestPause: UInt64 = 30_000
  /// After how many failed watches in a row all is listed anew.
  public var failuresBeforeList = 5
  /// How many objects a page of a list has.
  public var pageObjects = 500
  /// The most pods that are kept.
  public var mostPods = Limits.Kubernetes.pods
  /// The most namespaces that are kept.
  public var mostNamespaces = Limits.Kubernetes.namespaces

  /// The usual ones.
  public init() {}

  func mostObjects(_ resource: KubernetesResource) -> Int {
    switch resource {
    case .pods: mostPods
    case .namespaces: mostNamespaces
    }
  }
}

/// Follows the pods and namespaces of a Kubernetes cluster, and says whose workspace's client each pod's address is: a state
/// machine that is handed the time, random numbers and what connections bring, and hands out actions and changes.
///
/// Times are milliseconds of a clock that nobody sets. Whoever runs it calls `tick` at `nextWake` at the latest, carries out
/// what `takeActions` gives after each call, and what `takeChanges` gives in its order.
public struct Discovery {
  private let settings: DiscoverySettings
  private var watches: [ResourceWatch]
  private var book: PodBook
  private var actions: [DiscoveryAction] = []
  private var lastNumber: UInt64 = 0
  private var notices: [String] = []

  /// Knows nothing, and begins with the first tick.
  public init(_ settings: DiscoverySettings = DiscoverySettings(), now: UInt64) {
    self.settings = settings
    watches = KubernetesResource.allCases.map { ResourceWatch($0, settings, now: now) }
    book = PodBook(mostPods: settings.mostPods, mostNamespaces: settings.mostNamespaces)
  }

  // MARK: What is known

  /// Whose each address is to be; those not in it are nobody's once `isWhole`.
  public var wanted: [IPAddress: PodIdentity] { book.wanted }
  /// True while pods and namespaces are known as a whole: `wanted` is then all there is.
  public var isWhole: Bool { book.isWhole }
  /// How many pods are known.
  public var podCount: Int { book.podCount }
  /// How many addresses are nobody's because several pods of one list have them.
  public var contested: Int { book.contested }
  /// How many objects were left out, because there were too many or they were not to be read.
  public var leftOut: Int { book.leftOut }
  /// How many whole lists there were, and how many events, bookmarks among them.
  public var counts: (lists: Int, events: Int) {
    (watches.reduce(0) { $0 + $1.lists }, watches.reduce(0) { $0 + $1.events })
  }
  /// When the API server last showed of both kinds that nothing is missed; nil before it did.
  public var lastContact: UInt64? {
    watches.reduce(UInt64?.some(.max)) { least, watch in
      guard let least, let contact = watch.lastContact else { return nil }
      return min(least, contact)
    }
  }

  /// What is to be done, in its order.
  public mutating func takeActions() -> [DiscoveryAction] {
    defer { actions = [] }
    return actions
  }

  /// What has changed of `wanted`, in the order in which it is to be done.
  public mutating func takeChanges() -> [AddressChange] { book.takeChanges() }

  /// What went wrong since this was asked last, for people; the same failure in a row is there each time.
  public mutating func takeNotices() -> [String] {
    defer { notices = [] }
    return notices
  }

  // MARK: What comes

  /// When `tick` has something to do, unless something comes before.
  public var nextWake: UInt64 {
    let forgets = book.isWhole ? lastContact.map { $0 + settings.forget } ?? .max : .max
    return watches.reduce(forgets) { min($0, $1.nextWake) }
  }

  /// Does what is due.
  public mutating func tick(now: UInt64, using random: inout some RandomNumberGenerator) {
    if book.isWhole, let lastContact, now >= lastContact + settings.forget {
      book.forgetAll()
      notices.append("nothing was heard of the API server for \(settings.forget / 1000) s: no pod is anybody's client")
      for index in watches.indices { watches[index].forget(now, &actions) }
    }
    for index in watches.indices {
      watches[index].tick(now, connection: lastNumber + 1, &actions, &random)
      if watches[index].connection == lastNumber + 1 { lastNumber += 1 }
      gather(index)
    }
  }

  /// A connection is made.
  public mutating func opened(_ number: UInt64, now: UInt64, using random: inout some RandomNumberGenerator) {
    guard let index = index(of: number) else { return }
    watches[index].opened(now, &actions, &random)
    gather(index)
  }

  /// A connection brought octets.
  public mutating func received(
    _ octets: Span<UInt8>, on number: UInt64, now: UInt64, using random: inout some RandomNumberGenerator
  ) {
    guard let index = index(of: number) else { return }
    watches[index].received(octets, now, &book, &actions, &random)
    gather(index)
  }

  /// A connection has ended, or could not be made.
  ///
  /// - Parameter why: for people.
  public mutating func closed(
    _ number: UInt64, why: String, now: UInt64, using random: inout some RandomNumberGenerator
  ) {
    guard let index = index(of: number) else { return }
    watches[index].closed(why, now, &book, &actions, &random)
    gather(index)
  }

  private func index(of number: UInt64) -> Int? { watches.firstIndex { $0.connection == number } }

  private mutating func gather(_ index: Int) {
    if let notice = watches[index].takeNotice(), notices.count < Limits.Kubernetes.notices { notices.append(notice) }
  }
}

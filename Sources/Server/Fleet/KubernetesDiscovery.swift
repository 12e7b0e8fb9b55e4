import Fleet
import Forwarding
import Glibc
import Storage
import SystemIO
import Text

/// `backroad discover kubernetes`: follows the pods of a cluster, and writes into the store whose clients they are.
///
/// What the API server says is taken by this thread, which never waits for the store: that is the other thread's.
public struct KubernetesDiscovery: ~Copyable {
  private let api: StoreAddress.Member
  private let signals: SignalQueue
  private let log: Log
  private let store: LedgerThread
  private var sockets: FleetSockets
  private var discovery: Discovery
  private var ledger: PodLedger
  private var report = DiscoveryReport()
  private var random = SystemRandomNumberGenerator()
  /// When it ends, whatever the store does, once it was told to; in milliseconds.
  private var endsAt = UInt64.max

  /// How long the process goes on after it was told to end, in milliseconds: the leader's lease ends by itself.
  private static let stopTime: UInt64 = 5000

  /// Follows an API server until SIGTERM or SIGINT.
  ///
  /// - Throws: what keeps it from starting, or what ended it: this machine's lack of something.
  public static func run(
    api: StoreAddress.Member, store: StoreAddress, _ credentials: StoreCredentials?
  ) throws(Problem) {
    do throws(SystemError) {
      // Before any thread starts, so that all of them leave the signals to the queue.
      let signals = try SignalQueue([SIGTERM, SIGINT])
      let log = try Log()
      let writer = try LogWriter(log)
      defer { writer.finish() }
      var discovery = try KubernetesDiscovery(api: api, store: store, credentials, signals, log)
      log.note("following the pods of \(api), for \(store)")
      try discovery.run()
      log.note("stopping: pods' addresses hold until their leases end, or another discovery leads")
    } catch {
      throw Problem("\(error)")
    }
  }

  private init(
    api: StoreAddress.Member, store address: StoreAddress, _ credentials: StoreCredentials?,
    _ signals: consuming SignalQueue, _ log: Log
  ) throws(SystemError) {
    let store = try LedgerThread(address, credentials)
    var sockets = try FleetSockets()
    try sockets.wait(alsoFor: signals.descriptor)
    try sockets.wait(alsoFor: store.answered.descriptor)
    let now = Self.now
    self.api = api
    self.signals = signals
    self.log = log
    self.store = store
    self.sockets = sockets
    discovery = Discovery(now: now)
    ledger = PodLedger(
      name: "\(System.hostName)/\(System.processID)", keys: StoreKeys(prefix: address.prefix), now: now)
  }

  private static var now: UInt64 { System.monotonicNanoseconds() / 1_000_000 }

  private mutating func run() throws(SystemError) {
    while true {
      let now = Self.now
      carryOut(now)
      guard !ledger.isDone, now < endsAt else { return }
      // A second at the latest, for what is to be told.
      let wake = min(discovery.nextWake, ledger.nextWake(now: now), now + 1000, endsAt)
      if try sockets.wait(until: wake * 1_000_000) { takeOther(Self.now) }
      while let event = sockets.next() { take(event, Self.now) }
    }
  }

  /// Does what is due, and hands on what has changed.
  private mutating func carryOut(_ now: UInt64) {
    if now >= discovery.nextWake { discovery.tick(now: now, using: &random) }
    for action in discovery.takeActions() {
      switch action {
      case .open(let number): sockets.open(number, to: api)
      case .send(let number, let octets): sockets.send(number, octets)
      case .close(let number): sockets.close(number)
      }
    }
    ledger.apply(discovery.takeChanges(), isWhole: discovery.isWhole)
    if let request = ledger.next(now: now) { store.ask(request) }
    report.take(&discovery, &ledger, now: now)
    for line in report.lines(discovery, ledger, now: now) { log.note(line) }
  }

  private mutating func take(_ event: FleetSockets.Event, _ now: UInt64) {
    switch event {
    case .opened(let number): discovery.opened(number, now: now, using: &random)
    case .received(let number, let octets): discovery.received(octets.span, on: number, now: now, using: &random)
    case .ended(let number, let why):
      discovery.closed(number, why: why ?? "the connection was closed", now: now, using: &random)
    }
  }

  /// Takes signals, and what the store has said.
  private mutating func takeOther(_ now: UInt64) {
    while signals.next() != nil {
      ledger.resign()
      endsAt = min(endsAt, now + Self.stopTime)
    }
    switch store.take() {
    case .answered(let message, let keyValues): ledger.answered(message, keyValues, now: now)
    case .failed(let why): ledger.failed(why, now: now)
    case nil: break
    }
  }
}

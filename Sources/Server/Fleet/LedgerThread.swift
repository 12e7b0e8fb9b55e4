import Fleet
import Storage
import Synchronization
import SystemIO

/// Asks the store what a `PodLedger` wants, on a thread of its own: a store that does not answer holds up nobody.
///
/// One request at a time.
final class LedgerThread: Sendable {
  private struct Content {
    var request: LedgerRequest?
    var outcome: EtcdLedger.Outcome?
  }

  private let content = Mutex(Content())
  private let asked: Waker
  /// Woken when an answer is there, or it is known that none comes.
  let answered: Waker

  /// Starts it; it goes on until the process ends. Signals must be queued before, as for every thread.
  init(_ store: StoreAddress, _ credentials: StoreCredentials?) throws(SystemError) {
    asked = try Waker()
    answered = try Waker()
    let thread = try Thread(name: "store") { [self] in run(store, credentials) }
    thread.detach()
  }

  /// Asks. The one before must have been answered.
  func ask(_ request: LedgerRequest) {
    content.withLock { $0.request = request }
    asked.wake()
  }

  /// Takes what came of the request; nil while nothing has.
  func take() -> EtcdLedger.Outcome? {
    answered.reset()
    return content.withLock { content in
      defer { content.outcome = nil }
      return content.outcome
    }
  }

  private func run(_ store: StoreAddress, _ credentials: StoreCredentials?) {
    let ledger = EtcdLedger(store, credentials)
    while true {
      guard let request = wait() else { continue }
      let outcome = ledger.carryOut(request)
      content.withLock { $0.outcome = outcome }
      answered.wake()
    }
  }

  /// The next request; nil where it was woken for nothing.
  private func wait() -> LedgerRequest? {
    do throws(SystemError) {
      var poller = try Poller()
      try poller.add(asked.descriptor.raw, .readable, token: 0)
      _ = try poller.wait(timeoutMilliseconds: nil)
    } catch {
      // No descriptor is left to wait with.
      Thread.pause(milliseconds: 100)
    }
    asked.reset()
    return content.withLock { content in
      defer { content.request = nil }
      return content.request
    }
  }
}

import Answering
import Forwarding
import Synchronization
import SystemIO

/// What a worker says of itself when it is asked: a copy, made by the worker between two batches.
struct WorkerReport: Sendable {
  /// What its forwarder counted.
  var forwarding = ForwardCounters()
  /// How much of what is bounded is used.
  var usage: ForwardUsage
  /// What it knows of upstreams.
  var upstreams: [UpstreamReport] = []
  /// Answers of upstreams that were given again without going their whole way.
  var recalledCount: UInt64 = 0
  /// Clients' questions that wait for upstreams.
  var waitingCount = 0
}

extension Worker {
  /// What there is to say now.
  var report: WorkerReport {
    let forwarder = forwarding.forwarder
    return WorkerReport(
      forwarding: forwarder.counters, usage: forwarder.usage, upstreams: forwarder.upstreamReports(now: now),
      recalledCount: responder.recalledCount, waitingCount: waiting.count)
  }
}

extension [WorkerReport] {
  /// Questions of all workers that the cache answered, within their TTL.
  var cacheHitCount: Int {
    reduce(0) { $0 + $1.forwarding.cacheHits + $1.forwarding.cutAnswers + Int(clamping: $1.recalledCount) }
  }

  /// Questions of all workers that had to go to upstreams, or joined one that did.
  var cacheMissCount: Int {
    reduce(0) { $0 + $1.forwarding.exchanges + $1.forwarding.coalesced - $1.forwarding.prefetches }
  }
}

/// Where workers leave their reports, for one who waits.
final class ReportDesk: Sendable {
  private let content = Mutex<[WorkerReport]>([])
  private let waker: Waker

  init() throws(SystemError) { waker = try Waker() }

  /// Leaves a report; for workers.
  func deliver(_ report: WorkerReport) {
    content.withLock { $0.append(report) }
    waker.wake()
  }

  /// Asks all workers. When this returns with all reports, each worker has taken what was in its mailbox before.
  ///
  /// - Parameter milliseconds: how long to wait at most; a worker that says nothing until then is left out.
  func ask(_ mailboxes: [Mailbox], milliseconds: UInt64 = 500) throws(SystemError) -> [WorkerReport] {
    var poller = try Poller()
    try poller.add(waker.descriptor.raw, .readable, token: 0)
    for mailbox in mailboxes { mailbox.askForReport(to: self) }
    let end = System.monotonicNanoseconds() + milliseconds * 1_000_000
    while true {
      let reports = content.withLock { $0 }
      let now = System.monotonicNanoseconds()
      guard reports.count < mailboxes.count, now < end else { return reports }
      _ = try poller.wait(timeoutMilliseconds: Int32(clamping: (end - now + 999_999) / 1_000_000))
      waker.reset()
    }
  }
}

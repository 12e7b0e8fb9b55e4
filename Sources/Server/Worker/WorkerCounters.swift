import Answering
import Synchronization
import Wire
import Workspaces

/// What one worker counts. It alone writes; the admin interface reads at any time, and nobody waits for anybody.
@safe final class WorkerCounters: Sendable {
  /// What became of a query.
  enum Outcome: Int, CaseIterable {
    case noError, formatError, serverFailure, nameError, notImplemented, refused, other
    /// Not answered at all.
    case dropped

    init(_ flags: Flags) {
      let code = Int(flags.rawValue & 0xf)
      self = code <= Outcome.refused.rawValue ? Outcome(rawValue: code) ?? .other : .other
    }
  }

  /// What is counted besides.
  enum Event: Int, CaseIterable {
    /// Answers over UDP that the kernel did not take.
    case unsentAnswers
    case openedConnections
    case closedConnections
    /// Closed at once, because there was no room.
    case refusedConnections
    /// Closed to make room for others, by what there was no room for.
    case closedForClient, closedForStrangers, closedForPlaces, closedForDescriptors
    /// Queries whose client two rules give to different workspaces.
    case violations
    /// Datagrams and connections of listed load balancers that did not begin with a PROXY header.
    case missingHeaders
    /// Datagrams and connections of others that did.
    case unlistedHeaders
  }

  /// The upper bounds of the latency's buckets in nanoseconds: 1/64 of a millisecond, doubled up to eight seconds.
  static let latencyBounds: [UInt64] = (0..<20).map { 15_625 << UInt64($0) }

  private static let outcomes = Outcome.allCases.count
  private static let firstEvent = 2 * outcomes
  private static let firstBucket = firstEvent + Event.allCases.count
  private static let latencySum = firstBucket + latencyBounds.count + 1
  private static let count = latencySum + 1

  // unsafe: allocated and freed by this object alone; every index below is less than `count`.
  private nonisolated(unsafe) let values: UnsafeMutablePointer<Atomic<UInt64>>

  init() {
    unsafe values = .allocate(capacity: Self.count)
    for index in 0..<Self.count { unsafe (values + index).initialize(to: Atomic(0)) }
  }

  deinit {
    unsafe values.deinitialize(count: Self.count)  // unsafe: what `init` made.
    unsafe values.deallocate()
  }

  /// One writer: a plain load and store, and no locked instruction.
  @inline(__always)
  private func add(_ amount: UInt64, at index: Int) {
    let value = unsafe values + index  // unsafe: in bounds, as above.
    unsafe value.pointee.store(value.pointee.load(ordering: .relaxed) &+ amount, ordering: .relaxed)
  }

  private func value(at index: Int) -> UInt64 {
    unsafe values[index].load(ordering: .relaxed)  // unsafe: in bounds, as above.
  }

  // MARK: For the worker

  /// A query was answered with these flags: counted for the server, and for its workspace where that has counts.
  @inline(__always)
  func answered(_ transport: Transport, _ flags: Flags, for tally: WorkspaceTally?) {
    count(transport, Outcome(flags))
    tally?.count(.init(flags))
  }

  /// A message was not answered; `tally` is its workspace's, if that was decided.
  @inline(__always)
  func dropped(_ transport: Transport, for tally: WorkspaceTally? = nil) {
    count(transport, .dropped)
    tally?.count(.other)
  }

  @inline(__always)
  private func count(_ transport: Transport, _ outcome: Outcome) {
    add(1, at: (transport == .udp ? 0 : Self.outcomes) + outcome.rawValue)
  }

  /// Something else happened, some times.
  @inline(__always)
  func add(_ event: Event, _ amount: Int = 1) { add(UInt64(amount), at: Self.firstEvent + event.rawValue) }

  /// That many queries took that long, from when they were received until their answers were sent.
  @inline(__always)
  func took(nanoseconds: UInt64, queries: Int = 1) {
    guard queries > 0 else { return }
    let units = max(nanoseconds, 1) - 1
    let bucket = min(64 - (units / 15_625).leadingZeroBitCount, Self.latencyBounds.count)
    add(UInt64(queries), at: Self.firstBucket + bucket)
    add(nanoseconds &* UInt64(queries), at: Self.latencySum)
  }

  // MARK: For the admin interface

  /// What the counters of several workers amount to.
  struct Totals {
    /// By transport and outcome.
    var queries: [Transport: [Outcome: UInt64]] = [:]
    var events: [Event: UInt64] = [:]
    /// For each bound, and beyond the last.
    var latency = [UInt64](repeating: 0, count: latencyBounds.count + 1)
    var latencySumNanoseconds: UInt64 = 0

    init(_ workers: [WorkerCounters]) {
      for worker in workers { add(worker) }
    }

    private mutating func add(_ worker: WorkerCounters) {
      for (transport, start) in [(Transport.udp, 0), (.tcp, WorkerCounters.outcomes)] {
        for outcome in Outcome.allCases {
          queries[transport, default: [:]][outcome, default: 0] &+= worker.value(at: start + outcome.rawValue)
        }
      }
      for event in Event.allCases { events[event, default: 0] &+= worker.value(at: firstEvent + event.rawValue) }
      for index in latency.indices { latency[index] &+= worker.value(at: firstBucket + index) }
      latencySumNanoseconds &+= worker.value(at: latencySum)
    }
  }
}

extension ConnectionTable.Want {
  /// What is counted for a connection that was closed for this.
  var event: WorkerCounters.Event {
    switch self {
    case .ofClient: .closedForClient
    case .ofStrangers: .closedForStrangers
    case .places: .closedForPlaces
    case .descriptors: .closedForDescriptors
    }
  }
}

import Forwarding
import SystemIO

/// What a worker takes from the machine beside its sockets: the time, and octets that nobody can guess. Tests play both,
/// so that the same run comes again.
struct WorkerSurroundings: Sendable {
  /// The monotonic clock; looked at once a turn and once a batch.
  var clock: @Sendable () -> Instant
  /// Gives that many octets; asked for a few hundred at a time.
  var random: @Sendable (_ count: Int) -> [UInt8]

  /// The kernel's.
  static let machine = WorkerSurroundings(
    clock: { Instant(nanoseconds: System.monotonicNanoseconds()) },
    // Without random numbers there is no safe query; the kernel always has some once it has booted.
    random: { count in (try? System.random(count: count)) ?? [] })
}

/// Room for one message of any length, allocated once for each worker.
@safe public final class MessageBuffer {
  /// The longest message over TCP, in octets (RFC 1035 §4.2.2).
  public static let size = 65_535

  private let octets: UnsafeMutablePointer<UInt8>  // unsafe: this object alone allocates and frees it.

  /// Allocates the room.
  public init() {
    unsafe octets = .allocate(capacity: Self.size)
    unsafe octets.initialize(repeating: 0, count: Self.size)
  }

  deinit { unsafe octets.deallocate() }  // unsafe: frees what `init` allocated.

  /// All of it, to write into. What an earlier span wrote is overwritten: one message at a time.
  @_lifetime(borrow self)
  public func output() -> MutableSpan<UInt8> {
    // unsafe: exactly what was allocated, for as long as this object is borrowed.
    let span = unsafe MutableSpan(_unsafeStart: octets, count: Self.size)
    return unsafe _overrideLifetime(span, borrowing: self)
  }
}

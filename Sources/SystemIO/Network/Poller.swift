import CLinux
import Glibc

/// Waits until one of many descriptors has something to do (epoll, level-triggered).
public struct Poller: ~Copyable {
  private let descriptor: FileDescriptor

  /// What to wait for, and what happened.
  public struct Events: OptionSet, Sendable {
    /// The bits as epoll has them.
    public let rawValue: UInt32
    /// Takes the bits as epoll has them.
    public init(rawValue: UInt32) { self.rawValue = rawValue }

    /// There is something to read, or the peer has closed its side.
    public static let readable = Events(rawValue: UInt32(CL_READABLE))
    /// There is room to write, or a connection was made.
    public static let writable = Events(rawValue: UInt32(CL_WRITABLE))
    /// Reported without being asked for: the descriptor failed.
    public static let error = Events(rawValue: UInt32(CL_ERROR))
    /// Reported without being asked for: the peer is gone, and nothing is heard from it or taken by it any more.
    public static let hangup = Events(rawValue: UInt32(CL_HANGUP))

    /// True for either of the two, which come alone or together: they are reported for as long as the descriptor is
    /// waited for, whatever is asked.
    public var isFailed: Bool { !isDisjoint(with: [.error, .hangup]) }
  }

  /// One descriptor that has something to do.
  public struct Ready: Sendable {
    /// What `add` was given.
    public let token: UInt64
    /// What happened.
    public let events: Events
  }

  /// The most that one `wait` reports; the rest is reported by the next.
  public static let batchSize = 64
  private var buffer = [cl_event](repeating: cl_event(), count: Poller.batchSize)

  /// Opens one that waits for nothing yet.
  public init() throws(SystemError) {
    descriptor = FileDescriptor(owning: try check(cl_epoll_create(), "epoll_create1"))
  }

  /// What another poller waits for: readable while anything here has something to do.
  public var raw: Int32 { descriptor.raw }

  /// Starts waiting for `descriptor`, whose events will carry `token`.
  public func add(_ descriptor: Int32, _ events: Events, token: UInt64) throws(SystemError) {
    try check(cl_epoll_add(self.descriptor.raw, descriptor, events.rawValue, token), "epoll_ctl")
  }

  /// Changes what is waited for.
  public func change(_ descriptor: Int32, _ events: Events, token: UInt64) throws(SystemError) {
    try check(cl_epoll_change(self.descriptor.raw, descriptor, events.rawValue, token), "epoll_ctl")
  }

  /// Stops waiting for `descriptor`; one that is closed leaves by itself.
  public func remove(_ descriptor: Int32) {
    _ = cl_epoll_remove(self.descriptor.raw, descriptor)
  }

  /// Waits until something has happened.
  ///
  /// - Parameter timeoutMilliseconds: how long at most; nil is for ever, 0 not at all.
  /// - Returns: how many descriptors have something to do, for `ready(at:)`; 0 after the time, or after a signal.
  public mutating func wait(timeoutMilliseconds: Int32?) throws(SystemError) -> Int {
    // unsafe: epoll_wait writes inside the array, whose length it is given.
    let count = unsafe buffer.withUnsafeMutableBufferPointer {
      unsafe cl_epoll_wait(descriptor.raw, $0.baseAddress, Int32($0.count), timeoutMilliseconds ?? -1)
    }
    if count == -EINTR { return 0 }
    return Int(try check(count, "epoll_wait"))
  }

  /// One of those that the last `wait` counted.
  public func ready(at index: Int) -> Ready {
    Ready(token: buffer[index].token, events: Events(rawValue: buffer[index].events))
  }
}

/// Lets one thread wake another that waits in a `Poller`.
public struct Waker: ~Copyable, Sendable {
  /// What a poller waits for.
  public let descriptor: FileDescriptor

  /// Opens one that nobody has woken.
  public init() throws(SystemError) {
    descriptor = FileDescriptor(owning: try check(cl_eventfd(), "eventfd"))
  }

  /// Makes the descriptor readable. Any thread may call it.
  public func wake() {
    var one: UInt64 = 1
    // unsafe: write reads the eight octets of a local.
    _ = unsafe write(descriptor.raw, &one, 8)
  }

  /// Makes it unreadable again.
  public func reset() {
    var count: UInt64 = 0
    // unsafe: read fills the eight octets of a local.
    _ = unsafe read(descriptor.raw, &count, 8)
  }
}

/// Signals as something to read, so that they are handled between two steps and never inside one.
public struct SignalQueue: ~Copyable, Sendable {
  /// What a poller waits for.
  public let descriptor: FileDescriptor

  /// Blocks `signals` for this thread and those it starts, and queues them here.
  public init(_ signals: [Int32]) throws(SystemError) {
    // unsafe: the call reads the array, whose length it is given.
    let raw = unsafe signals.withUnsafeBufferPointer { unsafe cl_signalfd($0.baseAddress, $0.count) }
    descriptor = FileDescriptor(owning: try check(raw, "signalfd"))
  }

  /// The next signal that came; nil when none did.
  public func next() -> Int32? {
    let signal = cl_signalfd_read(descriptor.raw)
    return signal > 0 ? signal : nil
  }
}

import Bounds
import Fleet
import Glibc
import SystemIO
import Wire

/// The sockets of a state machine that names its connections by numbers, none of which comes twice: to members of etcd, and to
/// an API server.
///
/// Nothing here waits but `wait`. What comes of connections is taken by `next`, one event after the other, until there is none.
/// For one thread, which is to take all events before it waits again.
struct FleetSockets: ~Copyable {
  /// What came of a connection.
  enum Event: Hashable {
    /// It is made.
    case opened(UInt64)
    /// It brought octets, as many as `Limits.Fleet.readOctets` at most.
    case received(UInt64, [UInt8])
    /// It has ended, or could not be made; nothing more comes of it.
    ///
    /// - Parameter why: for people; nil where the other end closed it without an error.
    case ended(UInt64, why: String?)

    var number: UInt64 {
      switch self {
      case .opened(let number), .received(let number, _), .ended(let number, _): number
      }
    }
  }

  /// What the poller is given for what is no connection.
  private enum Token {
    static let names = UInt64.max
    static let other = UInt64.max - 1
  }

  private var poller: Poller
  private let names: HostNames
  private var connections: [UInt64: FleetConnection] = [:]
  /// What was not taken yet, in its order, from `firstEvent` on.
  private var events: [Event] = []
  private var firstEvent = 0
  private var buffer = [UInt8](repeating: 0, count: Limits.Fleet.readOctets)

  /// No connections, and names as this machine's resolver has them.
  init() throws(SystemError) { try self.init(names: HostNames()) }

  /// - Parameter names: what looks up the names of hosts.
  init(names: HostNames) throws(SystemError) {
    let poller = try Poller()
    try poller.add(names.waker.descriptor.raw, .readable, token: Token.names)
    self.names = names
    self.poller = poller
  }

  /// Waits for something else too, such as a `Waker`'s descriptor: whoever waits is told, and is to make it unreadable.
  mutating func wait(alsoFor descriptor: borrowing FileDescriptor) throws(SystemError) {
    try poller.add(descriptor.raw, .readable, token: Token.other)
  }

  /// How many connections there are, made or being made.
  var count: Int { connections.count }
  /// True while `next` has something.
  var hasEvents: Bool { firstEvent < events.count }

  // MARK: What is to be done

  /// Begins to connect to a member, to the first of its addresses that takes the connection. How long all may take is for the
  /// caller to say, by `close`.
  mutating func open(_ number: UInt64, to member: StoreAddress.Member) {
    let connection = FleetConnection(number, to: member)
    connections[number] = connection
    switch member {
    case .unix(let path):
      do throws(SystemError) {
        try start(connection, .init(path: path))
      } catch {
        end(connection, error.reason)
      }
    case .tcp(let name, _):
      switch names.addresses(of: name, now: System.monotonicNanoseconds()) {
      case .addresses(let addresses):
        connection.further = addresses[...]
        tryNext(connection, nil)
      case .later: break
      case .none: end(connection, "its name cannot be looked up now")
      }
    }
  }

  /// Sends octets, or keeps them until the other end takes them. One that lets too many wait has ended.
  mutating func send(_ number: UInt64, _ octets: [UInt8]) {
    guard let connection = connections[number], connection.writeFailure == nil else { return }
    guard connection.unsent.count + octets.count <= Limits.Fleet.unsentOctets else {
      return end(connection, "it takes nothing: \(connection.unsent.count) octets wait for it")
    }
    connection.unsent.append(octets)
    flush(connection)
  }

  /// Closes a connection, or gives up making it. There is no event of it any more.
  mutating func close(_ number: UInt64) {
    guard let connection = connections.removeValue(forKey: number) else { return forget(number) }
    // Where it is given up, that address was the reason.
    if !connection.isOpen { note(connection, isGood: false) }
    forget(number)
  }

  private mutating func forget(_ number: UInt64) {
    events.removeSubrange(..<firstEvent)
    firstEvent = 0
    events.removeAll { $0.number == number }
  }

  // MARK: What has happened

  /// Takes out the next event; nil when there is none.
  mutating func next() -> Event? {
    guard hasEvents else {
      events.removeAll(keepingCapacity: true)
      firstEvent = 0
      return nil
    }
    firstEvent += 1
    return events[firstEvent - 1]
  }

  /// Waits until there are events, something else has happened, or a time is over.
  ///
  /// Each connection is read once, so none keeps others, or the caller, waiting however much it brings.
  /// - Parameter deadline: by the monotonic clock, in nanoseconds; nil is for ever.
  /// - Returns: true when one of the descriptors that are waited for besides has something to read.
  mutating func wait(until deadline: UInt64?) throws(SystemError) -> Bool {
    var isOther = false
    for index in 0..<(try poller.wait(timeoutMilliseconds: timeout(deadline))) {
      let ready = poller.ready(at: index)
      switch ready.token {
      case Token.names: takeNames()
      case Token.other: isOther = true
      default: handle(ready.token, ready.events)
      }
    }
    passOver(System.monotonicNanoseconds())
    return isOther
  }

  private func timeout(_ deadline: UInt64?) -> Int32? {
    if hasEvents { return 0 }
    let ends = connections.values.compactMap(\.passedOverAt) + (deadline.map { [$0] } ?? [])
    guard let end = ends.min() else { return nil }
    let now = System.monotonicNanoseconds()
    return end <= now ? 0 : Int32(clamping: (end - now - 1) / 1_000_000 + 1)
  }

  private mutating func handle(_ number: UInt64, _ ready: Poller.Events) {
    guard let connection = connections[number], let attempt = connection.attempt else { return }
    if !connection.isOpen {
      guard ready.contains(.writable) || ready.isFailed else { return }
      if let failure = attempt.failure { return tryNext(connection, failure) }
      connection.isOpen = true
      connection.passedOverAt = nil
      note(connection, isGood: true)
      events.append(.opened(number))
      flush(connection)
    } else {
      if ready.contains(.writable) { flush(connection) }
      if ready.contains(.readable) || ready.isFailed { read(connection, attempt) }
    }
  }

  private mutating func read(_ connection: FleetConnection, _ attempt: FleetConnection.Attempt) {
    do throws(SystemError) {
      guard let count = try attempt.socket.descriptor.read(into: &buffer) else { return }
      guard count > 0 else { return end(connection, connection.writeFailure) }
      events.append(.received(connection.number, Array(buffer[..<count])))
    } catch {
      end(connection, error.reason)
    }
  }

  /// Hands a connection what it takes, and waits for it to take the rest.
  private mutating func flush(_ connection: FleetConnection) {
    guard connection.isOpen, let attempt = connection.attempt else { return }
    do throws(SystemError) {
      while !connection.unsent.isEmpty,
        let count = try attempt.socket.descriptor.write(connection.unsent.waiting)
      {
        connection.unsent.removeFirst(count)
      }
    } catch {
      guard error.code == EPIPE || error.code == ECONNRESET else { return end(connection, error.reason) }
      // Why it takes no more may be in what it has said before: that is read, and its end follows.
      connection.writeFailure = error.reason
      connection.unsent = OctetQueue()
    }
    do throws(SystemError) {
      let wanted: Poller.Events = connection.unsent.isEmpty ? .readable : [.readable, .writable]
      try poller.change(attempt.socket.raw, wanted, token: connection.number)
    } catch {
      end(connection, error.reason)
    }
  }

  private mutating func end(_ connection: FleetConnection, _ why: String?) {
    connections[connection.number] = nil
    events.append(.ended(connection.number, why: why))
  }

  // MARK: Connecting

  private mutating func start(
    _ connection: FleetConnection, _ attempt: FleetConnection.Attempt
  ) throws(SystemError) {
    try poller.add(attempt.socket.raw, [.readable, .writable], token: connection.number)
    connection.attempt = attempt
  }

  /// Tries the next address that there is.
  ///
  /// - Parameter failure: why the one before did not take the connection.
  private mutating func tryNext(_ connection: FleetConnection, _ failure: SystemError?) {
    var failure = failure
    if failure != nil { note(connection, isGood: false) }
    connection.attempt = nil
    connection.passedOverAt = nil
    while let address = connection.further.popFirst(), let host = connection.host {
      do throws(SystemError) {
        try start(connection, .init(to: SocketAddress(address, port: host.port)))
        if !connection.further.isEmpty {
          let patience = UInt64(Limits.Fleet.addressMilliseconds) * 1_000_000
          connection.passedOverAt = System.monotonicNanoseconds() + patience
        }
        return
      } catch {
        names.note(address, of: host.name, isGood: false)
        failure = error
      }
    }
    end(connection, failure?.reason ?? "nobody knows its name")
  }

  /// Passes over the addresses that have been silent for long enough, where there are others.
  private mutating func passOver(_ now: UInt64) {
    for connection in connections.values {
      guard let end = connection.passedOverAt, end <= now else { continue }
      tryNext(connection, SystemError("connect", code: ETIMEDOUT))
    }
  }

  private mutating func takeNames() {
    for (name, addresses) in names.take() {
      for connection in connections.values where connection.attempt == nil && connection.host?.name == name {
        connection.further = addresses[...]
        tryNext(connection, nil)
      }
    }
  }

  private func note(_ connection: FleetConnection, isGood: Bool) {
    guard let host = connection.host, let address = connection.attempt?.address else { return }
    names.note(address.address, of: host.name, isGood: isGood)
  }
}

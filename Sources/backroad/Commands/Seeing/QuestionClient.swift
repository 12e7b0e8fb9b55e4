import Glibc
import SystemIO
import Text
import Wire
import Zones

/// Asks a DNS server over one TCP connection, a question at a time, for the commands.
struct QuestionClient: ~Copyable {
  private let server: SocketAddress
  private let socket: Socket
  private var poller: Poller
  private var received: [UInt8] = []
  private var lastID: UInt16 = 0

  /// How long an answer is waited for, in nanoseconds: longer than the server waits for its upstreams.
  private static let patience: UInt64 = 6_000_000_000
  private let endNanoseconds: UInt64

  /// - Parameters:
  ///   - source: the client's address; the kernel's choice for nil.
  ///   - endNanoseconds: when nothing is waited for any more, on the monotonic clock.
  init(_ server: SocketAddress, from source: IPAddress?, endNanoseconds: UInt64) throws(Problem) {
    self.endNanoseconds = endNanoseconds
    do throws(SystemError) {
      let socket = try Socket.client(.tcp, to: server, from: source.map { .address($0) })
      let poller = try Poller()
      try poller.add(socket.raw, [.readable, .writable], token: 0)
      self.server = server
      self.socket = socket
      self.poller = poller
    } catch {
      if let source, error.code == EADDRNOTAVAIL {
        throw Problem("--from: \(source) is no address of this machine; name one that is, or ask with --token")
      }
      throw Self.unreachable(server, error)
    }
  }

  private static func unreachable(_ server: SocketAddress, _ error: SystemError) -> Problem {
    let start = error.kind == .notListening ? "start one with backroad serve, or " : ""
    return Problem("the server at \(server) cannot be asked: \(error.reason); \(start)name another with --server")
  }

  private static func unreachable(_ server: SocketAddress, _ reason: String) -> Problem {
    Problem("the server at \(server) cannot be asked: \(reason); name another with --server")
  }

  /// The answer to a question with recursion desired.
  ///
  /// - Parameter option: an EDNS option that goes with it.
  mutating func ask(
    _ name: Name, _ type: RecordType, class: RecordClass = .internet, option: (code: UInt16, data: [UInt8])?
  ) throws(Problem) -> MessageListing {
    lastID &+= 1
    let query = ClientQuery.message(id: lastID, name, type, class: `class`, option: option)
    let answer: [UInt8]?
    do throws(SystemError) {
      answer = try exchange([UInt8(query.count >> 8), UInt8(query.count & 0xff)] + query)
    } catch {
      throw Self.unreachable(server, error)
    }
    guard let answer else { throw Self.unreachable(server, "it does not answer") }
    guard let header = Header(answer.span), header.id == lastID, let listing = try? MessageListing(answer.span) else {
      throw Self.unreachable(server, "what it says is no answer")
    }
    return listing
  }

  /// Sends a framed query; the next whole message, or nil when none comes in time.
  private mutating func exchange(_ query: [UInt8]) throws(SystemError) -> [UInt8]? {
    let end = min(System.monotonicNanoseconds() + Self.patience, endNanoseconds)
    var unsent = query[...]
    var buffer = [UInt8](repeating: 0, count: 16 << 10)
    try poller.change(socket.raw, [.readable, .writable], token: 0)
    var isAtEnd = false
    while true {
      if received.count >= 2, received.count >= 2 + (Int(received[0]) << 8 | Int(received[1])) {
        let length = Int(received[0]) << 8 | Int(received[1])
        defer { received.removeFirst(2 + length) }
        return Array(received[2..<(2 + length)])
      }
      let now = System.monotonicNanoseconds()
      guard now < end, !isAtEnd else { return nil }
      guard try poller.wait(timeoutMilliseconds: Self.milliseconds(from: now, to: end)) > 0 else { continue }
      if let error = socket.takeError() { throw error }
      while !unsent.isEmpty, let count = try socket.descriptor.write(unsent) { unsent = unsent.dropFirst(count) }
      if unsent.isEmpty { try poller.change(socket.raw, .readable, token: 0) }
      // No more than one message: a server that never stops sending is read no further, and its time runs out.
      while received.count < 2 + 65_535, let count = try socket.descriptor.read(into: &buffer) {
        guard count > 0 else {
          // What came before it counts.
          isAtEnd = true
          break
        }
        received += buffer[..<count]
      }
    }
  }

  /// Rounded up, so that what is waited for is over then.
  private static func milliseconds(from now: UInt64, to end: UInt64) -> Int32 {
    end > now ? Int32(clamping: (end - now) / 1_000_000 + 1) : 0
  }
}

import Forwarding

/// A connection to the store and the answer that it brings.
struct StoreLink {
  /// What has come.
  enum Event {
    case keyValue(EtcdKeyValue)
    case message(EtcdMessage)
    /// The answer has ended, with this status.
    case ended(status: Int)
  }

  let connection: StoreConnection
  private(set) var isOpen = false
  /// Until when it must be open, or the next octet must come; nil while nothing is waited for.
  var deadline: Instant?
  /// How many answers it has brought.
  private(set) var answers = 0
  /// No further request can be sent on it.
  private(set) var isSpent = false

  private var response = ResponseReader()
  private var reader = EtcdReader()
  private var status = 0
  /// What is left of the body's piece that is being read.
  private var piece = 0..<0

  init(_ connection: StoreConnection, deadline: Instant) {
    self.connection = connection
    self.deadline = deadline
  }

  mutating func opened() {
    isOpen = true
    deadline = nil
  }

  /// A request is sent: an answer is to come.
  mutating func begin(deadline: Instant) {
    response = ResponseReader()
    reader = EtcdReader()
    (status, piece) = (0, 0..<0)
    self.deadline = deadline
  }

  /// The next event in `octets` from `at` on; nil when all of them were taken.
  mutating func next(_ octets: Span<UInt8>, at: inout Int) throws(FollowFailure) -> Event? {
    do throws(HTTPFailure) {
      while true {
        if let event = try nextOfBody(octets) { return event }
        guard let event = try response.next(octets, at: &at) else { return nil }
        switch event {
        case .head(let head): status = head.status
        case .body(let range): piece = range
        case .end:
          guard reader.isBetweenMessages else { throw .malformed("an answer that ends within a message") }
          (isSpent, deadline) = (!response.canBeUsedAgain, nil)
          answers += 1
          return .ended(status: status)
        }
      }
    } catch {
      throw .protocolFault("\(error)")
    }
  }

  /// The next event in the body's piece. What is no JSON is an error, unless the status is one already: then it is the
  /// text of some server in between.
  private mutating func nextOfBody(_ octets: Span<UInt8>) throws(HTTPFailure) -> Event? {
    guard !piece.isEmpty else { return nil }
    var at = piece.lowerBound
    do throws(EtcdFault) {
      let event = try reader.next(octets.extracting(0..<piece.upperBound), at: &at)
      piece = at..<piece.upperBound
      switch event {
      case .keyValue(let entry): return .keyValue(entry)
      case .message(let message): return .message(message)
      case nil:
        piece = 0..<0
        return nil
      }
    } catch {
      guard status == 200 else {
        throw .malformed("status \(status), and a text that is not etcd's")
      }
      throw .malformed("\(error)")
    }
  }

  /// The connection has ended.
  ///
  /// - Returns: why that is a failure.
  mutating func ended(_ why: String?) -> FollowFailure {
    guard isOpen else { return .connection(why ?? "no connection was made") }
    return .connection(why ?? "the connection ended")
  }
}

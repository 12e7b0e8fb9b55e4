import Bounds
import Wire

/// The connections to one upstream, and how the questions on them are shared.
struct UpstreamConnections {
  /// A question's place on a connection.
  private struct Seat: Hashable {
    let stream: SocketToken
    let id: UInt16
  }

  /// What becomes of one more question.
  enum Place {
    /// On this connection.
    case on(UpstreamStream)
    /// On another connection, which is to be opened.
    case onAnother
    /// There is room once this query's question has given way.
    case inPlaceOf(Attempt)
    case none
  }

  private(set) var all: [UpstreamStream] = []
  private let maximum: Int
  private let questionsPerStream: Int
  private var share: FairShare<UInt32, ClientNetwork, Seat>

  init(_ settings: ForwardSettings) {
    maximum = settings.maximumStreamsPerUpstream
    questionsPerStream = settings.maximumQuestionsPerStream
    share = FairShare(capacity: maximum * questionsPerStream)
  }

  /// Where one more question of an account may go.
  func place(for account: Account) -> Place {
    let open = all.filter { $0.pending.count < questionsPerStream && !isUsedUp($0) }
    if let idlest = open.min(by: { $0.pending.count < $1.pending.count }) { return .on(idlest) }
    if all.count(where: { !isUsedUp($0) }) < maximum { return .onAnother }
    guard case .inPlaceOf(let seat) = share.admission(of: account),
      let attempt = all.first(where: { $0.token == seat.stream })?.pending[seat.id]
    else { return .none }
    return .inPlaceOf(attempt)
  }

  /// True for a connection that gets no more questions: as many as it may have at once were given up, and nothing shows that
  /// the upstream read them. What waits to be sent so never comes to more than twice that many.
  func isUsedUp(_ stream: UpstreamStream) -> Bool { stream.unread.count >= questionsPerStream }

  mutating func add(_ stream: UpstreamStream) { all.append(stream) }

  /// Forgets a connection.
  ///
  /// - Returns: the queries on it that were not answered, the oldest first.
  mutating func remove(_ stream: UpstreamStream) -> [Attempt] {
    all.removeAll { $0 === stream }
    let unanswered = stream.pending.values.sorted { ($0.sentAt, $0.query.id) < ($1.sentAt, $1.query.id) }
    // In this order: who comes first among equals follows from it, and the same run is to be the same again.
    for attempt in unanswered { share.remove(Seat(stream: stream.token, id: attempt.query.id)) }
    stream.pending.removeAll()
    return unanswered
  }

  /// A query is on its way on a connection.
  mutating func seat(_ attempt: Attempt, on stream: UpstreamStream, _ account: Account) {
    stream.pending[attempt.query.id] = attempt
    share.insert(Seat(stream: stream.token, id: attempt.query.id), of: account)
  }

  /// A query is not waited for any more.
  mutating func unseat(_ attempt: Attempt, from stream: UpstreamStream) {
    stream.pending[attempt.query.id] = nil
    if !attempt.isAnswered, stream.isConnected {
      stream.lateAllowed += 1
      stream.unread.append(attempt.number)
    }
    share.remove(Seat(stream: stream.token, id: attempt.query.id))
  }

  /// A query is on another's account from now on.
  mutating func charge(_ attempt: Attempt, on stream: UpstreamStream, to account: Account) {
    share.move(Seat(stream: stream.token, id: attempt.query.id), to: account)
  }
}

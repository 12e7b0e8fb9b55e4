import Bounds
import Fleet
import Glibc
import SystemIO
import Text
import Wire

/// Asks etcd one thing after the other, and waits for each answer: for commands, and never for a server's workers.
///
/// The members are asked in turn, from the one that answered last: one that is down, has no leader or does not answer in
/// time is passed over. So a request may be sent more than once, and one that changes something must be of a kind that does
/// no harm twice: a transaction whose comparisons do not hold any more once it is done.
final class EtcdClient {
  /// What etcd answered.
  struct Answer {
    var message = EtcdMessage()
    var keyValues: [EtcdKeyValue] = []
    /// The request was sent before this without an answer: what it asks for may have been done then.
    var mayHaveHappenedBefore = false
  }

  /// Why there is no answer.
  enum Failure: Error {
    /// No member took the request, so nothing has happened; why, of each.
    case unreachable([String])
    /// A member took it, and none said what came of it.
    case unanswered([String])
    /// The same of a request that changes no key, whoever took it.
    case unread([String])
    /// The answer is longer than it may be; how many of its key-values would not be.
    case tooLong(octets: Int, keyValues: Int)
    /// Etcd said no.
    case refused(EtcdError)
  }

  private struct Connection: ~Copyable {
    let socket: Socket
    let member: Int
  }

  private let address: StoreAddress
  private let credentials: StoreCredentials?
  private let patienceMilliseconds: UInt64
  private let answerMilliseconds: UInt64
  private var token: String?
  private var connection: Connection?
  private var member = 0

  /// - Parameters:
  ///   - patienceMilliseconds: how long all members together may take for one answer.
  ///   - answerMilliseconds: how long one of them may.
  init(
    _ address: StoreAddress, _ credentials: StoreCredentials?,
    patienceMilliseconds: UInt64 = UInt64(Limits.Fleet.patienceMilliseconds),
    answerMilliseconds: UInt64 = UInt64(Limits.Fleet.answerMilliseconds)
  ) {
    self.address = address
    self.credentials = credentials
    self.patienceMilliseconds = patienceMilliseconds
    self.answerMilliseconds = answerMilliseconds
  }

  /// Asks, until a member answers or the time is up.
  ///
  /// - Parameter octets: how long the answer may be.
  func ask(_ request: EtcdRequest, atMost octets: Int = Limits.Fleet.answerOctets) throws(Failure) -> Answer {
    let deadline = System.monotonicNanoseconds() + patienceMilliseconds * 1_000_000
    var (wasSent, reasons) = (false, [String]())
    var isAuthenticatedAnew = false
    for attempt in 0..<(Limits.Fleet.rounds * address.members.count) {
      let index = (member + attempt) % address.members.count
      do throws(Trouble) {
        if token == nil, let credentials { token = try authenticate(credentials, index, deadline) }
        var answer = try exchange(request, index, deadline, atMost: octets)
        if let error = answer.message.error {
          // A token is good for minutes (401, code 16), and a member that starts again knows of none.
          if error.isUnauthenticated, credentials != nil, !isAuthenticatedAnew {
            (isAuthenticatedAnew, token) = (true, nil)
            continue
          }
          guard error.isUnavailable else { throw .refused(error) }
          throw .member("\(address.members[index]): \(error.message)", wasSent: true)
        }
        member = index
        answer.mayHaveHappenedBefore = answer.mayHaveHappenedBefore || wasSent
        return answer
      } catch {
        connection = nil
        switch error {
        case .refused(let refusal): throw .refused(refusal)
        case .tooLong(let octets, let keyValues): throw .tooLong(octets: octets, keyValues: keyValues)
        case .member(let reason, let sent):
          wasSent = wasSent || sent
          if !reasons.contains(reason) { reasons.append(reason) }
        }
      }
      guard System.monotonicNanoseconds() < deadline else { break }
    }
    throw request.changesNoKey ? .unread(reasons) : wasSent ? .unanswered(reasons) : .unreachable(reasons)
  }

  // MARK: One member

  private enum Trouble: Error {
    case refused(EtcdError)
    case tooLong(octets: Int, keyValues: Int)
    /// The member gave no answer; true where the request may have reached it.
    case member(String, wasSent: Bool)
  }

  private func authenticate(
    _ credentials: StoreCredentials, _ index: Int, _ deadline: UInt64
  ) throws(Trouble) -> String? {
    let request = EtcdRequest.authenticate(user: credentials.user, password: credentials.password)
    let answer: Answer
    do throws(Trouble) {
      answer = try exchange(request, index, deadline, atMost: Limits.Fleet.answerOctets)
    } catch .member(let reason, _) {
      throw .member(reason, wasSent: false)
    }
    if let error = answer.message.error {
      guard error.isUnavailable else { throw .refused(error) }
      throw .member("\(address.members[index]): \(error.message)", wasSent: false)
    }
    return answer.message.token
  }

  private func exchange(
    _ request: EtcdRequest, _ index: Int, _ deadline: UInt64, atMost limit: Int
  ) throws(Trouble) -> Answer {
    let octets: [UInt8]
    do throws(HTTPFailure) {
      octets = try RequestWriter.octets(
        "POST", request.path, host: host(index), fields: token.map { [("Authorization", $0)] } ?? [],
        body: request.body)
    } catch {
      throw .member("\(address.members[index]): \(error)", wasSent: false)
    }
    let end = min(
      deadline, System.monotonicNanoseconds() + answerMilliseconds * 1_000_000)
    guard connection?.member == index else {
      connection = nil
      return try transfer(octets, index, end, limit)
    }
    do throws(Trouble) {
      return try transfer(octets, index, end, limit)
    } catch .member(_, let wasSent) {
      // A connection that was used before may have been closed meanwhile, which says nothing of the member.
      do throws(Trouble) {
        var answer = try transfer(octets, index, end, limit)
        answer.mayHaveHappenedBefore = wasSent
        return answer
      } catch .member(let reason, let wasSentAgain) {
        throw .member(reason, wasSent: wasSent || wasSentAgain)
      }
    }
  }

  private func host(_ index: Int) -> String {
    if case .unix = address.members[index] { "localhost" } else { "\(address.members[index])" }
  }

  /// Sends the request on the connection to a member, and reads the answer.
  private func transfer(
    _ request: [UInt8], _ index: Int, _ end: UInt64, _ limit: Int
  ) throws(Trouble) -> Answer {
    var wasSent = false
    do {
      let kept = connection.take()
      let open = try kept ?? Connection(socket: connect(index, end), member: index)
      var poller = try Poller()
      try poller.add(open.socket.raw, [.readable, .writable], token: 0)
      var (unsent, reading) = (request[...], AnswerReading(limit: limit))
      var buffer = [UInt8](repeating: 0, count: 64 << 10)
      while !reading.hasEnded {
        let now = System.monotonicNanoseconds()
        guard now < end else { throw SystemError("read", code: ETIMEDOUT) }
        guard try poller.wait(timeoutMilliseconds: Int32(clamping: (end - now) / 1_000_000 + 1)) > 0 else { continue }
        if let error = open.socket.takeError() { throw error }
        if !unsent.isEmpty {
          while !unsent.isEmpty, let count = try open.socket.descriptor.write(unsent) {
            wasSent = true
            unsent = unsent.dropFirst(count)
          }
          if unsent.isEmpty { try poller.change(open.socket.raw, .readable, token: 0) }
        }
        while !reading.hasEnded, let count = try open.socket.descriptor.read(into: &buffer) {
          if count == 0 { try reading.finish() } else { try reading.take(buffer.span.extracting(..<count)) }
        }
      }
      if reading.canGoOn { connection = consume open }
      return try reading.answer
    } catch let error as SystemError {
      throw .member(
        "\(address.members[index]): \(error.code == ETIMEDOUT ? "no answer in time" : error.reason)", wasSent: wasSent)
    } catch let error as AnswerReading.TooLong {
      throw .tooLong(octets: error.octets, keyValues: error.keyValues)
    } catch {
      throw .member("\(address.members[index]): \(error)", wasSent: wasSent)
    }
  }

  private func connect(_ index: Int, _ end: UInt64) throws(SystemError) -> Socket {
    switch address.members[index] {
    case .unix(let path): return try .unixClient(path)
    case .tcp(let host, let port):
      let addresses = try System.addresses(ofHost: host)
      for address in addresses.dropLast() {
        // What does not take the connection at once is passed over for the next.
        if let socket = try? connected(SocketAddress(address, port: port), end) { return socket }
      }
      guard let last = addresses.last else { throw SystemError("connect", host, code: EHOSTUNREACH) }
      return try connected(SocketAddress(last, port: port), end)
    }
  }

  private func connected(_ address: SocketAddress, _ end: UInt64) throws(SystemError) -> Socket {
    let socket = try Socket.client(.tcp, to: address)
    var poller = try Poller()
    try poller.add(socket.raw, .writable, token: 0)
    let limit = min(end, System.monotonicNanoseconds() + UInt64(Limits.Fleet.connectMilliseconds) * 1_000_000)
    while true {
      let now = System.monotonicNanoseconds()
      guard now < limit else { throw SystemError("connect", "\(address)", code: ETIMEDOUT) }
      if try poller.wait(timeoutMilliseconds: Int32(clamping: (limit - now) / 1_000_000 + 1)) > 0 { break }
    }
    if let error = socket.takeError() { throw error }
    return socket
  }
}

/// An answer of etcd's gateway as its octets come.
private struct AnswerReading {
  struct TooLong: Error {
    /// How long it might have been.
    let octets: Int
    /// How many key-values of it have come.
    let keyValues: Int
  }

  private let limit: Int
  private var http = ResponseReader()
  private var etcd = EtcdReader()
  private var status = 0
  private var octets = 0
  private var result = EtcdClient.Answer()
  private var hasMessage = false

  init(limit: Int) { self.limit = limit }

  var hasEnded: Bool { http.hasEnded }
  var canGoOn: Bool { http.canBeUsedAgain }

  /// What was said.
  ///
  /// - Throws: where it was nothing that etcd says: another server, perhaps.
  var answer: EtcdClient.Answer {
    get throws(EtcdFault) {
      if !hasMessage { throw .notEtcd("status \(status) without a message") }
      var result = result
      // Without an error in it, a status other than 200 is no answer to what was asked.
      if status != 200, result.message.error == nil {
        result.message.error = EtcdError(code: 0, message: "status \(status)")
      }
      return result
    }
  }

  mutating func take(_ piece: Span<UInt8>) throws {
    var at = 0
    while let event = try http.next(piece, at: &at) {
      switch event {
      case .head(let head): status = head.status
      case .body(let range):
        octets += range.count
        guard octets <= limit else { throw TooLong(octets: limit, keyValues: result.keyValues.count) }
        try takeBody(piece.extracting(range))
      case .end: return
      }
    }
  }

  private mutating func takeBody(_ body: Span<UInt8>) throws(EtcdFault) {
    var at = 0
    while let event = try etcd.next(body, at: &at) {
      switch event {
      case .keyValue(let keyValue): result.keyValues.append(keyValue)
      case .message(let message): (result.message, hasMessage) = (message, true)
      }
    }
  }

  /// The connection has ended.
  mutating func finish() throws { try http.finish() }
}

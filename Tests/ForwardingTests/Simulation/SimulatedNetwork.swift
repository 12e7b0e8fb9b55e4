import TestKit
import Wire

@testable import Forwarding

// The network between the forwarders and their upstreams.
extension Simulation {
  /// Does what a worker's forwarder wants done.
  func carryOut(_ worker: Int) throws {
    var actions: [ForwardAction] = []
    workers[worker].takeActions(into: &actions)
    var hasSent = false
    for action in actions {
      figures.digest.add(action)
      if case .send(let token, _) = action { noteUser(of: token, worker) }
      switch action {
      case .openDatagram(let token, let upstream): try open(worker, token, upstream, isStream: false)
      case .openStream(let token, let upstream):
        try open(worker, token, upstream, isStream: true)
        connect(worker, token)
      case .send(let token, let octets):
        hasSent = true
        try send(worker, token, octets)
      case .close(let token):
        guard sockets[worker].removeValue(forKey: token) != nil else { throw breach("a closed socket is closed again") }
        queries[worker][token] = nil
      case .finished(let ticket, let result, let queries):
        try finished(Int(ticket.rawValue), result, queries: queries)
      case .tell: break
      case .wake(let other):
        guard other != worker else { throw breach("a worker wakes itself") }
        events.add(.wake(worker: other), at: now + .microseconds(10 + random.number(below: 500)))
      }
    }
    if hasSent { try checkAskedOnce(by: worker) }
  }

  private func open(_ worker: Int, _ token: SocketToken, _ upstream: Upstream, isStream: Bool) throws {
    guard let index = upstreams.firstIndex(where: { $0.upstream == upstream }) else { throw breach("no such upstream") }
    guard sockets[worker][token] == nil else { throw breach("a socket's number is used twice") }
    sockets[worker][token] = (index, isStream)
  }

  private func connect(_ worker: Int, _ token: SocketToken) {
    guard let socket = sockets[worker][token] else { return }
    let upstream = upstreams[socket.upstream]
    guard !upstream.isSilent else { return }
    let at = now + delay()
    if upstream.refuses || !upstream.hasTCP {
      events.add(.streamEnd(worker: worker, token), at: at)
    } else {
      events.add(.connected(worker: worker, token), at: at)
    }
  }

  private func send(_ worker: Int, _ token: SocketToken, _ octets: [UInt8]) throws {
    guard let socket = sockets[worker][token] else { throw breach("a query on a socket that is not open") }
    guard let query = SentQuery(socket.isStream ? Array(octets.dropFirst(2)) : octets) else {
      throw breach("a query that cannot be read")
    }
    guard query.flags.contains(.recursionDesired) else { throw breach("a query without RD") }
    queries[worker][token] = query
    if socket.isStream {
      events.add(.streamQuery(worker: worker, token, upstream: socket.upstream, octets), at: now + delay())
      return
    }
    for _ in 0..<copies() {
      events.add(.query(worker: worker, token, upstream: socket.upstream, octets), at: now + delay())
    }
    if random.happens(weather.forgery) {
      for _ in 0..<(1 + random.number(below: 12)) { events.add(.forgery(worker: worker, token), at: now + delay()) }
    }
  }

  /// How often a datagram arrives.
  private func copies() -> Int {
    if random.happens(weather.loss) {
      figures.faults += 1
      return 0
    }
    guard random.happens(weather.repetition) else { return 1 }
    figures.faults += 1
    return 2
  }

  private func delay() -> Duration { .microseconds(200 + random.number(below: weather.longestDelay * 1000)) }

  func handleNetwork(_ event: Event) throws {
    if let worker = event.worker, dead.contains(worker) { return }
    switch event {
    case .query(let worker, let token, let upstream, let octets): arrived(worker, token, upstream, octets)
    case .datagram(let worker, let token, let octets): workers[worker].received(octets.span, on: token, now: now)
    case .refusal(let worker, let token):
      guard sockets[worker].removeValue(forKey: token) != nil else { return }
      workers[worker].socketFailed(token, now: now)
    case .connected(let worker, let token):
      guard sockets[worker][token] != nil else { return }
      workers[worker].streamConnected(token, now: now)
    case .streamQuery(let worker, let token, let upstream, let octets): streamArrived(worker, token, upstream, octets)
    case .streamOctets(let worker, let token, let octets): deliver(worker, token, octets)
    case .streamEnd(let worker, let token):
      guard sockets[worker].removeValue(forKey: token) != nil else { return }
      workers[worker].streamClosed(token, now: now)
    case .forgery(let worker, let token): forge(worker, token)
    case .ask, .cancel, .fault, .endOfFaults, .death, .wake: break
    }
    for worker in living { try carryOut(worker) }
  }

  // MARK: Upstreams

  /// The response of an upstream; what it says truthfully is noted.
  private func response(_ index: Int, _ query: SentQuery, isStream: Bool) -> [UInt8]? {
    guard let name = Name(wire: query.name)?.lowercased else { return nil }
    let upstream = upstreams[index]
    let truth = upstream.truth(name, query.type)
    for (datum, ttl) in truth.answer + truth.authority {
      let until = now.nanoseconds + UInt64(ttl) * 1_000_000_000
      sent[Question(upstream: index, name: name, type: query.type), default: [:]][datum] = until
    }
    var extra: [(SimulatedUpstream.Datum, ttl: UInt32)] = []
    if random.happens(weather.lie) {
      figures.faults += 1
      // What a poisoner adds: records for other names.
      for owner in ["aname7.abcdefgh.example.", "aname7.corp.", "."].compactMap({ try? Name($0) }) where owner != name {
        extra.append((SimulatedUpstream.Datum(owner: owner, type: .a, data: [77, 77, 77, 77]), 9000))
        extra.append((SimulatedUpstream.Datum(owner: owner, type: .ns, data: owner.wire), 9000))
      }
    }
    return upstream.message(
      truth, to: query, isStream: isStream, extra: extra, truncated: random.happens(weather.truncation))
  }

  private func arrived(_ worker: Int, _ token: SocketToken, _ index: Int, _ octets: [UInt8]) {
    guard !upstreams[index].isSilent, let query = SentQuery(octets) else { return }
    guard !SimulatedUpstream.isUnanswered(query.name) else { return }
    if upstreams[index].refuses {
      events.add(.refusal(worker: worker, token), at: now + delay())
      return
    }
    guard !(upstreams[index].dropsEDNS && query.hasEDNS) else { return }
    guard var message = response(index, query, isStream: false) else { return }
    if random.happens(weather.damage) {
      figures.faults += 1
      // A checksum would catch most of this; what gets through must not be taken for another question's answer.
      message.removeLast(1 + random.number(below: message.count))
    }
    for _ in 0..<copies() { events.add(.datagram(worker: worker, token, message), at: now + delay()) }
  }

  private func streamArrived(_ worker: Int, _ token: SocketToken, _ index: Int, _ octets: [UInt8]) {
    guard !upstreams[index].isSilent, let query = SentQuery(Array(octets.dropFirst(2))),
      !SimulatedUpstream.isTruncated(query.name), let message = response(index, query, isStream: true)
    else { return }
    if random.happens(weather.streamEnd) {
      figures.faults += 1
      events.add(.streamEnd(worker: worker, token), at: now + delay())
      return
    }
    let framed = [UInt8(message.count >> 8), UInt8(message.count & 255)] + message
    events.add(.streamOctets(worker: worker, token, framed), at: now + delay())
  }

  /// Gives a worker octets of a connection in two portions.
  private func deliver(_ worker: Int, _ token: SocketToken, _ octets: [UInt8]) {
    guard sockets[worker][token] != nil else { return }
    let cut = random.number(below: octets.count)
    workers[worker].streamReceived(Array(octets[..<cut]).span, on: token, now: now)
    workers[worker].streamReceived(Array(octets[cut...]).span, on: token, now: now)
  }

  /// A forger knows everything but the secrets: id and case. One forgery has the id by luck and the case not, or the
  /// other way round, or another question.
  private func forge(_ worker: Int, _ token: SocketToken) {
    guard let socket = sockets[worker][token], !socket.isStream, let real = queries[worker][token],
      let name = Name(wire: real.name)
    else { return }
    figures.forgeries += 1
    figures.faults += 1
    var forged = real
    switch random.number(below: 3) {
    case 0: forged.id = real.id ^ UInt16(1 + random.number(below: 65_535))
    case 1:
      forged.name = real.name.map { lowercased($0) }
      if forged.name == real.name { forged.id ^= 1 }
    default: forged.type = real.type == .a ? .aaaa : .a
    }
    let datum = SimulatedUpstream.Datum(
      owner: name, type: forged.type, data: Array(repeating: 66, count: forged.type == .a ? 4 : 16))
    let message = SimulatedUpstream.encode(
      forged, code: 0, SimulatedUpstream.Answer(answer: [(datum, 9000)]), hasOPT: real.hasEDNS, true)
    workers[worker].received(message.span, on: token, now: now)
  }

  // MARK: Faults

  func changeSomething() {
    guard !faultsEnded else { return }
    figures.faults += 1
    let index = random.number(below: upstreams.count)
    switch random.number(below: 6) {
    case 0, 1: upstreams[index].isSilent.toggle()
    case 2: upstreams[index].refuses.toggle()
    case 3: upstreams[index].fails.toggle()
    case 4: upstreams[index].hasTCP.toggle()
    default: weather = Weather(&random)
    }
  }

  func endFaults() {
    faultsEnded = true
    weather = Weather()
    for index in upstreams.indices {
      upstreams[index].isSilent = false
      upstreams[index].refuses = false
      upstreams[index].fails = false
      upstreams[index].hasTCP = true
    }
  }
}

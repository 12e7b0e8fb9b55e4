import Forwarding
import SystemIO
import TestKit
import Wire

@testable import Server

/// One upstream: real sockets, and how it behaves. Each answer that it gives has a number that no other has.
final class SimulatedUpstream {
  let number: Int
  let address: SocketAddress
  let datagrams: SimulatedSocket
  let listener: SimulatedSocket
  var isSilent = false
  var fails = false
  /// What it answered, by the number in the answer.
  var given: [Int: Given] = [:]
  private var lastSerial = 0

  struct Given {
    let name: Name
    let at: Instant
    let ttlSeconds: UInt32
    /// Whose cache it went into, once that showed; nil while it has not.
    var scope: Scope?
  }

  /// Who may share what an upstream answered.
  enum Scope: Hashable {
    case workspace(Int)
    case server
  }

  /// Numbers below this are the server's own upstreams; then comes one of each workspace.
  static let shared = 2
  static var count: Int { shared + SimulatedFolder.names.count }
  static func own(of workspace: Int) -> Int { shared + workspace }

  init(number: Int) throws {
    self.number = number
    // One address for each, so that their order is the same in every run whatever the ports.
    let host = IPAddress.v4(UInt32(127) << 24 | UInt32(60) << 16 | UInt32(number + 1))
    address = try Loopback.freeAddress(host)
    datagrams = SimulatedSocket(try .udpServer(address))
    listener = SimulatedSocket(try .tcpServer(address))
  }

  /// The next answer about a name that is there.
  func nextSerial(_ name: Name, ttlSeconds: UInt32, now: Instant) -> [UInt8] {
    lastSerial += 1
    given[lastSerial] = Given(name: name, at: now, ttlSeconds: ttlSeconds)
    return [10, UInt8(100 + number), UInt8(truncatingIfNeeded: lastSerial >> 8), UInt8(truncatingIfNeeded: lastSerial)]
  }
}

/// A connection of a worker to an upstream.
final class SimulatedStream {
  let upstream: SimulatedUpstream
  let socket: SimulatedSocket
  var received: [UInt8] = []

  init(_ upstream: SimulatedUpstream, _ socket: consuming Socket) {
    self.upstream = upstream
    self.socket = SimulatedSocket(socket)
  }
}

/// How bad the network is, drawn from the seed; nothing is bad after the faults end.
struct ServerWeather {
  /// One in so many; 0 for never.
  var loss = 0
  var repetition = 0
  var truncation = 0
  var streamEnd = 0
  /// Microseconds.
  var longestDelay = 20_000

  init() {}

  init(_ random: inout SeededGenerator) {
    func often() -> Int { [0, 0, 3, 5, 10, 40][random.number(below: 6)] }
    loss = often()
    repetition = often()
    truncation = often()
    streamEnd = often()
    longestDelay = [5, 20, 100, 800, 3000][random.number(below: 5)] * 1000
  }
}

extension SeededGenerator {
  mutating func number(below limit: Int) -> Int { Int(next() % UInt64(limit)) }

  /// True once in `count` times; never for 0.
  mutating func happens(_ count: Int) -> Bool { count > 0 && next() % UInt64(count) == 0 }
}

// What upstreams do with what arrives at them.
extension WorkerSimulation {
  private func delay() -> Duration { .microseconds(100 + random.number(below: weather.longestDelay)) }

  /// Takes what waits at an upstream's UDP socket.
  func readDatagrams(_ upstream: SimulatedUpstream) {
    while true {
      let batch = upstreamBatch
      let count = batch.receive(on: upstream.datagrams.socket, wildcard: false)
      for index in 0..<count {
        guard let peer = batch.peer(index) else { continue }
        let octets = batch.input(index).array
        digest.add(upstream.number)
        digest.add(Self.question(octets))
        figures.upstreamQueries += 1
        guard !weatherLoses(), let answer = answer(upstream, octets, isStream: false) else { continue }
        for _ in 0..<(random.happens(weather.repetition) ? 2 : 1) {
          events.add(.upstreamDatagram(upstream, peer, answer), at: now + delay())
        }
      }
      guard count > 0 else { return }
    }
  }

  /// A query as far as it is the same in each run: the cookie in its OPT is of the upstream's port.
  private static func question(_ query: [UInt8]) -> ArraySlice<UInt8> {
    query[..<((try? Query(query.span))?.questionEnd ?? query.count)]
  }

  private func weatherLoses() -> Bool {
    guard random.happens(weather.loss) else { return false }
    figures.faults += 1
    return true
  }

  func accept(at upstream: SimulatedUpstream) throws {
    while try upstream.listener.socket.accept({ (socket, _) throws(SystemError) in
      let stream = SimulatedStream(upstream, socket)
      streams.append(stream)
      try poller.add(stream.socket.socket.raw, .readable, token: Token.stream(streams.count - 1).rawValue)
    }) {}
  }

  func readStream(_ number: Int) {
    guard let stream = streams[number] else { return }
    do throws(SystemError) {
      while let count = try stream.socket.socket.descriptor.read(into: &buffer) {
        guard count > 0 else {
          streams[number] = nil
          return
        }
        stream.received += buffer[..<count]
      }
    } catch {
      streams[number] = nil
      return
    }
    while stream.received.count >= 2 {
      let length = Int(stream.received[0]) << 8 | Int(stream.received[1])
      guard stream.received.count >= 2 + length else { break }
      let query = Array(stream.received[2..<(2 + length)])
      stream.received.removeFirst(2 + length)
      digest.add(Self.question(query))
      figures.upstreamQueries += 1
      if random.happens(weather.streamEnd) {
        figures.faults += 1
        events.add(.upstreamStreamEnd(number), at: now + delay())
      } else if let message = answer(stream.upstream, query, isStream: true) {
        let framed = bigEndian(message.count) + message
        let cut = 1 + random.number(below: framed.count)
        let at = now + delay()
        events.add(.upstreamOctets(number, Array(framed[..<cut])), at: at)
        events.add(.upstreamOctets(number, Array(framed[cut...])), at: at + .microseconds(random.number(below: 2000)))
      }
    }
  }

  /// What an upstream says; nil for nothing.
  private func answer(_ upstream: SimulatedUpstream, _ octets: [UInt8], isStream: Bool) -> [UInt8]? {
    guard !upstream.isSilent, let query = try? Query(octets.span), let name = query.name(in: octets.span)?.lowercased
    else { return nil }
    // None for the root, which probes ask about.
    let label = name.labels.first ?? []
    var kind: AskedName.Upstreamed.Kind?
    if let first = label.first, label.count > 1 {
      kind = AskedName.Upstreamed.Kind(rawValue: String(UnicodeScalar(first)))
    }
    if kind == .silent || (isStream && kind == .silentStream) { return nil }
    var flags: UInt16 = 0x8180
    var records: [UInt8] = []
    var (answers, authorities) = (0, 0)
    let isTruncated = kind == .silentStream || kind == .truncated || random.happens(weather.truncation)
    if !isStream, isTruncated {
      flags |= Flags.truncated.rawValue
    } else if upstream.fails {
      flags |= 2
    } else if (kind == .answered || kind == .truncated), query.type == .a {
      let ttl: UInt32 = [1, 5, 60][Int(label.last ?? 0) % 3]
      answers = 1
      records = [0xc0, 12, 0, 1, 0, 1] + bigEndian(0) + bigEndian(Int(ttl)) + [0, 4]
      records += upstream.nextSerial(name, ttlSeconds: ttl, now: now)
    } else {
      if kind == .nonexistent { flags |= 3 }
      authorities = 1
      let data = Self.soaNames + Array(repeating: 0, count: 19) + [4]
      records = [0, 0, 6, 0, 1, 0, 0, 0, 4] + bigEndian(data.count) + data
    }
    var message = bigEndian(Int(query.id)) + bigEndian(Int(flags)) + [0, 1]
    message += bigEndian(answers) + bigEndian(authorities) + bigEndian(query.edns == nil ? 0 : 1)
    message += octets[Header.length..<query.questionEnd]
    message += records
    if query.edns != nil { message += [0, 0, 41, 4, 0xd0, 0, 0, 0, 0, 0, 0] }
    return message
  }

  /// Of an SOA whose zone and mailbox are the root.
  private static let soaNames: [UInt8] = [0, 0]
}

import Bounds
import Fleet
import Glibc
import Synchronization
import SystemIO
import Testing
import Wire

@testable import Server

/// The sockets of a state machine, with real ones at the other end.
@Suite struct FleetSocketsTests {
  @Test(arguments: ["127.0.0.1", "::1"]) func octetsGoBothWays(_ host: String) throws {
    let listener = try PeerListener(host)
    var sockets = try FleetSockets()
    sockets.open(7, to: listener.member)
    let peer = try listener.accept(&sockets)
    #expect(try sockets.events(until: 1) == [.opened(7)])
    sockets.send(7, Array("question".utf8))
    #expect(try peer.read(8) == Array("question".utf8))
    try peer.write(Array("answer".utf8))
    #expect(try sockets.octets(6, of: 7) == Array("answer".utf8))
    sockets.close(7)
    #expect(try peer.readEnd() && sockets.count == 0)
  }

  @Test func octetsGoBothWaysThroughAUnixSocket() throws {
    let path = "/tmp/backroad-\(System.processID)-\(try System.randomNumber())"
    var removal: SocketPath?
    let listener = PeerListener(try .unixServer(path) { removal = $0 }, .unix(path: path))
    defer {
      removal?.remove()
      try? Files.removeFile("\(path).lock")
    }
    var sockets = try FleetSockets()
    sockets.open(1, to: listener.member)
    sockets.send(1, Array("question".utf8))
    let peer = try listener.accept(&sockets)
    #expect(try sockets.events(until: 1) == [.opened(1)])
    #expect(try peer.read(8) == Array("question".utf8))
    try peer.write(Array("answer".utf8))
    #expect(try sockets.octets(6, of: 1) == Array("answer".utf8))
  }

  @Test func whereNobodyListensIsAnEnd() throws {
    var sockets = try FleetSockets()
    sockets.open(1, to: try PeerListener("127.0.0.1").member)
    sockets.open(2, to: .unix(path: "/tmp/backroad-nobody"))
    let events = try sockets.events(until: 2)
    #expect(
      Set(events) == [
        .ended(1, why: SystemError.text(ECONNREFUSED)), .ended(2, why: SystemError.text(ENOENT)),
      ])
    #expect(sockets.count == 0)
  }

  @Test func aPeerThatClosesAtOnceIsAnEndWithoutAnError() throws {
    let listener = try PeerListener("127.0.0.1")
    var sockets = try FleetSockets()
    sockets.open(1, to: listener.member)
    _ = try listener.accept(&sockets)
    #expect(try sockets.events(until: 2) == [.opened(1), .ended(1, why: nil)])
  }

  /// As a server does that refuses what is too large: it says so, and closes with the rest unread.
  @Test func whatAPeerSaidBeforeItBrokeOffIsRead() throws {
    let listener = try PeerListener("127.0.0.1")
    var sockets = try FleetSockets()
    sockets.open(1, to: listener.member)
    let peer = try listener.accept(&sockets)
    #expect(try sockets.events(until: 1) == [.opened(1)])
    sockets.send(1, [UInt8](repeating: 1, count: 100_000))
    _ = try peer.read(1)
    try peer.write(Array("too large".utf8))
    peer.close()
    // The kernel says no from now on.
    for _ in 0..<8 { sockets.send(1, [UInt8](repeating: 1, count: 1000)) }
    #expect(try sockets.octets(9, of: 1) == Array("too large".utf8))
    let end = try sockets.events(until: 1).first
    guard case .ended(1, .some) = end else {
      Issue.record("\(String(describing: end)) is no end with a reason")
      return
    }
  }

  @Test func whoSendsMuchKeepsNobodyWaiting() throws {
    let listener = try PeerListener("127.0.0.1")
    var sockets = try FleetSockets()
    sockets.open(1, to: listener.member)
    let much = try listener.accept(&sockets)
    sockets.open(2, to: listener.member)
    let little = try listener.accept(&sockets)
    #expect(try Set(sockets.events(until: 2)) == [.opened(1), .opened(2)])
    let sent = much.fill()
    try #require(sent > 4 * Limits.Fleet.readOctets)
    try little.write([9])
    var (first, all) = ([UInt8](), 0)
    for turn in 0..<(sent / 1000) where all < sent {
      _ = try sockets.wait(until: PeerListener.limit())
      var ofTurn = 0
      while let event = sockets.next() {
        guard case .received(let number, let octets) = event else { continue }
        if number == 2 { first = octets } else { ofTurn += octets.count }
      }
      if turn == 0 { #expect(first == [9], "it has its turn with the other") }
      #expect(ofTurn <= Limits.Fleet.readOctets)
      all += ofTurn
    }
    #expect(all == sent)
  }

  @Test func whoNeverReadsIsLeft() throws {
    let listener = try PeerListener("127.0.0.1")
    var sockets = try FleetSockets()
    sockets.open(1, to: listener.member)
    let peer = try listener.accept(&sockets)
    #expect(try sockets.events(until: 1) == [.opened(1)])
    let piece = [UInt8](repeating: 0, count: 1 << 20)
    for _ in 0..<64 where sockets.count > 0 { sockets.send(1, piece) }
    let end = try sockets.events(until: 1).first
    guard case .ended(1, .some(let why)) = end else {
      Issue.record("\(String(describing: end)) is no end with a reason")
      return
    }
    #expect(why.hasPrefix("it takes nothing"))
    _ = peer
  }

  @Test func nothingIsToldOfWhatWasClosed() throws {
    let listener = try PeerListener("127.0.0.1")
    var sockets = try FleetSockets()
    sockets.open(1, to: listener.member)
    sockets.open(2, to: .unix(path: "/tmp/backroad-nobody"))
    let peer = try listener.accept(&sockets)
    try peer.write([1])
    while sockets.count > 1 || !sockets.hasEvents { _ = try sockets.wait(until: PeerListener.limit()) }
    sockets.close(2)
    sockets.close(1)
    #expect(sockets.next() == nil)
    _ = try sockets.wait(until: System.monotonicNanoseconds())
    #expect(sockets.next() == nil)
  }

  @Test func anotherThreadWakesIt() throws {
    var sockets = try FleetSockets()
    let waker = try Waker()
    try sockets.wait(alsoFor: waker.descriptor)
    #expect(try !sockets.wait(until: System.monotonicNanoseconds()))
    waker.wake()
    #expect(try sockets.wait(until: PeerListener.limit()))
    waker.reset()
    #expect(try !sockets.wait(until: System.monotonicNanoseconds()))
  }

  // MARK: Names

  @Test func aNameThatIsNotFoundIsAnEnd() throws {
    var sockets = try FleetSockets(names: HostNames { _ in [] })
    sockets.open(1, to: .tcp(host: "nobody.example", port: 1))
    #expect(try sockets.events(until: 1) == [.ended(1, why: "nobody knows its name")])
  }

  @Test func whileANameIsLookedUpOthersGoOn() throws {
    let listener = try PeerListener("127.0.0.1")
    let gate = try Waker()
    let names = try HostNames { name in
      gate.waitUntilWoken()
      return [.v4(0x7f00_0001)]
    }
    var sockets = try FleetSockets(names: names)
    sockets.open(1, to: .tcp(host: "slow.example", port: listener.port))
    sockets.open(2, to: listener.member)
    let second = try listener.accept(&sockets)
    #expect(try sockets.events(until: 1) == [.opened(2)])
    gate.wake()
    let first = try listener.accept(&sockets)
    #expect(try sockets.events(until: 1) == [.opened(1)])
    _ = (first, second)
  }

  @Test func anAddressThatRefusesIsPassedOverAndThenTriedLast() throws {
    let listener = try PeerListener("127.0.0.1")
    let (bad, good) = (IPAddress.v4(0x7f00_0002), IPAddress.v4(0x7f00_0001))
    let names = try HostNames { _ in [bad, good] }
    var sockets = try FleetSockets(names: names)
    sockets.open(1, to: .tcp(host: "two.example", port: listener.port))
    let peer = try listener.accept(&sockets)
    #expect(try sockets.events(until: 1) == [.opened(1)])
    #expect(try names.order(of: "two.example") == [good, bad])
    _ = peer
  }

  @Test func anAddressThatIsSilentIsPassedOver() throws {
    let listener = try PeerListener("127.0.0.1")
    let silent = try SilentListener("127.0.0.2", port: listener.port)
    let names = try HostNames { _ in [.v4(0x7f00_0002), .v4(0x7f00_0001)] }
    var sockets = try FleetSockets(names: names)
    sockets.open(1, to: .tcp(host: "two.example", port: listener.port))
    let peer = try listener.accept(&sockets)
    #expect(try sockets.events(until: 1) == [.opened(1)])
    _ = (peer, silent)
  }

  @Test func theAddressThatWasSilentWhenAConnectionWasGivenUpIsTriedLast() throws {
    let listener = try PeerListener("127.0.0.1")
    let silent = try SilentListener("127.0.0.2", port: listener.port)
    let (bad, good) = (IPAddress.v4(0x7f00_0002), IPAddress.v4(0x7f00_0001))
    let names = try HostNames { _ in [bad, good] }
    _ = try names.order(of: "two.example")
    var sockets = try FleetSockets(names: names)
    sockets.open(1, to: .tcp(host: "two.example", port: listener.port))
    _ = try sockets.wait(until: PeerListener.limit())
    sockets.close(1)
    #expect(try names.order(of: "two.example") == [good, bad])
    _ = silent
  }

  @Test func aHostIsWhereItWasWhileItsNameIsNotFoundOrTakesLong() throws {
    let address = IPAddress.v4(0x7f00_0001)
    let gate = try Waker()
    let round = Atomic(0)
    let names = try HostNames { _ in
      switch round.add(1, ordering: .relaxed).newValue {
      case 1: return [address]
      case 2: return []
      default:
        gate.waitUntilWoken()
        return []
      }
    }
    #expect(try names.order(of: "host.example") == [address])
    #expect(try names.order(of: "host.example") == [address], "it was not found")
    #expect(names.addresses(of: "host.example", now: 0).isLater)
    #expect(names.addresses(of: "host.example", now: 1).isLater)
    let late = UInt64(Limits.Fleet.lookupMilliseconds) * 1_000_000
    guard case .addresses([address]) = names.addresses(of: "host.example", now: late) else {
      Issue.record("it is still waited for")
      return
    }
    gate.wake()
  }

  @Test func notEveryNameHasAThread() throws {
    let gate = try Waker()
    let names = try HostNames { _ in
      gate.waitUntilWoken()
      return []
    }
    for number in 0..<Limits.Fleet.lookups { #expect(names.addresses(of: "host-\(number)", now: 0).isLater) }
    #expect(names.addresses(of: "host-0", now: 0).isLater)
    guard case .none = names.addresses(of: "one-more", now: 0) else {
      Issue.record("one more is looked up")
      return
    }
    gate.wake()
  }
}

extension HostNames {
  /// The addresses of a name once it has been looked up.
  fileprivate func order(of name: String) throws -> [IPAddress] {
    guard addresses(of: name, now: System.monotonicNanoseconds()).isLater else { throw PeerListener.TooLate() }
    waker.waitUntilWoken()
    return take().first?.addresses ?? []
  }
}

extension HostNames.Answer {
  fileprivate var isLater: Bool { if case .later = self { true } else { false } }
}

extension Waker {
  /// Waits with a limit; it stays woken.
  fileprivate borrowing func waitUntilWoken() {
    guard var poller = try? Poller() else { return }
    try? poller.add(descriptor.raw, .readable, token: 0)
    _ = try? poller.wait(timeoutMilliseconds: 20_000)
  }
}

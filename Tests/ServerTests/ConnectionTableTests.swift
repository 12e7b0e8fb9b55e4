import Bounds
import Forwarding
import SystemIO
import Testing
import Wire

@testable import Server

/// Who loses a connection when there is no room for another.
@Suite final class ConnectionTableTests {
  private static let start = Instant(nanoseconds: 1_000_000_000)
  private static let listener = SocketAddress(.v4(0x7f00_0001), port: 53)

  private var table = ConnectionTable(capacity: 32, maximumOfClient: 8)

  /// For what room was made.
  private var gone: [ConnectionTable.Want] = []

  private func address(_ text: String) throws -> IPAddress { try #require(IPAddress(text)) }

  /// Any open socket does: nothing is sent or received.
  private func connect(
    _ client: String, _ account: ConnectionTable.Account? = nil
  ) throws -> TCPConnection {
    let address = try address(client)
    let connection = TCPConnection(
      number: table.nextNumber(), try .client(.udp, to: Self.listener), peer: SocketAddress(address, port: 4000),
      listener: Self.listener, isBehindProxy: false, now: Self.start)
    connection.account = account
    table.add(connection, account, now: Self.start)
    return connection
  }

  /// As a worker does it; false when there was no room.
  private func admit(_ client: String, _ account: ConnectionTable.Account? = nil) throws -> Bool {
    switch table.admission(of: try address(client), account) {
    case .room: break
    case .inPlaceOf(let loser):
      gone.append(loser.want)
      _ = table.remove(loser.connection)
    case .none: return false
    }
    _ = try connect(client, account)
    return true
  }

  private func makeBusy(_ connection: TCPConnection) {
    connection.wait(for: Ticket(connection.number))
    table.endTurn(of: connection, wasUsed: false, goesOn: false)
  }

  @Test func strangersHaveAPartAndTakeNobodysPlace() throws {
    let client = try connect("10.1.0.1", .workspace(1))
    for number in 0..<1100 { _ = try admit("203.0.113.\(number % 250)") }
    #expect(table.strangerCount == 32 / Limits.Clients.strangersPart)
    #expect(table.count == table.strangerCount + 1)
    #expect(table[client.number] != nil)
    for number in 1..<32 { #expect(try admit("10.1.1.\(number)", .workspace(1))) }
    #expect(table.count == 32 && table.strangerCount == 0)
    #expect(Set(gone.dropLast(4)) == [.ofStrangers] && Set(gone.suffix(4)) == [.places])
  }

  /// A client that a token alone shows is a stranger until it has asked: the flood of others does not end it at once.
  @Test func aStrangerHasTimeToAsk() throws {
    for number in 0..<100 { _ = try admit("203.0.113.\(number)") }
    let bearer = try connect("10.9.0.1")
    for number in 0..<3 { _ = try admit("198.51.100.\(number)") }
    #expect(table[bearer.number] != nil)
    bearer.account = .workspace(1)
    #expect(table.settle(bearer, bearer.account)?.connection == nil)
    for number in 0..<100 { _ = try admit("198.51.100.\(number)") }
    #expect(table[bearer.number] != nil)
  }

  @Test func theWorkspaceWithMostGivesWayAndInItTheClientWithMost() throws {
    let quiet = try connect("10.2.0.1", .workspace(2))
    let single = try connect("10.1.0.9", .workspace(1))
    for number in 0..<60 { _ = try admit("10.1.0.\(1 + number % 4)", .workspace(1)) }
    for number in 2..<14 { #expect(try admit("10.2.0.\(number)", .workspace(2))) }
    #expect(table[quiet.number] != nil && table[single.number] != nil)
    #expect(table.count == 32)
  }

  @Test func aClientHasALimitOfItsOwnAndAnIPv6ClientIsIts64() throws {
    var first: TCPConnection?
    for number in 0..<8 {
      let connection = try connect("fd00:1:2:3::\(number)", .workspace(1))
      first = first ?? connection
    }
    #expect(try admit("fd00:1:2:3:ffff::1", .workspace(1)))
    #expect(table.count == 8)
    #expect(table[first?.number ?? 0] == nil, "its own oldest made room")
    #expect(gone == [.ofClient])
    #expect(try admit("fd00:1:2:4::1", .workspace(1)))
    #expect(table.count == 9)
  }

  @Test func whoIsAtWorkIsNotInterrupted() throws {
    var own: [TCPConnection] = []
    for _ in 0..<8 { own.append(try connect("10.1.0.1", .workspace(1))) }
    for connection in own.dropLast() { makeBusy(connection) }
    #expect(try admit("10.1.0.1", .workspace(1)))
    #expect(table[own[7].number] == nil && own.dropLast().allSatisfy { table[$0.number] != nil })
    let last = try connect("10.1.0.1", .workspace(1))
    _ = last
    for number in 1...table.count where table[UInt64(number)] != nil { makeBusy(table[UInt64(number)] ?? own[0]) }
    for connection in own { makeBusy(connection) }
    makeBusy(last)
    #expect(table.dispensable?.connection == nil)
  }

  /// What a load balancer says may make a connection a stranger's, one too many among them.
  @Test func strangersBehindALoadBalancerCountToo() throws {
    for number in 0..<4 { _ = try admit("203.0.113.\(number)") }
    let late = try connect("10.9.9.9", .loadBalancers)
    late.account = nil
    let loser = table.settle(late, nil)
    #expect(loser?.connection !== late && loser?.want == .ofStrangers)
  }

  /// A token or a load balancer shows late whose connections they are: a client has no more of them for that.
  @Test func aClientHasItsLimitHoweverLateItIsKnown() throws {
    var own: [TCPConnection] = []
    for _ in 0..<8 {
      let connection = try connect("10.9.0.1", .workspace(1))
      makeBusy(connection)
      own.append(connection)
    }
    let late = try connect("10.9.0.1", .loadBalancers)
    late.account = .workspace(1)
    #expect(table.settle(late, late.account)?.connection === late, "the only one that is idle")
    _ = table.remove(late)
    makeBusy(late)
    let later = try connect("10.9.0.1", .loadBalancers)
    makeBusy(later)
    later.account = .workspace(1)
    let loser = table.settle(later, later.account)
    #expect(loser?.connection === own[0] && loser?.want == .ofClient)
  }

  @Test func turnsGoRoundByAccount() throws {
    let heavy = try (0..<6).map { _ in try connect("10.1.0.1", .workspace(1)) }
    let (light, stranger) = (try connect("10.2.0.1", .workspace(2)), try connect("203.0.113.1"))
    for connection in heavy { table.queue(connection) }
    for connection in [light, stranger, light] { table.queue(connection) }
    #expect(
      (0..<4).compactMap { _ in table.nextReady()?.number } == [heavy[0], light, stranger, heavy[1]].map(\.number))
    table.queue(light)
    _ = table.remove(heavy[2])
    #expect((0..<2).compactMap { _ in table.nextReady()?.number } == [light, heavy[3]].map(\.number))
    while table.nextReady() != nil {}
    #expect(!table.hasReady)
  }

  /// What comes for a connection while it has its turn is done at the end of that turn: it gets no empty one for it.
  @Test func whoHasItsTurnGetsAnotherOnlyAtItsEnd() throws {
    let connection = try connect("10.1.0.1", .workspace(1))
    for goesOn in [true, false] {
      table.queue(connection)
      #expect(table.nextReady() === connection)
      table.queue(connection)
      #expect(!table.hasReady)
      table.endTurn(of: connection, wasUsed: true, goesOn: goesOn)
      #expect(table.hasReady == goesOn)
    }
  }

  @Test func idleOnesAreTakenOnceTheirTimeIsUp() throws {
    let (idle, used) = (try connect("10.1.0.1", .workspace(1)), try connect("10.1.0.2", .workspace(1)))
    let later = Self.start + .seconds(11)
    used.use(now: Self.start + .seconds(5))
    #expect(table.takeIdle(at: later, longerThan: .seconds(10)).map(\.number) == [idle.number])
    #expect(table.remove(idle) && !table.remove(idle))
    #expect(table.remove(used) && table.nextDeadline == nil)
  }
}

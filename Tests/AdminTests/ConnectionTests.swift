import Admin
import Testing
import Text

/// A connection's way and times, by a clock of the test's own.
struct ConnectionTests {
  private static let second: UInt64 = 1_000_000_000

  private func connection(now: UInt64 = 0) -> HTTPConnection { HTTPConnection(now: now) }

  private func text(_ connection: HTTPConnection) -> String { String(decoding: connection.unsent, as: UTF8.self) }

  private func send(_ connection: inout HTTPConnection, now: UInt64) {
    connection.sent(connection.unsent.count, now: now)
  }

  private let ok = HTTPResponse.json(["ok": true])
  private let get = Array("GET /a HTTP/1.1\r\nHost: a\r\n\r\n".utf8)

  @Test func aConnectionIsKeptForTheNextRequest() {
    var connection = connection()
    connection.receive(get + get, now: 1)
    #expect(connection.nextRequest(now: 1)?.path == ["a"])
    #expect(connection.nextRequest(now: 1) == nil, "one at a time")
    #expect(!connection.wantsToRead, "nothing is read while a request is answered")
    #expect(connection.deadline == nil, "the handler has its own time")
    connection.respond(ok, now: 2)
    let answer = text(connection)
    #expect(answer.hasPrefix("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: "))
    #expect(answer.hasSuffix("\r\n\r\n{ \"ok\": true }\n") && !answer.contains("Connection:"))
    #expect(connection.nextRequest(now: 2) == nil, "the answer goes first")
    send(&connection, now: 3)
    #expect(connection.nextRequest(now: 3)?.path == ["a"])
  }

  @Test func headIsAnsweredWithoutTheBody() {
    var (head, whole) = (connection(), connection())
    head.receive(Array("HEAD /a HTTP/1.1\r\nHost: a\r\n\r\n".utf8), now: 1)
    whole.receive(get, now: 1)
    _ = (head.nextRequest(now: 1), whole.nextRequest(now: 1))
    head.respond(ok, now: 1)
    whole.respond(ok, now: 1)
    #expect(text(head) + "{ \"ok\": true }\n" == text(whole))
  }

  @Test func closeEndsTheConnection() {
    var connection = connection()
    connection.receive(Array("GET /a HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".utf8), now: 1)
    _ = connection.nextRequest(now: 1)
    connection.respond(ok, now: 1)
    #expect(text(connection).contains("\r\nConnection: close\r\n"))
    send(&connection, now: 1)
    #expect(connection.isLingering, "the client sees the answer before the connection goes")
    connection.receiveEnd()
    #expect(connection.isClosed)
  }

  @Test func aRefusalIsToldAndEndsTheConnection() {
    var connection = connection()
    connection.receive(Array("GET / HTTP/1.1\nHost: a\n\n".utf8), now: 1)
    #expect(connection.nextRequest(now: 1) == nil)
    let answer = text(connection)
    #expect(answer.hasPrefix("HTTP/1.1 400 Bad Request\r\n") && answer.contains("\r\nConnection: close\r\n"))
    #expect(answer.contains("{ \"error\": { \"code\": \"malformed-request\"") || answer.contains("\"error\": {"))
    send(&connection, now: 2)
    connection.receive(get, now: 3)
    #expect(connection.nextRequest(now: 3) == nil, "nothing after it is read")
    connection.expire(now: 3 + Self.second)
    #expect(connection.isClosed)
  }

  @Test func aSlowRequestHasTenSecondsInAll() {
    var connection = connection()
    connection.receive(get.prefix(1), now: 30 * Self.second)
    var now = 30 * Self.second
    // An octet a second does not buy more time.
    for octet in get.dropFirst().prefix(9) {
      now += Self.second
      connection.receive([octet], now: now)
      _ = connection.nextRequest(now: now)
      connection.expire(now: now)
      #expect(now == 39 * Self.second ? connection.unsent.isEmpty : !connection.isClosed)
    }
    connection.expire(now: 40 * Self.second)
    #expect(text(connection).hasPrefix("HTTP/1.1 408 Request Timeout\r\n"))
  }

  @Test func aSlowBodyHasNoMoreTimeThanASlowHead() {
    var connection = connection()
    connection.receive(Array("POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc".utf8), now: 0)
    #expect(connection.nextRequest(now: 9 * Self.second) == nil)
    connection.receive([0x61], now: 9 * Self.second)
    connection.expire(now: 10 * Self.second)
    #expect(text(connection).hasPrefix("HTTP/1.1 408 "))
  }

  @Test func anIdleConnectionIsClosedWithoutAWord() {
    var connection = connection()
    #expect(!connection.isAnswering)
    connection.expire(now: 60 * Self.second - 1)
    #expect(!connection.isClosed)
    connection.expire(now: 60 * Self.second)
    #expect(connection.isClosed && connection.unsent.isEmpty)
  }

  @Test func aClientThatDoesNotReadIsLetGo() {
    var connection = connection()
    connection.receive(get, now: 0)
    _ = connection.nextRequest(now: 0)
    connection.respond(ok, now: 0)
    connection.sent(3, now: 5 * Self.second)
    connection.expire(now: 10 * Self.second)
    #expect(!connection.isClosed, "it took some")
    connection.expire(now: 15 * Self.second)
    #expect(connection.isClosed)
  }

  @Test func aClientThatEndsItsSideStillGetsItsAnswer() {
    var connection = connection()
    connection.receive(get, now: 0)
    connection.receiveEnd()
    // It asked before it went.
    #expect(!connection.isClosed)
    #expect(connection.nextRequest(now: 0) != nil)
    connection.respond(ok, now: 0)
    #expect(!connection.unsent.isEmpty)
    send(&connection, now: 0)
    #expect(connection.nextRequest(now: 0) == nil)
    #expect(connection.isClosed)
  }
}

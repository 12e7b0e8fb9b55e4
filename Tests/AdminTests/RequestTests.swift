import Admin
import TestKit
import Testing

/// Requests out of octets: what is taken, what is refused, and that no two readers could disagree.
struct RequestTests {
  private func parse(_ text: String, limits: HTTPLimits = HTTPLimits()) -> HTTPRequestParser.Event {
    var parser = HTTPRequestParser(limits: limits)
    parser.append(Array(text.utf8))
    return parser.next()
  }

  private func request(_ text: String) throws -> HTTPRequest {
    guard case .request(let request) = parse(text) else {
      throw Mistaken(description: "no request: \(parse(text))")
    }
    return request
  }

  struct Mistaken: Error, CustomStringConvertible { let description: String }

  @Test func aRequestIsRead() throws {
    let get = try request("GET /v1/workspaces/a%20c?limit=10&after=x%2fy&flag HTTP/1.1\r\nHost: localhost\r\n\r\n")
    #expect(get.method == .get)
    #expect(get.path == ["v1", "workspaces", "a c"])
    #expect(get.query == ["limit": "10", "after": "x/y", "flag": ""])
    #expect(get.headers["host"] == "localhost")
    #expect(get.keepsConnection)
    let post = try request(
      "POST / HTTP/1.1\r\nhOST:  a \r\nContent-Length: 3\r\nConnection: x, CLOSE\r\nX:\r\n\r\nabcGET")
    #expect(post.method == .post && post.path == [] && post.body == Array("abc".utf8))
    #expect(!post.keepsConnection)
    #expect(post.headers["x"] == "")
    #expect(try request("\r\nHEAD /a HTTP/1.1\r\nHost: a\r\n\r\n").method == .head)
    #expect(try request("BREW /a HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n").method == .other("BREW"))
  }

  /// Octet by octet or at once, several in a row: the same requests.
  @Test func itDoesNotMatterHowOctetsArrive() {
    let text = "POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}GET /b HTTP/1.1\r\nHost: b\r\n\r\n"
    var whole = HTTPRequestParser()
    whole.append(Array(text.utf8))
    var single = HTTPRequestParser()
    var events: [HTTPRequestParser.Event] = []
    for octet in text.utf8 {
      single.append([octet])
      let event = single.next()
      if event != .needsMore { events.append(event) }
    }
    #expect(events == [whole.next(), whole.next()])
    #expect(events.count == 2)
    #expect(whole.next() == .needsMore && !whole.isInRequest && !single.isInRequest)
  }

  /// What is refused, and with which status: everything by which two readers can see different requests among it.
  static let refusals: [(String, HTTPStatus)] = [
    // Lines and the request line.
    ("GET / HTTP/1.1\nHost: a\n\n", .badRequest),
    ("GET / HTTP/1.1\r\nHost: a\r\nX: a\rb\r\n\r\n", .badRequest),
    ("GET / HTTP/1.1\r\nHost: a\r\nX: a\u{0}b\r\n\r\n", .badRequest),
    ("GET  / HTTP/1.1\r\nHost: a\r\n\r\n", .badRequest),
    ("GET / HTTP/1.1 \r\nHost: a\r\n\r\n", .badRequest),
    ("GET /\r\nHost: a\r\n\r\n", .badRequest),
    (" GET / HTTP/1.1\r\nHost: a\r\n\r\n", .badRequest),
    ("G(T / HTTP/1.1\r\nHost: a\r\n\r\n", .badRequest),
    ("GET http://a/ HTTP/1.1\r\nHost: a\r\n\r\n", .badRequest),
    ("GET * HTTP/1.1\r\nHost: a\r\n\r\n", .badRequest),
    ("GET /%4 HTTP/1.1\r\nHost: a\r\n\r\n", .badRequest),
    ("GET /%zz HTTP/1.1\r\nHost: a\r\n\r\n", .badRequest),
    ("GET /%ff HTTP/1.1\r\nHost: a\r\n\r\n", .badRequest),
    ("GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n", .badRequest),
    ("GET /\u{e9} HTTP/1.1\r\nHost: a\r\n\r\n", .badRequest),
    ("GET /?a=1&a=2 HTTP/1.1\r\nHost: a\r\n\r\n", .badRequest),
    ("GET / HTTP/1.0\r\nHost: a\r\n\r\n", .versionNotSupported),
    ("GET / HTTP/2.0\r\nHost: a\r\n\r\n", .versionNotSupported),
    ("GET / http/1.1\r\nHost: a\r\n\r\n", .badRequest),
    ("\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", .badRequest),
    // Header fields.
    ("GET / HTTP/1.1\r\n\r\n", .badRequest),
    ("GET / HTTP/1.1\r\nHost:\r\n\r\n", .badRequest),
    ("GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", .badRequest),
    ("GET / HTTP/1.1\r\nHost : a\r\n\r\n", .badRequest),
    ("GET / HTTP/1.1\r\nHost: a\r\n folded\r\n\r\n", .badRequest),
    ("GET / HTTP/1.1\r\n X: a\r\nHost: a\r\n\r\n", .badRequest),
    ("GET / HTTP/1.1\r\nHost: a\r\nnonsense\r\n\r\n", .badRequest),
    ("GET / HTTP/1.1\r\nHost: a\r\n: x\r\n\r\n", .badRequest),
    ("GET / HTTP/1.1\r\nHost: a\r\nX: \u{1}\r\n\r\n", .badRequest),
    // How long the body is.
    ("POST / HTTP/1.1\r\nHost: a\r\n\r\n", .lengthRequired),
    ("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", .notImplemented),
    ("GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: identity\r\n\r\n", .notImplemented),
    ("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n", .badRequest),
    ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: \u{b}chunked\r\n\r\n", .badRequest),
    ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\nabc", .badRequest),
    ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3, 3\r\n\r\nabc", .badRequest),
    ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +3\r\n\r\nabc", .badRequest),
    ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\nabc", .badRequest),
    ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0x3\r\n\r\nabc", .badRequest),
    ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length:\r\n\r\nabc", .badRequest),
    ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: \u{663}\r\n\r\nabc", .badRequest),
    ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999\r\n\r\nabc", .badRequest),
    ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 65537\r\n\r\n", .contentTooLarge),
    ("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc", .badRequest),
    ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n", .expectationFailed),
  ]

  @Test(arguments: refusals) func whatCouldBeReadInTwoWaysIsRefused(text: String, status: HTTPStatus) {
    guard case .refused(let error) = parse(text) else {
      Issue.record("taken: \(parse(text))")
      return
    }
    #expect(error.status == status)
    // Whatever follows is not read: it may be what the refused request smuggled in.
    var parser = HTTPRequestParser()
    parser.append(Array((text + "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n").utf8))
    _ = parser.next()
    parser.append(Array("GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n".utf8))
    #expect(parser.next() == .needsMore)
  }

  /// RFC 9110 §5.5: new fields keep to printable ASCII, and no other is read here. What compares texts beyond it does so
  /// at a price that the sender would choose.
  @Test func onlyPrintableASCIIStandsInAField() {
    let places = [
      "Host: a|b", "Host: |", "X: |", "X: a |", "Connection: close|", "Connection: |, close",
      "Authorization: Bearer a|",
      "Content-Type: application/json|", "Content-Length: 3|", "Origin: |", "Accept: */*;q=|", "X|: a", "|: a",
    ]
    let octets: [[UInt8]] =
      (0x80...0xff).map { [$0] } + [0x1f, 0x7f].map { [$0] }
      + ["\u{e9}", "e\u{301}", "\u{212a}", "\u{a0}", "\u{2028}"].map { Array($0.utf8) }
    for place in places {
      let parts = place.split(separator: "|", omittingEmptySubsequences: false).map { Array($0.utf8) }
      for inserted in octets {
        var parser = HTTPRequestParser()
        let host = place.hasPrefix("Host") ? "" : "Host: a\r\n"
        parser.append(Array("POST / HTTP/1.1\r\n\(host)".utf8) + parts[0] + inserted + parts[1])
        parser.append(Array("\r\n\r\nabc".utf8))
        guard case .refused(let error) = parser.next(), error.status == .badRequest else {
          Issue.record("\(place) with \(inserted) is taken")
          continue
        }
      }
    }
    #expect(parse("GET / HTTP/1.1\r\nHost: a\r\nX:\t a\tb ~!\r\n\r\n") != .needsMore)
  }

  @Test func everythingHasALimit() {
    func status(_ text: String) -> HTTPStatus? {
      if case .refused(let error) = parse(text) { error.status } else { nil }
    }
    let limits = HTTPLimits()
    let long = String(repeating: "a", count: limits.requestLine)
    #expect(status("GET /\(long) HTTP/1.1\r\nHost: a\r\n\r\n") == .uriTooLong)
    #expect(status("GET /\(long)") == .uriTooLong, "before the line has ended")
    let field = "X: \(String(repeating: "a", count: limits.headers))"
    #expect(status("GET / HTTP/1.1\r\nHost: a\r\n\(field)\r\n\r\n") == .headerFieldsTooLarge)
    #expect(status("GET / HTTP/1.1\r\nHost: a\r\n\(field)") == .headerFieldsTooLarge, "before the field has ended")
    let fields = { (count: Int) in String(repeating: "X: a\r\n", count: count) }
    #expect(status("GET / HTTP/1.1\r\nHost: a\r\n\(fields(limits.headerCount - 1))\r\n") == nil)
    #expect(status("GET / HTTP/1.1\r\nHost: a\r\n\(fields(limits.headerCount))\r\n") == .headerFieldsTooLarge)
    let query = (0...limits.queryCount).map { "a\($0)" }.joined(separator: "&")
    #expect(status("GET /?\(query) HTTP/1.1\r\nHost: a\r\n\r\n") == .badRequest)
    let body = String(repeating: "a", count: limits.body)
    #expect(status("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: \(limits.body)\r\n\r\n\(body)") == nil)
  }

  /// Damaged requests are taken or refused, and the same however they arrive; nothing is held beyond the limits.
  @Test(arguments: Seeds.all) func damageIsTakenOrRefused(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    let good =
      Self.refusals.map(\.0) + [
        "GET /metrics HTTP/1.1\r\nHost: localhost\r\nAccept: */*\r\n\r\n",
        "POST /v1/reload HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}",
      ]
    for _ in 0..<2000 {
      var octets = Array((random.pick(good) + random.pick(good)).utf8)
      for _ in 0..<Int.random(in: 0...4, using: &random) where !octets.isEmpty {
        let at = Int.random(in: octets.indices, using: &random)
        switch Int.random(in: 0..<4, using: &random) {
        case 0: octets[at] = UInt8.random(in: 0...255, using: &random)
        case 1: octets.remove(at: at)
        case 2: octets.insert(random.pick([0x0d, 0x0a, 0x20, 0x3a, 0x2c, 0x30, 0x00]), at: at)
        default: octets.removeLast(octets.count - at)
        }
      }
      #expect(events(octets, in: [octets.count]) == events(octets, in: chunks(octets.count, &random)))
    }
  }

  private func chunks(_ count: Int, _ random: inout SeededGenerator) -> [Int] {
    var chunks: [Int] = []
    var rest = count
    while rest > 0 {
      let size = Int.random(in: 1...rest, using: &random)
      chunks.append(size)
      rest -= size
    }
    return chunks
  }

  private func events(_ octets: [UInt8], in chunks: [Int]) -> [HTTPRequestParser.Event] {
    var parser = HTTPRequestParser()
    var events: [HTTPRequestParser.Event] = []
    var at = 0
    for size in chunks {
      parser.append(octets[at..<(at + size)])
      at += size
      while true {
        let event = parser.next()
        if event == .needsMore { break }
        events.append(event)
      }
    }
    return events
  }
}

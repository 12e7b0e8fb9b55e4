import Bounds
import Fleet
import Testing

/// Answers out of octets: where they end, and what is refused because two readers could see different ends.
struct ResponseTests {
  @Test func answersOfEtcdAreRead() throws {
    #expect(Recorded.names.count > 30)
    for name in Recorded.names {
      let octets = try Recorded.octets(name)
      let whole = try Answer(pieces: [octets], mayBreakOff: true)
      let length = whole.head?["content-length"]
      #expect(length.map { Int($0) == whole.body.count } ?? true, "\(name)")
      #expect(whole.rest.isEmpty)
      // The watches were cut off in the middle, but for the one that etcd ended.
      #expect(whole.canBeUsedAgain == whole.hasEnded)
    }
    let refused = try Answer(pieces: [Recorded.octets("range-compacted")])
    #expect(refused.head?.status == 400 && refused.head?["trailer"] == "Grpc-Trailer-Content-Type")
    #expect(refused.hasEnded && refused.canBeUsedAgain)
    #expect(text(refused.body).hasPrefix(#"{"error":"etcdserver: mvcc"#))
    #expect(try Answer(pieces: [Recorded.octets("watch-ended")]).hasEnded)
  }

  @Test func itDoesNotMatterHowOctetsArrive() throws {
    let others = [
      "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nA: b\r\nTransfer-Encoding: chunked\r\n\r\n"
        + "a;x=\"y\"\r\n0123456789\r\n0001\r\n\n\r\n0\r\nT: u\r\n\r\n",
      "HTTP/1.1 200 \r\nContent-Length: 0\r\nConnection: keep-alive, Close\r\n\r\n",
    ].map { Array($0.utf8) }
    for octets in try ["range", "txn", "lease-exists", "watch-ended"].map(Recorded.octets) + others {
      let whole = try Answer(pieces: [octets])
      #expect(whole.hasEnded)
      for pieces in cuts(octets) { #expect(try Answer(pieces: pieces) == whole) }
    }
  }

  @Test func whatFollowsAnAnswerIsLeftAlone() throws {
    let next = "HTTP/1.1 200 OK\r\n"
    for first in [
      "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", "HTTP/1.1 204 No Content\r\n\r\n", "HTTP/1.1 304 x\r\n\r\n",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
    ] {
      let answer = try Answer(first + next)
      #expect(answer.hasEnded && answer.canBeUsedAgain && text(answer.rest) == next)
    }
    let head = try Answer("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n" + next, toHEAD: true)
    #expect(head.body.isEmpty && text(head.rest) == next)
  }

  @Test func aConnectionIsNotUsedAgainWhereItsEndIsTheAnswers() throws {
    let open = try Answer("HTTP/1.1 200 OK\r\n\r\nto the end")
    #expect(text(open.body) == "to the end" && !open.canBeUsedAgain)
    #expect(try !Answer("HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\nx").canBeUsedAgain)
    #expect(try !Answer("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1\r\n\r\nx").canBeUsedAgain)
  }

  @Test func anAnswerThatBreaksOffIsNone() {
    #expect(throws: HTTPFailure.cutOff(beforeAnswer: true)) { try Answer("") }
    for beginning in [
      "H", "HTTP/1.1 100 Continue\r\n\r\n", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n{}",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n",
    ] {
      #expect(throws: HTTPFailure.cutOff(beforeAnswer: false), "\(beginning)") { try Answer(beginning) }
    }
  }

  /// Heads and chunks by which two readers can see different answers, and what has no bound.
  static let refusals: [String] = [
    "HTTP/1.1 200 OK\nContent-Length: 0\n\n", "HTTP/1.1 200 OK\r\nA: b\rc\r\n\r\n",
    "HTTP/1.1 200 OK\r\nA: b\u{0}\r\n\r\n",
    "HTTP/2 200\r\n\r\n", "http/1.1 200 OK\r\n\r\n", "\r\nHTTP/1.1 200 OK\r\n\r\n", "HTTP/1.1 20 OK\r\n\r\n",
    "HTTP/1.1 2000 OK\r\n\r\n", "HTTP/1.1 +20 OK\r\n\r\n", "HTTP/1.1 099 OK\r\n\r\n", "HTTP/1.1 600 OK\r\n\r\n",
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n", "HTTP/1.1  200 OK\r\n\r\n",
    // Fields.
    "HTTP/1.1 200 OK\r\nA : b\r\n\r\n", "HTTP/1.1 200 OK\r\nA: b\r\n folded\r\n\r\n",
    "HTTP/1.1 200 OK\r\nnonsense\r\n\r\n",
    "HTTP/1.1 200 OK\r\n: b\r\n\r\n", "HTTP/1.1 200 OK\r\n\tA: b\r\n\r\n",
    // How long the body is.
    "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxy",
    "HTTP/1.1 200 OK\r\nContent-Length: 1\r\ncontent-length: 1\r\n\r\nx",
    "HTTP/1.1 200 OK\r\nContent-Length: 1, 1\r\n\r\nx",
    "HTTP/1.1 200 OK\r\nContent-Length: +1\r\n\r\nx", "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\nx",
    "HTTP/1.1 200 OK\r\nContent-Length: 0x1\r\n\r\nx", "HTTP/1.1 200 OK\r\nContent-Length:\r\n\r\n",
    "HTTP/1.1 200 OK\r\nContent-Length: 9999999999999999999\r\n\r\n",
    "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "HTTP/1.1 204 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: identity\r\n\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: xchunked\r\n\r\n",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
  ]

  /// Chunks, behind a head.
  static let badChunks: [String] = [
    "\r\n", "x\r\n", " 1\r\nx\r\n", "0x1\r\nx\r\n", "+1\r\nx\r\n", "-1\r\nx\r\n", "1\nx\r\n", "1\r\nxy\r\n0\r\n\r\n",
    "1\r\nx\n0\r\n\r\n", "1 x\r\nx\r\n", "fffffffffffffffff\r\n", "1;a=\"\n\"\r\nx\r\n0\r\n\r\n", "1;a\rb\r\nx\r\n",
    "0\r\nnonsense\r\n\r\n", "0\r\nA: b\n\n", "0\r\n A: b\r\n\r\n",
  ]

  @Test func whatCouldBeReadInTwoWaysIsRefused() {
    let chunks = Self.badChunks.map { "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + $0 }
    for refusal in Self.refusals + chunks {
      do {
        _ = try Answer(refusal)
        Issue.record("\(refusal.debugDescription) was taken")
      } catch HTTPFailure.malformed {
      } catch {
        Issue.record("\(refusal.debugDescription): \(error)")
      }
      // And however it comes.
      #expect(throws: HTTPFailure.self) { try Answer(pieces: refusal.utf8.map { [$0] }) }
    }
  }

  @Test func headsAndChunkLinesHaveBounds() throws {
    let ok = "HTTP/1.1 200 OK\r\n"
    func refused(_ octets: String) { #expect(throws: HTTPFailure.self) { try Answer(octets) } }
    let field = "A: \(String(repeating: "x", count: 1000))\r\n"
    refused(ok + String(repeating: field, count: 17))
    refused(ok + "A: " + String(repeating: "x", count: Limits.Fleet.headOctets))
    #expect(try Answer(ok + String(repeating: "A: b\r\n", count: Limits.Fleet.headFields) + "\r\n").head != nil)
    refused(ok + String(repeating: "A: b\r\n", count: Limits.Fleet.headFields + 1) + "\r\n")
    let interim = "HTTP/1.1 103 Early Hints\r\n\r\n"
    let end = ok + "Content-Length: 0\r\n\r\n"
    #expect(try Answer(String(repeating: interim, count: Limits.Fleet.interimAnswers) + end).hasEnded)
    refused(String(repeating: interim, count: Limits.Fleet.interimAnswers + 1) + end)
    let chunked = ok + "Transfer-Encoding: chunked\r\n\r\n"
    refused(chunked + "1;" + String(repeating: "x", count: Limits.Fleet.chunkLineOctets))
    refused(chunked + String(repeating: "0", count: Limits.Fleet.chunkLineOctets + 1))
    refused(chunked + "0\r\n" + String(repeating: "A: b\r\n", count: Limits.Fleet.headFields + 1) + "\r\n")
  }

  @Test func aRequestIsWhatItsReaderTakesItFor() throws {
    let octets = try RequestWriter.octets(
      "POST", "/v3/kv/range", host: "127.0.0.1:2379", fields: [("Authorization", "abc.1")], body: Array("{}".utf8))
    #expect(
      text(octets) == """
        POST /v3/kv/range HTTP/1.1\r\nHost: 127.0.0.1:2379\r\nAuthorization: abc.1\r\nContent-Type: application/json\r
        Content-Length: 2\r\n\r\n{}
        """)
    #expect(
      text(try RequestWriter.octets("GET", "/api?watch=1", host: "a")) == "GET /api?watch=1 HTTP/1.1\r\nHost: a\r\n\r\n"
    )
    #expect(throws: HTTPFailure.self) { try RequestWriter.octets("GET", "/a b", host: "a") }
    #expect(throws: HTTPFailure.self) { try RequestWriter.octets("GET", "a", host: "a") }
    #expect(throws: HTTPFailure.self) { try RequestWriter.octets("GET", "/\u{e9}", host: "a") }
    #expect(throws: HTTPFailure.self) { try RequestWriter.octets("GET ", "/", host: "a") }
    #expect(throws: HTTPFailure.self) { try RequestWriter.octets("GET", "/", host: "a\r\nB: c") }
    // A token as a file has it, with its line's end.
    #expect(throws: HTTPFailure.self) { try RequestWriter.octets("GET", "/", host: "a", fields: [("A", "token\n")]) }
    #expect(throws: HTTPFailure.self) { try RequestWriter.octets("GET", "/", host: "a", fields: [("A: b\r\nC", "d")]) }
    #expect(throws: HTTPFailure.self) {
      try RequestWriter.octets("GET", "/", host: "a", fields: [("content-LENGTH", "3")], body: [])
    }
  }
}

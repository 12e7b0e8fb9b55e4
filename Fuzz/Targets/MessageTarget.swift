import Answering
import Forwarding
import Wire
import Workspaces
import Zones

/// Any octets as a message from a client: read in every way, and answered. What must hold is a precondition, so a fuzzer
/// sees a breach as a crash.
public struct MessageTarget: FuzzTarget {
  private let snapshot: Snapshot
  private var responder = Responder(identity: ServerIdentity(version: "fuzz", hostName: "fuzz"))

  /// A workspace for all clients, with a zone that has every kind of turn a look-up can take.
  public init() {
    let zone = """
      $ORIGIN a.
      $TTL 60
      @ SOA ns.b. root.b. 1 3600 600 86400 60
      @ NS ns.b.
      @ TYPE65401 \\# 3 01 62 00
      w A 10.0.0.1
      c CNAME w
      l CNAME x.y.c
      o CNAME out.b.
      *.w CNAME c
      d DNAME w
      t.e TXT "text" "more"
      n NS ns.n
      ns.n A 10.0.0.2
      """
    let files = [
      "workspace.json": #"{ "clients": ["0.0.0.0/0", "::/0"], "forward": [{ "zone": "f.a", "to": [] }] }"#,
      "a.zone": zone + "\n",
    ]
    let workspaces = WorkspaceName("fuzz").flatMap { name in
      Workspace.load(
        WorkspaceSource(name: name, folder: "fuzz", files: files.mapValues { Array($0.utf8) }), serverRules: []
      ).workspace
    }
    precondition(workspaces != nil, "the target's own zone is good")
    snapshot = Snapshot.make(workspaces.map { [$0] } ?? []).snapshot
  }

  /// Reads and answers one message.
  public func run(_ octets: [UInt8]) {
    readAll(octets)
    var target = self
    for transport in [Transport.udp, .tcp] { target.answer(octets, transport) }
  }

  /// Goes along every section, and through every record's data.
  private func readAll(_ octets: [UInt8]) {
    guard let header = Header(octets.span) else { return }
    do throws(WireError) {
      var reader = try MessageReader(octets.span)
      for _ in 0..<header.questionCount {
        let question = try reader.readQuestion()
        check(try reader.name(at: question.nameOffset))
      }
      let counts = [header.answerCount, header.authorityCount, header.additionalCount]
      for _ in 0..<counts.reduce(0, { $0 + Int($1) }) {
        let record = try reader.readRecord()
        check(try reader.name(at: record.ownerOffset))
        let data = try reader.uncompressedData(of: record)
        precondition(RecordData.isValid(data, for: record.type), "what was read of a type is what it may hold")
        if record.type == .opt { _ = try EDNS(record, in: octets.span) }
      }
    } catch {
      precondition(error.offset <= octets.count, "an error's place is inside the message")
    }
  }

  private func check(_ name: Name) {
    precondition(name.wire.count <= Name.maximumLength)
    precondition((try? Name(name.description)) == name, "a name's text is the name")
  }

  private mutating func answer(_ octets: [UInt8], _ transport: Transport) {
    let limit = transport == .udp ? Int(EDNS.serverPayloadSize) : 65_535
    var buffer = [UInt8](repeating: 0, count: limit)
    let client = SocketAddress(.v4(0x7f00_0001), port: 53)
    let names = CompressionMemory(seed: .known)
    var writer = MessageWriter(buffer.mutableSpan, limit: limit, names: names.table())
    switch responder.respond(to: octets.span, from: client, via: transport, in: snapshot, &writer) {
    case .none: return
    case .ready: checkResponse(writer.message, to: octets)
    case .resolve(let query, let decision):
      guard let resolution = Resolution(query, octets.span, from: client, via: transport, decision, in: snapshot)
      else { preconditionFailure("a query that was read has a name") }
      resolve(resolution, limit, octets)
    }
  }

  private mutating func resolve(_ resolution: Resolution, _ limit: Int, _ octets: [UInt8]) {
    var buffer = [UInt8](repeating: 0, count: limit)
    let names = CompressionMemory(seed: .known)
    var writer = MessageWriter(buffer.mutableSpan, limit: limit, names: names.table())
    var source = NoUpstreams()
    if case .ready = responder.run(resolution, in: snapshot, &source, &writer), writer.message.count > 0 {
      checkResponse(writer.message, to: octets)
    }
  }

  /// What is sent is a whole message, a response, with the query's id and, if it has one, its question.
  private func checkResponse(_ response: Span<UInt8>, to query: [UInt8]) {
    guard let header = Header(response), let asked = Header(query.span) else {
      preconditionFailure("a response without a header")
    }
    precondition(header.id == asked.id && header.flags.contains(.response))
    do throws(WireError) {
      var reader = try MessageReader(response)
      for _ in 0..<header.questionCount {
        _ = try reader.readQuestion()
        for index in Header.length..<reader.offset { precondition(response[index] == query[index]) }
      }
      for _ in 0..<(header.answerCount + header.authorityCount + header.additionalCount) {
        let record = try reader.readRecord()
        _ = try reader.uncompressedData(of: record)
      }
      precondition(reader.isAtEnd, "a response ends with its last record")
    } catch {
      preconditionFailure("a response that cannot be read: \(error)")
    }
  }
}

/// Nobody to ask.
private struct NoUpstreams: HopSource {
  var now: Instant { Instant(nanoseconds: 0) }

  func ask(_ question: ForwardQuestion, queries: Int) -> ForwardOutcome { .done(.closed) }

  func known(_ question: ForwardQuestion) -> ForwardResult? { .closed }
}

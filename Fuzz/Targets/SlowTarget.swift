import Fleet
import Forwarding
import Links
import SystemIO
import Text
import Wire
import Workspaces
import Zones

/// Looks for inputs that cost more than their octets should: whatever an outsider may send or write is read, and made
/// into what is answered from, within a time that is linear in its octets.
///
/// The bound is that of a worker: 20 ms for 64 KB, 1 ms for 1,232 octets. An octet of a zone's text may cost as much as five
/// of a plain one's, with what is made of it: a label of one octet may be a name of its own. It is the bound of an
/// optimized build on the machine where `plainNanoseconds` was measured; a slower build or machine gets as much more as
/// plain inputs take there.
public struct SlowTarget: FuzzTarget {
  private let slowness: [SlowInput.Kind: Double]

  /// Measures how slow this build is on this machine.
  public init() {
    var slowness: [SlowInput.Kind: Double] = [:]
    for kind in SlowInput.Kind.allCases {
      let plain = SlowInput.plain(kind)
      let cost = Double(Self.cost(of: plain, tries: 5)) / Double(plain.octets.count)
      slowness[kind] = max(1, cost / Self.plainNanoseconds(kind))
    }
    self.slowness = slowness
  }

  /// What an octet of a plain input costs, in nanoseconds.
  static func plainNanoseconds(_ kind: SlowInput.Kind) -> Double {
    switch kind {
    case .message: 6
    case .answer: 8
    case .zone: 26
    case .settings: 55
    case .paste: 180
    case .journal: 2
    case .store: 10
    }
  }

  /// What something may cost, in nanoseconds of this build on this machine.
  func bound(_ kind: SlowInput.Kind, octets: Int) -> Double {
    let bound: Double =
      switch kind {
      case .message, .answer, .journal, .store: 600_000 + 290 * Double(octets)
      // A hundred problems are told of, whatever the length.
      case .settings, .paste: 2_000_000 + 290 * Double(octets)
      case .zone: 2_000_000 + 5 * Self.plainNanoseconds(.zone) * Double(octets)
      }
    return bound * (slowness[kind] ?? 1)
  }

  /// Traps when an input costs more than it may.
  public func run(_ octets: [UInt8]) {
    guard let input = SlowInput(fuzzed: octets), let excess = excess(of: input) else { return }
    preconditionFailure(excess)
  }

  /// Says by how much an input costs more than it may; nil when it does not.
  ///
  /// A first look may be at cold memory, so the best of a few counts.
  ///
  /// - Parameter margin: how many times the bound is allowed.
  public func excess(of input: SlowInput, margin: Double = 1) -> String? {
    var cost = Self.cost(of: input, tries: 1)
    let bound = margin * bound(input.kind, octets: input.octets.count)
    guard Double(cost) > bound else { return nil }
    cost = Self.cost(of: input, tries: 4)
    guard Double(cost) > bound else { return nil }
    return
      "\(input.kind) of \(input.octets.count) octets: \(cost / 1000) µs; the most is \(Int(bound / 1000)) µs"
  }

  /// What each of the worst known inputs costs, a line each.
  public func report() -> String {
    var text = ""
    let plain = SlowInput.Kind.allCases.map { ("plain \($0)", SlowInput.plain($0)) }
    let small = SlowInput.worst(size: 1232).map { (name: "\($0.name), small", input: $0.input) }
    for (name, input) in plain + SlowInput.worst() + small {
      let cost = Self.cost(of: input, tries: 5)
      let share = 100 * Double(cost) / bound(input.kind, octets: input.octets.count)
      text += "\(cost / 1000) µs\t\(Int(share)) % of the bound\t\(input.octets.count) octets\t\(name)\n"
    }
    return text
  }

  /// The least CPU time of several runs.
  static func cost(of input: SlowInput, tries: Int) -> UInt64 {
    var least = UInt64.max
    for _ in 0..<tries {
      let start = System.threadNanoseconds()
      take(input)
      least = min(least, System.threadNanoseconds() - start)
    }
    return least
  }

  // MARK: Taking an input

  private static func take(_ input: SlowInput) {
    switch input.kind {
    case .message: rewrite(input.octets)
    case .answer: answer(input.octets)
    case .zone: zone(input.octets)
    case .settings: settings(input.octets)
    case .paste: ImportTarget.plan(input.octets)
    case .journal: journal(input.octets)
    case .store: store(input.octets)
    }
  }

  /// Reads every record of a message, and writes it to another one.
  private static func rewrite(_ octets: [UInt8]) {
    guard let header = Header(octets.span) else { return }
    var buffer = [UInt8](repeating: 0, count: 65_535)
    let names = CompressionMemory(seed: .known)
    var writer = MessageWriter(buffer.mutableSpan, limit: 65_535, names: names.table())
    do throws(WireError) {
      var reader = try MessageReader(octets.span)
      guard writer.start(id: header.id, flags: header.flags) else { return }
      for _ in 0..<header.questionCount {
        let question = try reader.readQuestion()
        _ = writer.appendQuestion(try reader.name(at: question.nameOffset), question.type, question.class)
      }
      let counts = [header.answerCount, header.authorityCount, header.additionalCount].map { Int($0) }
      for _ in 0..<counts.reduce(0, +) {
        let record = try reader.readRecord()
        let data = try reader.uncompressedData(of: record)
        _ = writer.append(
          try reader.name(at: record.ownerOffset), record.type, record.class, ttl: record.ttlSeconds, data: data.span,
          to: .answer)
      }
    } catch {
      return
    }
  }

  /// Takes a message for an upstream's answer to its own question, and answers a client with it.
  private static func answer(_ octets: [UInt8]) {
    guard var reader = try? MessageReader(octets.span), let question = try? reader.readQuestion(),
      let name = try? reader.name(at: question.nameOffset)
    else { return }
    let asked = ForwardQuestion(name: name, type: question.type, dnssecOK: true, rule: rule)
    guard let answer = UpstreamAnswer.reading(octets, for: asked) else { return }
    var buffer = [UInt8](repeating: 0, count: 65_535)
    let names = CompressionMemory(seed: .known)
    var writer = MessageWriter(buffer.mutableSpan, limit: 65_535, names: names.table())
    _ = writer.start(id: 0, flags: .response) && writer.appendQuestion(name, question.type, .internet)
    let ttl = AnswerTTL.aged(Instant(nanoseconds: 0))
    _ = answer.append(hops: 0..<answer.hopCount, to: &writer, ttl: ttl, firstOwner: Header.length)
    _ = answer.appendAuthority(to: &writer, ttl: ttl)
  }

  private static let rule = ForwardRule(owner: .server, zone: .root, upstreams: [])

  /// Reads a zone, and makes it what is answered from.
  private static func zone(_ octets: [UInt8]) {
    guard let apex = try? Name("example") else { return }
    let (zone, _) = Zone.check(MasterFile.parse(octets, file: "example.zone", origin: apex), apex: apex)
    if let zone { _ = try? ZoneImage([(zone, .nxdomain)]) }
  }

  /// Takes octets for an answer of etcd, as they come from a connection, and what it says for keys.
  private static func store(_ octets: [UInt8]) {
    var response = ResponseReader()
    var reader = EtcdReader()
    let keys = StoreKeys()
    var at = 0
    while !response.hasEnded, let event = try? response.next(octets.span, at: &at) {
      guard case .body(let range) = event else { continue }
      let body = octets.span.extracting(range)
      var place = 0
      do throws(EtcdFault) {
        while let event = try reader.next(body, at: &place) {
          if case .keyValue(let entry) = event { _ = keys.read(entry.key) }
        }
      } catch {
        return
      }
    }
  }

  private static func settings(_ octets: [UInt8]) {
    guard let name = WorkspaceName("fuzz") else { return }
    let source = WorkspaceSource(name: name, folder: "fuzz", files: [WorkspaceFile.fileName: octets])
    _ = Workspace.load(source, serverRules: [])
  }

  private static func journal(_ octets: [UInt8]) {
    var book = LeaseBook(seed: 1)
    let now = Instant(nanoseconds: 1)
    _ = LeaseLog(octets, boot: "", at: LeaseClock(sinceBoot: 0, wall: 0)) { book.restore($0, now: now) }
    book.finishRestoring(now: now)
  }
}

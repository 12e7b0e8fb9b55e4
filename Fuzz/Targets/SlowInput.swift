import Wire

/// An input whose cost whoever sends it chooses, and what it is taken for.
public struct SlowInput: Sendable {
  /// What reads it.
  public enum Kind: UInt8, CaseIterable, Sendable {
    /// A message that is read and written again.
    case message
    /// What an upstream answers.
    case answer
    /// A zone's text, up to the image that is answered from.
    case zone
    /// A `workspace.json`.
    case settings
    /// What is pasted to be imported.
    case paste
    /// A lease journal.
    case journal
    /// An answer of the fleet's store.
    case store
  }

  /// What reads it.
  public let kind: Kind
  /// What it says.
  public let octets: [UInt8]

  /// Takes both.
  public init(_ kind: Kind, _ octets: [UInt8]) {
    self.kind = kind
    self.octets = octets
  }

  /// Takes a fuzzer's input: its first octet says the kind.
  public init?(fuzzed octets: [UInt8]) {
    guard let first = octets.first, let kind = Kind(rawValue: first % UInt8(Kind.allCases.count)) else { return nil }
    self.init(kind, Array(octets.dropFirst()))
  }
}

// MARK: The worst that are known

extension SlowInput {
  /// Inputs that were slow once, by what they are, each of about `size` octets.
  public static func worst(size: Int = 65_000) -> [(name: String, input: SlowInput)] {
    messages(size) + answers(size) + zones(size) + settings(size) + pastes(size) + journals(size) + stores(size)
  }

  /// What a kind mostly is, with nothing chosen to be slow.
  public static func plain(_ kind: Kind, size: Int = 65_000) -> SlowInput {
    switch kind {
    case .message:
      var message = Message(question: owner("www", 3), type: 1)
      message.fill(size) { ($0, owner("host\($1)", 3), 1, [10, 0, 0, 1]) }
      return SlowInput(.message, message.octets)
    case .answer:
      var message = Message(question: owner("www", 3), type: 1)
      message.fill(min(size, 2_000)) { _, number in ([0xc0, 12], [], 1, [10, 0, 0, UInt8(truncatingIfNeeded: number)]) }
      return SlowInput(.answer, message.octets)
    case .zone: return zone(size) { "host\($0) A 10.\($0 >> 16 & 255).\($0 >> 8 & 255).\($0 & 255)\n" }
    case .settings: return settings(size, #"{ "clients": ["#, "]}") { "\"10.\($0 >> 8 & 255).\($0 & 255).0/24\"" }
    case .paste: return settings(size, "{", "}", .paste) { "\"privatelink-account-url-\($0)\": \"a\($0).example\"" }
    case .store:
      return store(size, #"{"kvs":["#, "]}") {
        #"{"key":"L2JhY2tyb2FkL3YxL3dzL2FjbWUvd29ya3NwYWNlLmpzb24=","mod_revision":"\#($0)","value":"\#(value)"}"#
      }
    case .journal:
      return journal(size) { "+ \(1_000_000 + $0) 60000 5 10.\($0 >> 16 & 255).\($0 >> 8 & 255).\($0 & 255) acme" }
    }
  }

  // MARK: Messages

  /// A message that is put together; its names are as they are given, pointers and all.
  private struct Message {
    var octets: [UInt8]
    private var counts = [0, 0, 0]

    init(question: [UInt8], type: UInt16) {
      octets = [0, 7, 0x81, 0x80, 0, 1, 0, 0, 0, 0, 0, 0] + question + Self.big(type) + [0, 1]
    }

    static func big(_ number: UInt16) -> [UInt8] { [UInt8(number >> 8), UInt8(number & 0xff)] }

    mutating func add(_ owner: [UInt8], _ type: UInt16, _ data: [UInt8], section: Int = 0) {
      octets += owner + Self.big(type) + [0, 1, 0, 0, 0, 60] + Self.big(UInt16(data.count)) + data
      counts[section] += 1
      for index in 0..<3 {
        octets.replaceSubrange((6 + 2 * index)..<(8 + 2 * index), with: Self.big(UInt16(counts[index])))
      }
    }

    /// Adds records up to a size.
    mutating func fill(
      _ size: Int, section: Int = 0, _ record: ([UInt8], Int) -> (prefix: [UInt8], rest: [UInt8], UInt16, [UInt8])
    ) {
      var number = 0
      while true {
        let (prefix, rest, type, data) = record([], number)
        guard octets.count + prefix.count + rest.count + 10 + data.count <= min(size, 65_535), number < 65_000 else {
          return
        }
        add(prefix + rest, type, data, section: section)
        number += 1
      }
    }
  }

  /// A name of one label of its own and so many of one octet.
  private static func owner(_ first: String, _ labels: Int) -> [UInt8] {
    var name = [UInt8(first.utf8.count)] + Array(first.utf8)
    for label in 0..<labels { name += [1, 0x61 + UInt8(label % 26)] }
    return name + [0]
  }

  /// A name of one-octet labels that differ from those of another number in all of them.
  private static func labels(_ count: Int, _ number: Int) -> [UInt8] {
    var name: [UInt8] = []
    for label in 0..<count {
      let octet = (number + label * (1 + number / 90)) % 90
      name += [1, 0x21 + UInt8(octet)]
    }
    return name + [0]
  }

  /// A name of one-octet labels that differs from another number's in its last two alone, so that who compares labels
  /// from the left sees that late.
  private static func alike(_ count: Int, _ number: Int) -> [UInt8] {
    var name: [UInt8] = []
    for _ in 2..<count { name += [1, 0x61] }
    return name + [1, 0x21 + UInt8(number / 80 % 80), 1, 0x21 + UInt8(number % 80), 0]
  }

  /// Owners below the question's name, as short as they can be written.
  private static func below(_ number: Int) -> [UInt8] {
    [2, UInt8(0x30 + number / 70), UInt8(0x30 + number % 70), 0xc0, 12]
  }

  private static func nsec(_ number: Int) -> [UInt8] { [1, 0x61, 0, 0, 1, 0x40] }

  private static func messages(_ size: Int) -> [(String, SlowInput)] {
    var all: [(String, SlowInput)] = []
    for (name, type, data) in [
      ("NSEC", UInt16(47), nsec(0)), ("CNAME", 5, labels(110, 7)),
      ("SOA", 6, labels(3, 1) + labels(3, 2) + [UInt8](repeating: 0, count: 20)),
    ] {
      var message = Message(question: owner("www", 120), type: 1)
      message.fill(size) { _, number in (labels(120, number), [], type, data) }
      all.append(("message, \(name) at owners of 120 labels", SlowInput(.message, message.octets)))
    }
    var similar = Message(question: owner("www", 120), type: 1)
    similar.fill(size) { _, number in (alike(120, number), [], 47, nsec(0)) }
    all.append(("message, NSEC at owners of 120 like labels", SlowInput(.message, similar.octets)))
    var shared = Message(question: owner("www", 120), type: 1)
    shared.fill(size) { _, number in (below(number), [], 47, nsec(0)) }
    all.append(("message, NSEC at owners below a long name", SlowInput(.message, shared.octets)))
    // Two names of each record lead over 127 pointers, each to a label and the next pointer.
    var chains = Message(question: [1, 0x71, 0], type: 1)
    var pointer: [UInt8] = [0]
    for _ in 0..<126 {
      let place = chains.octets.count + 1 + 10
      chains.add([0], 65_280, [1, 0x61] + pointer)
      pointer = Message.big(0xc000 | UInt16(place))
    }
    chains.fill(size) { _, _ in (pointer, [], 17, pointer + pointer) }
    all.append(("message, names over 127 pointers", SlowInput(.message, chains.octets)))
    return all
  }

  // MARK: Answers

  private static func answers(_ size: Int) -> [(String, SlowInput)] {
    var all: [(String, SlowInput)] = []
    func add(_ name: String, type: UInt16 = 1, question: [UInt8] = owner("www", 120), _ body: (inout Message) -> Void) {
      var message = Message(question: question, type: type)
      body(&message)
      all.append(("answer, \(name)", SlowInput(.answer, message.octets)))
    }
    add("998 NSEC owners") { message in
      message.fill(size, section: 1) { _, number in
        (number < 998 ? below(number) : [UInt8](repeating: 0, count: 70_000), [], 47, nsec(0))
      }
    }
    add("NSEC at owners of 120 labels", question: owner("www", 1)) { message in
      message.fill(size, section: 1) { _, number in (labels(120, number), [], 47, nsec(0)) }
    }
    add("NSEC at owners of 120 like labels", question: owner("www", 1)) { message in
      message.fill(size, section: 1) { _, number in (alike(120, number), [], 47, nsec(0)) }
    }
    add("998 types for ANY", type: 255) { message in
      message.fill(size) { _, number in
        (number < 998 ? [0xc0, 12] : [UInt8](repeating: 0, count: 70_000), [], UInt16(1_000 + number), [1])
      }
    }
    add("998 signatures") { message in
      message.fill(size) { _, number in
        (
          number < 998 ? below(number) : [UInt8](repeating: 0, count: 70_000), [], 46,
          [0, 1] + [UInt8](repeating: 0, count: 18)
        )
      }
    }
    add("998 DNAMEs above") { message in
      message.fill(size) { _, number in
        let above: [UInt8] = [0xc0, UInt8(16 + 2 * (number % 100))]
        return (number < 998 ? above : [UInt8](repeating: 0, count: 70_000), [], 39, [1, 0x7a, 0])
      }
    }
    add("a chain of CNAMEs") { message in
      var from: [UInt8] = [0xc0, 12]
      for number in 0..<240 {
        let place = message.octets.count + from.count + 10
        let target = labels(100, number)
        guard message.octets.count + 300 < min(size, 16_000) else { break }
        message.add(from, 5, target)
        from = Message.big(0xc000 | UInt16(place))
      }
    }
    return all
  }

  // MARK: Zones

  private static func zone(_ size: Int, head: String = "", _ line: (Int) -> String) -> SlowInput {
    var text = Array("$TTL 60\n@ SOA ns.b. root.b. 1 3600 600 86400 60\n@ NS ns.b.\n\(head)".utf8)
    var number = 0
    while true {
      let next = Array(line(number).utf8)
      guard text.count + next.count <= size else { return SlowInput(.zone, text) }
      text += next
      number += 1
    }
  }

  private static func zones(_ size: Int) -> [(String, SlowInput)] {
    let long = "$ORIGIN \(Array(repeating: "a", count: 118).joined(separator: ".")).example.\n"
    let deep = Array(repeating: "x", count: 110).joined(separator: ".")
    func short(_ number: Int) -> String {
      let digits = Array("abcdefghijklmnopqrstuvwxyz0123456789")
      return "\(digits[number / 1296 % 36])\(digits[number / 36 % 36])\(digits[number % 36])"
    }
    let lines: [(String, SlowInput)] = [
      ("short lines", zone(size) { "\(short($0)) A 1.1.1.1\n" }),
      ("a long origin", zone(size, head: long) { "\(short($0)) A 1.1.1.1\n" }),
      ("deep names", zone(size) { "\(deep).\($0) A 1.1.1.1\n" }),
      ("delegations below a long origin", zone(size, head: long) { "\(short($0)) NS \(short($0))\n" }),
      ("servers below a long origin", zone(size, head: long) { "\(short($0)) MX 1 x.\(short($0))\n" }),
      ("a set below a long origin", zone(size, head: long + "n NS n\n") { " NS \(short($0))\n" }),
      (
        "many origins",
        zone(size) { $0 % 50 == 0 ? "$ORIGIN example.\n" : "$ORIGIN \(short($0))\n@ MX 1 \(short($0))\n" }
      ),
      ("a chain of CNAMEs", zone(size) { "c\($0) CNAME c\($0 + 1)\n" }),
      ("a circle of CNAMEs", zone(size) { "c\($0) CNAME c\(($0 + 1) % 3000)\n" }),
      ("many types of a name", zone(size) { "n TYPE\(1000 + $0) \\# 0\n" }),
      ("many records of a set", zone(size) { "n TXT \($0)\n" }),
      (
        "many types at a delegation",
        zone(size, head: "n NS ns.b.\n") { "n TYPE\(1000 + $0) \\# 0\nx\($0).n A 1.1.1.1\n" }
      ),
      ("names outside", zone(size) { "\(deep).\($0). A 1.1.1.1\n" }),
      (
        "names that repeat the origin",
        zone(size, head: "$ORIGIN a.b.c.example.\n") { "\(short($0)).a.b.c.example A 1.1.1.1\n" }
      ),
      ("words that are no types", zone(size) { "\(short($0)) CNMAE x\n" }),
      ("parentheses that stay open", zone(size) { _ in "(\nx ( y\n" }),
      ("wildcards", zone(size) { "*.\(short($0)) CNAME x.y.z.\(short($0 + 1))\n" }),
      ("DNAMEs", zone(size) { "\(short($0)) DNAME \(short($0 + 1))\n" }),
      ("escapes", zone(size) { "\\00\($0 % 10)\\\($0 % 100 + 100) A 1.1.1.1\n" }),
    ]
    return lines.map { ("zone, \($0.0)", $0.1) }
  }

  // MARK: Settings, pastes, journals

  private static func settings(
    _ size: Int, _ head: String, _ tail: String, _ kind: Kind = .settings, _ element: (Int) -> String
  ) -> SlowInput {
    var text = Array(head.utf8)
    var number = 0
    while true {
      let next = Array(((number == 0 ? "" : ",\n") + element(number)).utf8)
      guard text.count + next.count + tail.utf8.count <= size else { return SlowInput(kind, text + tail.utf8) }
      text += next
      number += 1
    }
  }

  private static func settings(_ size: Int) -> [(String, SlowInput)] {
    let deep = Array(repeating: "x", count: 120).joined(separator: ".")
    let token = String(repeating: "0", count: 58)
    return [
      ("settings, rules", settings(size, #"{"forward":["#, "]}") { #"{"zone":"z\#($0)","to":[]}"# }),
      ("settings, deep rules", settings(size, #"{"forward":["#, "]}") { #"{"zone":"\#(deep).\#($0)","to":[]}"# }),
      (
        "settings, upstreams",
        settings(size, #"{"forward":[{"zone":"a","to":["#, "]}]}") { "\"10.0.\($0 >> 8 & 255).\($0 & 255)\"" }
      ),
      ("settings, zones", settings(size, #"{"zones":{"#, "}}") { #""z\#($0)":{"miss":"forward"}"# }),
      ("settings, unknown keys", settings(size, "{", "}") { #""client\#($0)":1"# }),
      ("settings, equal keys", settings(size, "{", "}") { _ in #""clients":[]"# }),
      (
        "settings, tokens",
        settings(size, #"{"tokens":["#, "]}") { #"{"id":"t\#($0)","sha256":"\#(token)\#(100_000 + $0)"}"# }
      ),
      ("settings, nested", SlowInput(.settings, [UInt8](repeating: UInt8(ascii: "["), count: size))),
    ]
  }

  private static func pastes(_ size: Int) -> [(String, SlowInput)] {
    [
      (
        "paste, one key often",
        settings(size, "{", "}", .paste) { _ in #""privatelink-account-url":"a.privatelink.snowflakecomputing.com""# }
      ),
      ("paste, unknown keys", settings(size, "{", "}", .paste) { #""privatelink-acount-url\#($0)":"a""# }),
      (
        "paste, urls",
        settings(size, #"{"privatelink-connection-urls":"["#, #"]"}"#, .paste) {
          #"\"a\#($0).privatelink.snowflakecomputing.com\""#
        }
      ),
      (
        "paste, hosts alone",
        SlowInput(
          .paste,
          Array((0..<(size / 40)).map { "a\($0).privatelink.snowflakecomputing.com\n" }.joined().utf8.prefix(size)))
      ),
      (
        "paste, a drawn table without a rule below its heading",
        SlowInput(
          .paste,
          Array(
            ("+--+--+\n| KEY | VALUE |\n" + String(repeating: "| privatelink- | x1 |\n", count: size / 22)).utf8.prefix(
              size)))
      ),
      (
        "paste, a heading that never ends",
        SlowInput(
          .paste,
          Array(("+--+--+\n" + String(repeating: "| privatelink- | x1 |\n", count: size / 22)).utf8.prefix(size)))
      ),
      ("paste, bars", SlowInput(.paste, [UInt8](repeating: UInt8(ascii: "|"), count: size))),
      ("paste, quotes", SlowInput(.paste, [UInt8](repeating: UInt8(ascii: "\""), count: size))),
      ("paste, braces", SlowInput(.paste, [UInt8](repeating: UInt8(ascii: "{"), count: size))),
      ("paste, backslashes", SlowInput(.paste, Array("\"".utf8) + [UInt8](repeating: UInt8(ascii: "\\"), count: size))),
      ("paste, lines", SlowInput(.paste, [UInt8](repeating: UInt8(ascii: "\n"), count: size))),
    ]
  }

  private static func journal(_ size: Int, _ line: (Int) -> String) -> SlowInput {
    var text = Array("backroad-leases 3\n".utf8)
    var number = 0
    while true {
      let next = Array("00000000 \(line(number))\n".utf8)
      guard text.count + next.count <= size else { return SlowInput(.journal, text) }
      text += next
      number += 1
    }
  }

  private static func journals(_ size: Int) -> [(String, SlowInput)] {
    [
      (
        "journal, empty lines",
        SlowInput(.journal, Array("backroad-leases 3\n".utf8) + [UInt8](repeating: 0x0a, count: size))
      ),
      ("journal, damaged lines", journal(size) { "+ \($0)" }),
      ("journal, a long line", journal(size) { _ in String(repeating: "1", count: size / 2) }),
    ]
  }

  // MARK: The store's answers

  /// A value of 300 octets, in base64.
  private static let value = String(repeating: "YWJj", count: 100)

  private static func store(
    _ size: Int, _ head: String, _ tail: String, separator: String = ",", _ element: (Int) -> String
  ) -> SlowInput {
    var text = Array("HTTP/1.1 200 OK\r\n\r\n\(head)".utf8)
    var number = 0
    while true {
      let next = Array(((number == 0 ? "" : separator) + element(number)).utf8)
      guard text.count + next.count + tail.utf8.count <= size else { return SlowInput(.store, text + tail.utf8) }
      text += next
      number += 1
    }
  }

  private static func stores(_ size: Int) -> [(String, SlowInput)] {
    let chunks = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    let long = String(repeating: "a", count: 1024)
    return [
      ("store, empty key-values", store(size, #"{"kvs":["#, "]}") { _ in "{}" }),
      ("store, empty events", store(size, #"{"events":["#, "]}") { _ in "{}" }),
      ("store, empty messages", store(size, "", "", separator: "") { _ in "{}" }),
      ("store, one member often", store(size, #"{"kvs":[{"#, "}]}") { _ in #""key":"""# }),
      ("store, unknown members", store(size, "{", "}") { #""\#($0)":0"# }),
      ("store, long unknown members", store(size, "{", "}") { _ in #""\#(long)":0"# }),
      ("store, nested and unknown", store(size, #"{"x":["#, "]}") { _ in "[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]" }),
      ("store, escapes", store(size, #"{"cancel_reason":""#, #""}"#, separator: "") { _ in #"\n"# }),
      ("store, surrogates", store(size, #"{"token":""#, #""}"#, separator: "") { _ in #"\ud83d\ude00"# }),
      (
        "store, a key of slashes",
        store(size, #"{"kvs":["#, "]}") { _ in #"{"key":"L2JhY2tyb2FkL3YxL3dzL2EvLy8vLy8v"}"# }
      ),
      ("store, leases", store(size, #"{"leases":["#, "]}") { _ in #"{"ID":"9223372036854775807"}"# }),
      (
        "store, chunks of an octet",
        SlowInput(.store, Array((chunks + String(repeating: "1\r\n \r\n", count: size / 6)).utf8))
      ),
      (
        "store, chunks with extensions",
        SlowInput(
          .store, Array((chunks + String(repeating: "1;\(long.prefix(250))\r\n \r\n", count: size / 258)).utf8))
      ),
    ]
  }
}

import Answering
import Forwarding
import Foundation
import TestKit
import Testing
import Wire
import Workspaces

/// Random sets of workspaces, some hostile, whose zones, prefixes, listening addresses, tokens, leases and forwarding
/// overlap: for every client and question the octets of the answer, a refusal's text among them, are those of a server
/// that holds the client's workspace alone.
@Suite struct IsolationPropertyTests {
  /// How many questions a seed asks; `BACKROAD_ISOLATION_CASES` is for all seeds together.
  static let casesOfSeed =
    (ProcessInfo.processInfo.environment["BACKROAD_ISOLATION_CASES"].flatMap { Int($0) } ?? 6_000) / Seeds.all.count

  /// The operator writes all files, and errs: halves of prefixes, everybody's, shared listening addresses and tokens.
  @Test(arguments: Seeds.all) func everyAnswerIsThatOfTheWorkspaceAlone(seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    try compare(seed, &random) { Tenants(&$0) }
  }

  /// Files are written by those whom they belong to, who claim what they like: what is not granted has no effect.
  @Test(arguments: Seeds.all) func withGrantsNothingOfTheOthersMatters(seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    try compare(seed, &random) { Tenants(granted: &$0) }
  }

  private func compare(
    _ seed: UInt64, _ random: inout SeededGenerator, _ make: (inout SeededGenerator) -> Tenants
  ) throws {
    var (asked, refused, answered, forwarded, certain) = (0, 0, 0, 0, 0)
    while asked < Self.casesOfSeed {
      let tenants = make(&random)
      let together = tenants.server(of: tenants.all)
      let alone = tenants.all.map { tenants.server(of: [$0]) }
      for round in 0..<40 {
        let asking = tenants.asking(&random)
        for server in [together] + alone {
          server.upstreams.now = .init(nanoseconds: UInt64(2_000 + 30 * round) * 1_000_000_000)
        }
        let answer = asking.answer(of: together)
        asked += 1
        let owner: Int
        switch tenants.owner(of: asking) {
        case .conflict:
          refused += 1
          let isRefusal = answer.count > 12 && answer[3] & 15 == 5 && answer[7] == 0 && answer[9] == 0
          #expect(isRefusal, "seed \(seed): \(asking) is of several, and got \(TestServer.text(answer))")
          if !isRefusal { return }
          continue
        case .nobody: owner = 0
        case .workspace(let number, let isCertain):
          owner = number
          if isCertain { certain += 1 }
        }
        let text = TestServer.text(answer)
        if text.hasPrefix("REFUSED") { refused += 1 } else { answered += 1 }
        // 198.51.100.0/24 is the upstreams' alone.
        if text.contains("A 198.51.100.") { forwarded += 1 }
        let expected = asking.answer(of: alone[owner])
        guard answer == expected else {
          Issue.record(
            """
            seed \(seed), round \(round): \(asking) of w\(owner) got
            \(text)
            and alone
            \(TestServer.text(expected))
            among \(tenants.all.map(\.settings))
            """)
          return
        }
      }
    }
    // What is hardly ever asked is hardly tested.
    let isVaried = refused * 20 > asked && answered * 5 > asked && forwarded * 20 > asked && certain * 20 > asked
    #expect(
      isVaried,
      "\(refused) refused, \(answered) answered, \(forwarded) of them by upstreams, \(certain) certain, of \(asked)")
  }
}

/// One question as it comes.
private struct Question: CustomStringConvertible {
  let client: String
  let listener: String?
  let token: Int?
  let message: [UInt8]
  let transport: Transport
  let name: String

  func answer(of server: TestServer) -> [UInt8] {
    server.answer(message, from: client, via: transport, at: listener) ?? []
  }

  var description: String {
    "\(name) from \(client) at \(listener ?? "-") with \(token.map { "token \($0)" } ?? "none")"
  }
}

/// A random set of workspaces, and by the letter of docs/who-asks.md whose a question is.
private struct Tenants {
  struct Tenant {
    let number: Int
    var prefixes: [String] = []
    /// The numbers of the tokens that the file has: its own, and those that it has copied from others.
    var tokens: [Int] = []
    var listeners: [String] = []
    var leases: [String] = []
    var required: [Basis] = []
    var zones: [String: String] = [:]
    var rules: [String] = []
    var grant: String?

    var settings: String {
      let tokens = tokens.map { "{ \"id\": \"t\($0)\", \"sha256\": \"\(SHA256.digest(Tenants.token($0)))\" }" }
      return """
        {
          "clients": \(prefixes), "listen": \(listeners), "forward": [\(rules.joined(separator: ", "))],
          "tokens": [\(tokens.joined(separator: ", "))],
          "require": \(required.map(\.word)), "cache": "\(number % 2 == 0 ? "own" : "shared")"
        }
        """
    }

    var workspace: TestWorkspace { TestWorkspace("w\(number)", settings: settings, zones: zones) }
  }

  static func token(_ number: Int) -> [UInt8] { Array(repeating: UInt8(number), count: 16) }

  private static let clients = ["10.1.1.1", "10.1.2.1", "10.2.0.1", "10.9.0.1", "fd00::1", "172.16.0.1"]
  private static let listeners = ["127.0.0.1:5301", "127.0.0.1:5302", "127.0.0.1:5303"]
  private static let zones = ["a.test", "sub.a.test", "b.test"]
  private static let names = [
    "www.a.test", "x.a.test", "www.sub.a.test", "y.wild.a.test", "www.b.test", "gone.b.test", "www.pub.example",
    "www.corp.example",
    "www.public.net", "a.test", "b.test",
  ]
  /// The server's own upstream; one that several workspaces name as theirs; and one for each.
  private static let upstreams = ["10.250.0.1", "10.250.0.2"] + (0..<5).map { "10.251.0.\($0)" }

  /// What is served in the end.
  var all: [Tenant] = []
  /// What those of the same names want to be in the place of that, and is beyond their grants.
  private var attempts: [Tenant] = []
  private let isGranted: Bool

  /// Without grants.
  init(_ random: inout SeededGenerator) {
    isGranted = false
    all = (0..<Int.random(in: 2...5, using: &random)).map { Tenant(number: $0) }
    for prefix in ["10.0.0.0/8", "10.1.0.0/16", "10.1.2.0/24", "10.2.0.1/32", "fd00::/16", "172.16.0.0/12"] {
      all[random.pick(Array(all.indices))].prefixes.append(prefix)
      // A tie: nobody's.
      if random.oneIn(8) { claim(prefix, random.pick(Array(all.indices))) }
    }
    for listener in Self.listeners.dropLast() { all[random.pick(Array(all.indices))].listeners.append(listener) }
    for index in all.indices where !random.oneIn(4) { all[index].tokens = [index] }
    addCommon(&random)
    for index in all.indices where random.oneIn(5) { makeHostile(index, &random) }
  }

  /// With grants, the workspaces within and beyond them.
  init(granted random: inout SeededGenerator) {
    isGranted = true
    all = (0..<Int.random(in: 2...5, using: &random)).map { Tenant(number: $0) }
    var granted = all.map { _ in [String]() }
    let parts = [
      "10.1.0.0/16": ["10.1.0.0/16", "10.1.0.0/17", "10.1.2.0/24", "10.1.1.1"], "10.2.0.0/24": ["10.2.0.0/24"],
      "10.9.0.0/16": ["10.9.0.1"], "fd00::/16": ["fd00::/16", "fd00::/64"], "172.16.0.0/12": ["172.16.0.0/13"],
    ]
    for (prefix, parts) in parts.sorted(by: { $0.key < $1.key }) {
      let index = random.pick(Array(all.indices))
      granted[index].append("\"\(prefix)\"")
      for part in parts where !random.oneIn(3) { all[index].prefixes.append(part) }
    }
    for listener in Self.listeners.dropLast() { all[random.pick(Array(all.indices))].listeners.append(listener) }
    for index in all.indices where !random.oneIn(4) { all[index].tokens = [index] }
    for index in all.indices where random.oneIn(4) {
      // Within the grant, which says how many and not which.
      let copied = random.pick(Array(all.indices))
      if !all[index].tokens.contains(copied) { all[index].tokens.append(copied) }
    }
    addCommon(&random)
    for index in all.indices {
      all[index].grant = """
        "w\(index)": { "clients": [\(granted[index].joined(separator: ", "))], "tokens": \(all[index].tokens.count),
          "listen": \(all[index].listeners) }
        """
      guard random.oneIn(2) else { continue }
      var attempt = all[index]
      swap(&attempt, &all[index])
      makeHostile(index, &random)
      // Whatever else it does, it claims something that is not its own.
      all[index].prefixes.append("192.0.2.0/24")
      swap(&attempt, &all[index])
      attempts.append(attempt)
    }
  }

  private mutating func claim(_ prefix: String, _ index: Int) {
    if !all[index].prefixes.contains(prefix) { all[index].prefixes.append(prefix) }
  }

  private mutating func addCommon(_ random: inout SeededGenerator) {
    for client in Self.clients where random.oneIn(3) { all[random.pick(Array(all.indices))].leases.append(client) }
    for index in all.indices {
      if random.oneIn(2) {
        all[index].required = random.pick([
          [.token], [.token], [.lease], [.clients], [.token, .clients], [.token, .listener], [.lease, .clients],
        ])
      }
      for zone in Self.zones where !random.oneIn(3) { all[index].zones[zone] = Self.records(index, &random) }
      for zone in ["pub.example", "corp.example", "b.test"] where random.oneIn(2) {
        let upstream = random.oneIn(2) ? Self.upstreams[1] : Self.upstreams[2 + index]
        all[index].rules.append("{ \"zone\": \"\(zone)\", \"to\": [\"\(upstream)\"] }")
      }
    }
  }

  /// Has a workspace claim what is others'.
  private mutating func makeHostile(_ index: Int, _ random: inout SeededGenerator) {
    let wide = [
      ["0.0.0.0/0"], ["::/0"], ["10.1.0.0/17", "10.1.128.0/17"], ["10.0.0.0/9", "10.128.0.0/9"], ["10.1.1.1/32"],
      ["fd00::/17", "fd00:8000::/17"], ["172.16.0.0/12"],
    ]
    for prefix in random.pick(wide) + random.pick(wide) { claim(prefix, index) }
    for listener in Self.listeners where random.oneIn(3) && !all[index].listeners.contains(listener) {
      all[index].listeners.append(listener)
    }
    let copied = random.pick(Array(all.indices))
    if random.oneIn(3), !all[index].tokens.contains(copied) { all[index].tokens.append(copied) }
    if random.oneIn(3) { all[index].required = [random.pick(Basis.allCases)] }
  }

  private static func records(_ number: Int, _ random: inout SeededGenerator) -> String {
    // No `x` leads to an `x`, and no `www` to a `www` of the zones: circles within a zone do not load.
    let away = ["www.pub.example.", "www.corp.example.", "www.public.net."]
    let targets = ["x": ["www.a.test.", "www.b.test."] + away, "www": away]
    var text = "*.wild 60 A 192.0.2.\(100 + number)\n"
    for owner in ["www", "x"] where !random.oneIn(4) {
      text +=
        random.oneIn(3)
        ? "\(owner) 60 CNAME \(random.pick(targets[owner] ?? away))\n" : "\(owner) 60 A 192.0.2.\(number)\n"
    }
    return text
  }

  /// A server with some of them, its upstreams answering differently each.
  func server(of tenants: [Tenant]) -> TestServer {
    var script: [String: String] = [:]
    for (index, upstream) in Self.upstreams.enumerated() {
      for name in Self.names {
        // What the server's own rule brings is shared on purpose, and here not kept: TTLs would tell who asked before.
        script["\(upstream) \(name). A"] = "NOERROR\n\(name). \(index == 0 ? 0 : 300) A 198.51.100.\(index)"
        script["\(upstream) \(name). TXT"] = "NOERROR\n\(name). \(index == 0 ? 0 : 300) TXT \"\(upstream)\""
      }
    }
    let grants = isGranted ? "{ \(all.compactMap(\.grant).joined(separator: ", ")) }" : nil
    // One that is alone is what it is served as: its attempt has no effect there either.
    let attempts = tenants.count > 1 ? attempts : []
    let server = TestServer(
      (tenants + attempts).map(\.workspace), forward: [".": Self.upstreams[0]], grants: grants,
      ScriptedUpstreams(script))
    server.lease(
      Dictionary(tenants.flatMap { tenant in tenant.leases.map { ($0, "w\(tenant.number)") } }) { first, _ in first })
    return server
  }

  func asking(_ random: inout SeededGenerator) -> Question {
    let token = random.oneIn(2) ? Int.random(in: 0...all.count, using: &random) : nil
    let name = random.oneIn(12) ? "whoami.backroad" : random.pick(Self.names)
    let isWhoAmI = name == "whoami.backroad"
    let options = token.map { option(Int(Responder.defaultTokenOption), Self.token($0)) } ?? []
    let message = RawMessage.query(
      wire(name), isWhoAmI || random.oneIn(4) ? .txt : .a, isWhoAmI ? .chaos : .internet, additional: 1
    ).opt(flags: random.oneIn(4) ? 0x8000 : 0, options: options)
    return Question(
      client: random.pick(Self.clients), listener: random.oneIn(3) ? random.pick(Self.listeners) : nil, token: token,
      message: message.octets, transport: random.oneIn(3) ? .tcp : .udp, name: name)
  }

  // MARK: Whose a question is

  enum Owner {
    /// Nothing that it shows is anybody's; so every server refuses it alike.
    case nobody
    /// What it shows is of several, and nothing decides.
    case conflict
    /// The workspace's, which may refuse it for what it requires itself.
    case workspace(Int, isCertain: Bool)
  }

  func owner(of question: Question) -> Owner {
    var shown: [Basis: [Int]] = [:]
    if let token = question.token {
      shown[.token] = all.filter { $0.tokens.contains(token) }.map(\.number)
      if shown[.token] == [] { return .nobody }
    }
    if let holder = all.first(where: { $0.leases.contains(question.client) })?.number,
      !(isGranted && isGranted(question.client, toOthersThan: holder))
    {
      shown[.lease] = [holder]
    }
    if let listener = question.listener {
      let holders = all.filter { $0.listeners.contains(listener) }.map(\.number)
      if !holders.isEmpty { shown[.listener] = holders }
    }
    shown[.clients] = holders(of: question.client)
    // A token or lease that its workspace requires decides, unless something stronger is another's.
    for basis in [Basis.token, .lease] {
      guard let holders = shown[basis] else { continue }
      guard holders.count == 1, shown[.token].map({ $0 == holders }) ?? true else { break }
      if all[holders[0]].required.contains(basis) { return .workspace(holders[0], isCertain: true) }
    }
    // Otherwise all that is shown has to be of one; with grants a copied token may be of several.
    var rest = shown
    let copied = isGranted && (shown[.token]?.count ?? 0) > 1 ? rest.removeValue(forKey: .token) : nil
    guard let first = rest.values.first else { return copied == nil ? .nobody : .conflict }
    let isOne = first.count == 1 && rest.values.allSatisfy { $0 == first }
    guard isOne, copied?.contains(first[0]) ?? true else { return .conflict }
    return .workspace(first[0], isCertain: false)
  }

  /// Those that claim the longest prefix that holds an address; nil when nobody claims any.
  private func holders(of client: String) -> [Int]? {
    let address = IPAddress(client) ?? .v4(0)
    let matching = all.flatMap { tenant in
      tenant.prefixes.compactMap { try? IPPrefix($0) }.filter { $0.contains(address) }.map {
        ($0.length, tenant.number)
      }
    }
    guard let longest = matching.map(\.0).max() else { return nil }
    return matching.filter { $0.0 == longest }.map(\.1)
  }

  private func isGranted(_ client: String, toOthersThan holder: Int) -> Bool {
    let address = IPAddress(client) ?? .v4(0)
    return all.contains { tenant in
      let grant = tenant.grant ?? ""
      let granted = grant.split(separator: "\"").compactMap { try? IPPrefix($0) }
      return tenant.number != holder && granted.contains { $0.contains(address) }
    }
  }
}

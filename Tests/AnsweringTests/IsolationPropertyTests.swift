import Answering
import Forwarding
import Foundation
import TestKit
import Testing
import Wire
import Workspaces

/// Random sets of workspaces whose zones, prefixes, tokens, leases and forwarding overlap: for every client and question
/// the octets of the answer are those of a server that holds that workspace alone.
@Suite struct IsolationPropertyTests {
  /// How many questions a seed asks; `BACKROAD_ISOLATION_CASES` is for all seeds together.
  static let casesOfSeed =
    (ProcessInfo.processInfo.environment["BACKROAD_ISOLATION_CASES"].flatMap { Int($0) } ?? 6_000) / Seeds.all.count

  @Test(arguments: Seeds.all) func everyAnswerIsThatOfTheWorkspaceAlone(seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    var (asked, refused, answered, forwarded) = (0, 0, 0, 0)
    while asked < Self.casesOfSeed {
      let tenants = Tenants(&random)
      let together = tenants.server(of: tenants.all)
      let alone = tenants.all.map { tenants.server(of: [$0]) }
      for round in 0..<40 {
        let asking = tenants.asking(&random)
        for server in [together] + alone {
          server.upstreams.now = .init(nanoseconds: UInt64(2_000 + 30 * round) * 1_000_000_000)
        }
        let answer = asking.answer(of: together)
        asked += 1
        guard let owner = tenants.owner(of: asking) else {
          refused += 1
          let isRefusal = answer.count > 12 && answer[3] & 15 == 5 && answer[7] == 0 && answer[9] == 0
          #expect(isRefusal, "seed \(seed): \(asking) is nobody's, and got \(TestServer.text(answer))")
          if !isRefusal { return }
          continue
        }
        answered += 1
        // 198.51.100.0/24 is the upstreams' alone.
        if TestServer.text(answer).contains("A 198.51.100.") { forwarded += 1 }
        let expected = asking.answer(of: alone[owner])
        guard answer == expected else {
          Issue.record(
            """
            seed \(seed), round \(round): \(asking) of w\(owner) got
            \(TestServer.text(answer))
            and alone
            \(TestServer.text(expected))
            among \(tenants.all.map(\.settings))
            """)
          return
        }
      }
    }
    // What is hardly ever asked is hardly tested.
    let isVaried = refused * 20 > asked && answered * 4 > asked && forwarded * 20 > asked
    #expect(isVaried, "\(refused) refused, \(answered) answered, \(forwarded) of them by upstreams, of \(asked)")
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
    var hasToken = false
    var listener: String?
    var leases: [String] = []
    var required: [Basis] = []
    var zones: [String: String] = [:]
    var rules: [String] = []

    var settings: String {
      let digest = SHA256.digest(Tenants.token(number))
      return """
        {
          "clients": \(prefixes), "listen": \(listener.map { [$0] } ?? []), "forward": [\(rules.joined(separator: ", "))],
          "tokens": [\(hasToken ? "{ \"id\": \"t\", \"sha256\": \"\(digest)\" }" : "")],
          "require": \(required.map(\.word)), "cache": "\(number % 2 == 0 ? "own" : "shared")"
        }
        """
    }
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

  var all: [Tenant] = []

  init(_ random: inout SeededGenerator) {
    all = (0..<Int.random(in: 2...5, using: &random)).map { Tenant(number: $0) }
    for prefix in ["10.0.0.0/8", "10.1.0.0/16", "10.1.2.0/24", "10.2.0.1/32", "fd00::/16", "172.16.0.0/12"] {
      all[random.pick(Array(all.indices))].prefixes.append(prefix)
      // A tie: nobody's.
      let other = random.pick(Array(all.indices))
      if random.oneIn(8), !all[other].prefixes.contains(prefix) { all[other].prefixes.append(prefix) }
    }
    for listener in Self.listeners.dropLast() { all[random.pick(Array(all.indices))].listener = listener }
    for client in Self.clients where random.oneIn(3) { all[random.pick(Array(all.indices))].leases.append(client) }
    for index in all.indices {
      all[index].hasToken = !random.oneIn(4)
      if random.oneIn(6) { all[index].required = [random.pick([.token, .lease, .clients])] }
      for zone in Self.zones where !random.oneIn(3) { all[index].zones[zone] = Self.records(index, &random) }
      for zone in ["pub.example", "corp.example", "b.test"] where random.oneIn(2) {
        let upstream = random.oneIn(2) ? Self.upstreams[1] : Self.upstreams[2 + index]
        all[index].rules.append("{ \"zone\": \"\(zone)\", \"to\": [\"\(upstream)\"] }")
      }
    }
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
    let server = TestServer(
      tenants.map { TestWorkspace("w\($0.number)", settings: $0.settings, zones: $0.zones) },
      forward: [".": Self.upstreams[0]], ScriptedUpstreams(script))
    server.lease(
      Dictionary(tenants.flatMap { tenant in tenant.leases.map { ($0, "w\(tenant.number)") } }) { first, _ in first })
    return server
  }

  func asking(_ random: inout SeededGenerator) -> Question {
    let token = random.oneIn(3) ? Int.random(in: 0...all.count, using: &random) : nil
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

  /// Whose a question is; nil for one that is to be refused.
  func owner(of question: Question) -> Int? {
    var shown: [Basis: Int] = [:]
    if let token = question.token {
      guard token < all.count, all[token].hasToken else { return nil }
      shown[.token] = token
    }
    shown[.listener] = all.first { $0.listener != nil && $0.listener == question.listener }?.number
    shown[.lease] = all.first { $0.leases.contains(question.client) }?.number
    let address = IPAddress(question.client) ?? .v4(0)
    let matching = all.flatMap { tenant in
      tenant.prefixes.compactMap { try? IPPrefix($0) }.filter { $0.contains(address) }.map {
        ($0.length, tenant.number)
      }
    }
    if let longest = matching.map(\.0).max() {
      let owners = matching.filter { $0.0 == longest }.map(\.1)
      guard owners.count == 1 else { return nil }
      shown[.clients] = owners[0]
    }
    guard let owner = shown.values.first, shown.values.allSatisfy({ $0 == owner }) else { return nil }
    return all[owner].required.allSatisfy { shown[$0] != nil } ? owner : nil
  }
}

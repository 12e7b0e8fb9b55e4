import Bounds
import Testing
import Text
import Wire

@testable import Workspaces

/// What a workspace's file costs: linear in its octets, whatever it says, and a limit is seen before work is done.
@Suite(.serialized) struct ReadingCostTests {
  /// Files of a form, of some number of elements.
  struct Form: Sendable, CustomStringConvertible {
    let description: String
    let most: Int
    let text: @Sendable (Int) -> String
  }

  static let forms = [
    Form(description: "clients", most: 16_000) { count in
      "{ \"clients\": [\((0..<count).map { "\"\(IPAddress.v4(UInt32($0 * 7919)))\"" }.joined(separator: ","))] }"
    },
    Form(description: "rules", most: 4000) { count in
      "{ \"forward\": [\((0..<count).map { "{\"zone\":\"z\($0).example\",\"to\":[\"10.0.0.1\"]}" }.joined(separator: ","))] }"
    },
    Form(description: "rules that are too many", most: 16_000) { count in
      "{ \"forward\": [\((0..<count).map { "{\"zone\":\"z\($0).example\",\"to\":[]}" }.joined(separator: ","))] }"
    },
    Form(description: "settings of zones", most: 16_000) { count in
      "{ \"zones\": {\((0..<count).map { "\"z\($0).example\":{\"miss\":\"forward\"}" }.joined(separator: ","))} }"
    },
    Form(description: "unknown keys", most: 16_000) { count in
      "{ \((0..<count).map { "\"client\($0)\": 0" }.joined(separator: ",")) }"
    },
    Form(description: "unknown keys of rules", most: 16_000) { count in
      let keys = (0..<count).map { "\"zon\($0)\": 0" }.joined(separator: ",")
      return "{ \"forward\": [{\"zone\":\"a.example\", \(keys)}] }"
    },
    Form(description: "upstreams of one rule", most: 16_000) { count in
      "{ \"forward\": [{\"zone\":\"a.example\",\"to\":[\((0..<count).map { "\"10.1.\($0 / 250).\($0 % 250)\"" }.joined(separator: ","))]}] }"
    },
    Form(description: "one client again and again", most: 16_000) { count in
      "{ \"clients\": [\((0..<count).map { _ in "\"10.1.2.3\"" }.joined(separator: ","))] }"
    },
    Form(description: "listening addresses", most: 16_000) { count in
      "{ \"listen\": [\((0..<count).map { "\"10.0.\($0 / 250).\($0 % 250):53\"" }.joined(separator: ","))] }"
    },
  ]

  private static func seconds(_ text: String) throws -> Double {
    let name = try #require(WorkspaceName("acme"))
    let source = WorkspaceSource(name: name, folder: "zones/acme", files: ["workspace.json": Array(text.utf8)])
    let time = ContinuousClock().measure { _ = Workspace.load(source, serverRules: []) }
    return Double(time.components.seconds) + Double(time.components.attoseconds) / 1e18
  }

  /// Sixteen times the elements cost about sixteen times as much; what grows with the square costs 256 times.
  @Test(arguments: forms) func readingIsLinear(form: Form) throws {
    let small = try (0..<5).map { _ in try Self.seconds(form.text(form.most / 16)) }.min() ?? 0
    let large = try (0..<2).map { _ in try Self.seconds(form.text(form.most)) }.min() ?? 0
    #expect(large < 64 * max(small, 0.000_1), "\(form): \(small) s, and \(large) s for sixteen times as much")
  }

  @Test func problemsAreBounded() throws {
    for form in Self.forms {
      let text = form.text(form.most)
      let source = WorkspaceSource(
        name: try #require(WorkspaceName("acme")), folder: "zones/acme", files: ["workspace.json": Array(text.utf8)])
      let problems = Workspace.load(source, serverRules: []).problems
      #expect(problems.count <= Limits.JSON.problems + 1, "\(form)")
      #expect(problems.reduce(0) { $0 + $1.description.utf8.count } < 64 << 10, "\(form)")
    }
    let bad = "{ \"clients\": [\((0..<1000).map { "\"x\($0)\"" }.joined(separator: ","))] }"
    #expect {
      _ = try WorkspaceFile(Array(bad.utf8), file: "w")
    } throws: { error in
      let all = (error as? Problems)?.all ?? []
      return all.count == 101 && all[100].message == "more than 100 problems: the rest is not shown"
    }
  }

  /// Sums count, and are looked at before the elements are.
  @Test func limitsHoldForSums() throws {
    func messages(_ text: String) -> [String] {
      do throws(Problems) {
        _ = try WorkspaceFile(Array(text.utf8), file: "w")
        return []
      } catch {
        return error.all.map(\.message)
      }
    }
    let upstreams = (0..<16).map { "\"10.0.0.\($0)\"" }.joined(separator: ",")
    let rules = (0..<513).map { "{\"zone\":\"z\($0).example\",\"to\":[\(upstreams)]}" }
    #expect(messages("{ \"forward\": [\(rules.dropLast().joined(separator: ","))] }") == [])
    #expect(
      messages("{ \"forward\": [\(rules.joined(separator: ","))] }").first?.hasPrefix(
        "more than 8192 upstreams in all rules")
        == true)
    #expect(
      messages("{ \"forward\": [\(repeatElement("0", count: 4097).joined(separator: ","))] }") == [
        "\"forward\" has more than 4096 forwarding rules; remove some"
      ])
    #expect(
      messages("{ \"clients\": [\(repeatElement("0", count: 65_537).joined(separator: ","))] }") == [
        "\"clients\" has more than 65536 client prefixes; remove some"
      ])
    #expect(
      messages("{ \"search\": [\(repeatElement("0", count: 33).joined(separator: ","))] }") == [
        "\"search\" has more than 32 domains; remove some"
      ])
    #expect(
      messages("{ \"zones\": { \"a.example\": { \"miss\": \"forward\" }, \"A.example\": { \"miss\": \"nxdomain\" } } }")
        .first?
        .hasPrefix("a second setting of A.example.") == true)
  }

  // MARK: Building

  private static func workspace(_ name: String, _ prefixes: [IPPrefix]) throws -> Workspace {
    let clients = prefixes.map { "\"\($0)\"" }.joined(separator: ",")
    let source = WorkspaceSource(
      name: try #require(WorkspaceName(name)), folder: "zones/\(name)",
      files: ["workspace.json": Array("{ \"clients\": [\(clients)] }".utf8)])
    return try #require(Workspace.load(source, serverRules: []).workspace)
  }

  /// One workspace's change among sixteen times as many prefixes of others: about sixteen times a step for each.
  @Test func aChangeIsLinearInAllPrefixes() throws {
    func seconds(_ count: Int) throws -> Double {
      var builder = SnapshotBuilder()
      let prefixes = (0..<count).map { IPPrefix(.v4(UInt32($0) &* 2_654_435_761), length: 32) }.compactMap { $0 }
      builder.set(try Self.workspace("others", prefixes))
      let hostile = try (0...1).map { turn in
        try Self.workspace("hostile", prefixes.prefix(64).compactMap { IPPrefix($0.base, length: 30 + turn) })
      }
      _ = builder.build()
      return (0..<6).map { turn in
        builder.set(hostile[turn % 2])
        let time = ContinuousClock().measure { _ = builder.build() }
        return Double(time.components.attoseconds) / 1e18 + Double(time.components.seconds)
      }.min() ?? 0
    }
    let (small, large) = (try seconds(2000), try seconds(32_000))
    #expect(large < 64 * max(small, 0.000_1), "\(small) s, and \(large) s for sixteen times as much")
  }

  /// Tens of thousands of prefixes that each lie in another workspace's cost what they cost where nobody else is: what is not
  /// told of is not made.
  @Test func claimsThatMeetCostLittleMoreThanOthers() throws {
    func seconds(around: String) throws -> Double {
      var builder = SnapshotBuilder()
      builder.set(try Self.workspace("around", [try IPPrefix(around)]))
      let prefixes = (0..<20_000).compactMap { IPPrefix(.v4(10 << 24 | UInt32($0) << 8), length: 32) }
      let hostile = try (0...1).map { turn in
        try Self.workspace("hostile", prefixes + [try IPPrefix("192.0.2.\(turn)/32")])
      }
      return (0..<6).map { turn in
        builder.set(hostile[turn % 2])
        let time = ContinuousClock().measure { _ = builder.build() }
        return Double(time.components.attoseconds) / 1e18 + Double(time.components.seconds)
      }.min() ?? 0
    }
    let (apart, inside) = (try seconds(around: "11.0.0.0/8"), try seconds(around: "10.0.0.0/8"))
    #expect(inside < 2.5 * apart, "\(apart) s, and \(inside) s where each is another's too")
  }

  /// Digests may be chosen: that many begin alike must not make them collide.
  @Test func chosenDigestsDoNotCollide() throws {
    var claimants = Claimants<SHA256Digest>()
    let digests = (0..<2000).compactMap { number in
      SHA256Digest(
        "ba7816bf8f01cfea" + String(repeating: "0", count: 40) + String(100_000_000 + number).dropFirst(1))
    }
    #expect(digests.count == 2000)
    #expect(Set(digests.map(\.hashValue)).count > 1990)
    for digest in digests { claimants.add(digest, 1) }
    for digest in digests { claimants.add(digest, 0) }
    #expect(digests.allSatisfy { claimants.owner(of: $0) == .disputed && claimants.slots(of: $0) == [0, 1] })
    for digest in digests { claimants.remove(digest, 1) }
    #expect(digests.allSatisfy { claimants.owner(of: $0) == .workspace(0) })
  }
}

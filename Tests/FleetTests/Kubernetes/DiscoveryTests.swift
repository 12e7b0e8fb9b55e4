import Fleet
import TestKit
import Testing
import Wire
import Workspaces

/// What the discovery does with each thing that an API server may do.
@Suite struct DiscoveryTests {
  /// A discovery whose connections the test answers by hand.
  struct Bench {
    var discovery: Discovery
    var random = SeededGenerator(seed: 4)
    var now: UInt64 = 50_000
    /// What was asked and not answered: the connection of each path, by its resource.
    var asked: [String: UInt64] = [:]
    /// Every path that was asked for.
    var paths: [String] = []
    var closed: [UInt64] = []

    init(_ settings: DiscoverySettings = DiscoverySettings()) {
      discovery = Discovery(settings, now: 50_000)
      tick()
    }

    /// Carries out what the discovery wants; all connections are made at once.
    mutating func settle() {
      while true {
        let actions = discovery.takeActions()
        if actions.isEmpty { return }
        for action in actions {
          switch action {
          case .open(let number): discovery.opened(number, now: now, using: &random)
          case .send(let number, let octets):
            let path = String(decoding: octets, as: UTF8.self).split(separator: " ")[1]
            paths.append(String(path))
            asked[path.hasPrefix("/api/v1/pods") ? "pods" : "namespaces"] = number
          case .close(let number): closed.append(number)
          }
        }
      }
    }

    mutating func tick(after milliseconds: UInt64 = 0) {
      now += milliseconds
      discovery.tick(now: now, using: &random)
      settle()
    }

    /// Lets time pass until something is asked for one of the kinds; nil when nothing is within a minute.
    mutating func waitForPath(_ resource: String) -> String? {
      let count = paths.count
      let end = now + 60_000
      while now < end {
        if let path = paths.dropFirst(count).last(where: { $0.hasPrefix("/api/v1/\(resource)") }) { return path }
        now = max(now + 1, discovery.nextWake)
        tick()
      }
      return nil
    }

    mutating func receive(_ resource: String, _ text: String) {
      let octets = Array(text.utf8)
      discovery.received(octets.span, on: asked[resource] ?? 0, now: now, using: &random)
      settle()
      tick()
    }

    mutating func answer(_ resource: String, status: Int = 200, _ body: String, fields: String = "") {
      receive(resource, "HTTP/1.1 \(status) X\r\nContent-Length: \(body.utf8.count)\r\n\(fields)\r\n\(body)")
    }

    mutating func beginWatch(_ resource: String) {
      receive(resource, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    }

    mutating func event(_ resource: String, _ type: String, _ object: String) {
      let text = #"{"type":"\#(type)","object":\#(object)}"# + "\n"
      receive(resource, "\(String(text.utf8.count, radix: 16))\r\n\(text)\r\n")
    }

    mutating func bookmark(_ resource: String, _ version: Int) {
      event(resource, "BOOKMARK", #"{"metadata":{"resourceVersion":"\#(version)"}}"#)
    }

    static func list(_ version: Int, _ items: [String], next: String = "") -> String {
      #"{"metadata":{"resourceVersion":"\#(version)","continue":"\#(next)"},"items":[\#(items.joined(separator: ","))]}"#
    }

    static func pod(_ uid: String, _ version: Int, _ address: String = "10.2.3.4", phase: String = "Running") -> String
    {
      #"""
      {"metadata":{"name":"pod-\#(uid)","namespace":"jobs","uid":"\#(uid)","resourceVersion":"\#(version)"},
      "spec":{},"status":{"phase":"\#(phase)","podIP":"\#(address)"}}
      """#
    }

    static let namespace = #"""
      {"metadata":{"name":"jobs","uid":"n","resourceVersion":"3","annotations":{"backroad.dev/workspace":"acme"}}}
      """#

    /// With one pod, and both watches.
    static func watching() -> Bench {
      var bench = Bench()
      bench.answer("pods", list(10, [pod("a", 5)]))
      bench.answer("namespaces", list(10, [namespace]))
      bench.beginWatch("pods")
      bench.beginWatch("namespaces")
      return bench
    }
  }

  @Test func itListsInPagesAndWatchesFromThere() {
    var bench = Bench()
    #expect(bench.paths.sorted() == ["/api/v1/namespaces?limit=500", "/api/v1/pods?limit=500"])
    bench.answer("pods", Bench.list(10, [Bench.pod("a", 5)], next: "a+/="))
    #expect(bench.paths.last == "/api/v1/pods?limit=500&continue=a%2B%2F%3D")
    bench.answer("pods", Bench.list(10, [Bench.pod("b", 6, "fd00::4")]))
    bench.answer("namespaces", Bench.list(11, [Bench.namespace]))
    #expect(bench.discovery.wanted.count == 2 && bench.discovery.isWhole)
    let watches = bench.paths.suffix(2)
    #expect(watches.allSatisfy { $0.contains("?watch=1&allowWatchBookmarks=true&resourceVersion=1") })
    #expect(watches.allSatisfy { $0.contains("&timeoutSeconds=") })
  }

  @Test func aBookmarkMovesThePlaceToWatchFrom() throws {
    var bench = Bench.watching()
    bench.bookmark("pods", 90)
    bench.event("pods", "MODIFIED", Bench.pod("a", 7))
    bench.discovery.closed(bench.asked["pods"] ?? 0, why: "reset", now: bench.now, using: &bench.random)
    let path = bench.waitForPath("pods")
    #expect(try #require(path).contains("resourceVersion=90&"))
    #expect(bench.discovery.wanted.count == 1)
  }

  /// As a status and as an ERROR inside an answer that began well: what is known stays until the new list is whole.
  @Test(arguments: [true, false]) func whatIsTooOldIsListedAnew(asStatus: Bool) throws {
    var bench = Bench.watching()
    let status = #"{"kind":"Status","status":"Failure","reason":"Expired","code":410,"message":"too old"}"#
    if asStatus {
      bench.discovery.closed(bench.asked["pods"] ?? 0, why: "reset", now: bench.now, using: &bench.random)
      let path = bench.waitForPath("pods")
      #expect(try #require(path).contains("watch=1"))
      bench.answer("pods", status: 410, status)
    } else {
      bench.event("pods", "ERROR", status)
    }
    let next = bench.waitForPath("pods")
    #expect(next == "/api/v1/pods?limit=500")
    #expect(bench.discovery.wanted.count == 1)
    bench.answer("pods", Bench.list(80, [Bench.pod("b", 70, "10.9.9.9")], next: "more"))
    #expect(bench.discovery.wanted.keys.map(\.description) == ["10.2.3.4"])
    bench.answer("pods", Bench.list(80, []))
    #expect(bench.discovery.wanted.keys.map(\.description) == ["10.9.9.9"])
  }

  @Test func aPageThatIsTooOldIsFollowedByTheListInOnePiece() throws {
    var bench = Bench()
    bench.answer("pods", Bench.list(10, [Bench.pod("a", 5)], next: "more"))
    bench.answer("pods", status: 410, "{}")
    let next = bench.waitForPath("pods")
    #expect(next == "/api/v1/pods")
  }

  @Test func pagesOfTwoVersionsAreNoList() {
    var bench = Bench()
    bench.answer("namespaces", Bench.list(10, [Bench.namespace]))
    bench.answer("pods", Bench.list(10, [Bench.pod("a", 5)], next: "more"))
    bench.answer("pods", Bench.list(11, [Bench.pod("b", 11, "10.9.9.9")]))
    #expect(!bench.discovery.isWhole)
    let next = bench.waitForPath("pods")
    #expect(next == "/api/v1/pods")
  }

  @Test func aSilentWatchIsMadeAnew() throws {
    var bench = Bench.watching()
    for _ in 0..<4 {
      bench.tick(after: 60_000)
      bench.bookmark("namespaces", 20)
    }
    #expect(bench.closed.contains(bench.asked["pods"] ?? 0) || bench.paths.count > 4)
    let path = try #require(bench.paths.last { $0.hasPrefix("/api/v1/pods") })
    #expect(path.contains("resourceVersion=10&"))
    #expect(bench.paths.count { $0.contains("namespaces?watch") } == 1, "the other one was not silent")
    #expect(bench.discovery.wanted.count == 1)
  }

  /// The same event again and again is no silence, and no news.
  @Test func aWatchThatRepeatsItselfIsFollowedByAList() {
    var bench = Bench.watching()
    for _ in 0..<5 {
      #expect(bench.paths.count == 4)
      bench.tick(after: 59_000)
      bench.event("pods", "MODIFIED", Bench.pod("a", 5))
      bench.bookmark("namespaces", 20)
    }
    bench.tick(after: 5000)
    bench.tick()
    #expect(bench.paths.last == "/api/v1/pods?limit=500")
    #expect(bench.discovery.wanted.count == 1)
  }

  /// The other end of ten minutes: what nobody confirms is not true for ever.
  @Test func withoutTheAPIServerForTenMinutesNobodyHasAnAddress() {
    var bench = Bench.watching()
    _ = bench.discovery.takeChanges()
    let end = bench.now + 600_000
    while bench.now + 1 < end {
      #expect(bench.discovery.wanted.count == 1)
      bench.now = min(end - 1, max(bench.now + 1, bench.discovery.nextWake))
      bench.discovery.tick(now: bench.now, using: &bench.random)
      for case .open(let number) in bench.discovery.takeActions() {
        bench.discovery.closed(number, why: "refused", now: bench.now, using: &bench.random)
      }
    }
    bench.tick(after: 1)
    #expect(bench.discovery.takeChanges() == [.drop(.v4(0x0a02_0304))])
    #expect(!bench.discovery.isWhole)
  }

  @Test func anAPIServerThatRestartsIsAskedAgainAfterGrowingPauses() {
    var bench = Bench.watching()
    bench.discovery.closed(bench.asked["pods"] ?? 0, why: "reset", now: bench.now, using: &bench.random)
    var pauses: [UInt64] = []
    while pauses.count < 8 {
      let before = bench.now
      bench.now = bench.discovery.nextWake
      bench.discovery.tick(now: bench.now, using: &bench.random)
      for case .open(let number) in bench.discovery.takeActions() {
        pauses.append(bench.now - before)
        bench.discovery.closed(number, why: "refused", now: bench.now, using: &bench.random)
      }
    }
    for (index, pause) in pauses.enumerated() {
      let longest = min(30_000, UInt64(500) << UInt64(index))
      #expect((longest / 2...longest).contains(pause), "pause \(index)")
    }
    #expect(bench.discovery.takeNotices().contains("pods: refused"))
    let next = bench.waitForPath("pods")
    #expect(next == "/api/v1/pods?limit=500", "after so many failures the place may be gone")
    bench.answer("pods", Bench.list(90, [Bench.pod("a", 5)]))
    #expect(bench.discovery.wanted.count == 1)
  }

  @Test func aServerThatWantsATimeGetsIt() {
    var bench = Bench()
    let before = bench.now
    bench.answer("pods", status: 429, "slow down", fields: "Retry-After: 7\r\n")
    bench.answer("namespaces", status: 403, "no")
    _ = bench.waitForPath("pods")
    #expect(bench.now - before == 7000)
    #expect(bench.discovery.takeNotices().contains { $0.contains("(403), see the ClusterRole") })
  }

  @Test func anAnswerThatStopsIsGivenUp() {
    var bench = Bench()
    bench.receive("pods", "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n{\"items\":[\(Bench.pod("a", 5))")
    let next = bench.waitForPath("pods")
    #expect(next == "/api/v1/pods?limit=500")
    #expect(!bench.discovery.isWhole)
  }

  /// Half of a list, ended by the connection's end, is none.
  @Test func aListThatIsCutOffIsNoList() {
    var bench = Bench()
    bench.answer("namespaces", Bench.list(10, [Bench.namespace]))
    bench.receive(
      "pods", "HTTP/1.1 200 OK\r\n\r\n{\"metadata\":{\"resourceVersion\":\"10\"},\"items\":[\(Bench.pod("a", 5))")
    bench.discovery.closed(bench.asked["pods"] ?? 0, why: "end", now: bench.now, using: &bench.random)
    #expect(!bench.discovery.isWhole && bench.discovery.wanted == [:])
    let next = bench.waitForPath("pods")
    #expect(next == "/api/v1/pods?limit=500")
  }

  /// An event that cannot be read may be a deletion: all is listed anew.
  @Test func anEventThatIsNoneIsFollowedByAList() {
    var bench = Bench.watching()
    bench.event("pods", "DELETED", #"{"metadata":{"name":"x","namespace":"jobs"}}"#)
    let next = bench.waitForPath("pods")
    #expect(next == "/api/v1/pods?limit=500")
    #expect(bench.discovery.wanted.count == 1)
  }

  @Test func aPodThatFinishesAndOneThatTakesItsAddress() {
    var bench = Bench.watching()
    bench.event("pods", "MODIFIED", Bench.pod("a", 20, phase: "Succeeded"))
    #expect(bench.discovery.wanted == [:])
    bench.event("pods", "ADDED", Bench.pod("b", 21))
    #expect(bench.discovery.wanted.values.map(\.uid) == ["b"])
    bench.event("pods", "DELETED", Bench.pod("a", 22, phase: "Succeeded"))
    #expect(bench.discovery.wanted.values.map(\.uid) == ["b"])
  }

  /// An event takes as long among ten thousand pods as among a hundred, give or take much.
  @Test func anEventCostsTheSameAmongTenThousandPods() {
    func time(_ count: Int) -> Duration {
      var bench = Bench()
      bench.answer("namespaces", Bench.list(10, [Bench.namespace]))
      let pods = (0..<count).map { Bench.pod("u\($0)", 5, "10.\($0 >> 16).\($0 >> 8 & 255).\($0 & 255)") }
      bench.answer("pods", Bench.list(10, pods))
      bench.beginWatch("pods")
      #expect(bench.discovery.wanted.count == count)
      var text = ""
      for index in 0..<200 {
        let gone = Bench.pod("u\(index)", 100 + 2 * index, "10.0.0.\(index)")
        let new = Bench.pod("v\(index)", 101 + 2 * index, "10.0.0.\(index)")
        text += #"{"type":"DELETED","object":\#(gone)}{"type":"ADDED","object":\#(new)}"#
      }
      let clock = ContinuousClock()
      return clock.measure { bench.receive("pods", "\(String(text.utf8.count, radix: 16))\r\n\(text)\r\n") }
    }
    let small = (0..<3).map { _ in time(200) }.min() ?? .zero
    let large = (0..<3).map { _ in time(10_000) }.min() ?? .zero
    #expect(large < small * 20, "\(large) against \(small)")
  }
}

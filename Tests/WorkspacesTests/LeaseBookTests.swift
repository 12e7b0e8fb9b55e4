import Forwarding
import Testing
import Wire

@testable import Workspaces

@Suite("Lease book: who has which address until when")
struct LeaseBookTests {
  static func at(_ seconds: UInt64) -> Instant { Instant(nanoseconds: seconds * 1_000_000_000) }

  static func name(_ text: String) throws -> WorkspaceName { try #require(WorkspaceName(text)) }

  /// Workspaces acme, beta and gamma; 10.1.0.0/16 are acme's clients, and 10.9.0.0/16 those of two.
  static func surroundings(_ names: [String] = ["acme", "beta", "gamma"]) throws -> LeaseSurroundings {
    let clients = ClientMap([
      .init(prefix: try IPPrefix("10.1.0.0/16"), workspace: 0),
      .init(prefix: try IPPrefix("10.9.0.0/16"), workspace: nil),
    ])
    let all = try names.map(name)
    return LeaseSurroundings(clients: clients, index: { all.firstIndex(of: $0) }, name: { all[$0] })
  }

  static func address(_ text: String) throws -> IPAddress { try #require(IPAddress(text)) }

  /// Asks for a lease as the server does; the refusal's text, or nil when it is granted.
  static func lease(
    _ book: inout LeaseBook, _ address: String, _ workspace: String, seconds: UInt64 = 60, now: UInt64 = 0,
    _ surroundings: LeaseSurroundings
  ) throws -> String? {
    let addresses = [try Self.address(address)]
    let workspace = try name(workspace)
    do throws(LeaseRefusal) {
      try book.checkGrant(addresses, to: workspace, ttlSeconds: seconds, in: surroundings, now: at(now))
      book.grant(addresses, to: workspace, until: at(now + seconds), now: at(now))
      return nil
    } catch {
      return error.message
    }
  }

  @Test("Restoring costs the same for each lease, however many there are")
  func restoringIsLinear() throws {
    let name = try #require(WorkspaceName("acme"))
    func restore(_ count: UInt32) -> Duration {
      let clock = ContinuousClock()
      return (0..<3).map { _ in
        clock.measure {
          var book = LeaseBook(seed: 7)
          let now = Instant(nanoseconds: 1)
          for address in 0..<count {
            book.restore(.granted(.v4(address), name, milliseconds: 60_000), now: now)
          }
          book.finishRestoring(now: now)
        }
      }.min() ?? .zero
    }
    // What grows with the square costs 64 times as much for eight times the leases.
    let (few, many) = (restore(10_000), restore(80_000))
    #expect(many < few * 24, "\(few), and \(many) for eight times as many")
    var book = LeaseBook(seed: 7)
    let now = Instant(nanoseconds: 1)
    for record: LeaseRecord in [
      .granted(.v4(1), name, milliseconds: 1000), .granted(.v4(2), name, milliseconds: 1000), .revoked(.v4(1)),
      .granted(.v6(3), name, milliseconds: 0), .granted(.v4(2), name, milliseconds: 5000), .revoked(.v4(9)),
    ] { book.restore(record, now: now) }
    book.finishRestoring(now: now)
    #expect(book.leases(at: now).map(\.address) == [.v4(2)])
    #expect(book.lease(of: .v4(2), at: now)?.secondsLeft(at: now) == 5)
  }

  @Test("A lease holds until its end, and no longer")
  func ends() throws {
    let surroundings = try Self.surroundings()
    var book = LeaseBook(seed: 7)
    #expect(try Self.lease(&book, "192.0.2.1", "beta", seconds: 60, now: 100, surroundings) == nil)
    #expect(try Self.lease(&book, "2001:db8::1", "gamma", seconds: 60, now: 100, surroundings) == nil)
    let table = book.table(surroundings.index)
    #expect(table.workspace(of: try Self.address("192.0.2.1"), at: Self.at(159)) == 1)
    #expect(table.workspace(of: try Self.address("2001:db8::1"), at: Self.at(159)) == 2)
    #expect(table.workspace(of: try Self.address("192.0.2.1"), at: Self.at(160)) == nil)
    #expect(table.workspace(of: try Self.address("192.0.2.2"), at: Self.at(100)) == nil)
    #expect(book.leases(at: Self.at(160)).isEmpty)
  }

  @Test("Another workspace's live lease is not overridden, and the refusal says who has it")
  func holder() throws {
    let surroundings = try Self.surroundings()
    var book = LeaseBook(seed: 7)
    #expect(try Self.lease(&book, "192.0.2.1", "beta", seconds: 60, surroundings) == nil)
    let refusal = try #require(try Self.lease(&book, "192.0.2.1", "gamma", now: 59, surroundings))
    #expect(refusal.hasPrefix("192.0.2.1 is leased to workspace beta for 1 s more; end that lease with backroad lease"))
    #expect(book.table(surroundings.index).workspace(of: .v4(0xc000_0201), at: Self.at(59)) == 1)
    // Once it has ended, and for its holder at any time, it can be had.
    #expect(try Self.lease(&book, "192.0.2.1", "beta", seconds: 1, now: 59, surroundings) == nil)
    #expect(try Self.lease(&book, "192.0.2.1", "gamma", now: 60, surroundings) == nil)
    #expect(book.table(surroundings.index).workspace(of: .v4(0xc000_0201), at: Self.at(61)) == 2)
  }

  @Test("An address in another's client prefix is refused with the prefix and its holder; in one's own it is not")
  func prefixes() throws {
    let surroundings = try Self.surroundings()
    var book = LeaseBook(seed: 7)
    #expect(try Self.lease(&book, "10.1.2.3", "acme", surroundings) == nil)
    let refusal = try #require(try Self.lease(&book, "10.1.2.4", "beta", surroundings))
    #expect(refusal.hasPrefix("10.1.2.4 is in 10.1.0.0/16, which are the clients of workspace acme: "))
    #expect(refusal.contains("take the address out of that workspace's clients"))
    #expect(try Self.lease(&book, "10.9.0.1", "beta", surroundings)?.contains("two workspaces claim") == true)
  }

  @Test(
    "What cannot be leased is refused with what to do",
    arguments: [
      ("192.0.2.1", "nobody", 60, "there is no workspace nobody in the running server"),
      ("192.0.2.1", "beta", 0, "a lease holds 1 to 2592000 seconds, not 0"),
      ("192.0.2.1", "beta", 2_592_001, "a lease holds 1 to 2592000 seconds, not 2592001"),
      ("0.0.0.0", "beta", 60, "0.0.0.0 is no address that a client has"),
      ("224.0.0.1", "beta", 60, "224.0.0.1 is no address that a client has"),
      ("255.255.255.255", "beta", 60, "255.255.255.255 is no address that a client has"),
      ("ff02::1", "beta", 60, "ff02::1 is no address that a client has"),
    ] as [(String, String, UInt64, String)])
  func refused(address: String, workspace: String, seconds: UInt64, says: String) throws {
    var book = LeaseBook(seed: 7)
    let refusal = try Self.lease(&book, address, workspace, seconds: seconds, Self.surroundings())
    #expect(refusal?.hasPrefix(says) == true, "\(refusal ?? "granted")")
    #expect(book.leases(at: Self.at(0)).isEmpty)
  }

  @Test("Only the workspace that has a lease ends it")
  func revoking() throws {
    let surroundings = try Self.surroundings()
    var book = LeaseBook(seed: 7)
    #expect(try Self.lease(&book, "192.0.2.1", "beta", surroundings) == nil)
    let addresses = [try Self.address("192.0.2.1")]
    let gamma = try Self.name("gamma")
    #expect(throws: LeaseRefusal.notLeased(addresses[0], gamma)) {
      try book.checkRevoke(addresses, of: gamma, now: Self.at(1))
    }
    try book.checkRevoke(addresses, of: try Self.name("beta"), now: Self.at(1))
    book.revoke(addresses, now: Self.at(1))
    #expect(book.table(surroundings.index).workspace(of: addresses[0], at: Self.at(1)) == nil)
    #expect(throws: LeaseRefusal.self) {
      try book.checkRevoke(addresses, of: try Self.name("beta"), now: Self.at(1))
    }
  }

  @Test("The leases of a workspace that is gone count for nothing and hinder nobody, and count again when it is back")
  func goneWorkspace() throws {
    let all = try Self.surroundings()
    var book = LeaseBook(seed: 7)
    for address in ["192.0.2.1", "192.0.2.2"] { #expect(try Self.lease(&book, address, "beta", all) == nil) }
    // Without beta, gamma has beta's index: the lease must not become gamma's.
    let without = try Self.surroundings(["acme", "gamma"])
    book.unbind()
    #expect(book.table(without.index).workspace(of: .v4(0xc000_0201), at: Self.at(1)) == nil)
    #expect(try Self.lease(&book, "192.0.2.1", "gamma", now: 1, without) == nil)
    book.unbind()
    let after = book.table(all.index)
    #expect(after.workspace(of: .v4(0xc000_0201), at: Self.at(2)) == 2)
    #expect(after.workspace(of: .v4(0xc000_0202), at: Self.at(2)) == 1)
  }

  @Test("A full book takes renewals, and new leases once others have ended")
  func full() throws {
    var limits = LeaseLimits()
    limits.maximumCount = 3
    let surroundings = try Self.surroundings()
    var book = LeaseBook(limits: limits, seed: 7)
    for host in 1...3 {
      #expect(try Self.lease(&book, "192.0.2.\(host)", "beta", seconds: 60 + UInt64(host), surroundings) == nil)
    }
    #expect(try Self.lease(&book, "192.0.2.4", "beta", surroundings)?.hasPrefix("there are 3 leases") == true)
    #expect(try Self.lease(&book, "192.0.2.1", "beta", seconds: 10, now: 50, surroundings) == nil)
    #expect(try Self.lease(&book, "192.0.2.4", "beta", now: 59, surroundings) != nil)
    #expect(try Self.lease(&book, "192.0.2.4", "beta", now: 60, surroundings) == nil)
    #expect(try Self.lease(&book, "192.0.2.5", "beta", now: 61, surroundings) != nil)
    #expect(book.leases(at: Self.at(60)).map(\.address.description) == ["192.0.2.2", "192.0.2.3", "192.0.2.4"])
  }

  @Test("Lists go on where they ended, for one workspace or all")
  func lists() throws {
    let surroundings = try Self.surroundings()
    var book = LeaseBook(seed: 7)
    for host in 1...9 {
      #expect(try Self.lease(&book, "192.0.2.\(host)", host.isMultiple(of: 2) ? "beta" : "gamma", surroundings) == nil)
    }
    let first = book.leases(of: nil, after: nil, limit: 4, at: Self.at(1)).map(\.address)
    #expect(first.map(\.description) == ["192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4"])
    let rest = book.leases(of: try Self.name("beta"), after: first.last, limit: 4, at: Self.at(1))
    #expect(rest.map(\.address.description) == ["192.0.2.6", "192.0.2.8"])
  }
}

@Suite("Lease book: pages of what it holds")
struct LeasePageTests {
  @Test("Pages put together are the sorted list, of one workspace or all, whatever is new, old or ended")
  func pages() throws {
    var random = SeededGenerator(seed: 11)
    let names = try (0..<3).map { try LeaseBookTests.name("w\($0)") }
    for count in [0, 1, 40, 1500, 3000] {
      var book = LeaseBook(seed: 3)
      for step in 0..<count {
        let number = UInt32.random(in: 0..<2000, using: &random)
        let address: IPAddress =
          number.isMultiple(of: 3) ? .v6(UInt128(number) << 64) : .v4(number &* 2_654_435_761)
        if step % 7 == 6 {
          book.revoke([address], now: LeaseBookTests.at(1))
        } else {
          let end = LeaseBookTests.at(UInt64.random(in: 2...20, using: &random))
          book.grant([address], to: names[Int(number % 2)], until: end, now: LeaseBookTests.at(1))
        }
      }
      for seconds in [1, 10, 19, 30] as [UInt64] {
        let now = LeaseBookTests.at(seconds)
        let all = book.leases(at: now)
        #expect(book.count(at: now) == all.count)
        for workspace in [nil] + names.map(Optional.some) {
          let expected = all.filter { workspace == nil || $0.workspace == workspace }
          for limit in [1, 100, 5000] {
            var found: [Lease] = []
            let pages = limit == 1 ? 3 : expected.count / limit + 1
            for _ in 0..<pages {
              found += book.leases(of: workspace, after: found.last?.address, limit: limit, at: now)
            }
            #expect(found == Array(expected.prefix(pages * limit)))
          }
        }
      }
    }
  }

  @Test("A page costs a look at each lease, and not a list of all")
  func cost() throws {
    var book = LeaseBook(seed: 5)
    let name = try LeaseBookTests.name("acme")
    for address in 0..<100_000 as Range<UInt32> {
      book.restore(.granted(.v4(address &* 2_654_435_761), name, milliseconds: 60_000), now: LeaseBookTests.at(1))
    }
    book.finishRestoring(now: LeaseBookTests.at(1))
    book.grant([.v4(7)], to: name, until: LeaseBookTests.at(9), now: LeaseBookTests.at(1))
    func time(_ body: () -> Int, _ expected: Int) -> Duration {
      (0..<3).map { _ in ContinuousClock().measure { #expect(body() == expected) } }.min() ?? .zero
    }
    let page = time({ book.leases(of: nil, after: nil, limit: 100, at: LeaseBookTests.at(2)).count }, 100)
    let count = time({ book.count(at: LeaseBookTests.at(2)) }, 100_001)
    let all = time({ book.leases(at: LeaseBookTests.at(2)).count }, 100_001)
    #expect(page * 2 < all && count * 2 < all, "\(page) for a page, \(count) to count, and \(all) for all")
  }
}

@Suite("Lease book: random histories against a naive model")
struct LeaseBookModelTests {
  @Test(
    "Every table says what the model said when it was made, whatever came after", arguments: [1, 2, 3, 4] as [UInt64])
  func agrees(seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    let names = try (0..<5).map { try LeaseBookTests.name("w\($0)") }
    var book = LeaseBook(seed: seed)
    var model: [IPAddress: (owner: Int, end: UInt64)] = [:]
    var now: UInt64 = 1000
    /// A table that was handed out, and what was so then.
    var kept: [(LeaseTable, [IPAddress: (owner: Int, end: UInt64)], UInt64)] = []
    for step in 0..<12_000 {
      let address = Self.address(&random)
      switch Int.random(in: 0..<100, using: &random) {
      case 0..<70:
        let (owner, seconds) = (Int.random(in: 0..<5, using: &random), UInt64.random(in: 1...400, using: &random))
        model[address] = (owner, now + seconds)
        book.grant(
          [address], to: names[owner], until: LeaseBookTests.at(now + seconds), now: LeaseBookTests.at(now))
      case 70..<90:
        model[address] = nil
        book.revoke([address], now: LeaseBookTests.at(now))
      default: now += UInt64.random(in: 0...9, using: &random)
      }
      if step % 2000 == 999 {
        kept.append((book.table { names.firstIndex(of: $0) }, model, now))
      }
    }
    for (table, model, now) in kept {
      for _ in 0..<3000 {
        let address = Self.address(&random)
        let expected = model[address].flatMap { $0.end > now ? $0.owner : nil }
        #expect(table.workspace(of: address, at: LeaseBookTests.at(now)) == expected)
      }
    }
    let listed = book.leases(at: LeaseBookTests.at(now)).map { ($0.address, names.firstIndex(of: $0.workspace)) }
    let expected = model.filter { $0.value.end > now }.sorted { $0.key < $1.key }
    #expect(listed.map(\.0) == expected.map(\.key))
    #expect(listed.map(\.1) == expected.map(\.value.owner))
  }

  /// A few thousand addresses, so that they come again and the layers are merged.
  private static func address(_ random: inout SeededGenerator) -> IPAddress {
    let number = UInt32.random(in: 0..<2500, using: &random)
    return Bool.random(using: &random)
      ? .v4(0x0a00_0000 + number) : .v6(UInt128(number) << 64 | UInt128(number & 7))
  }
}

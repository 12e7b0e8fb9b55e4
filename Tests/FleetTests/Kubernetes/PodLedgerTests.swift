import Fleet
import Testing
import Wire
import Workspaces

/// What becomes of the store's pod keys, step by step.
@Suite struct PodLedgerTests {
  static let keys = StoreKeys()
  static let leader = keys.octets(of: .leader("discovery"))
  static func key(_ address: IPAddress) -> [UInt8] { keys.octets(of: .pod(address)) }

  static func identity(_ workspace: String, _ uid: String) throws -> PodIdentity {
    PodIdentity(workspace: try #require(WorkspaceName(workspace)), uid: uid, namespace: "jobs", name: "pod-\(uid)")
  }

  /// A store and a ledger that are asked and answered until nothing is to be done.
  struct Bench {
    var store = ModelStore()
    var ledger: PodLedger
    var now: UInt64
    /// The transactions so far.
    var transactions: [EtcdTransaction] = []

    init(_ name: String = "one", now: UInt64 = 1000) {
      self.now = now
      ledger = PodLedger(name: name, keys: PodLedgerTests.keys, now: now)
    }

    mutating func settle() { Self.settle(&ledger, &store, now, &transactions) }

    static func settle(
      _ ledger: inout PodLedger, _ store: inout ModelStore, _ now: UInt64, _ transactions: inout [EtcdTransaction]
    ) {
      var steps = 0
      while let request = ledger.next(now: now), steps < 10_000 {
        if case .transaction(let transaction) = request { transactions.append(transaction) }
        let (message, found) = store.answer(request, now: now)
        ledger.answered(message, found, now: now)
        steps += 1
      }
      #expect(steps < 10_000)
    }

    /// Time passes, and whatever is due is done.
    mutating func pass(seconds: UInt64) {
      let end = now + seconds * 1000
      while now < end {
        now = min(end, max(now + 1, ledger.nextWake(now: now)))
        store.expire(now: now)
        settle()
      }
    }

    /// What the store has of pods.
    var pods: [IPAddress: PodIdentity] { PodLedgerTests.pods(store) }
  }

  static func pods(_ store: ModelStore) -> [IPAddress: PodIdentity] {
    var pods: [IPAddress: PodIdentity] = [:]
    for pair in store.keys.values {
      guard case .key(.pod(let address)) = keys.read(pair.key) else { continue }
      pods[address] = PodRecord.identity(pair.value)
    }
    return pods
  }

  @Test func whatIsWantedIsWrittenWithTheLease() throws {
    var bench = Bench()
    let acme = try Self.identity("acme", "a")
    bench.ledger.apply([.grant(.v4(1), acme)], isWhole: true)
    bench.settle()
    #expect(bench.pods == [.v4(1): acme] && bench.ledger.isLeader && bench.ledger.isSettled)
    let lease = try #require(bench.store.keys[Self.key(.v4(1))]?.lease)
    #expect(bench.store.leases[lease]?.seconds == 60)
    bench.pass(seconds: 600)
    #expect(bench.pods == [.v4(1): acme])
  }

  @Test func nobodyLeadsWhoDoesNotKnowAllPods() throws {
    var bench = Bench()
    bench.ledger.apply([], isWhole: false)
    bench.pass(seconds: 30)
    #expect(!bench.ledger.isLeader && bench.transactions == [])
  }

  /// The drop is acknowledged before the grant is asked for, though both are known at once.
  @Test func theGrantWaitsForTheDrop() throws {
    var bench = Bench()
    let (acme, globex) = (try Self.identity("acme", "a"), try Self.identity("globex", "b"))
    bench.ledger.apply([.grant(.v4(1), acme)], isWhole: true)
    bench.settle()
    bench.transactions = []
    bench.ledger.apply([.drop(.v4(1)), .grant(.v4(1), globex), .grant(.v4(2), acme)], isWhole: true)
    bench.settle()
    #expect(bench.pods == [.v4(1): globex, .v4(2): acme])
    #expect(bench.transactions.count == 2)
    #expect(bench.transactions[0].success.contains(.delete(.key(Self.key(.v4(1))))))
  }

  /// Whatever there is to do, a transaction has a hundred operations, and drops come first.
  @Test func aThousandAddressesAreWrittenInTransactionsOfAHundred() throws {
    var bench = Bench()
    let (acme, globex) = (try Self.identity("acme", "a"), try Self.identity("globex", "b"))
    bench.ledger.apply((0..<500).map { .grant(.v4($0), acme) }, isWhole: true)
    bench.settle()
    let made = try #require(bench.store.keys[Self.leader]?.createRevision)
    bench.transactions = []
    bench.ledger.apply((0..<150).map { .drop(.v4($0)) }, isWhole: true)
    bench.ledger.apply((1000..<1500).map { .grant(.v4($0), globex) }, isWhole: true)
    bench.settle()
    #expect(bench.pods.count == 850)
    #expect(bench.transactions.count == 7)
    let deletions = bench.transactions.map { transaction in
      transaction.success.count { if case .delete = $0 { true } else { false } }
    }
    #expect(deletions == [99, 51, 0, 0, 0, 0, 0])
    for transaction in bench.transactions {
      #expect(transaction.success.count <= 100 && transaction.comparisons.count <= 101)
      #expect(throws: Never.self) { try LedgerRequest.transaction(transaction).request() }
      #expect(transaction.comparisons.contains { $0.key == Self.leader && $0.subject == .createRevision(made) })
    }
  }

  /// A put that was given up is carried out only when its address is nobody's any more.
  @Test func aTransactionThatArrivesLateChangesNothing() throws {
    var bench = Bench()
    bench.ledger.apply([], isWhole: true)
    bench.settle()
    bench.ledger.apply([.grant(.v4(1), try Self.identity("acme", "a"))], isWhole: true)
    let asked = bench.ledger.next(now: bench.now)
    let late = try #require(asked)
    bench.ledger.failed("timed out", now: bench.now)
    bench.ledger.apply([.drop(.v4(1))], isWhole: true)
    bench.pass(seconds: 5)
    #expect(bench.ledger.isSettled)
    let (message, _) = bench.store.answer(late, now: bench.now)
    #expect(!message.succeeded)
    #expect(bench.pods == [:])
  }

  @Test func aTransactionWhoseAnswerWasLostIsLookedUp() throws {
    var bench = Bench()
    bench.ledger.apply([], isWhole: true)
    bench.settle()
    bench.ledger.apply([.grant(.v4(1), try Self.identity("acme", "a"))], isWhole: true)
    let asked = bench.ledger.next(now: bench.now)
    let request = try #require(asked)
    _ = bench.store.answer(request, now: bench.now)
    bench.ledger.failed("timed out", now: bench.now)
    bench.ledger.apply([.drop(.v4(1))], isWhole: true)
    bench.pass(seconds: 5)
    #expect(bench.ledger.isSettled && bench.pods == [:])
  }

  /// Two discoveries: one writes. When it dies the other has written all before anything of the first ends.
  @Test func aDeadLeadersPodsAreNeverGone() throws {
    var bench = Bench()
    var second = PodLedger(name: "two", keys: Self.keys, now: bench.now)
    let changes: [AddressChange] = try (0..<300).map { .grant(.v4($0), try Self.identity("acme", "a")) }
    bench.ledger.apply(changes, isWhole: true)
    bench.settle()
    second.apply(changes, isWhole: true)
    for _ in 0..<10 {
      PodLedgerTests.Bench.settle(&second, &bench.store, bench.now, &bench.transactions)
      bench.pass(seconds: 1)
    }
    #expect(bench.ledger.isLeader && !second.isLeader && second.otherLeader == "one")
    let end = bench.now + 200_000
    while bench.now < end {
      bench.now = min(end, max(bench.now + 1, second.nextWake(now: bench.now)))
      bench.store.expire(now: bench.now)
      PodLedgerTests.Bench.settle(&second, &bench.store, bench.now, &bench.transactions)
      #expect(bench.pods.count == 300)
    }
    #expect(second.isLeader && second.isSettled)
    // The first comes to itself, and believes to lead still.
    bench.ledger.apply([.drop(.v4(7))], isWhole: true)
    bench.settle()
    #expect(!bench.ledger.isLeader && bench.pods.count == 300)
  }

  @Test func whoGivesUpLetsTheNextLeadAtOnce() throws {
    var bench = Bench()
    var second = PodLedger(name: "two", keys: Self.keys, now: bench.now)
    bench.ledger.apply([.grant(.v4(1), try Self.identity("acme", "a"))], isWhole: true)
    bench.settle()
    bench.ledger.resign()
    bench.settle()
    #expect(bench.ledger.isDone && bench.pods.count == 1)
    second.apply([.grant(.v4(1), try Self.identity("acme", "a"))], isWhole: true)
    PodLedgerTests.Bench.settle(&second, &bench.store, bench.now, &bench.transactions)
    #expect(second.isLeader)
  }

  /// A discovery that has heard nothing for too long deletes what it wrote, and lets another lead.
  @Test func whoKnowsNothingAnyMoreDropsAllAndDoesNotLead() throws {
    var bench = Bench()
    bench.ledger.apply([.grant(.v4(1), try Self.identity("acme", "a"))], isWhole: true)
    bench.settle()
    bench.ledger.apply([.drop(.v4(1))], isWhole: false)
    bench.settle()
    #expect(bench.pods == [:] && !bench.ledger.isLeader && bench.store.keys[Self.leader] == nil)
    bench.pass(seconds: 60)
    #expect(!bench.ledger.isLeader)
  }

  /// Another pod's key, or one for another workspace, that a former leader left is dropped before it is granted.
  @Test func whatAFormerLeaderLeftIsSetRight() throws {
    var bench = Bench()
    let (acme, globex) = (try Self.identity("acme", "a"), try Self.identity("globex", "b"))
    bench.store.put(Self.key(.v4(1)), PodRecord.octets(acme, seconds: 60))
    bench.store.put(Self.key(.v4(2)), PodRecord.octets(acme, seconds: 60))
    bench.store.put(Self.key(.v4(3)), PodRecord.octets(acme, seconds: 60))
    bench.ledger.apply([.grant(.v4(1), globex), .grant(.v4(2), acme)], isWhole: true)
    bench.settle()
    #expect(bench.pods == [.v4(1): globex, .v4(2): acme])
    #expect(bench.store.keys[Self.key(.v4(2))]?.lease != 0)
    for change in bench.store.history {
      guard let before = change.before, let after = change.after, before.key == Self.key(.v4(1)) else { continue }
      Issue.record("overwritten: \(before) by \(after)")
    }
  }

  @Test func anotherOnesLeaseIsNotOverridden() throws {
    var bench = Bench()
    let value = Array(#"{"workspace": "globex", "ttl": 60}"#.utf8)
    bench.store.put(Self.key(.v4(1)), value)
    bench.ledger.apply([.grant(.v4(1), try Self.identity("acme", "a"))], isWhole: true)
    bench.settle()
    #expect(bench.store.keys[Self.key(.v4(1))]?.value == value && bench.ledger.taken == [.v4(1)])
    bench.store.delete(Self.key(.v4(1)))
    bench.pass(seconds: 31)
    #expect(bench.pods.count == 1 && bench.ledger.taken == [])
    // And one that came while nobody looked.
    bench.ledger.apply([.grant(.v4(2), try Self.identity("acme", "b"))], isWhole: true)
    bench.store.put(Self.key(.v4(2)), value)
    bench.settle()
    bench.pass(seconds: 1)
    #expect(bench.store.keys[Self.key(.v4(2))]?.value == value && bench.ledger.taken == [.v4(2)])
  }

  @Test func whatSomebodyDeletesIsWrittenAnew() throws {
    var bench = Bench()
    bench.ledger.apply([.grant(.v4(1), try Self.identity("acme", "a"))], isWhole: true)
    bench.settle()
    bench.store.delete(Self.key(.v4(1)))
    bench.pass(seconds: 301)
    #expect(bench.pods.count == 1)
  }

  @Test func aLeaseThatIsGoneIsMadeAnew() throws {
    var bench = Bench()
    bench.ledger.apply([.grant(.v4(1), try Self.identity("acme", "a"))], isWhole: true)
    bench.settle()
    for lease in bench.store.leases.keys { bench.store.endLease(lease) }
    bench.store.expire(now: bench.now)
    #expect(bench.pods == [:])
    bench.pass(seconds: 30)
    #expect(bench.pods.count == 1 && bench.ledger.isSettled)
  }

  @Test func aRecordReadsBack() throws {
    let identity = try Self.identity("acme", "3f9a")
    #expect(PodRecord.identity(PodRecord.octets(identity, seconds: 60)) == identity)
    #expect(
      String(decoding: PodRecord.octets(identity, seconds: 60), as: UTF8.self)
        == #"{ "workspace": "acme", "uid": "3f9a", "namespace": "jobs", "name": "pod-3f9a", "ttl": 60 }"#)
    for bad in [
      "", "{", "[]", #"{"workspace":"acme"}"#, #"{"workspace":"A","uid":"x"}"#, #"{"workspace":1,"uid":"x"}"#,
    ] {
      #expect(PodRecord.identity(Array(bad.utf8)) == nil)
    }
  }
}

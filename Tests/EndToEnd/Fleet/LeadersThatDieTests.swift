import Foundation
import Glibc
import Synchronization
import Testing

extension EndToEnd {
  /// Etcd's leader is killed again and again, while links are imported and two servers are asked.
  @Suite struct LeadersThatDie {
    /// How long it goes on, in seconds, and by how many importers: each imports every two seconds.
    private static let (seconds, importers) = Lab.isLong ? (120.0, 40) : (14.0, 8)
    private static let secondsBetweenKills = 5.0

    @Test func noImportIsLostOrHalfSeenAndEveryQuestionIsAnswered() throws {
      try Lab.run { lab in
        let cluster = try lab.etcd(members: 3)
        let imports = try (0..<Self.importers).map { number in
          let importer = try Importer(number, into: cluster.store, lab)
          try lab.add(importer.workspace, clients: [importer.client], to: cluster.store)
          try importer.make(0)
          return importer
        }
        let servers = try ["one", "two"].map { try lab.replica(of: cluster.store, mirror: $0) }
        let watchers = try servers.flatMap { server in
          try (0..<2).map { _ in try Watcher(server.address, imports) }
        }
        let end = Date().addingTimeInterval(Self.seconds)
        for importer in imports { importer.start(until: end) }
        for watcher in watchers { watcher.start() }
        let kills = try killLeaders(of: cluster, until: end)
        try eventually("the importers end", within: 120) { imports.allSatisfy(\.hasEnded) }
        for server in servers {
          try server.awaitStore()
          for importer in imports { try awaitLast(of: importer, at: server) }
        }
        for watcher in watchers { try watcher.stop() }
        report(kills, imports, watchers)
        for importer in imports where importer.failures.isEmpty {
          // Every change writes the settings: the first one made the workspace, and each import wrote them once.
          let version = try cluster.version(of: "ws/\(importer.workspace)/workspace.json")
          #expect(version == 1 + importer.done.count, "\(importer.workspace)")
        }
        #expect(kills >= 2)
        #expect(imports.flatMap(\.failures).isEmpty, "\(imports.flatMap(\.failures).prefix(3))")
        #expect(watchers.flatMap(\.wrong).isEmpty, "\(watchers.flatMap(\.wrong).prefix(10))")
        #expect(watchers.allSatisfy { $0.asked > 0 })
      }
    }

    /// Kills whoever leads, and starts it again.
    ///
    /// - Returns: how often.
    private func killLeaders(of cluster: EtcdCluster, until end: Date) throws -> Int {
      var kills = 0
      while Date() < end {
        let next = Date().addingTimeInterval(Self.secondsBetweenKills)
        var leader: Int?
        try eventually("somebody leads", within: 30) {
          leader = try cluster.leader()
          return leader != nil
        }
        guard let leader else { break }
        cluster.kill(leader)
        kills += 1
        Thread.sleep(forTimeInterval: 1.5)
        try cluster.restart(leader)
        // Two at once would be no quorum.
        try cluster.awaitHealth()
        Thread.sleep(until: next)
      }
      return kills
    }

    /// Waits until the last import that was acknowledged is answered.
    private func awaitLast(of importer: Importer, at server: Server) throws {
      let last = try #require(importer.done.last)
      try server.await(importer.address(last), to: "a.corp.example", from: importer.client, within: 60)
    }

    private func report(_ kills: Int, _ imports: [Importer], _ watchers: [Watcher]) {
      let times = imports.flatMap(\.milliseconds).sorted()
      let ages = watchers.flatMap(\.milliseconds).sorted()
      func figures(_ all: [Int]) -> String {
        guard let longest = all.last else { return "none" }
        return "\(all[all.count / 2]) ms median, \(all[all.count * 99 / 100]) ms p99, \(longest) ms the longest"
      }
      print(
        """
        fleet: \(kills) leaders killed in \(Int(Self.seconds)) s; \(times.count) imports, \(figures(times)); \
        \(watchers.map(\.asked).reduce(0, +)) questions, \(watchers.flatMap(\.wrong).count) wrong or failed; an import's end to \
        its answer: \(figures(ages))
        """)
    }
  }
}

/// Imports into one workspace, one after the other: each moves the link, with two hosts, to another address.
private final class Importer: Sendable {
  let workspace: String
  let client: String
  private let index: Int
  private let path: String
  private let store: String
  private let folder: URL
  private let state = Mutex(State())

  private struct State {
    var done: [(number: Int, at: Date)] = []
    var milliseconds: [Int] = []
    var failures: [String] = []
    var hasEnded = false
  }

  init(_ index: Int, into store: String, _ lab: Lab) throws {
    self.index = index
    (workspace, client) = ("w\(index)", "127.2.\(index).1")
    (path, self.store, folder) = (try Lab.backroad(), store, lab.folder)
  }

  /// The numbers of those that were acknowledged.
  var done: [Int] { state.withLock { $0.done.map(\.number) } }
  /// How long they took.
  var milliseconds: [Int] { state.withLock { $0.milliseconds } }
  var failures: [String] { state.withLock { $0.failures } }
  var hasEnded: Bool { state.withLock { $0.hasEnded } }

  /// Where the link leads after an import; the number can be read from it.
  func address(_ number: Int) -> String { "10.\(index).\(number / 200).\(number % 200 + 1)" }

  /// Which import an answer is of; nil for another's, and for none.
  func number(of answer: String) -> Int? {
    let parts = answer.split(separator: ".").compactMap { Int($0) }
    return parts.count == 4 && parts[0] == 10 && parts[1] == index ? parts[2] * 200 + parts[3] - 1 : nil
  }

  /// When an import was acknowledged; nil for one that was not yet.
  func whenDone(_ number: Int) -> Date? { state.withLock { $0.done.last { $0.number == number }?.at } }

  func make(_ number: Int) throws {
    let start = Date()
    let words = [
      "import", "hosts", "--workspace", workspace, "--link", "moved", "--address", address(number), "--store", store,
      "a.corp.example", "b.corp.example",
    ]
    let program = try Program(path, words, in: folder, scratch: folder)
    let outcome = try program.wait(seconds: 90)
    state.withLock { state in
      guard outcome.status == 0 else { return state.failures.append("\(workspace) \(number): \(outcome.errors)") }
      state.done.append((number, Date()))
      state.milliseconds.append(Int(Date().timeIntervalSince(start) * 1000))
    }
  }

  /// Imports every two seconds, beside other importers, and without a pause what has come late.
  func start(until end: Date) {
    Thread { [self] in
      var next = Date().addingTimeInterval(Double(index) * 0.05)
      var number = 0
      while next < end {
        Thread.sleep(until: next)
        number += 1
        do {
          try make(number)
        } catch {
          state.withLock { $0.failures.append("\(error)") }
        }
        next += 2
      }
      state.withLock { $0.hasEnded = true }
    }.start()
  }
}

/// Asks a server for the hosts of all importers' links: in no order of them may an answer be older than the one before it.
private final class Watcher: Sendable {
  private struct State {
    var asked = 0
    var wrong: [String] = []
    var milliseconds: [Int] = []
    var hasStopped = false
  }

  private let imports: [Importer]
  private let server: Endpoint
  private let state = Mutex(State())
  private let mustStop = Atomic(false)

  init(_ server: Endpoint, _ imports: [Importer]) throws { (self.server, self.imports) = (server, imports) }

  var asked: Int { state.withLock { $0.asked } }
  /// What was answered wrongly, or not at all.
  var wrong: [String] { state.withLock { $0.wrong } }
  /// How long after its import's end each first answer of an import came; 0 for one that came before it.
  var milliseconds: [Int] { state.withLock { $0.milliseconds } }

  func start() {
    Thread { [self] in
      do {
        try run()
      } catch {
        state.withLock { $0.wrong.append("\(error)") }
      }
      state.withLock { $0.hasStopped = true }
    }.start()
  }

  func stop() throws {
    mustStop.store(true, ordering: .relaxed)
    try eventually("the watcher ends", within: 10) { state.withLock { $0.hasStopped } }
  }

  private func run() throws {
    let sockets = try imports.map { importer in
      // One socket's questions are one worker's, whose snapshots follow each other.
      let socket = try TestSocket(SOCK_DGRAM, server)
      guard socket.connect(from: importer.client) else { throw LabError("cannot ask from \(importer.client)") }
      return socket
    }
    var newest = imports.map { _ in 0 }
    var id: UInt16 = 0
    while !mustStop.load(ordering: .relaxed) {
      for (index, importer) in imports.enumerated() {
        for host in ["a.corp.example", "b.corp.example", "a.corp.example"] {
          id &+= 1
          let answer = ask(host, id, sockets[index])
          let number = answer.flatMap { importer.number(of: $0) }
          note(answer, number, newest[index], importer, host)
          newest[index] = max(newest[index], number ?? 0)
        }
      }
      usleep(2000)
    }
  }

  private func note(_ answer: String?, _ number: Int?, _ newest: Int, _ importer: Importer, _ host: String) {
    let what = "\(host) of \(importer.workspace)"
    state.withLock { state in
      state.asked += 1
      guard let number else { return state.wrong.append("\(what): \(answer ?? "silence")") }
      if number < newest { state.wrong.append("\(what): import \(number) after \(newest)") }
      guard number > newest else { return }
      let end = importer.whenDone(number).map { Int(Date().timeIntervalSince($0) * 1000) }
      state.milliseconds.append(max(0, end ?? 0))
    }
  }

  private func ask(_ host: String, _ id: UInt16, _ socket: TestSocket) -> String? {
    socket.send(Message.query(host, id: id))
    while let message = socket.receive(milliseconds: 2000) {
      guard message.count >= 12, Message.id(message) == id else { continue }
      guard Message.answerCount(message) > 0 else { return "code \(Message.code(message))" }
      return message.suffix(4).map(String.init).joined(separator: ".")
    }
    return nil
  }
}

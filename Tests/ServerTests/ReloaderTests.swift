import Bounds
import Foundation
import Glibc
import Storage
import Synchronization
import SystemIO
import Testing
import Text
import Workspaces

@testable import Server

/// The first thread: what it does while others build.
struct ReloaderTests {
  /// A reloader on a thread of its own, with what it talks to.
  private final class Running {
    let reading = HeldReading()
    let mail: Crew.Mail
    let desk: ReloadDesk
    let state = ServerState()
    let readiness = Readiness()
    private let lameduckSeconds: Int
    private let folder = FileManager.default.temporaryDirectory.appendingPathComponent("reloader-\(UUID().uuidString)")
    private let thread = ThreadID()
    private let end: Completion

    /// The reloader's thread, once it serves.
    private final class ThreadID: Sendable {
      private let content = Mutex<pthread_t?>(nil)
      var value: pthread_t? {
        get { content.withLock { $0 } }
        set { content.withLock { $0 = newValue } }
      }
    }
    private var outcomes: [ReloadDesk.Ticket: ReloadOutcome] = [:]

    init(lameduckSeconds: Int = 0) throws {
      self.lameduckSeconds = lameduckSeconds
      mail = try Crew.Mail(count: 1)
      desk = try ReloadDesk()
      end = try Completion(count: 1)
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(at: folder) }

    /// Starts it, and waits until it serves.
    func start() throws {
      try Thread(name: "reloader") { [reading, mail, desk, state, readiness, lameduckSeconds, folder, end, thread] in
        defer { end.arrive() }
        do {
          // On this thread, whose signals are its own.
          let signals = try SignalQueue([SIGHUP, SIGTERM])
          let keeper = try LeaseKeeper(path: folder.appendingPathComponent("leases").path, seed: 1, log: Log()) {
            mail.publish($0)
          }
          var reloader = try Reloader(
            reader: reading, store: WorkspaceStore(), folder: ZonesFolder(path: folder.path), signals: signals,
            crew: mail, leases: keeper, desk: desk, state: state,
            ending: Ending(lameduckSeconds: lameduckSeconds, readiness), log: Log())
          guard try reloader.start() else { return }
          _ = keeper.adopt(reloader.snapshot)
          thread.value = pthread_self()
          try reloader.run()
        } catch {
          Issue.record("the reloader ended: \(error)")
        }
      }.detach()
      try eventually("it serves") { thread.value != nil }
    }

    func signal(_ number: Int32) {
      if let thread = thread.value { pthread_kill(thread, number) }
    }

    var hasEnded: Bool { end.wait(until: 0) }

    /// Has it end, and waits until it has.
    func stop() throws {
      signal(SIGTERM)
      try eventually("it ends") { hasEnded }
    }

    func eventually(_ what: String, _ isSo: () throws -> Bool) throws {
      let deadline = Date().addingTimeInterval(20)
      while try !isSo() {
        try #require(Date() < deadline, "not in time: \(what)")
        usleep(1000)
      }
    }

    /// Asks for a reload, and waits for what comes of it.
    func reload(_ name: WorkspaceName?) throws -> ReloadOutcome {
      let ticket = desk.ask(for: name)
      try eventually("the reload is done") {
        _ = takeOutcomes()
        return outcomes[ticket] != nil
      }
      return try #require(outcomes[ticket])
    }

    /// What has come of all reloads so far.
    func takeOutcomes() -> [ReloadOutcome] {
      outcomes.merge(desk.takeFinished()) { $1 }
      return Array(outcomes.values)
    }

    /// The last octet of a served workspace's client.
    func version(of name: WorkspaceName) -> Int? {
      state.view.workspace(name).flatMap { $0.clients.first }.flatMap { client in
        "\(client.prefix)".split(separator: ".").last.flatMap { Int($0.prefix { $0.isNumber }) }
      }
    }
  }

  private func name(_ text: String) throws -> WorkspaceName { try #require(WorkspaceName(text)) }

  /// Two workspaces, served in the versions 1 and 2.
  private func serving(_ first: String, _ second: String) throws -> (Running, WorkspaceName, WorkspaceName) {
    let running = try Running()
    let (one, two) = (try name(first), try name(second))
    running.reading.set(one, version: 1)
    running.reading.set(two, version: 2)
    try running.start()
    #expect(running.version(of: one) == 1 && running.version(of: two) == 2)
    return (running, one, two)
  }

  @Test func aBuildingThatDoesNotEndHoldsUpNoChangeAndNoSignal() throws {
    let (running, slow, other) = try serving("slow", "other")
    running.reading.set(slow, version: 3, isHeld: true)
    defer { running.reading.letGo(slow) }
    _ = running.desk.ask(for: slow)
    try running.eventually("the building begins") { running.reading.begun.count == 3 }
    // Another workspace's change is read, built and published.
    running.reading.set(other, version: 4)
    #expect(try running.reload(other).changed == [other])
    #expect(running.version(of: other) == 4 && running.version(of: slow) == 1)
    var current = Snapshot.make([]).snapshot
    _ = running.mail.mailboxes[0].exchange(&current)
    #expect(current.workspaces.count == 2, "the workers have it")
    // A signal is served: everything is read again, but for what is being built.
    running.reading.set(other, version: 5)
    running.signal(SIGHUP)
    try running.eventually("the other workspace is read again") { running.version(of: other) == 5 }
    try running.stop()
  }

  /// What changes in a lameduck is served, for there are still clients to answer.
  @Test func inALameduckChangesAreServedAndASecondSignalEndsIt() throws {
    let running = try Running(lameduckSeconds: 600)
    let one = try name("one")
    running.reading.set(one, version: 1)
    try running.start()
    running.readiness.serves()
    running.signal(SIGTERM)
    try running.eventually("it is not ready") { running.readiness.reason != nil }
    running.reading.set(one, version: 2)
    #expect(try running.reload(one).changed == [one] && running.version(of: one) == 2)
    #expect(!running.hasEnded)
    try running.stop()
  }

  @Test func aLameduckEndsByItself() throws {
    let running = try Running(lameduckSeconds: 1)
    running.reading.set(try name("one"), version: 1)
    try running.start()
    running.signal(SIGTERM)
    try running.eventually("it ends without another word") { running.hasEnded }
  }

  /// Reloads of what takes for ever, until no more may go on; once nobody waits for them, others may.
  @Test func whoDoesNotWaitAnyMoreMakesRoomForOthersReloads() throws {
    let (running, slow, other) = try serving("slow", "other")
    running.reading.set(slow, version: 3, isHeld: true)
    defer { running.reading.letGo(slow) }
    running.reading.set(other, version: 4)
    var tickets: [ReloadDesk.Ticket] = []
    try running.eventually("no more may be asked for") {
      tickets.append(running.desk.ask(for: slow))
      return running.takeOutcomes().contains { $0.hasErrors }
    }
    #expect(tickets.count >= Limits.Building.requests)
    for ticket in tickets { running.desk.withdraw(ticket) }
    running.reading.set(other, version: 5)
    let outcome = try running.reload(other)
    #expect(!outcome.hasErrors && outcome.changed == [other])
    try running.stop()
  }

  @Test func aBuildingThatDoesNotEndDoesNotHoldBackTheStart() throws {
    let running = try Running()
    let (slow, other) = (try name("slow"), try name("other"))
    running.reading.set(slow, version: 1, isHeld: true)
    running.reading.set(other, version: 2)
    try running.start()
    #expect(running.version(of: slow) == nil && running.version(of: other) == 2)
    running.reading.letGo(slow)
    try running.eventually("the slow one is served when it is done") { running.version(of: slow) == 1 }
    try running.stop()
  }

  /// An empty folder is made at the place, or a volume is not mounted: looks at all and at single ones, and retries, keep what
  /// is missing, also where links of its name lead nowhere; a person's word does not.
  @Test(arguments: [true, false])
  func anotherFolderThatLacksMostUnloadsNobodyUntilItIsConfirmed(bySignal: Bool) throws {
    let (running, one, other) = try serving("one", "other")
    let new = try name("new")
    running.reading.exchange(inode: 2, [new: 3], strays: [one, other])
    for name in [one, other] {
      let outcome = try running.reload(name)
      #expect(outcome.hasErrors && outcome.changed.isEmpty)
      #expect(outcome.problems.first?.message.hasPrefix("another folder stands here") == true)
    }
    try running.eventually("all is looked at, and what is there is served") { running.version(of: new) == 3 }
    try running.eventually("the status tells") {
      running.state.view.folderProblem?.message.hasPrefix("another folder stands here") == true
    }
    // Now that it was looked at as a whole.
    #expect(try running.reload(one).hasErrors)
    running.reading.remove(new)
    #expect(try running.reload(new).changed.isEmpty, "what it lacks says nothing, whatever it is")
    #expect(running.version(of: one) == 1 && running.version(of: other) == 2 && running.version(of: new) == 3)
    if bySignal {
      running.signal(SIGHUP)
    } else {
      let outcome = try running.reload(nil)
      #expect(!outcome.hasErrors && outcome.changed == [new, one, other].sorted())
    }
    try running.eventually("it counts") {
      [one, other, new].allSatisfy { running.version(of: $0) == nil } && running.state.view.folderProblem == nil
    }
    try running.stop()
  }

  /// The exchange of a checkout: what its new version lacks has gone, without anybody's word.
  @Test func anotherFolderThatHasMostIsTheZonesFolder() throws {
    let (running, one, other) = try serving("one", "other")
    running.reading.exchange(inode: 2, [one: 3])
    _ = try running.reload(other)
    try running.eventually("what is there is as it is there, and what is not has gone") {
      running.version(of: one) == 3 && running.version(of: other) == nil
    }
    #expect(running.state.view.folderProblem == nil)
    try running.stop()
  }

  @Test func aListThatCannotBeHadUnloadsNothingAndIsTriedAgain() throws {
    let (running, one, other) = try serving("one", "other")
    running.reading.failListing(Problem("cannot list the zones folder: Too many open files"))
    running.reading.remove(one)
    let outcome = try running.reload(nil)
    #expect(outcome.hasErrors && outcome.changed.isEmpty)
    #expect(running.version(of: one) == 1 && running.version(of: other) == 2)
    running.reading.failListing(nil)
    running.reading.set(other, version: 3)
    try running.eventually("without anybody's asking both are as they are") {
      running.version(of: one) == nil && running.version(of: other) == 3
    }
    try running.stop()
  }
}

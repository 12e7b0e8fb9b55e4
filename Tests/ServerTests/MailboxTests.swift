import Foundation
import SystemIO
import Testing
import Wire
import Workspaces

@testable import Server

/// How snapshots go to a worker and back.
struct MailboxTests {
  private func snapshot() -> Snapshot { Snapshot.make([]).snapshot }

  @Test func aWorkerNeverFreesASnapshot() throws {
    let mail = try Crew.Mail(count: 1)
    let mailbox = try #require(mail.mailboxes.first)
    var first: Snapshot? = snapshot()
    weak let freed = first
    var current = try #require(first)
    first = nil
    #expect(!mailbox.exchange(&current), "there is nothing new")
    #expect(mailbox.takeReturned() == nil)

    let second = snapshot()
    #expect(mail.publish(second).isEmpty)
    #expect(!mailbox.exchange(&current))
    #expect(current === second)
    #expect(freed != nil, "the worker let go of it, and it lives")
    mail.freeReturned()
    #expect(freed == nil)
  }

  @Test func theLastOfSeveralSnapshotsIsTaken() throws {
    let mail = try Crew.Mail(count: 1)
    let mailbox = try #require(mail.mailboxes.first)
    var current = snapshot()
    #expect(mail.publish(snapshot()).isEmpty)
    let last = snapshot()
    #expect(mail.publish(last).count == 1, "the one that nobody has taken comes back")
    mailbox.stop()
    #expect(mailbox.exchange(&current))
    #expect(current === last)
    #expect(mailbox.takeReturned() != nil)
  }

  /// A snapshot that may have ended.
  private struct Witness {
    weak var snapshot: Snapshot?
  }

  /// Leases change while nobody empties the mailboxes, as when the first thread is at something else: whoever hands out
  /// the next snapshot frees those before.
  @Test(arguments: [1, 3]) func snapshotsDoNotPileUpWhileLeasesChange(exchangesEach: Int) throws {
    let mail = try Crew.Mail(count: 2)
    let path = FileManager.default.temporaryDirectory.appendingPathComponent("leases-\(UUID().uuidString)").path
    defer { try? FileManager.default.removeItem(atPath: path) }
    let keeper = try LeaseKeeper(path: path, seed: 7, log: Log()) { mail.publish($0) }
    let workspace = try #require(WorkspaceName("acme"))
    let source = WorkspaceSource(
      name: workspace, folder: "acme", files: ["workspace.json": Array(#"{ "clients": [] }"#.utf8)])
    let loaded = try #require(Workspace.load(source, serverRules: []).workspace)
    var workers = Array(repeating: keeper.adopt(Snapshot.make([loaded]).snapshot), count: 2)
    var witnesses: [Witness] = []
    var most = 0
    for number in 1...200 {
      _ = try keeper.add([.v4(UInt32(number))], to: workspace, ttlSeconds: 60)
      witnesses.append(Witness(snapshot: keeper.snapshot))
      // The second worker is slow: it takes none of them.
      if number % exchangesEach == 0 { _ = mail.mailboxes[0].exchange(&workers[0]) }
      witnesses.removeAll { $0.snapshot == nil }
      most = max(most, witnesses.count)
    }
    #expect(most <= 3, "what is served, what a worker answers from, and what it has given back")
    #expect(workers[1].leases.isEmpty, "the slow one still has the first")
    _ = mail.mailboxes[1].exchange(&workers[1])
    #expect(workers[1].leases.workspace(of: .v4(200), at: LeaseKeeper.Moment.current.now) != nil)
  }
}

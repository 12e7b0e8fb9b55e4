import SystemIO
import Testing
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
    #expect(mailbox.takeReturned().isEmpty)

    let second = snapshot()
    mail.publish(second)
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
    mail.publish(snapshot())
    let last = snapshot()
    mail.publish(last)
    mailbox.stop()
    #expect(mailbox.exchange(&current))
    #expect(current === last)
    #expect(mailbox.takeReturned().count == 1)
  }
}

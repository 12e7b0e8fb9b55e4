import Forwarding
import Storage
import Synchronization
import Text
import Wire
import Workspaces

/// The journal of a server's leases, locked by whoever changes leases, while that is written: the book is changed by them
/// alone.
final class JournalOfLeases: Sendable {
  let content: Mutex<LeaseJournal>

  init(_ journal: consuming sending LeaseJournal) { content = Mutex(journal) }
}

// Leases in the journal.
extension LeaseKeeper {
  /// Leases addresses to a workspace, or renews the leases, in the journal.
  func add(
    _ addresses: [IPAddress], to workspace: WorkspaceName, _ ttlSeconds: UInt64, in journal: JournalOfLeases,
    _ moment: Moment
  ) throws(Failure) -> [Lease] {
    try changing(journal) { book, snapshot, journal throws(Failure) in
      do throws(LeaseRefusal) {
        try book.checkGrant(addresses, to: workspace, ttlSeconds: ttlSeconds, in: .init(snapshot), now: moment.now)
      } catch {
        throw .refused(error)
      }
      let before = book
      let end = moment.now + .seconds(Int64(ttlSeconds))
      let leases = addresses.map { Lease(address: $0, workspace: workspace, end: end) }
      book.grant(addresses, to: workspace, until: end, now: moment.now)
      let records = leases.map { LeaseRecord.granted($0.address, workspace, milliseconds: ttlSeconds * 1000) }
      try write(records, before, to: &journal, moment)
      return leases
    }
  }

  /// Ends leases of a workspace in the journal.
  func remove(
    _ addresses: [IPAddress], of workspace: WorkspaceName, in journal: JournalOfLeases, _ moment: Moment
  ) throws(Failure) {
    try changing(journal) { book, _, journal throws(Failure) in
      do throws(LeaseRefusal) {
        try book.checkRevoke(addresses, of: workspace, now: moment.now)
      } catch {
        throw .refused(error)
      }
      let before = book
      book.revoke(addresses, now: moment.now)
      try write(addresses.map { .revoked($0) }, before, to: &journal, moment)
    }
  }

  /// Runs a change, and hands what came of it to the workers.
  ///
  /// A snapshot that is published while the change is written gets the leases of before, and then those of after: the
  /// disk holds back other changes of leases, and nothing else.
  ///
  /// - Parameter change: changes a copy of the book, checked against what is served, and writes what it changed.
  private func changing<Result: Sendable>(
    _ journal: JournalOfLeases,
    _ change: (inout LeaseBook, Snapshot, inout LeaseJournal) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    if let obstacle { throw .unwritten(obstacle) }
    return try journal.content.withLock { journal throws(Failure) -> Result in
      var (leases, snapshot) = state.withLock { ($0.leases, $0.snapshot) }
      guard let snapshot else { throw .unwritten(Problem("the server is starting; ask again")) }
      let result = try change(&leases.book, snapshot, &journal)
      put { state in
        state.leases = leases
        return true
      }
      return result
    }
  }

  /// Writes the records of a change.
  ///
  /// - Parameter before: the book without the change, which a file written anew has: if the change is refused, nobody is to
  ///   find it there.
  private func write(
    _ records: [LeaseRecord], _ before: LeaseBook, to journal: inout LeaseJournal, _ moment: Moment
  ) throws(Failure) {
    do throws(Problem) {
      let warning = try journal.append(records, at: moment.clock) { Self.records(of: before, moment) }
      if let warning { log.problem(warning) }
    } catch {
      throw .unwritten(error)
    }
  }
}

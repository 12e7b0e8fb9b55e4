import Wire

extension PodLedger {
  /// What a ledger is at.
  enum Stage {
    case candidate
    case loading(revision: Int64, after: [UInt8])
    case leading
    /// A transaction was not answered: another one comes first, after which that one can change nothing any more, and then
    /// all is read.
    case fencing
  }

  /// What it waits for an answer of.
  enum Asked {
    case grant(Lease.Kind)
    case keepAlive(Lease.Kind)
    case campaign
    case page
    case batch([(address: IPAddress, identity: PodIdentity?)])
    case fence
    case resignation
  }

  /// What stands at a key.
  struct Written {
    /// Nil for somebody else's.
    let identity: PodIdentity?
    let revision: Int64
    /// It is bound to a lease that is not this discovery's.
    let isOfAnotherLease: Bool
  }

  /// A lease of this discovery; its number is 0 while it has none.
  struct Lease {
    enum Kind: CaseIterable { case pods, leader }

    var id: Int64 = 0
    let seconds: Int64
    /// When it is to be kept alive.
    var due: UInt64 = 0

    mutating func isKept(from moment: UInt64) { due = moment + UInt64(seconds) * 1000 / 3 }
  }
}

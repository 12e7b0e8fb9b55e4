import Wire
import Workspaces

/// The queries that were nobody's, counted, and the last violation for the log.
public struct AskRefusals: Sendable {
  /// What a query showed that is of two workspaces.
  public struct Violation: Sendable, CustomStringConvertible {
    /// The client's address.
    public let client: IPAddress
    /// What it showed, the strongest first, and whose that is.
    public let first: (basis: Basis, workspace: WorkspaceName)
    /// What disagrees with that.
    public let second: (basis: Basis, workspace: WorkspaceName)

    /// For the log, on one line.
    public var description: String {
      "client \(client): \(first.basis.phrase) is of workspace \(first.workspace), \(second.basis.phrase) of "
        + "workspace \(second.workspace)"
    }
  }

  /// Nothing showed whose they were.
  public internal(set) var nobodys: UInt64 = 0
  /// With a token that no workspace has, or with two.
  public internal(set) var badTokens: UInt64 = 0
  /// With what two workspaces claim.
  public internal(set) var disputed: UInt64 = 0
  /// With what is of different workspaces.
  public internal(set) var violations: UInt64 = 0
  /// Without what the workspace requires.
  public internal(set) var missing: UInt64 = 0
  /// The last violation.
  public internal(set) var lastViolation: Violation?
}

extension Responder {
  /// Why a query that can be read has no workspace.
  enum AskingEnd: Error {
    case tokenTwice
    case refused(AskRefusal)
  }

  /// Decides whose query it is, once, before anything is looked up for it, and the same way on every transport.
  func whoAsks(
    _ query: Query, _ message: Span<UInt8>, _ asking: Asking, in snapshot: Snapshot
  ) -> Result<Decision, AskingEnd> {
    var asking = asking
    if let edns = query.edns, !edns.options.isEmpty {
      switch edns.occurrence(of: tokenOption, in: message) {
      case .absent: break
      case .repeated: return .failure(.tokenTwice)
      case .once(let data):
        // No token is of another length, so none of these is known, and hashing them would be work for nothing.
        guard WorkspaceClaims.tokenLengths.contains(data.count) else { return .failure(.refused(.unknownToken)) }
        asking.token = SHA256.digest(message.extracting(data))
      }
    }
    return snapshot.decide(asking).mapError { .refused($0) }
  }

  /// Answers a query that is nobody's, and counts it. Over UDP the answer is no larger than the query, but for the few
  /// that explain themselves.
  @_lifetime(writer: copy writer)
  mutating func refuse(
    _ query: Query, _ end: AskingEnd, _ asking: Asking, _ transport: Transport, _ snapshot: Snapshot,
    _ writer: inout MessageWriter
  ) -> Response {
    // Without EDNS there is no place for a text.
    let isExplained =
      query.edns != nil && (transport == .tcp || explanations.admit(asking.client, at: moment.now))
    switch end {
    case .tokenTwice:
      refusals.badTokens += 1
      return finish(query, .formatError, isExplained ? Complaints.tokenTwice : nil, &writer)
    case .refused(let refusal):
      count(refusal, asking, snapshot)
      return finish(query, .refused, isExplained ? complaint(refusal, asking, snapshot) : nil, &writer)
    }
  }

  private mutating func count(_ refusal: AskRefusal, _ asking: Asking, _ snapshot: Snapshot) {
    switch refusal {
    case .nobodys: refusals.nobodys += 1
    case .unknownToken: refusals.badTokens += 1
    case .disputed: refusals.disputed += 1
    case .missing: refusals.missing += 1
    case .violation(let first, let second):
      refusals.violations += 1
      refusals.lastViolation = AskRefusals.Violation(
        client: asking.client, first: (first.basis, snapshot.workspaces[first.workspace].name),
        second: (second.basis, snapshot.workspaces[second.workspace].name))
    }
  }

  private func complaint(_ refusal: AskRefusal, _ asking: Asking, _ snapshot: Snapshot) -> ExtendedError {
    switch refusal {
    case .nobodys: Complaints.noWorkspace(asking.client)
    case .unknownToken: Complaints.unknownToken
    case .disputed(.clients):
      snapshot.clients.find(asking.client).map { Complaints.disputed(snapshot.clients.entry(at: $0).prefix) }
        ?? Complaints.disputed(.clients)
    case .disputed(let basis): Complaints.disputed(basis)
    case .missing(let basis): Complaints.missing(basis)
    case .violation(let first, let second): Complaints.violation(first.basis, second.basis)
    }
  }

  /// What `whoami.backroad` tells a client of itself: its workspace, its address, and by what that was decided.
  func whoAmI(_ client: IPAddress, _ decision: Decision, _ snapshot: Snapshot) -> [String] {
    let by = decision.shown.all.map { $0 == .clients ? "prefix" : $0.word }
    let prefix = decision.clientEntry.map { ["prefix=\(snapshot.clients.entry(at: $0).prefix)"] } ?? []
    return ["workspace=\(snapshot.workspaces[decision.workspace].name)", "client=\(client)"]
      + by.prefix(1).map { "by=\($0)" } + prefix
  }
}

import Bounds
import Text
import Wire
import Zones

/// What is wrong between workspaces, and who has brought it up.
public struct ClaimProblem: Hashable, Sendable {
  /// The workspace that claims something anew; of several the one at whose file it is told.
  public let claimant: WorkspaceName
  /// What is wrong, at one workspace's file.
  public let problem: Problem
}

/// What is told of workspaces' claims that meet, of which at least one is new.
///
/// Each is told at one workspace's file and names the other's. Of each workspace only so many are told that it has brought
/// up, and the rest is counted: one file must not fill the log, nor keep another's conflict out of it.
struct Conflicts {
  private let snapshot: Snapshot
  private let own: OwnAddresses
  private let toldOfWorkspace: Int
  /// The workspaces whose claims are new.
  private let changed: Set<Int>
  private var told: [ClaimProblem] = []
  /// How many were told and how many left out, by slot.
  private var toldCounts: [Int: Int] = [:]
  private var leftCounts: [Int: Int] = [:]

  /// - Parameters:
  ///   - own: where the server listens, as far as that is known.
  ///   - changed: the slots whose claims are new.
  ///   - toldOfWorkspace: how many are told of one workspace.
  init(_ snapshot: Snapshot, _ own: OwnAddresses, changed: Set<Int>, toldOfWorkspace: Int) {
    self.snapshot = snapshot
    self.own = own
    self.changed = changed
    self.toldOfWorkspace = toldOfWorkspace
  }

  private var workspaces: WorkspaceTable { snapshot.workspaces }

  /// Everything, by file and place.
  var problems: [ClaimProblem] {
    let start = Position(line: 0, column: 0)
    let sorted = told.sorted { a, b in
      let (a, b) = (a.problem, b.problem)
      return (a.file ?? "", a.position ?? start, a.message) < (b.file ?? "", b.position ?? start, b.message)
    }
    return sorted
      + leftCounts.map { (workspaces[$0.key], $0.value) }.sorted { $0.0.name < $1.0.name }.map { workspace, count in
        ClaimProblem(
          claimant: workspace.name,
          problem: Problem(
            file: Self.file(of: workspace), severity: .warning,
            "\(count) more claims of workspace \(workspace.name) meet those of others; backroad check shows them all"))
      }
  }

  /// On whose account it is told of that a claim of a workspace meets one of another; nil when enough was told of what
  /// either has brought up. It is counted. To be asked before the problem is made: one file may have tens of thousands of
  /// such claims.
  ///
  /// - Parameter cause: a workspace that has changed, where neither of the two did.
  private mutating func claimant(_ slot: Int, _ other: Int, cause: Int) -> Int? {
    var claimants = [slot, other].filter(changed.contains)
    if claimants.isEmpty { claimants = [cause] }
    for slot in claimants where toldCounts[slot, default: 0] >= toldOfWorkspace {
      leftCounts[slot, default: 0] += 1
      return nil
    }
    for slot in claimants { toldCounts[slot, default: 0] += 1 }
    return claimants[0]
  }

  private mutating func tell(_ claimant: Int, _ problem: Problem) {
    told.append(ClaimProblem(claimant: workspaces[claimant].name, problem: problem))
  }

  private static func file(of workspace: Workspace) -> String { "\(workspace.folder)/\(WorkspaceFile.fileName)" }

  /// Slots in the order of their workspaces' names.
  private func byName(_ slots: [Int]) -> [Int] { slots.sorted { workspaces[$0].name < workspaces[$1].name } }

  // MARK: Prefixes

  /// Looks at the prefixes that some workspaces claim anew.
  ///
  /// - Parameters:
  ///   - slots: those workspaces.
  ///   - claims: those that the snapshot's client map was made of.
  mutating func addPrefixes(of slots: Set<Int>, _ claims: [ClientMap.Claim]) {
    guard !slots.isEmpty else { return }
    let clients = snapshot.clients
    for index in 0..<clients.count {
      let rivals = claims[clients.claims(at: index)]
      if rivals.count > 1, let cause = rivals.first(where: { slots.contains(Int($0.slot)) }) {
        addTie(rivals, cause: Int(cause.slot))
      }
      guard snapshot.grants == nil, let claim = rivals.first else { continue }
      if claim.prefix.length == 0, slots.contains(Int(claim.slot)) { addWide(claim) }
      guard let outer = clients.outer(of: index), let around = claims[clients.claims(at: outer)].first,
        around.slot != claim.slot, slots.contains(Int(claim.slot)) || slots.contains(Int(around.slot))
      else { continue }
      addNested(claim, in: around)
    }
  }

  private mutating func addTie(_ rivals: ArraySlice<ClientMap.Claim>, cause: Int) {
    let rivals = rivals.sorted { workspaces[Int($0.slot)].name < workspaces[Int($1.slot)].name }
    for rival in rivals.dropFirst() {
      let first = rivals[0]
      guard let claimant = claimant(Int(rival.slot), Int(first.slot), cause: cause) else { continue }
      tell(
        claimant,
        problem(
          rival, .error,
          """
          the clients \(rival.prefix) are those of workspace \(workspaces[Int(first.slot)].name) too \(place(first)), so \
          both are refused; leave the prefix to one of them
          """))
    }
  }

  private mutating func addNested(_ claim: ClientMap.Claim, in around: ClientMap.Claim) {
    guard let claimant = claimant(Int(claim.slot), Int(around.slot), cause: Int(claim.slot)) else { return }
    tell(
      claimant,
      problem(
        claim, .warning,
        """
        the clients \(claim.prefix) lie in \(around.prefix) of workspace \(workspaces[Int(around.slot)].name) \
        \(place(around)), and the longest prefix decides; grants in backroad.json keep workspaces apart
        """))
  }

  private mutating func addWide(_ claim: ClientMap.Claim) {
    guard workspaces.count > 1 else { return }
    tell(
      Int(claim.slot),
      problem(
        claim, .warning,
        """
        \(claim.prefix) takes in everybody: what another workspace's token, lease or listening address shows is refused \
        with it, unless that workspace requires the token or the lease; name this workspace's own clients
        """))
  }

  private func problem(_ claim: ClientMap.Claim, _ severity: Problem.Severity, _ message: String) -> Problem {
    let workspace = workspaces[Int(claim.slot)]
    return Problem(
      file: Self.file(of: workspace), position: workspace.clients[Int(claim.index)].position, severity: severity,
      message)
  }

  /// Where a workspace claims a prefix, in brackets.
  private func place(_ claim: ClientMap.Claim) -> String {
    let workspace = workspaces[Int(claim.slot)]
    let position = workspace.clients[Int(claim.index)].position
    return "(\(Self.file(of: workspace)):\(position.line):\(position.column))"
  }

  // MARK: Tokens and listening addresses

  /// Looks at the tokens and listening addresses that some workspaces claim anew.
  mutating func addClaims(of slots: Set<Int>) {
    var (tokens, listeners): (Set<SHA256Digest>, Set<SocketAddress>) = ([], [])
    for slot in byName(slots.filter { workspaces.members[$0] != nil }) {
      let claims = workspaces[slot].claims
      for token in claims.tokens where tokens.insert(token.digest).inserted { addTies(token, cause: slot) }
      for listener in claims.listeners where listeners.insert(listener.address).inserted {
        addTies(listener.address, cause: slot)
      }
      addTakenListeners(slot)
    }
  }

  private mutating func addTies(_ token: WorkspaceClaims.Token, cause: Int) {
    let rivals = byName(snapshot.claims.tokens.slots(of: token.digest))
    for rival in rivals.dropFirst() {
      guard let mine = workspaces[rival].claims.tokens.first(where: { $0.digest == token.digest }) else { continue }
      let remedy =
        snapshot.grants == nil
        ? "whoever brings it is refused" : "whoever brings it is refused unless all else shows one of them"
      addTie(
        rival, rivals[0], cause, mine.position, "the token \(quoted(mine.id)) is one",
        "\(remedy); revoke it in both and make each a token of its own")
    }
  }

  private mutating func addTies(_ address: SocketAddress, cause: Int) {
    let rivals = byName(snapshot.claims.listeners.slots(of: address))
    for rival in rivals.dropFirst() {
      guard let mine = workspaces[rival].claims.listeners.first(where: { $0.address == address }) else { continue }
      addTie(
        rival, rivals[0], cause, mine.position, "the listening address \(address) is that",
        "whatever comes there is refused; leave the address to one of them")
    }
  }

  private mutating func addTie(
    _ slot: Int, _ first: Int, _ cause: Int, _ position: Position, _ what: String, _ remedy: String
  ) {
    guard let claimant = claimant(slot, first, cause: cause) else { return }
    tell(
      claimant,
      Problem(
        file: Self.file(of: workspaces[slot]), position: position,
        "\(what) of workspace \(workspaces[first].name) too, so \(remedy)"))
  }

  /// Warns where workspaces that have no listening address of their own are left without any.
  private mutating func addTakenListeners(_ slot: Int) {
    let claims = snapshot.claims
    guard snapshot.grants == nil, let listener = workspaces[slot].claims.listeners.first, !own.listeners.isEmpty,
      own.listeners.allSatisfy({ claims.listeners.owner(of: $0) != nil })
    else { return }
    let others = workspaces.all.filter { $0.workspace.claims.listeners.isEmpty }.map(\.workspace.name)
    guard let first = others.min() else { return }
    tell(
      slot,
      Problem(
        file: Self.file(of: workspaces[slot]), position: listener.position, severity: .warning,
        """
        every address that the server listens on is some workspace's own, so clients of those without one (\(first)\
        \(others.count > 1 ? " and \(others.count - 1) more" : "")) are refused; start the server with one --listen more
        """))
  }
}

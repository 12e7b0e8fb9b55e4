import Forwarding
import Wire
import Workspaces

/// What is compared, and mended, by itself.
enum StoreUnit: Hashable {
  case workspace(WorkspaceName)
  case pod(IPAddress)
}

/// A comparison of what is known with what the store has, at one revision.
struct StoreComparison {
  var paging: Paging
  let startedAt: Instant
  /// It is to prove that nothing is missed, because no canary can be put.
  let isProof: Bool
  /// What has changed since it began: nothing can be said of that.
  var touched: Set<StoreUnit> = []
  /// The workspace that is being read.
  var name: WorkspaceName?
  var keys: [String: Int64] = [:]
  var names: Set<WorkspaceName> = []
  var pods: Set<IPAddress> = []
  var differences: Set<StoreUnit> = []
  /// The workspaces among them that are there no more.
  var gone: Set<WorkspaceName> = []
}

/// A workspace or a pod that is read anew, as it was at the cursor.
struct StoreMend {
  let unit: StoreUnit
  var paging: Paging
  let revision: Int64
  var gathered: GatheredWorkspace?
  var pod: EtcdKeyValue?
  /// It has changed meanwhile: what is read is old.
  var isTouched = false
}

// What a watch may lose without anybody noticing is found by looking.
extension Follower {
  /// Begins a comparison at a revision up to which everything was handed on: that of a canary which has just come.
  func compareIfDue(at revision: Int64, _ now: Instant) {
    guard let due = compareDue, due <= now, comparison == nil, mends.isEmpty, mend == nil, loading == nil else {
      return
    }
    beginComparison(at: revision, isProof: false, now)
  }

  /// - Parameter revision: 0 for the newest when the first page is asked for.
  func beginComparison(at revision: Int64, isProof: Bool, _ now: Instant) {
    compareDue = now + settings.compareEvery
    comparison = StoreComparison(
      paging: Paging(keys.store.all, revision: revision, keys: settings.pageKeys * 4, settings),
      startedAt: now, isProof: isProof)
  }

  /// Takes a page's end.
  func comparisonCame(_ message: EtcdMessage, _ now: Instant) throws(FollowFailure) {
    guard let page = try comparison?.paging.ended(message) else { return }
    counters.pages += 1
    for entry in page.keys { compare(entry) }
    if page.isLast { try finishComparison(now) }
  }

  private func compare(_ entry: EtcdKeyValue) {
    switch keys.place(of: entry.key) {
    case .workspace(let place):
      if comparison?.name != place.name {
        finishComparedWorkspace()
        comparison?.name = place.name
      }
      comparison?.keys[place.path] = entry.modRevision
    case .pod(let address):
      comparison?.pods.insert(address)
      if known.pods[address] != entry.modRevision { comparison?.differences.insert(.pod(address)) }
    case .format, .replica, .ownCanary, .other, .strange: break
    }
  }

  private func finishComparedWorkspace() {
    guard let name = comparison?.name, let keys = comparison?.keys else { return }
    comparison?.names.insert(name)
    if known[name] != keys { comparison?.differences.insert(.workspace(name)) }
    if known.holds(name), !Knowledge.isWorkspace(keys) { comparison?.gone.insert(name) }
    comparison?.name = nil
    comparison?.keys = [:]
  }

  private func finishComparison(_ now: Instant) throws(FollowFailure) {
    finishComparedWorkspace()
    guard var comparison else { return }
    self.comparison = nil
    for name in known.workspaces.keys where !comparison.names.contains(name) {
      comparison.differences.insert(.workspace(name))
      if known.holds(name) { comparison.gone.insert(name) }
    }
    for address in known.pods.keys where !comparison.pods.contains(address) {
      comparison.differences.insert(.pod(address))
    }
    comparison.differences.subtract(comparison.touched)
    counters.comparisons += 1
    if comparison.isProof, try !proofEnded(comparison) { return }
    guard !comparison.differences.isEmpty else { return }
    counters.differences += comparison.differences.count
    actions.append(.tell(.differences(comparison.differences.count)))
    let gone = comparison.gone.count { comparison.differences.contains(.workspace($0)) }
    // A load holds what one by one would just go.
    if comparison.differences.count > settings.maximumMends || isMost(gone, of: served.count - held.count) {
      startLoading("\(comparison.differences.count) differences from what the store has", now)
    } else {
      mends = Array(comparison.differences)
    }
  }

  /// A proof of the newest revision may differ because events are on their way; not twice in a row.
  ///
  /// - Returns: true when its differences are to be mended.
  private func proofEnded(_ proof: StoreComparison) throws(FollowFailure) -> Bool {
    if proof.differences.isEmpty {
      failedProofs = 0
      hadContact(asOf: proof.startedAt)
      return false
    }
    failedProofs += 1
    guard failedProofs < 2 else {
      failedProofs = 0
      throw .silentWatch
    }
    return false
  }

  // MARK: Mending

  /// Begins with what is to be read anew, or goes on with it.
  func beginMend() {
    if mend == nil, let unit = mends.last, let cursor {
      let range =
        switch unit {
        case .workspace(let name): keys.store.workspace(name)
        case .pod(let address): KeyRange.key(keys.store.octets(of: .pod(address)))
        }
      mend = StoreMend(
        unit: unit,
        paging: Paging(range, revision: cursor, keys: settings.pageKeys, settings), revision: cursor)
    }
    mend?.paging.begin()
  }

  /// Takes a page's end.
  func mendCame(_ message: EtcdMessage, _ now: Instant) throws(FollowFailure) {
    guard let page = try mend?.paging.ended(message) else { return }
    counters.pages += 1
    for entry in page.keys {
      switch (keys.place(of: entry.key), mend?.unit) {
      case (.workspace(let place), .workspace(let name)) where place.name == name:
        var gathered = mend?.gathered ?? GatheredWorkspace(name)
        mend?.gathered = nil
        gathered.add(place, entry, settings)
        mend?.gathered = gathered
      case (.pod, .pod): mend?.pod = entry
      default: break
      }
    }
    guard page.isLast, let done = mend else { return }
    mend = nil
    // Changed while it was read: it is read again, as it is now.
    if done.isTouched, !isOversized(done.unit) { return }
    mends.removeLast()
    if !done.isTouched { finish(done) }
  }

  private func isOversized(_ unit: StoreUnit) -> Bool {
    if case .workspace(let name) = unit { known.oversized[name] != nil } else { false }
  }

  /// Looks again at what was too large and has changed since; with each canary, so that nobody has it read without end.
  func mendOversized() {
    guard mends.isEmpty, mend == nil, loading == nil else { return }
    let names = known.oversized.lazy.filter { $0.value && self.known[$0.key].count <= self.settings.maximumFiles }
    mends = names.prefix(settings.maximumMends).map { .workspace($0.key) }
  }

  private func finish(_ mend: StoreMend) {
    var change = StoreChange(revision: cursor ?? mend.revision)
    switch mend.unit {
    case .workspace(let name):
      let wasThere = known.holds(name)
      if let gathered = mend.gathered { known.take(gathered) } else { known[name] = [:] }
      if let gathered = mend.gathered, Knowledge.isWorkspace(gathered.keys) {
        change.workspaces[name] = gathered.change
      } else if wasThere {
        change.workspaces[name] = WorkspaceChange()
      }
    case .pod(let address):
      known.pods[address] = mend.pod?.modRevision
      change.pods.updateValue(mend.pod?.value, forKey: address)
    }
    finish(&change)
    if !change.isEmpty { actions.append(.take(change)) }
  }
}

import Forwarding
import Wire
import Workspaces

/// The watch, and the connection that it has for itself.
struct StoreWatch {
  var link: StoreLink
  var gate: RevisionGate
  /// Etcd has said that the watch is there.
  var isCreated = false
}

// The watch: each revision from the cursor on, whole.
extension Follower {
  /// Opens the watch's connection when everything has been read and the endpoint is found to be of the same store: a watch
  /// from a revision that is still to come would be silent until it had come.
  func watchIfDue(_ now: Instant) {
    guard watch == nil, loading == nil, isProbed, !isStopping, let cursor else { return }
    watch = StoreWatch(
      link: StoreLink(open(now), deadline: now + settings.connecting),
      gate: RevisionGate(
        after: cursor, maximumEvents: settings.maximumEvents, maximumOctets: settings.maximumEventOctets))
  }

  /// Asks for the watch, on its connection.
  func sendWatch(_ now: Instant) throws(FollowFailure) {
    guard let watch else { return }
    let octets = try keys.octets(
      .watch(keys.store.all, startRevision: watch.gate.passed + 1, fragment: true), to: store.members[endpoint],
      token: token)
    self.watch?.link.begin(deadline: now + settings.answering)
    actions.append(.send(watch.link.connection, octets))
    counters.requests += 1
  }

  /// Reads what the watch has brought.
  func heardWatch(_ connection: StoreConnection, _ octets: [UInt8], _ now: Instant) throws(FollowFailure) {
    var at = 0
    while watch?.link.connection == connection {
      guard let event = try watch?.link.next(octets.span, at: &at) else { return }
      switch event {
      case .keyValue(let entry):
        counters.events += 1
        if let revision = try watch?.gate.add(entry) { try take(revision, now) }
      case .message(let message): try heard(message, now)
      // Not canceled: a server has stopped, or somebody in between has had enough. The cursor is as good as it was.
      case .ended(let status):
        throw .connection("the watch has ended\(status == 200 ? "" : " with status \(status)")")
      }
    }
  }

  private func heard(_ message: EtcdMessage, _ now: Instant) throws(FollowFailure) {
    if let why = identity.judge(clusterOf: message) {
      return becomeOther(why, clusterID: message.clusterID, now)
    }
    if let error = message.error {
      if error.isUnauthenticated { token = nil }
      throw .refused(error)
    }
    if message.canceled {
      // Perhaps the token's time is over; the next is asked for in any case.
      token = nil
      throw .canceled(
        message.compactRevision > 0
          ? "the revisions before \(message.compactRevision) are compacted" : message.cancelReason)
    }
    if message.created, watch?.isCreated == false { watchIsCreated(now) }
    // Also where the watch is not there yet: what has come is no less complete.
    if let revision = watch?.gate.messageEnded(isFragment: message.fragment) { try take(revision, now) }
  }

  private func watchIsCreated(_ now: Instant) {
    watch?.isCreated = true
    watch?.link.deadline = nil
    canary.due = now
    if failure != nil || counters.canaries == 0 { actions.append(.tell(.following(endpoint: endpoint))) }
  }

  /// Takes a revision, whole.
  private func take(_ revision: RevisionGate.Revision, _ now: Instant) throws(FollowFailure) {
    identity.revision = max(identity.revision, revision.number)
    try checkFormat(of: revision)
    var change = StoreChange(revision: revision.number)
    var isProven = false
    for event in revision.events {
      switch keys.place(of: event.key) {
      case .workspace(let place): take(event, at: place, into: &change)
      case .pod(let address):
        change.pods.updateValue(event.kind == .delete ? nil : event.value, forKey: address)
        known.pods[address] = event.kind == .delete ? nil : event.modRevision
        touched(.pod(address))
      case .replica(let id):
        change.replicas.updateValue(event.kind == .delete ? nil : event.value, forKey: id)
        known.replicas[id] = event.kind == .delete ? nil : event.modRevision
      case .ownCanary: if event.kind == .put, canary.isNewest(event.value) { isProven = true }
      case .format, .other: break
      case .strange(let why): if event.kind == .put { note(strange: event.key, why, &change) }
      }
    }
    if revision.events.contains(where: { keys.isContent($0.key) }) { contentRevision = revision.number }
    finish(&change)
    counters.revisions += 1
    cursor = revision.number
    if !change.isEmpty { actions.append(.take(change)) }
    try canaryProgress(revision.number, isProven: isProven, now)
  }

  /// Before anything of a revision is taken: with another format its keys may mean something else, and without any it is nobody's.
  private func checkFormat(of revision: RevisionGate.Revision) throws(FollowFailure) {
    guard let event = revision.events.last(where: { $0.key == keys.format }) else { return }
    guard event.kind == .put else { throw .format(keys.noFormat) }
    try checkFormat(event.value)
  }

  private func take(_ event: EtcdKeyValue, at place: WorkspacePlace, into change: inout StoreChange) {
    // Whole where there was nothing: whoever held files of an earlier one of that name must not mix them.
    if change.workspaces[place.name] == nil {
      change.workspaces[place.name] = WorkspaceChange()
      change.workspaces[place.name]?.isWhole = !known.holds(place.name)
    }
    // One that was too large is read whole once it fits: there is nothing that its changes could be put upon.
    if known.oversized[place.name] == nil, var workspace = change.workspaces[place.name] {
      place.put(event, into: &workspace)
      change.workspaces[place.name] = workspace
    }
    known.set(event.kind == .delete ? nil : event.modRevision, of: place.path, in: place.name)
    touched(.workspace(place.name))
  }

  /// Says of each workspace whether it is there now. Those that go are held where they are most of all.
  func finish(_ change: inout StoreChange) {
    let (before, heldBefore) = (served.count, held.count)
    var gone: [WorkspaceName] = []
    for (name, workspace) in change.workspaces {
      if known.holds(name) {
        served.insert(name)
        held.remove(name)
      } else if workspace.isWhole {
        // It was not there, and is not now: who changed it last, and nothing else.
        change.workspaces[name] = nil
      } else {
        gone.append(name)
        known.oversized[name] = nil
      }
    }
    if isMost(gone.count, of: before - heldBefore) {
      held.formUnion(gone)
      for name in gone { change.workspaces[name] = nil }
      actions.append(.held(missing: held.count, of: before))
    } else {
      served.subtract(gone)
      for name in gone { change.workspaces[name]?.isGone = true }
    }
    if heldBefore > 0, held.isEmpty { actions.append(.tell(.back)) }
  }

  /// More than half, and more than the one that a command removes: somebody may have deleted what he did not mean to.
  func isMost(_ gone: Int, of all: Int) -> Bool { gone > 1 && gone > all / 2 }

  private func touched(_ unit: StoreUnit) {
    comparison?.touched.insert(unit)
    if mend?.unit == unit { mend?.isTouched = true }
  }
}

import Bounds
import Forwarding
import Wire
import Workspaces

// Reading everything, in pages of one revision. The store has its keys in order, so that a workspace's stand together, and
// the format comes before all that it is the format of.
extension Follower {
  /// Everything is to be read, from the start.
  ///
  /// - Parameter why: for people; nil when they know.
  func startLoading(_ why: String?, _ now: Instant) {
    closeWatch()
    mends = []
    counters.loads += 1
    if servedBefore == nil { (servedBefore, hadHeld) = (served, !held.isEmpty) }
    loading = StoreLoading(paging: Paging(keys.store.all, keys: settings.pageKeys, settings))
    if let why { actions.append(.tell(.loading(why))) }
  }

  /// Takes a page's end.
  func pageCame(_ message: EtcdMessage, _ now: Instant) throws(FollowFailure) {
    guard let page = try loading?.paging.ended(message), let revision = loading?.paging.revision else { return }
    counters.pages += 1
    var piece = StoreChange(revision: revision)
    piece.isPiece = true
    for entry in page.keys { try load(entry, &piece) }
    if page.isLast {
      finishGathered()
      guard loading?.hasFormat == true else { throw .format(keys.noFormat) }
      loadGone(&piece)
    }
    if !piece.isEmpty { actions.append(.take(piece)) }
    if page.isLast { finishLoading(revision, now) }
  }

  private func load(_ entry: EtcdKeyValue, _ piece: inout StoreChange) throws(FollowFailure) {
    let place = keys.place(of: entry.key)
    if keys.isContent(entry.key) { loading?.changed(at: entry.modRevision) }
    switch place {
    case .format: try checkFormat(entry.value)
    case .workspace, .pod, .replica: guard loading?.hasFormat == true else { throw .format(keys.noFormat) }
    case .ownCanary, .other, .strange: break
    }
    switch place {
    case .format: loading?.hasFormat = true
    case .workspace(let place):
      if loading?.gathered?.name != place.name {
        finishGathered()
        loading?.gathered = GatheredWorkspace(place.name)
      }
      loading?.gathered?.add(place, entry, settings)
    case .pod(let address):
      loading?.pods.insert(address)
      if known.pods.updateValue(entry.modRevision, forKey: address) != entry.modRevision {
        piece.pods.updateValue(entry.value, forKey: address)
      }
    case .replica(let id):
      loading?.replicas.insert(id)
      if known.replicas.updateValue(entry.modRevision, forKey: id) != entry.modRevision {
        piece.replicas.updateValue(entry.value, forKey: id)
      }
    case .strange(let why): note(strange: entry.key, why, &piece)
    case .ownCanary, .other: break
    }
  }

  func checkFormat(_ value: [UInt8]) throws(FollowFailure) {
    guard value.elementsEqual(StoreKeys.format.utf8) else { throw .format(keys.otherFormat(value)) }
  }

  func note(strange key: [UInt8], _ why: String, _ change: inout StoreChange) {
    counters.strangers += 1
    guard change.strangers.count < Limits.Following.strangeKeys else { return }
    change.strangers.append(StrangeKey(key: String(decoding: key.prefix(512), as: UTF8.self), why: why))
  }

  /// A workspace has been read to its end: it is handed on, unless it is as it was.
  private func finishGathered() {
    guard let gathered = loading?.gathered, let revision = loading?.paging.revision else { return }
    loading?.gathered = nil
    loading?.seen.insert(gathered.name)
    let (before, wasTooLarge) = (known[gathered.name], known.oversized[gathered.name] != nil)
    known.take(gathered)
    guard Knowledge.isWorkspace(gathered.keys) else { return }
    loading?.names.insert(gathered.name)
    // It is back now, and not when all has been read: somebody may confirm before that.
    held.remove(gathered.name)
    guard before != gathered.keys || !served.contains(gathered.name) || gathered.isTooLarge != wasTooLarge else {
      loading?.unchanged += 1
      return
    }
    served.insert(gathered.name)
    var piece = StoreChange(revision: revision)
    piece.isPiece = true
    piece.workspaces[gathered.name] = gathered.change
    actions.append(.take(piece))
  }

  /// The pods and replicas that are not there are gone at once: an address that is nobody's must not be somebody's.
  private func loadGone(_ piece: inout StoreChange) {
    guard let loading else { return }
    for address in known.pods.keys where !loading.pods.contains(address) {
      piece.pods.updateValue(nil, forKey: address)
      known.pods[address] = nil
    }
    for id in known.replicas.keys where !loading.replicas.contains(id) {
      piece.replicas.updateValue(nil, forKey: id)
      known.replicas[id] = nil
    }
  }

  /// Everything was read. What is missing is gone, or is held where it is more than half.
  private func finishLoading(_ revision: Int64, _ now: Instant) {
    guard let loading else { return }
    let before = servedBefore ?? []
    let missing = served.subtracting(loading.names)
    let isHeld = !missing.isEmpty && (hadHeld || missing.count > before.count / 2)
    let wasHeld = hadHeld
    held = isHeld ? missing : []
    served = isHeld ? served : loading.names
    for name in known.workspaces.keys where !loading.seen.contains(name) { known[name] = [:] }
    (self.loading, servedBefore, cursor, loadedRevision) = (nil, nil, revision, revision)
    // A deletion that was handed on leaves nothing to be loaded.
    contentRevision = max(loading.contentRevision, isOtherStore ? 0 : contentRevision)
    if let startedAt = loading.startedAt { hadContact(asOf: startedAt) }
    counters.loaded += 1
    actions.append(
      .loaded(
        StoreLoad(
          revision: revision, names: loading.names, gone: isHeld ? [] : missing, held: held,
          isOtherStore: isOtherStore, unchanged: loading.unchanged)))
    isOtherStore = false
    if isHeld {
      actions.append(.held(missing: missing.count, of: max(before.count, missing.count)))
    } else if wasHeld {
      actions.append(.tell(.back))
    }
  }

  /// Nothing that was written before a moment is missed.
  func hadContact(asOf moment: Instant) { lastContact = max(lastContact ?? moment, moment) }
}

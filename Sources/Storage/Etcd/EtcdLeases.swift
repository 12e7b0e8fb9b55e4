import Bounds
import Fleet
import Text
import Wire
import Workspaces

/// Leases in etcd: a key for each address, bound to a lease of etcd's that it alone has, so that it ends by itself.
///
/// Every change is one transaction, which holds only while nobody has changed the keys since they were read. One whose
/// answer is lost is sent again, and what was done is looked up.
public final class EtcdLeases: LeaseStore {
  private let address: StoreAddress
  private let keys: StoreKeys
  private let client: EtcdClient

  /// - Parameter ofServer: it is a server that waits, which has other things to do than a command.
  public init(_ address: StoreAddress, _ credentials: StoreCredentials?, ofServer: Bool) {
    self.address = address
    keys = StoreKeys(prefix: address.prefix)
    client =
      ofServer
      ? EtcdClient(
        address, credentials, patienceMilliseconds: UInt64(Limits.Leases.patienceMilliseconds),
        answerMilliseconds: UInt64(Limits.Leases.answerMilliseconds))
      : EtcdClient(address, credentials)
  }

  /// A key as it stands, and what its value says.
  private struct Standing {
    var revision: Int64 = 0
    var createRevision: Int64 = 0
    var lease: Int64 = 0
    var value: [UInt8] = []
    var record: PodRecord.Content?

    init() {}

    init(_ entry: EtcdKeyValue) {
      (revision, createRevision) = (entry.modRevision, entry.createRevision)
      (lease, value) = (entry.lease, entry.value)
      record = PodRecord.read(entry.value)
    }

    /// The lease, where the key is the only one that has it.
    var ownLease: Int64? { record?.hasLeaseOfItsOwn == true && lease != 0 ? lease : nil }
  }

  // MARK: Changing

  /// Leases addresses to a workspace by one transaction.
  public func grant(
    _ addresses: [IPAddress], to workspace: WorkspaceName, seconds: UInt64, where counts: (WorkspaceName) -> Bool
  ) throws(LeaseStoreFailure) -> Int64 {
    for address in addresses where !address.isClientAddress { throw .refused(.notAClient(address)) }
    let value = PodRecord.octets(lease: workspace, seconds: seconds)
    for _ in 0..<Limits.Fleet.rounds {
      let before = try read(addresses).standings
      try check(before, addresses, for: workspace, counts)
      var transaction = EtcdTransaction(success: [])
      var (leases, made): ([Int64], [Int64]) = ([], [])
      for (address, standing) in zip(addresses, before) {
        if let lease = try keptAlive(standing, value) {
          leases.append(lease)
        } else {
          made.append(try granted(seconds))
          leases += made.suffix(1)
        }
        transaction.comparisons.append(.unchanged(key(address), since: standing.revision))
        transaction.success.append(.put(key(address), value, lease: leases.last ?? 0))
      }
      let written = try send(transaction)
      if case .done(let revision) = written {
        for (standing, lease) in zip(before, leases) where standing.lease != lease { end(standing.ownLease) }
        return revision
      }
      if case .mayBeDone = written {
        // Nobody else has a lease that was made for this; one that was kept is as good as written anew.
        let now = try read(addresses, isRepeated: true).standings
        if zip(now, leases).allSatisfy({ $0.lease == $1 && $0.value == value }) {
          return now.map(\.revision).max() ?? 0
        }
      }
      for lease in made { end(lease) }
    }
    throw overtaken
  }

  /// Ends leases of a workspace by one transaction.
  public func remove(_ addresses: [IPAddress], of workspace: WorkspaceName) throws(LeaseStoreFailure) -> Int64 {
    var isRepeated = false
    var first: [Standing] = []
    for _ in 0..<Limits.Fleet.rounds {
      let (before, revision) = try read(addresses, isRepeated: isRepeated)
      if isRepeated, zip(before, first).allSatisfy({ $0.createRevision != $1.createRevision }) { return revision }
      for (address, standing) in zip(addresses, before) {
        guard let record = standing.record, record.workspace == workspace else {
          throw .refused(.notLeased(address, workspace, meant(by: address, standing.record)))
        }
        if let pod = record.pod { throw .refused(.ofPod(address, workspace, pod: "\(pod.namespace)/\(pod.name)")) }
      }
      let transaction = EtcdTransaction(
        zip(addresses, before).map { .unchanged(key($0), since: $1.revision) },
        success: addresses.map { .delete(.key(key($0))) })
      switch try send(transaction) {
      case .done(let revision):
        for standing in before { end(standing.ownLease) }
        return revision
      case .mayBeDone: (isRepeated, first) = (true, before)
      case .overtaken: break
      }
    }
    throw overtaken
  }

  /// Refuses what somebody else has: who came before keeps it.
  private func check(
    _ standings: [Standing], _ addresses: [IPAddress], for workspace: WorkspaceName, _ counts: (WorkspaceName) -> Bool
  ) throws(LeaseStoreFailure) {
    for (address, standing) in zip(addresses, standings) {
      guard let record = standing.record else { continue }
      if let pod = record.pod {
        throw .refused(.ofPod(address, record.workspace, pod: "\(pod.namespace)/\(pod.name)"))
      }
      guard record.workspace != workspace, counts(record.workspace) else { continue }
      let left = try secondsLeft(of: standing)
      throw .refused(.leased(address, record.workspace, secondsLeft: left ?? record.seconds ?? 0))
    }
  }

  private func meant(by address: IPAddress, _ record: PodRecord.Content?) -> LeaseRefusal.Meant? {
    record.map { .workspace($0.workspace) }
  }

  /// The lease of a key whose value stays as it is, for its whole time from now; nil where there is none.
  private func keptAlive(_ standing: Standing, _ value: [UInt8]) throws(LeaseStoreFailure) -> Int64? {
    guard let lease = standing.ownLease, standing.value == value else { return nil }
    return try ask(.keepLeaseAlive(lease)).message.leaseSeconds > 0 ? lease : nil
  }

  private func granted(_ seconds: UInt64) throws(LeaseStoreFailure) -> Int64 {
    let lease = try ask(.grantLease(seconds: Int64(seconds))).message.leaseID
    guard lease != 0 else { throw .problem(Problem(file: "\(address)", "etcd gave no lease; nothing was changed")) }
    return lease
  }

  /// Ends a lease that no key has any more. Where it cannot be ended now it ends by itself.
  private func end(_ lease: Int64?) {
    if let lease { _ = try? ask(.revokeLease(lease)) }
  }

  // MARK: Looking

  /// A lease of the store.
  public struct Entry: Hashable, Sendable {
    /// Whose lease it is.
    public let address: IPAddress
    /// Whose client that is.
    public let workspace: WorkspaceName
    /// What is left of it, in seconds; nil where it has no end of its own, as those of pods that were found.
    public let secondsLeft: UInt64?
  }

  /// Every lease, in the order of their addresses.
  ///
  /// - Parameter workspace: only this one's; all for nil.
  public func list(of workspace: WorkspaceName?) throws(LeaseStoreFailure) -> [Entry] {
    var standings: [(IPAddress, WorkspaceName, Standing)] = []
    do throws(EtcdClient.Failure) {
      _ = try client.read(keys.pods, keysOnly: false) { entry in
        let standing = Standing(entry)
        guard case .key(.pod(let address)) = keys.read(entry.key), let record = standing.record,
          workspace == nil || record.workspace == workspace
        else { return true }
        standings.append((address, record.workspace, standing))
        return true
      }
    } catch {
      throw problem(error)
    }
    var found: [Entry] = []
    for (address, workspace, standing) in standings {
      found.append(Entry(address: address, workspace: workspace, secondsLeft: try secondsLeft(of: standing)))
    }
    return found.sorted { $0.address < $1.address }
  }

  /// What is left of a lease that somebody gave; nil of one that goes with a pod.
  private func secondsLeft(of standing: Standing) throws(LeaseStoreFailure) -> UInt64? {
    guard standing.record?.seconds != nil, standing.lease != 0 else { return nil }
    return UInt64(max(0, try ask(.leaseTimeToLive(standing.lease)).message.leaseSeconds))
  }

  /// The keys of addresses as they stand at one moment, and the store's revision then.
  ///
  /// - Parameter isRepeated: a change was sent before, and this is to tell what came of it.
  private func read(
    _ addresses: [IPAddress], isRepeated: Bool = false
  ) throws(LeaseStoreFailure) -> (standings: [Standing], revision: Int64) {
    let most = Limits.Leases.addressesOfTransaction
    guard addresses.count <= most else { throw .refused(.addressCount(addresses.count, atMost: most)) }
    let request = try request(EtcdTransaction(success: addresses.map { .range(.key(key($0))) }))
    let answer: EtcdClient.Answer
    do throws(LeaseStoreFailure) {
      answer = try ask(request)
    } catch .problem(let problem) where isRepeated {
      throw .problem(unknown(problem))
    } catch {
      throw error
    }
    var standings = addresses.map { _ in Standing() }
    for entry in answer.keyValues where standings.indices.contains(entry.operation) {
      standings[entry.operation] = Standing(entry)
    }
    return (standings, answer.message.revision)
  }

  // MARK: Asking

  private enum Written {
    case done(revision: Int64)
    /// It does not hold now, and was sent before.
    case mayBeDone
    /// Somebody has changed a key since.
    case overtaken
  }

  private func send(_ transaction: EtcdTransaction) throws(LeaseStoreFailure) -> Written {
    var transaction = transaction
    transaction.comparisons.append(keys.hasForm)
    let request = try request(transaction)
    let answer: EtcdClient.Answer
    do throws(EtcdClient.Failure) {
      answer = try client.ask(request)
    } catch .refused(let error) where error.isLeaseGone {
      // It has ended since it was kept alive, and its key with it.
      return .overtaken
    } catch {
      throw problem(error)
    }
    if answer.message.succeeded { return .done(revision: answer.message.revision) }
    do throws(Problem) {
      guard try client.hasForm(keys, of: "\(address)") else {
        throw Problem(file: "\(address)", "there is no store here")
      }
    } catch {
      throw .problem(answer.mayHaveHappenedBefore ? unknown(error) : error)
    }
    return answer.mayHaveHappenedBefore ? .mayBeDone : .overtaken
  }

  private func request(_ transaction: EtcdTransaction) throws(LeaseStoreFailure) -> EtcdRequest {
    do throws(EtcdTransaction.TooLarge) {
      return try transaction.request()
    } catch {
      throw .refused(.addressCount(error.count, atMost: error.limit))
    }
  }

  /// Asks for something that changes no key.
  private func ask(_ request: EtcdRequest) throws(LeaseStoreFailure) -> EtcdClient.Answer {
    do throws(EtcdClient.Failure) {
      return try client.ask(request)
    } catch {
      throw problem(error)
    }
  }

  /// Why it cannot be looked up what came of a change.
  private func unknown(_ why: Problem) -> Problem {
    Problem(file: "\(address)", "whether a change was made is not known: \(why.message)")
  }

  private func problem(_ failure: EtcdClient.Failure) -> LeaseStoreFailure {
    .problem(failure.problem(of: "\(address)", prefix: keys.prefix))
  }

  private var overtaken: LeaseStoreFailure {
    .problem(Problem(file: "\(address)", "others change these leases at the same time; nothing was changed; ask again"))
  }

  private func key(_ address: IPAddress) -> [UInt8] { keys.octets(of: .pod(address)) }
}

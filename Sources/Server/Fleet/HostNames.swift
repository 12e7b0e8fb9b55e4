import Bounds
import Synchronization
import SystemIO
import Wire

/// Looks the names of hosts up, each on a thread of its own: this machine's resolver may take a minute for one, or ask the
/// very server that waits for it.
final class HostNames: Sendable {
  /// What is known of a host's name now.
  enum Answer {
    case addresses([IPAddress])
    /// It is being looked up; `take` has what comes of it.
    case later
    /// Too many are being looked up.
    case none
  }

  private struct Host {
    /// Of the last look-up that found some.
    var addresses: [IPAddress] = []
    /// Those that did not take a connection since they last took one; who failed last is last.
    var failed: [IPAddress] = []
    /// Since when it is being looked up.
    var since: UInt64?
  }

  private struct Content {
    var hosts: [String: Host] = [:]
    var done: Set<String> = []
    var running: Int { hosts.values.count { $0.since != nil } }
  }

  private let content = Mutex(Content())
  private let resolve: @Sendable (String) -> [IPAddress]
  /// Woken when a look-up has ended.
  let waker: Waker

  /// - Parameter resolve: what asks the resolver; none where nobody knows the name.
  init(
    _ resolve: @escaping @Sendable (String) -> [IPAddress] = { (try? System.addresses(ofHost: $0)) ?? [] }
  ) throws(SystemError) {
    waker = try Waker()
    self.resolve = resolve
  }

  /// The addresses to try, in their order; or a look-up is begun, or waited for.
  ///
  /// Where one has not ended for a while, or there is no room for it, the host is where it was found the last time.
  func addresses(of name: String, now: UInt64) -> Answer {
    if let address = IPAddress(name) { return .addresses([address]) }
    let isNew = content.withLock { content -> Bool? in
      if let since = content.hosts[name]?.since {
        let isLate = now >= since + UInt64(Limits.Fleet.lookupMilliseconds) * 1_000_000
        return isLate && content.hosts[name]?.addresses.isEmpty == false ? nil : false
      }
      guard content.running < Limits.Fleet.lookups else { return nil }
      content.hosts[name, default: Host()].since = now
      return true
    }
    if isNew == true, !begin(name) { return known(name) }
    return isNew == nil ? known(name) : .later
  }

  /// The names whose look-ups have ended, with the addresses to try in their order; those of the time before where none
  /// were found now.
  func take() -> [(name: String, addresses: [IPAddress])] {
    waker.reset()
    return content.withLock { content in
      defer { content.done = [] }
      return content.done.map { ($0, Self.inOrder(content.hosts[$0])) }
    }
  }

  /// An address of a name took a connection, or did not: then it is tried after the others.
  func note(_ address: IPAddress, of name: String, isGood: Bool) {
    content.withLock { content in
      content.hosts[name]?.failed.removeAll { $0 == address }
      if !isGood { content.hosts[name]?.failed.append(address) }
    }
  }

  private func known(_ name: String) -> Answer {
    let addresses = content.withLock { Self.inOrder($0.hosts[name]) }
    return addresses.isEmpty ? .none : .addresses(addresses)
  }

  private static func inOrder(_ host: Host?) -> [IPAddress] {
    guard let host else { return [] }
    return host.addresses.filter { !host.failed.contains($0) } + host.failed.filter(host.addresses.contains)
  }

  /// False where the system gives no thread.
  private func begin(_ name: String) -> Bool {
    do throws(SystemError) {
      let thread = try Thread(name: "name") { [self] in finish(name, resolve(name)) }
      thread.detach()
      return true
    } catch {
      content.withLock { $0.hosts[name]?.since = nil }
      return false
    }
  }

  private func finish(_ name: String, _ found: [IPAddress]) {
    content.withLock { content in
      content.hosts[name]?.since = nil
      content.done.insert(name)
      guard !found.isEmpty else { return }
      let kept = Array(found.prefix(Limits.Fleet.addressesOfMember))
      content.hosts[name]?.addresses = kept
      content.hosts[name]?.failed.removeAll { !kept.contains($0) }
    }
    waker.wake()
  }
}

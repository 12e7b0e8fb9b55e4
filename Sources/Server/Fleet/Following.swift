import Fleet
import Storage
import Synchronization
import SystemIO
import Text
import Wire
import Workspaces

/// What a server has that follows a store: the mirror at first, and then the threads that follow and keep it.
final class Following: Sendable {
  /// How the store is followed.
  let state: StoreState
  private let credentials: StoreCredentials?
  private let replica: ReplicaDescription
  /// Until the thread has it.
  private let mirror: Mutex<Mirror?>
  private let handle = Mutex<FollowThread.Handle?>(nil)
  /// The thread that keeps the mirror.
  private let mirroring: RunningThread

  /// Opens the mirror; nil for a server that serves a folder.
  ///
  /// - Throws: what is wrong with the mirror, or with the file of the user and password.
  init?(_ configuration: ServerConfiguration, _ folder: ZonesFolder, _ log: Log) throws {
    guard let store = configuration.store else { return nil }
    credentials = try configuration.storeUserFile.map { file throws(Problem) in try StoreCredentials(file: file) }
    let mirror = try Mirror.open(folder, of: store)
    for warning in mirror.warnings { log.problem(warning) }
    state = StoreState(store)
    let (heardAt, hadMirror) = (mirror.cursor.heardAt, !mirror.names.isEmpty)
    state.put { view in (view.mirrorHeardAt, view.hadMirror) = (heardAt, hadMirror) }
    if hadMirror { log.note(Self.age(of: mirror, store)) }
    replica = ReplicaDescription(
      id: try Self.id(), name: System.hostName, version: Server.version,
      addresses: configuration.listen.map(\.description))
    mirroring = try RunningThread()
    self.mirror = Mutex(mirror)
  }

  /// How old what is served first is.
  private static func age(of mirror: borrowing Mirror, _ store: StoreAddress) -> String {
    let now = System.wallClockSeconds()
    let age = mirror.cursor.heardAt.map { "\(now > $0 ? now - $0 : 0) s ago" } ?? "at a time that is not known"
    return
      "until \(store) is heard, \(mirror.names.count) workspaces are served from \(mirror.folder.path), as they were \(age)"
  }

  /// What tells this process from all other replicas, and from the last one on this machine.
  private static func id() throws(SystemError) -> String {
    let letters = System.hostName.lowercased().utf8.map { octet in
      (0x30...0x39).contains(octet) || (0x61...0x7a).contains(octet) ? octet : UInt8(ascii: "-")
    }
    let name = String(decoding: letters.prefix(64), as: UTF8.self)
    return "\(name.isEmpty ? "replica" : name)-\(String(try System.randomNumber(), radix: 36))"
  }

  /// Starts following; called once.
  ///
  /// - Parameters:
  ///   - setting: what of the server workspaces are loaded with.
  ///   - served: what is served.
  ///   - readiness: told what is lacking while there is nothing to serve.
  func start(
    _ desk: ReloadDesk, _ setting: WorkspaceSetting, _ leases: LeaseKeeper, _ served: ServerState,
    _ readiness: Readiness, _ log: Log
  ) throws(SystemError) {
    guard let mirror = mirror.withLock({ $0.take() }) else { return }
    if mirror.names.isEmpty { readiness.lacks("the store was not read yet, and there is no mirror of it") }
    let around = FollowThread.Surroundings(
      desk: desk, leases: leases, state: state, served: served, readiness: readiness, log: log)
    let (names, identity) = (mirror.names, mirror.cursor.identity)
    state.put { $0.mirrored = names.count }
    let mirrors = MirrorDesk(mirroring)
    mirrors.mark(MirrorDesk.Mark(identity: identity))
    try MirrorThread.start(mirror, setting, mirrors, around, mirroring)
    let started = try FollowThread.start(
      state.address, credentials, replica, served: names, identity: identity, mirrors, around)
    handle.withLock { $0 = started }
  }

  /// Where leases are written.
  var leaseStore: StoreOfLeases { StoreOfLeases(EtcdLeases(state.address, credentials, ofServer: true)) }

  /// A person confirms that the workspaces which are held are gone.
  func confirm() { handle.withLock { $0 }?.confirm() }

  /// Has the threads end.
  func beginToStop() {
    handle.withLock { $0 }?.beginToStop()
    mirroring.beginToStop()
  }

  /// Waits until they have, or the monotonic clock shows a time.
  func waitForEnd(until deadline: UInt64) -> Bool {
    guard let handle = handle.withLock({ $0 }) else { return true }
    let hasMirrored = mirroring.waitForEnd(until: deadline)
    return handle.waitForEnd(until: deadline) && hasMirrored
  }
}

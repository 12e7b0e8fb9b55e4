import Bounds
import Fleet
import Forwarding
import Links
import Storage
import SystemIO
import Text
import Workspaces

/// Keeps the mirror as the store is, on a thread of its own, and has what changes of it served.
///
/// A disk that is slow, or full, holds up nobody else: who follows the store goes on, and pods' addresses need no disk. What would
/// leave a workspace unserved that is served is not taken: its last good state stays, over a restart too.
final class MirrorThread {
  /// How often the cursor is written, and the admin interface told, at most; in nanoseconds.
  private static let (savePause, tellPause): (UInt64, UInt64) = (10_000_000_000, 100_000_000)

  private let running: RunningThread
  private var mirror: Mirror
  private let setting: WorkspaceSetting
  private let desk: MirrorDesk
  private let around: FollowThread.Surroundings
  private var told: ReloadLog
  private var toldOf: Set<WorkspaceName> = []
  private var poller: Poller
  private var nextSave: UInt64 = 0
  private var nextTelling: UInt64 = 0
  private var isToTell = false

  private init(
    _ mirror: consuming Mirror, _ setting: WorkspaceSetting, _ desk: MirrorDesk, _ around: FollowThread.Surroundings,
    _ running: RunningThread
  ) throws(SystemError) {
    self.mirror = mirror
    (self.setting, self.desk, self.around, self.running) = (setting, desk, around, running)
    poller = try Poller()
    let log = around.log
    told = ReloadLog { log.note($0) }
    try poller.add(running.waker.descriptor.raw, .readable, token: 0)
  }

  /// Starts keeping a mirror.
  ///
  /// - Parameters:
  ///   - setting: what of the server workspaces are loaded with.
  ///   - desk: where what becomes of it is left.
  ///   - running: the thread's own.
  static func start(
    _ mirror: consuming Mirror, _ setting: WorkspaceSetting, _ desk: MirrorDesk, _ around: FollowThread.Surroundings,
    _ running: RunningThread
  ) throws(SystemError) {
    let thread = try MirrorThread(mirror, setting, desk, around, running)
    try Thread(name: "mirror") {
      // Queries do not wait for this where there are fewer cores than threads.
      Thread.giveWay()
      thread.run()
      running.hasEnded()
    }.detach()
  }

  private func run() {
    while !running.mustStop {
      let now = System.monotonicNanoseconds()
      if let (name, change) = desk.next(at: now) {
        make(change, of: name, now)
      } else {
        wait(now)
      }
      tell(System.monotonicNanoseconds())
    }
    save()
  }

  private func wait(_ now: UInt64) {
    let times = [
      desk.milliseconds(from: now), waitMilliseconds(until: nextSave, from: now), told.milliseconds(from: now),
      isToTell ? waitMilliseconds(until: nextTelling, from: now) : nil,
    ]
    // Should it fail, the thread looks for itself.
    let woken = try? poller.wait(timeoutMilliseconds: times.compactMap { $0 }.min())
    running.waker.reset()
    // What came may be nothing to make, but something that is wrong.
    if woken != 0 { isToTell = true }
  }

  // MARK: Changes

  private func make(_ change: WorkspaceChange, of name: WorkspaceName, _ start: UInt64) {
    isToTell = true
    do throws(Problem) {
      let (folder, isThere) = (mirror.folder, mirror.names.contains(name))
      var problems: [Problem] = []
      let isChanged = try mirror.put(change, of: name) {
        if isThere { problems = whatWouldBreak(change, of: name, in: folder) }
        return problems.isEmpty
      }
      guard problems.isEmpty else {
        return desk.failed(change, of: name, problems, isRetried: false, since: start)
      }
      if isChanged { around.desk.rebuild([name]) }
      let end = System.monotonicNanoseconds()
      desk.made(name, change, nanoseconds: end &- start, at: end)
      let count = mirror.names.count
      around.state.put { $0.mirrored = count }
    } catch {
      desk.failed(change, of: name, [error], isRetried: true, since: start)
    }
  }

  /// Why a workspace that can be served could not any more; empty where it could, or could not before. One that takes long to
  /// build is not looked at: others' changes would wait for that.
  private func whatWouldBreak(
    _ change: WorkspaceChange, of name: WorkspaceName, in folder: ZonesFolder
  ) -> [Problem] {
    guard let former = try? folder.source(of: name) else { return [] }
    var files = change.isWhole ? [:] : former.files
    for (path, content) in change.files where !path.isSame(as: WorkspaceSource.lastChange) { files[path] = content }
    guard files != former.files, files.values.reduce(0, { $0 + $1.count }) <= Lane.quick.octets else { return [] }
    let next = WorkspaceSource(name: name, folder: former.folder, files: files)
    let (workspace, problems) = Workspace.loadLinked(next, failedOver: [], in: setting)
    guard workspace == nil, Workspace.loadLinked(former, failedOver: [], in: setting).0 != nil else { return [] }
    return problems.filter { $0.severity == .error }
  }

  // MARK: Telling

  private func tell(_ now: UInt64) {
    told.goOn(at: now)
    if nextSave <= now { save() }
    guard isToTell, nextTelling <= now else { return }
    (isToTell, nextTelling) = (false, now &+ Self.tellPause)
    let (listed, count) = desk.held(in: "\(around.state.address)")
    around.state.put { view in (view.waiting, view.waitingCount) = (listed, count) }
    let names = Set(listed.map(\.name))
    for (name, problems) in listed { told.tell(problems, of: .workspace(name), at: now) }
    for name in toldOf.subtracting(names) { told.tell([], of: .workspace(name), at: now) }
    toldOf = names
  }

  /// Writes down how far the mirror goes.
  private func save() {
    nextSave = System.monotonicNanoseconds() &+ Self.savePause
    let (now, wall) = (Instant(nanoseconds: System.monotonicNanoseconds()), System.wallClockSeconds())
    // While something waits it is older than what was heard.
    let age = desk.whole?.heardAt.map { UInt64(now.wholeSeconds(since: $0)) }
    do throws(Problem) {
      try mirror.save(desk.identity, heardAt: age.map { wall > $0 ? wall - $0 : 0 })
      told.tell([], of: .folder, at: now.nanoseconds)
    } catch {
      told.tell([error], of: .folder, at: now.nanoseconds)
    }
  }
}

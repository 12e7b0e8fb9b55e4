import Admin
import Bounds
import Foundation
import Glibc
import Synchronization
import SystemIO
import Testing
import Text
import Wire
import Workspaces

@testable import Server

/// The admin interface's thread: who waits, who goes, and what is said of it.
struct AdminServiceTests {
  // MARK: Who goes away

  /// A peer over a Unix socket that closes is reported as gone, without an error, to who awaits nothing of it.
  @Test func aPeerThatIsGoneIsAFailureWithoutAnError() throws {
    let path = FileManager.default.temporaryDirectory.appendingPathComponent("poll-\(UUID().uuidString)").path
    let server = try Socket.unixServer(path) { _ in }
    defer { try? FileManager.default.removeItem(atPath: path) }
    func connect() throws -> Socket { try .unixClient(path) }
    let client = try connect()
    var poller = try Poller()
    var accepted: [FileDescriptorBox] = []
    #expect(try server.acceptConnection { (socket) throws(SystemError) in accepted.append(FileDescriptorBox(socket)) })
    try poller.add(accepted[0].socket.raw, [], token: 1)
    #expect(try poller.wait(timeoutMilliseconds: 0) == 0)
    _ = consume client
    #expect(try poller.wait(timeoutMilliseconds: 5000) == 1)
    let events = poller.ready(at: 0).events
    #expect(events.isFailed && events.contains(.hangup) && !events.contains(.error))
    #expect(Poller.Events([.error]).isFailed && Poller.Events([.error, .hangup]).isFailed)
    #expect(!Poller.Events([.readable, .writable]).isFailed)
  }

  private final class FileDescriptorBox {
    let socket: Socket
    init(_ socket: consuming Socket) { self.socket = socket }
  }

  /// Clients that ask for a reload and close, many more than may wait: each makes room at once, and nothing is left of it.
  @Test func whoGoesAwayWhileAReloadIsWaitedForMakesRoom() throws {
    let rig = try AdminRig(connections: 8)
    for number in 1...20 {
      let connection = try rig.post("/v1/reload", "{}")
      try rig.eventually("the desk is asked for \(number)") {
        rig.lookAtDesk()
        return rig.asked.count == number
      }
      _ = consume connection
      try rig.eventually("it is withdrawn") {
        rig.lookAtDesk()
        return rig.withdrawn.count == number
      }
    }
    let other = try rig.post("/v1/reload", "{}")
    try rig.eventually("another may ask") {
      rig.lookAtDesk()
      return rig.asked.count == 21
    }
    rig.desk.finish([rig.asked[20]], ReloadOutcome())
    #expect(try rig.answer(other).status == 200)
    #expect(rig.withdrawn == Set(rig.asked.prefix(20)))
  }

  // MARK: Reloads

  @Test func whoIsRefusedReloadsNothing() throws {
    let rig = try AdminRig(connections: 8)
    let waiting = try (0..<4).map { _ in try rig.post("/v1/reload", "{}") }
    try rig.eventually("they wait") {
      rig.lookAtDesk()
      return rig.asked.count == 4
    }
    let refusal = try rig.answer(rig.post("/v1/reload", "{}"))
    #expect(refusal.status == 503 && refusal.body.contains("too-many-reloads"))
    rig.lookAtDesk()
    #expect(rig.asked.count == 4 && rig.withdrawn.isEmpty)
    rig.desk.finish(rig.asked, ReloadOutcome())
    for connection in waiting { #expect(try rig.answer(connection).status == 200) }
  }

  /// Of three workers one does not come to look: the answer says so, and so does everything that is made of their reports.
  @Test(arguments: [2, 3]) func workersThatSayNothingAreCounted(reporting: Int) throws {
    let rig = try AdminRig(workers: (count: 3, reporting: reporting))
    let reload = try rig.post("/v1/reload", "{}")
    try rig.eventually("the desk is asked") {
      rig.lookAtDesk()
      return !rig.asked.isEmpty
    }
    rig.desk.finish(rig.asked, ReloadOutcome())
    let silent = "\"silentWorkers\": \(3 - reporting)"
    #expect(try rig.answer(reload).body.contains(silent))
    #expect(try rig.answer(rig.get("/v1/status")).body.contains(silent))
    let metrics = try rig.answer(rig.get("/metrics")).body
    #expect(
      metrics.contains("\nbackroad_workers 3\n") && metrics.contains("\nbackroad_workers_silent \(3 - reporting)\n"))
    // A counter without one worker's part would fall, and be taken for one that starts anew.
    #expect(metrics.contains("\nbackroad_forwards_total ") == (reporting == 3))
    #expect(metrics.contains("\nbackroad_cache_hits_total ") == (reporting == 3))
    #expect(metrics.contains("\nbackroad_cache_entries "))
  }

  // MARK: Where it is

  /// Whoever ends twice, or late, leaves what another server has at the path by then.
  @Test func aServerRemovesItsOwnSocketAlone() throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("socket-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let path = folder.appendingPathComponent("a.sock").path
    func isThere() -> Bool { FileManager.default.fileExists(atPath: path) }
    let first = try AdminRig.listener(path)
    first.removePath()
    #expect(!isThere())
    let second = try AdminRig.listener(path)
    first.removePath()
    #expect(isThere(), "the first has removed its own before")
    try FileManager.default.removeItem(atPath: path)
    let third = try AdminRig.listener(path)
    second.removePath()
    #expect(isThere(), "the second's was removed by somebody else")
    third.removePath()
    #expect(!isThere())
    #expect(first.address == second.address && second.address == third.address)
  }
}

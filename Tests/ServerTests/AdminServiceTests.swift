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

  private func lease(_ rig: AdminRig, _ workspace: String, _ address: String) throws -> AdminRig.Connection {
    try rig.post("/v1/leases", #"{ "workspace": "\#(workspace)", "addresses": ["\#(address)"], "ttl": 60 }"#)
  }

  /// Scripts lease right after they have made the workspace: what is there and not read yet is read for the lease, while
  /// everything else is answered.
  @Test func aLeaseWaitsForAWorkspaceThatIsThereAndNotReadYet() throws {
    let rig = try AdminRig()
    try rig.serve(["acme"])
    for name in ["acme", "globex", "initech"] { try rig.makeFolder(name) }
    // One that is served, and one that is nowhere, are read for nobody.
    #expect(try rig.answer(lease(rig, "acme", "192.0.2.1")).status == 200)
    let refusal = try rig.answer(lease(rig, "globx", "192.0.2.2"))
    #expect(refusal.status == 404 && refusal.body.contains("there is no workspace \\\"globx\\\" here"), "\(refusal)")
    rig.lookAtDesk()
    #expect(rig.asked.isEmpty)
    let waiting = try lease(rig, "globex", "192.0.2.2")
    var gone: AdminRig.Connection? = try lease(rig, "globex", "192.0.2.3")
    let broken = try lease(rig, "initech", "192.0.2.4")
    try rig.eventually("the desk is asked") {
      rig.lookAtDesk()
      return rig.asked.count == 3
    }
    #expect(try rig.answer(rig.get("/v1/status")).status == 200)
    #expect(gone != nil)
    gone = nil
    try rig.eventually("one is withdrawn") {
      rig.lookAtDesk()
      return rig.withdrawn.count == 1
    }
    #expect(try waiting.answer == nil)
    try rig.serve(["acme", "globex"])
    rig.desk.finish(rig.asked, ReloadOutcome(problems: [Problem(file: "initech/workspace.json", "nonsense")]))
    #expect(try rig.answer(waiting).status == 200)
    // Tried once more, and not for ever.
    let answer = try rig.answer(broken)
    #expect(answer.status == 404 && answer.body.contains("nonsense"), "\(answer)")
    rig.lookAtDesk()
    #expect(rig.asked.count == 3)
    let leased = try rig.answer(rig.get("/v1/leases")).body
    #expect(leased.contains("192.0.2.2") && !leased.contains("192.0.2.3"), "\(leased)")
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

  // MARK: The disk

  /// Answers when it is let go.
  private final class Held: AdminHandler {
    private let isHeld = Atomic(true)
    let hasBegun = Atomic(false)

    func letGo() { isHeld.store(false, ordering: .releasing) }

    func answer(_ context: AdminContext, _ match: RouteMatch) throws(AdminError) -> AdminReply {
      .later {
        self.hasBegun.store(true, ordering: .releasing)
        while self.isHeld.load(ordering: .acquiring) { usleep(1000) }
        return .json(["held": JSON(.bool(false))])
      }
    }
  }

  /// While the disk is waited for, everything but what changes leases or reads links is answered; what waits is bounded, and
  /// what nobody waits for any more is not done.
  @Test func aDiskThatStallsHoldsUpNothingElse() throws {
    let held = Held()
    defer { held.letGo() }
    let rig = try AdminRig(connections: 8, routes: AdminRoutes.all + [Route(.get, "/held", held as any AdminHandler)])
    try rig.serve(["acme"])
    let stalled = try rig.get("/held")
    try rig.eventually("it has begun") { held.hasBegun.load(ordering: .acquiring) }
    func lease(_ address: String) throws -> AdminRig.Connection {
      try rig.post("/v1/leases", #"{ "workspace": "acme", "addresses": ["\#(address)"], "ttl": 60 }"#)
    }
    let waiting = try lease("192.0.2.1")
    var gone: AdminRig.Connection? = try lease("192.0.2.2")
    let links = try rig.get("/v1/workspaces/acme/links")
    // The fifth that waits would be more than half of the connections; which shows, too, that the four are there.
    try rig.eventually("no more may wait") {
      let answer = try rig.answer(lease("192.0.2.3"))
      return answer.status == 503 && answer.body.contains("disk-busy")
    }
    for path in ["/v1/status", "/metrics", "/v1/leases", "/v1/workspaces"] {
      #expect(try rig.answer(rig.get(path)).status == 200, "\(path)")
    }
    #expect(try waiting.answer == nil)
    #expect(try links.answer == nil)
    #expect(gone != nil)
    gone = nil
    // Its place is free again.
    let other = try lease("192.0.2.4")
    try rig.eventually("another may wait") { try rig.answer(lease("192.0.2.5")).body.contains("disk-busy") }
    held.letGo()
    #expect(try rig.answer(stalled).status == 200)
    for connection in [waiting, links, other] { #expect(try rig.answer(connection).status == 200) }
    let leased = try rig.answer(rig.get("/v1/leases")).body
    #expect(leased.contains("192.0.2.1") && leased.contains("192.0.2.4"))
    for address in ["192.0.2.2", "192.0.2.3", "192.0.2.5"] {
      #expect(!leased.contains(address), "nobody waited for it")
    }
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

  // MARK: On whose account

  /// A connection over TCP whose client has reset it already has no address; the kernel would name a user all the same.
  @Test func whoIsGoneAlreadyIsAStrangerOverTCP() throws {
    let listener = try Socket.tcpServer(SocketAddress(.v4(0x7f00_0001), port: 0))
    let bound = listener.localAddress
    let address = try #require(bound)
    try reset(address)
    var holder: AdminService.Share.Holder?
    var hasAddress = true
    #expect(
      try listener.acceptConnection { (socket) throws(SystemError) in
        hasAddress = socket.peerAddress != nil
        holder = AdminService.holder(of: socket, at: .tcp(address))
      })
    #expect(!hasAddress, "it is gone")
    #expect(try #require(holder).group == nil)
  }

  /// Connects and resets the connection at once.
  private func reset(_ address: SocketAddress) throws {
    let raw = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    defer { close(raw) }
    var to = sockaddr_in()
    to.sin_family = sa_family_t(AF_INET)
    to.sin_port = address.port.bigEndian
    to.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    // unsafe: the calls read locals of the types that they name.
    let isConnected = unsafe withUnsafePointer(to: &to) { pointer in
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        unsafe connect(raw, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
      }
    }
    try #require(isConnected)
    var linger = linger(l_onoff: 1, l_linger: 0)
    // unsafe: the call reads a local.
    _ = unsafe setsockopt(raw, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout<linger>.size))
  }

  // MARK: Errors

  @Test(arguments: ["\"1h\"", "0", "2592001", "-1", "1.5"]) func aTimeOfALeaseIsRefusedWithItsLimits(ttl: String) throws
  {
    let rig = try AdminRig()
    try rig.serve(["acme"])
    let body = #"{ "workspace": "acme", "addresses": ["192.0.2.1"], "ttl": \#(ttl) }"#
    let answer = try rig.answer(rig.post("/v1/leases", body))
    #expect(answer.status == 422 && answer.body.contains("whole number from 1 to 2592000"), "\(answer)")
  }
}

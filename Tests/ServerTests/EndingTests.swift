import Admin
import Bounds
import Glibc
import SystemIO
import Testing
import Wire

@testable import Server

/// What probes are told, and when a server that was told to end does.
struct EndingTests {
  @Test func aServerIsReadyOnceItServesAndLacksNothingAndIsNotToEnd() {
    let readiness = Readiness()
    #expect(readiness.reason == "the workspaces are still being read")
    readiness.lacks("the store has never been reached")
    readiness.serves()
    #expect(readiness.reason == "the store has never been reached")
    readiness.lacks(nil)
    #expect(readiness.reason == nil)
    readiness.ends()
    readiness.lacks(nil)
    #expect(readiness.reason?.hasPrefix("the server was told to end") == true)
  }

  @Test func aLameduckGoesOnForItsTimeAfterTheFirstSIGTERM() {
    let readiness = Readiness()
    readiness.serves()
    var ending = Ending(lameduckSeconds: 15, readiness)
    #expect(!ending.isOver(at: .max) && readiness.reason == nil)
    let isFirstAtOnce = ending.signal(SIGTERM, at: 1_000)
    #expect(!isFirstAtOnce && readiness.reason != nil)
    #expect(ending.deadline == 15_000_001_000)
    #expect(!ending.isOver(at: 15_000_000_999) && ending.isOver(at: 15_000_001_000))
    let isSecondAtOnce = ending.signal(SIGTERM, at: 2_000)
    #expect(isSecondAtOnce)
  }

  @Test(arguments: [(15, SIGINT), (0, SIGTERM)]) func withoutALameduckItEndsAtOnce(seconds: Int, signal: Int32) {
    let readiness = Readiness()
    readiness.serves()
    var ending = Ending(lameduckSeconds: seconds, readiness)
    let isAtOnce = ending.signal(signal, at: 1_000)
    #expect(isAtOnce && ending.deadline == nil && readiness.reason != nil)
  }

  // MARK: Routes

  @Test func readinessIsAnsweredWithItsReasonAndLifeWhateverItIs() throws {
    let rig = try AdminRig()
    func status(_ path: String) throws -> (status: Int, body: String) { try rig.answer(rig.get(path)) }
    let starting = try status("/readyz")
    #expect(starting.status == 503 && starting.body.contains("\"not-ready\"") && starting.body.contains("being read"))
    rig.context.readiness.serves()
    #expect(try status("/readyz").status == 200 && status("/healthz").status == 200)
    rig.context.readiness.ends()
    #expect(try status("/readyz").status == 503 && status("/healthz").status == 200)
  }

  /// Without a token there is nothing else to be had.
  @Test func probesHaveTwoPathsAndNoOther() throws {
    #expect(AdminRoutes.probes.map(\.path) == [["healthz"], ["readyz"]])
    #expect(AdminRoutes.probes.allSatisfy { $0.method == .get })
    let rig = try AdminRig(routes: AdminRoutes.probes)
    #expect(try rig.answer(rig.get("/healthz")).status == 200)
    for path in ["/metrics", "/v1/status", "/v1/workspaces", "/v1/leases", "/"] {
      #expect(try rig.answer(rig.get(path)).status == 404, "\(path)")
    }
    #expect(try rig.answer(rig.post("/v1/reload", "{}")).status == 404)
  }
}

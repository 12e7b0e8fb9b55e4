import Admin
import Fleet
import Forwarding
import SystemIO
import Text
import Workspaces

/// How the store is followed: the part of status and metrics of a server that follows one.
enum StoreStatus {
  /// The status's `store`.
  static func json(_ state: StoreState) -> JSON {
    let view = state.view
    let report = view.report
    var members: [(String, JSON)] = [
      ("address", .string("\(state.address)")),
      ("live", JSON(.bool(report?.isLive ?? false))),
      ("ready", JSON(.bool(view.isReady))),
      ("loading", JSON(.bool(report?.isLoading ?? true))),
      ("revision", report?.revision.map { .number($0) } ?? nil),
      ("ageSeconds", age(view).map { .number($0) } ?? nil),
      ("problem", report?.failure.map { .string("\($0)") } ?? nil),
      ("held", .number(report?.held ?? 0)),
      ("heldList", .array(view.held.map { .string($0.description) })),
      ("pods", .number(report?.pods ?? 0)),
      ("behind", .number(view.waitingCount)),
      (
        "behindList",
        .array(
          view.waiting.map { waiting in
            ["name": .string(waiting.name.description), "problems": .array(waiting.problems.map(\.json))]
          })
      ),
    ]
    if let report { members.insert(("member", .string("\(state.address.members[report.endpoint])")), at: 1) }
    return .object(members)
  }

  private static func age(_ view: StoreState.View) -> UInt64? {
    view.age(now: Instant(nanoseconds: System.monotonicNanoseconds()), wallSeconds: System.wallClockSeconds())
  }

  /// The metrics, `backroad_store_…`.
  static func write(_ text: inout MetricsText, _ state: StoreState) {
    let view = state.view
    let (report, counters) = (view.report, view.counters)
    text.single(
      "backroad_store_live", .gauge, "1 while the store is followed, and each change of it is served as it is made.",
      report?.isLive == true ? 1 : 0)
    if let age = age(view) {
      text.single(
        "backroad_store_age_seconds", .gauge,
        "For how long nothing has shown that what is served is what the store has.", age)
    }
    text.single(
      "backroad_store_revision", .gauge, "The store's revision up to which everything is taken over.",
      report?.revision ?? 0)
    text.single(
      "backroad_store_workspaces_held", .gauge,
      "Workspaces that are missing in the store and served until somebody confirms that they are gone.",
      report?.held ?? 0)
    text.single(
      "backroad_store_workspaces_behind", .gauge,
      "Workspaces that are served as they were, because of a bad key in the store or a mirror that does not take them.",
      view.waitingCount)
    text.single("backroad_store_pods", .gauge, "Pods' addresses that the store has.", report?.pods ?? 0)
    text.single("backroad_store_loads_total", .counter, "Times that all of the store was read.", counters.loaded)
    text.single("backroad_store_revisions_total", .counter, "Revisions that the watch has brought.", counters.revisions)
    text.single("backroad_store_failures_total", .counter, "Times that following a member ended.", counters.failures)
    text.single(
      "backroad_store_differences_total", .counter,
      "Workspaces and addresses that an hourly comparison found to differ from the store.", counters.differences)
  }
}

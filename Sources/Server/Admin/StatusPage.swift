import Admin
import Bounds
import Forwarding
import Links
import Storage
import SystemIO
import Text
import Workspaces

/// `GET /v1/status`: how the server is.
struct StatusPage: AdminHandler {

  func answer(_ context: AdminContext, _: RouteMatch) throws(AdminError) -> AdminReply {
    let view = context.state.view
    let reports = context.reports()
    return .json([
      "version": .string(Server.version),
      "startedAt": .number(context.startedAt.wallSeconds),
      "uptimeSeconds": .number((System.monotonicNanoseconds() - context.startedAt.nanoseconds) / 1_000_000_000),
      "listen": .array(context.configuration.listen.map { .string("\($0)") }),
      "zonesFolder": .string(context.folder.path),
      "workers": .number(context.mail.mailboxes.count),
      "silentWorkers": .number(reports.silentCount),
      "workspaces": Self.workspaces(view),
      "reloads": Self.reloads(view),
      "cache": Self.cache(context.cache, reports.all),
      "upstreams": Self.upstreams(reports.all),
      "leases": Self.leases(context.leases),
      "links": Self.links(context.links, view),
      "failovers": Self.failovers(context.failovers, view),
      "waiting": .number(reports.all.reduce(0) { $0 + $1.waitingCount }),
      "store": context.store.map { StoreStatus.json($0) } ?? nil,
    ])
  }

  private static func workspaces(_ view: ServerState.View) -> JSON {
    [
      "served": .number(view.snapshot?.workspaces.count ?? 0),
      "broken": .number(view.broken.count),
      "brokenList": .array(view.broken(atMost: Limits.Admin.problemsOfStatus).map { json(of: $0) }),
    ]
  }

  /// A workspace with errors, and whether it is served as it was before.
  static func json(of broken: BrokenWorkspace) -> JSON {
    [
      "name": .string(broken.name.description),
      "since": .number(broken.sinceSeconds),
      "served": JSON(.bool(broken.isServed)),
      "problems": .array(broken.problems.prefix(Limits.Admin.problemsOfStatus).map(\.json)),
    ]
  }

  private static func reloads(_ view: ServerState.View) -> JSON {
    var members: [(String, JSON)] = [
      ("count", .number(view.reloadCount)), ("failed", .number(view.failedReloadCount)),
      ("problem", view.folderProblem?.json ?? nil),
    ]
    if let (at, outcome) = view.lastReload {
      members += [
        ("lastAt", .number(at)), ("lastMilliseconds", .number(outcome.nanoseconds / 1_000_000)),
        ("lastFailed", JSON(.bool(outcome.hasErrors))),
      ]
    }
    return .object(members)
  }

  private static func leases(_ leases: LeaseKeeper) -> JSON {
    var members: [(String, JSON)] = [
      ("count", .number(leases.count())), ("problem", leases.obstacle.map { .string("\($0)") } ?? nil),
    ]
    let moment = LeaseKeeper.Moment.current
    if let followed = leases.followed(moment: moment) {
      members += [
        ("secondsWithoutContactLeft", .number(followed.holdsUntil.map { moment.left(until: $0) / 1000 } ?? 0)),
        ("waiting", .number(followed.waiting)), ("unreadable", .number(followed.unreadable)),
      ]
    }
    return .object(members)
  }

  private static func links(_ links: LinkStates, _ view: ServerState.View) -> JSON {
    let counts = links.counts(in: view).reduce(LinkStates.Counts()) { $0 + $1.counts }
    return [
      "watching": JSON(.bool(links.isWatching)),
      "states": .object(LinkHealth.State.allCases.map { ($0.label, .number(counts[$0])) }),
    ]
  }

  private static func failovers(_ keeper: FailoverKeeper, _ view: ServerState.View) -> JSON {
    let all = keeper.failedOver(in: view)
    let listed = all.prefix(Limits.Admin.problemsOfStatus).map { link in
      [
        "workspace": .string(link.id.workspace.description), "link": .string(link.id.link),
        "since": .number(link.sinceSeconds),
      ] as JSON
    }
    return ["count": .number(all.count), "moves": .number(keeper.moveCount), "links": .array(listed)]
  }

  private static func cache(_ cache: AnswerCache, _ reports: [WorkerReport]) -> JSON {
    [
      "entries": .number(cache.count),
      "octets": .number(cache.usedOctets),
      "capacityOctets": .number(cache.capacityOctets),
      "hits": .number(reports.cacheHitCount),
      "misses": .number(reports.cacheMissCount),
      "stale": .number(reports.reduce(0) { $0 + $1.forwarding.staleAnswers }),
    ]
  }

  private static func upstreams(_ reports: [WorkerReport]) -> JSON {
    .array(
      UpstreamHealth.all(reports).lowest(Limits.Admin.problemsOfStatus, by: \.upstream).map { health in
        [
          "address": .string("\(health.upstream)"), "queries": .number(health.tally.queryCount),
          "failures": .number(health.tally.failureCount), "down": JSON(.bool(health.isDown)),
          "milliseconds": health.usualTime.map { JSON(.number(String($0.milliseconds))) } ?? nil,
        ]
      })
  }
}

extension Duration {
  /// In thousandths of a second, with three decimals at most.
  var milliseconds: Double { Double(Int64(self / .microseconds(1))) / 1000 }
}

import Bounds
import Text
import Workspaces

/// What is being read on whose behalf, until all of it was read and is served.
struct ReloadRequests {
  /// One that is done.
  struct Complete {
    let tickets: [ReloadDesk.Ticket]
    let outcome: ReloadOutcome
  }

  /// One that nobody waits for any more, of which not all was read.
  struct Abandoned {
    let request: BuildQueue.Request
    /// The workspaces that are read for it; nil for all.
    let names: Set<WorkspaceName>?
  }

  private struct Open {
    var tickets: [ReloadDesk.Ticket]
    let names: Set<WorkspaceName>?
    let start: UInt64
    /// How many workspaces are still to be read.
    var left: Int
    var outcome = ReloadOutcome()
  }

  private var open: [BuildQueue.Request: Open] = [:]
  private var last: BuildQueue.Request = 0
  /// How many of the open ones somebody waits for.
  private var awaitedCount = 0
  /// Those of which everything was read.
  private var read: [BuildQueue.Request] = []

  /// True when no more can be asked for.
  var isFull: Bool { awaitedCount >= Limits.Building.requests }

  /// True when of some everything was read.
  var hasComplete: Bool { !read.isEmpty }

  /// The next request's number.
  mutating func next() -> BuildQueue.Request {
    last += 1
    return last
  }

  /// Opens a request.
  ///
  /// - Parameters:
  ///   - tickets: who waits for it; none for what nobody asked for.
  ///   - names: the workspaces that are read for it; nil for all.
  ///   - count: how many these are.
  ///   - problems: what is wrong already.
  mutating func open(
    _ request: BuildQueue.Request, _ tickets: [ReloadDesk.Ticket], of names: Set<WorkspaceName>? = nil, count: Int,
    problems: [Problem] = [], at now: UInt64
  ) {
    guard count > 0 || !tickets.isEmpty || !problems.isEmpty else { return }
    open[request] = Open(
      tickets: tickets, names: names, start: now, left: count, outcome: ReloadOutcome(problems: problems))
    if !tickets.isEmpty { awaitedCount += 1 }
    if count == 0 { read.append(request) }
  }

  /// Nobody waits for some tickets any more.
  ///
  /// - Returns: the requests that nobody waits for at all now; they count no more as awaited.
  mutating func withdraw(_ tickets: [ReloadDesk.Ticket]) -> [Abandoned] {
    guard !tickets.isEmpty else { return [] }
    let withdrawn = Set(tickets)
    var abandoned: [Abandoned] = []
    for (request, one) in open where one.tickets.contains(where: withdrawn.contains) {
      let left = one.tickets.filter { !withdrawn.contains($0) }
      open[request]?.tickets = left
      guard left.isEmpty else { continue }
      awaitedCount -= 1
      if one.left > 0 { abandoned.append(Abandoned(request: request, names: one.names)) }
    }
    return abandoned
  }

  /// So many workspaces are not read any more for an abandoned request; without any other it is forgotten.
  mutating func leave(_ request: BuildQueue.Request, _ count: Int) {
    open[request]?.left -= count
    if open[request]?.left == 0 { open[request] = nil }
  }

  /// A workspace was read for requests.
  ///
  /// - Parameters:
  ///   - isChanged: true when what is served of it is another state.
  ///   - problems: what is wrong with it.
  mutating func note(_ name: WorkspaceName, isChanged: Bool, _ problems: [Problem], for requests: [BuildQueue.Request])
  {
    for request in requests {
      guard open[request] != nil else { continue }
      if isChanged { open[request]?.outcome.changed.append(name) }
      open[request]?.outcome.add(problems)
      open[request]?.left -= 1
      if open[request]?.left == 0 { read.append(request) }
    }
  }

  /// Something is wrong between workspaces: whoever waits is told.
  mutating func note(_ problems: [Problem]) {
    guard !problems.isEmpty else { return }
    for request in open.keys { open[request]?.outcome.add(problems) }
  }

  /// Takes those that are done, now that what was read is served.
  mutating func takeComplete(at now: UInt64) -> [Complete] {
    defer { read = [] }
    return read.compactMap { request in
      guard var complete = open.removeValue(forKey: request) else { return nil }
      if !complete.tickets.isEmpty { awaitedCount -= 1 }
      complete.outcome.changed.sort()
      complete.outcome.nanoseconds = now &- complete.start
      return Complete(tickets: complete.tickets, outcome: complete.outcome)
    }
  }
}

import Forwarding
import Text
import Wire
import Workspaces
import Zones

extension Responder {
  /// Tells what a workspace's zones say of a name, by the look-up that answers go by.
  mutating func zoneStep(
    _ name: Name, _ type: RecordType, _ workspace: Int, _ snapshot: Snapshot
  ) -> Explanation.Step {
    let images = snapshot.images
    let walk = ZoneWalk(images.view(at: workspace), type: type)
    hashes.fill(name.wire.span, seed: walk.image.seed)
    let found = walk.image.lookup(name.wire.span, hashes)
    let owner = snapshot.workspaces[workspace].name
    let (zone, text): (Name?, String) = walk.describe(name, found, owner)
    return Explanation.Step(
      topic: .zone, text: "\(name): \(text)",
      facts: [
        ("name", .string("\(name)")), ("zone", zone.map { .string("\($0)") } ?? nil),
        ("found", .string("\(found.outcome)")), ("held", JSON(.bool(walk.holds(found)))),
      ])
  }
}

extension ZoneWalk {
  /// The zone that a look-up ended in, and what it found, in words.
  fileprivate func describe(_ name: Name, _ found: Lookup, _ workspace: WorkspaceName) -> (Name?, String) {
    switch found.outcome {
    case .noZone: return (nil, "no zone of workspace \(workspace) holds it")
    case .forwarded: return (nil, "a forwarding rule of workspace \(workspace) takes it out of the zone around it")
    default: break
    }
    let zone = image.apex(image.zone(of: found.node))
    let inZone = zone.map { "zone \($0)" } ?? "a zone"
    guard holds(found) else {
      return image.marks(of: found.node).contains(.open) && found.labelsBelow == 0
        && image.firstSet(at: found.node) != nil
        ? (zone, "its own \(inZone) has no \(type) records, and what it lacks is forwarded")
        : (zone, "\(inZone) does not hold it, and such names are forwarded")
    }
    let encloser = Self.ending(of: name, without: found.labelsBelow)
    switch found.outcome {
    case .noZone, .forwarded: return (zone, "")
    case .missing: return (zone, "\(inZone) holds no such name")
    case .delegation: return (zone, "\(inZone) delegates \(encloser) to other servers")
    case .dname: return (zone, "\(inZone) has a DNAME at \(encloser)\(target(.dname, at: found.node))")
    case .exact: return (zone, "\(inZone) holds it: \(content(at: found.node))")
    case .wildcard: return (zone, "the wildcard *.\(encloser) of \(inZone) answers for it: \(content(at: found.node))")
    }
  }

  /// What stands at a node for the type that is asked for.
  private func content(at node: Int) -> String {
    if image.marks(of: node).contains(.closed) { return "a link's name, which is not answered" }
    if let set = image.set(type, at: node) {
      return "\(set.recordCount) \(type) \(set.recordCount == 1 ? "record" : "records")"
    }
    if type == .any { return image.firstSet(at: node).map { "its \($0.type) records" } ?? "no records" }
    if image.set(.cname, at: node) != nil { return "a CNAME" + target(.cname, at: node) }
    if type == .a || type == .aaaa, image.set(.alias, at: node) != nil {
      return "an ALIAS" + target(.alias, at: node)
    }
    return "no \(type) records"
  }

  private func target(_ type: RecordType, at node: Int) -> String {
    guard let set = image.set(type, at: node), let name = Name(wire: image.firstData(set).array) else { return "" }
    return " to \(name)"
  }

  private static func ending(of name: Name, without labels: Int) -> Name {
    var ending = name
    for _ in 0..<labels { ending = ending.parent ?? ending }
    return ending
  }
}

extension KnownHops.Asked {
  /// Which rule took the name, and what was known of it.
  func steps(_ now: Instant) -> [Explanation.Step] {
    let rule = question.rule
    let owner =
      switch rule.owner {
      case .server: "the server's rule"
      case .workspace(let name): "workspace \(name)'s rule"
      }
    let upstreams = rule.upstreams.map { "\($0)" }
    let forward = Explanation.Step(
      topic: .forward,
      text: "\(question.name): \(owner) for \(rule.zone) takes it"
        + (rule.isClosed ? ", which is closed" : " to \(upstreams.joined(separator: ", "))"),
      facts: [
        ("name", .string("\(question.name)")), ("rule", .string("\(rule.zone)")),
        ("owner", .string(rule.owner == .server ? "server" : "workspace")),
        ("upstreams", .array(upstreams.map { .string($0) })),
      ])
    guard let (state, answer, text) = cached(now) else { return [forward] }
    let age = answer.map { now.wholeSeconds(since: $0.storedAt) }
    let left = answer.flatMap { answer in age.map { answer.ttlSeconds > $0 ? answer.ttlSeconds - $0 : 0 } }
    let cache = Explanation.Step(
      topic: .cache, text: "\(question.name) \(question.type): \(text)",
      facts: [
        ("name", .string("\(question.name)")), ("type", .string("\(question.type)")), ("state", .string(state)),
        ("ageSeconds", age.map { .number($0) } ?? nil), ("secondsLeft", left.map { .number($0) } ?? nil),
      ])
    return [forward, cache]
  }

  /// What the cache has; nil when it is not looked at.
  private func cached(_ now: Instant) -> (state: String, answer: UpstreamAnswer?, text: String)? {
    func age(_ answer: UpstreamAnswer) -> UInt32 { now.wholeSeconds(since: answer.storedAt) }
    switch known {
    case .closed: return nil
    case .notForwardable: return ("not-forwardable", nil, "such questions are never forwarded")
    case .fresh(let answer):
      let left = answer.ttlSeconds - min(answer.ttlSeconds, age(answer))
      return ("fresh", answer, "an answer of \(age(answer)) s ago, good for \(left) s more")
    case .failedWithStale(let failure, let answer):
      return ("stale", answer, "an answer of \(age(answer)) s ago, past its TTL, given because \(failure.error.text)")
    case .failed(let failure): return ("failure", nil, "asking failed a moment ago: \(failure.error.text)")
    case .cut(let answer):
      return ("name-error", answer, "\(answer.chainEnd) above it does not exist, as was answered \(age(answer)) s ago")
    case .unknown(let answer?):
      return ("expired", answer, "an answer of \(age(answer)) s ago, past its TTL")
    case .unknown(nil): return ("empty", nil, "nothing")
    }
  }
}

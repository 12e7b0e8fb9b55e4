/// That an upstream was found to be down, or answers again, for a person.
public struct UpstreamNews: Sendable {
  let use: UpstreamUse
  /// True when it was found to be down.
  public let isDown: Bool
  private let trouble: UpstreamTrouble?

  init(_ use: UpstreamUse, _ trouble: UpstreamTrouble?, isDown: Bool) {
    self.use = use
    self.isDown = isDown
    self.trouble = trouble
  }

  /// True when it is the server's own rules that have the upstream.
  public var isOfServer: Bool { use.owner == .server }
}

extension UpstreamNews: CustomStringConvertible {
  /// One line, for the log.
  public var description: String {
    let owner = if case .workspace(let name) = use.owner { " of workspace \(name)" } else { "" }
    let upstream = "upstream \(use.upstream)\(owner)"
    guard isDown else { return "\(upstream) answers again, after \(trouble?.seconds ?? 0) s" }
    return "\(upstream) \(trouble?.description ?? "is silent"): what it alone has fails at once until it is back"
  }
}

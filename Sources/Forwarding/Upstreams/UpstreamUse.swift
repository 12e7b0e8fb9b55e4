/// An upstream as the rules of one owner use it.
///
/// What is known of an upstream (whether it answers, how fast, what it does not understand) is learned of the questions
/// that are sent to it, and who may choose these is not to be believed for others: so each owner learns for itself.
struct UpstreamUse: Hashable, Sendable {
  let upstream: Upstream
  let owner: ForwardRule.Owner
}

extension UpstreamUse: Comparable {
  /// An order that is the same in each process; it means nothing else.
  static func < (a: Self, b: Self) -> Bool { a.sortKey < b.sortKey }

  private var sortKey: (String, Int, String) {
    switch owner {
    case .server: ("\(upstream)", 0, "")
    case .workspace(let name): ("\(upstream)", 1, name)
    }
  }
}

import Wire

/// What is asked of upstreams and cached: one hop of a client's question. The class is always IN.
///
/// All of it is the key of the cache and of the questions in flight. The rule is part of it, so answers of different
/// workspaces' forwarding never meet; DO and CD are, because they change what an upstream answers.
public struct ForwardQuestion: Hashable, Sendable {
  /// In lower case.
  public let name: Name
  /// What is asked for.
  public let type: RecordType
  /// DO: with DNSSEC's records (RFC 3225).
  public let dnssecOK: Bool
  /// CD: without the upstream's validation (RFC 4035 §3.2.2).
  public let checkingDisabled: Bool
  /// Whose forwarding it is, and where it is asked.
  public let rule: ForwardRule

  /// Makes a question; the name may have any case.
  public init(
    name: Name, type: RecordType, dnssecOK: Bool = false, checkingDisabled: Bool = false, rule: ForwardRule
  ) {
    self.name = name.lowercased
    self.type = type
    self.dnssecOK = dnssecOK
    self.checkingDisabled = checkingDisabled
    self.rule = rule
  }

  /// False for transfers, other types that are message machinery, and reserved ones (RFC 6895 §3.1), which are never
  /// forwarded.
  public var isForwardable: Bool { type.isAskable }
}

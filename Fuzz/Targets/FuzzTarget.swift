/// What a fuzzer does with an input. What must hold is a precondition, so that a breach is a crash.
public protocol FuzzTarget: Sendable {
  /// Takes one input.
  func run(_ octets: [UInt8])
}

/// The targets by their names.
public enum FuzzTargets {
  /// The target of a name; nil when there is none.
  public static func named(_ name: String) -> (any FuzzTarget)? {
    switch name {
    case "message": MessageTarget()
    case "import": ImportTarget()
    case "proxy": ProxyTarget()
    case "fleet": FleetTarget()
    case "cluster": ClusterTarget()
    case "slow": SlowTarget()
    default: nil
    }
  }
}

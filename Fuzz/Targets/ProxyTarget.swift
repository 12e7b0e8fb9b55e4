import Wire

/// Any octets as what a load balancer's connection or datagram starts with.
public struct ProxyTarget: FuzzTarget {
  /// Nothing is made beforehand.
  public init() {}

  /// Reads one beginning.
  public func run(_ octets: [UInt8]) {
    let whole = ProxyHeader.read(octets.span)
    Self.check(whole, octets)
    // A stream brings them one after another: whatever is said of a beginning must hold of the rest too.
    for count in 0..<min(octets.count, ProxyHeader.maximumLength + 1) {
      switch ProxyHeader.read(octets.span.extracting(0..<count)) {
      case .incomplete: continue
      case let outcome:
        precondition(outcome == whole, "what is known of a beginning stays")
        return
      }
    }
  }

  private static func check(_ outcome: ProxyHeader.Outcome, _ octets: [UInt8]) {
    switch outcome {
    case .malformed: return
    case .incomplete: precondition(octets.count < ProxyHeader.maximumLength, "a header that cannot end is none")
    case .header(let header):
      precondition((16...ProxyHeader.maximumLength).contains(header.length) && header.length <= octets.count)
      precondition(octets[12] == 0x21 || header.client == nil, "only PROXY names a client")
    }
  }
}

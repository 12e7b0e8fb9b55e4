/// How large a request may be.
public struct HTTPLimits: Sendable {
  /// Octets of the request line.
  public var requestLine = 2048
  /// Octets of all header fields together.
  public var headers = 8192
  /// How many header fields.
  public var headerCount = 64
  /// Octets of the body.
  public var body = 64 << 10
  /// Members of the query.
  public var queryCount = 16

  /// The usual limits.
  public init() {}
}

/// What is to be done with what the path names (RFC 9110 §9).
public enum HTTPMethod: Hashable, Sendable {
  case get
  case head
  case post
  case put
  case delete
  /// A method that nothing here knows.
  case other(String)

  /// Takes the method as it stands in a request; case counts.
  public init(_ text: String) {
    self =
      switch text {
      case "GET": .get
      case "HEAD": .head
      case "POST": .post
      case "PUT": .put
      case "DELETE": .delete
      default: .other(text)
      }
  }

  /// As it stands in a request.
  public var text: String {
    switch self {
    case .get: "GET"
    case .head: "HEAD"
    case .post: "POST"
    case .put: "PUT"
    case .delete: "DELETE"
    case .other(let text): text
    }
  }

  /// True when it may change something, so that a page in a browser must not be able to send it.
  public var isWrite: Bool { self != .get && self != .head }
}

/// Header fields in the order they came; names in lower case.
public struct HTTPHeaders: Hashable, Sendable {
  /// The fields.
  public private(set) var fields: [(name: String, value: String)] = []

  /// None.
  public init() {}

  /// Adds a field.
  public mutating func add(_ name: String, _ value: String) { fields.append((name.lowercased(), value)) }

  /// A field's values, one for each time it stands there.
  public func values(_ name: String) -> [String] { fields.filter { $0.name == name }.map(\.value) }

  /// The value of a field that stands once; nil when it is missing or repeated.
  public subscript(name: String) -> String? {
    let values = values(name)
    return values.count == 1 ? values[0] : nil
  }

  /// The same fields with the same values in the same order.
  public static func == (a: Self, b: Self) -> Bool {
    a.fields.elementsEqual(b.fields) { $0.name == $1.name && $0.value == $1.value }
  }

  /// Hashes names and values.
  public func hash(into hasher: inout Hasher) {
    for (name, value) in fields {
      hasher.combine(name)
      hasher.combine(value)
    }
  }
}

/// A request that came whole and is well formed; whether it is allowed is decided elsewhere.
public struct HTTPRequest: Hashable, Sendable {
  /// What to do.
  public let method: HTTPMethod
  /// The path's segments, percent-decoded: `/v1/links` is `["v1", "links"]`.
  public let path: [String]
  /// The query's members, percent-decoded, each key once.
  public let query: [String: String]
  /// The header fields.
  public let headers: HTTPHeaders
  /// What Content-Length counted.
  public let body: [UInt8]
  /// False when the connection ends after the answer.
  public let keepsConnection: Bool

  /// Takes the parts.
  public init(
    method: HTTPMethod, path: [String], query: [String: String] = [:], headers: HTTPHeaders = HTTPHeaders(),
    body: [UInt8] = [], keepsConnection: Bool = true
  ) {
    self.method = method
    self.path = path
    self.query = query
    self.headers = headers
    self.body = body
    self.keepsConnection = keepsConnection
  }
}

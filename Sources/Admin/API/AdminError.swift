import Text

/// Why a request was not carried out, in the one form that all errors have:
/// `{ "error": { "code": "…", "message": "…" } }`.
public struct AdminError: Error, Hashable, Sendable {
  /// The answer's status.
  public var status: HTTPStatus
  /// For programs: lower case, words joined by hyphens. Once published it does not change.
  public var code: String
  /// For people: what is wrong, and what to do.
  public var message: String
  /// Every single problem, where there are several: `FILE:LINE:COLUMN: …`.
  public var problems: [Problem]
  /// Further header fields of the answer.
  public var headers: [String: String]

  /// Takes the parts.
  public init(
    _ status: HTTPStatus, _ code: String, _ message: String, problems: [Problem] = [], headers: [String: String] = [:]
  ) {
    self.status = status
    self.code = code
    self.message = message
    self.problems = problems
    self.headers = headers
  }

  /// What came is no request.
  static func malformed(_ message: String) -> AdminError { AdminError(.badRequest, "malformed-request", message) }

  /// The request is understood and asks for something that does not make sense.
  public static func invalid(_ message: String) -> AdminError {
    AdminError(.unprocessableContent, "invalid", message)
  }

  /// What the request names is not there.
  public static func notFound(_ message: String) -> AdminError { AdminError(.notFound, "not-found", message) }

  /// The error as an answer.
  public var response: HTTPResponse {
    var members: [(String, JSON)] = [("code", .string(code)), ("message", .string(message))]
    if !problems.isEmpty { members.append(("problems", .array(problems.map(\.json)))) }
    return .json(["error": .object(members)], status: status, headers: headers)
  }
}

extension Problem {
  /// For programs; what is not known is null.
  public var json: JSON {
    [
      "file": file.map { .string($0) } ?? nil,
      "line": position.map { .number($0.line) } ?? nil,
      "column": position.map { .number($0.column) } ?? nil,
      "severity": .string(severity == .error ? "error" : "warning"),
      "message": .string(message),
    ]
  }
}

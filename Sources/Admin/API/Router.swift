/// One thing that can be asked for: a method, a path, and what answers.
public struct Route<Handler: Sendable>: Sendable {
  /// GET routes answer HEAD too.
  public let method: HTTPMethod
  /// The path's segments; one in braces, `{workspace}`, stands for any segment and gives it that name.
  public let path: [String]
  /// What answers.
  public let handler: Handler

  /// Takes a path like `/v1/workspaces/{workspace}`.
  public init(_ method: HTTPMethod, _ path: String, _ handler: Handler) {
    self.method = method
    self.path = path.split(separator: "/").map { String($0) }
    self.handler = handler
  }

  /// The path's parameters; nil when it is another's.
  func match(_ segments: [String]) -> [String: String]? {
    guard segments.count == path.count else { return nil }
    var parameters: [String: String] = [:]
    for (pattern, segment) in zip(path, segments) {
      if pattern.hasPrefix("{") {
        parameters[String(pattern.dropFirst().dropLast())] = segment
      } else if pattern != segment {
        return nil
      }
    }
    return parameters
  }
}

/// Finds the route of a request.
public struct Router<Handler: Sendable>: Sendable {
  private let routes: [Route<Handler>]

  /// Takes the routes; the first that matches answers.
  public init(_ routes: [Route<Handler>]) { self.routes = routes }

  /// The handler of a request, and the path's parameters.
  ///
  /// - Throws: 404 when no route has the path, 405 when one has it for other methods.
  public func find(_ request: HTTPRequest) throws(AdminError) -> (handler: Handler, parameters: [String: String]) {
    var allowed: [String] = []
    let method = request.method == .head ? .get : request.method
    for route in routes {
      guard let parameters = route.match(request.path) else { continue }
      if route.method == method { return (route.handler, parameters) }
      allowed.append(route.method.text)
      if route.method == .get { allowed.append("HEAD") }
    }
    guard !allowed.isEmpty else {
      throw .notFound("there is nothing at this path; docs/admin.md has what there is")
    }
    throw AdminError(
      .methodNotAllowed, "method-not-allowed", "this path takes \(allowed.joined(separator: ", "))",
      headers: ["Allow": allowed.joined(separator: ", ")])
  }
}

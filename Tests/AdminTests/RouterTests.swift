import Admin
import Testing

/// Which route a request is for, and what metrics look like.
struct RouterTests {
  private let router = Router([
    Route(.get, "/v1/workspaces/{workspace}", "one"), Route(.delete, "/v1/workspaces/{workspace}", "gone"),
    Route(.get, "/v1/workspaces", "all"), Route(.post, "/v1/reload", "reload"),
  ])

  private func find(_ method: HTTPMethod, _ path: [String]) throws(AdminError) -> String {
    let (handler, parameters) = try router.find(HTTPRequest(method: method, path: path))
    return handler + (parameters["workspace"].map { " " + $0 } ?? "")
  }

  @Test func aRouteIsFoundByMethodAndPath() throws {
    #expect(try find(.get, ["v1", "workspaces", "a/b"]) == "one a/b")
    #expect(try find(.head, ["v1", "workspaces"]) == "all")
    #expect(try find(.delete, ["v1", "workspaces", "acme"]) == "gone acme")
    #expect(try find(.post, ["v1", "reload"]) == "reload")
  }

  @Test func whatIsNotThereIsToldFromWhatIsNotAllowed() {
    for path in [[], ["v1"], ["v1", "workspaces", "a", "b"], ["V1", "workspaces"]] {
      #expect(throws: AdminError.self) { try find(.get, path) }
    }
    let missing = #expect(throws: AdminError.self) { try find(.get, ["nothing"]) }
    #expect(missing?.status == .notFound)
    let wrong = #expect(throws: AdminError.self) { try find(.post, ["v1", "workspaces", "acme"]) }
    #expect(wrong?.status == .methodNotAllowed)
    #expect(wrong?.headers["Allow"] == "GET, HEAD, DELETE")
  }

  @Test func metricsAreWrittenAsPrometheusReadsThem() {
    var text = MetricsText()
    text.start("a_total", .counter, "One \\ two\nthree.")
    text.add(3, ("upstream", "a\"b\\c\nd"), ("x", "y"))
    text.start("b_seconds", .histogram, "Times.")
    text.add(histogram: [1, 0, 2], bounds: [0.25, 8], sum: 1.5)
    #expect(
      text.text == """
        # HELP a_total One \\\\ two\\nthree.
        # TYPE a_total counter
        a_total{upstream="a\\"b\\\\c\\nd",x="y"} 3
        # HELP b_seconds Times.
        # TYPE b_seconds histogram
        b_seconds_bucket{le="0.25"} 1
        b_seconds_bucket{le="8"} 1
        b_seconds_bucket{le="+Inf"} 3
        b_seconds_sum 1.5
        b_seconds_count 3

        """)
  }

  @Test func anErrorHasOneShape() {
    let error = AdminError(.notFound, "not-found", "there is no \"x\"", headers: ["Allow": "GET"])
    let response = error.response
    #expect(response.status == .notFound && response.contentType == "application/json")
    #expect(
      String(decoding: response.body, as: UTF8.self)
        == "{\n  \"error\": { \"code\": \"not-found\", \"message\": \"there is no \\\"x\\\"\" }\n}\n")
  }
}

import Text

extension Link {
  /// How many names lead to its endpoints.
  public var hostCount: Int { routes.reduce(0) { $0 + $1.hosts.count } }

  /// A link in a list for programs, without its hosts.
  public var listed: JSON {
    [
      "name": .string(name), "kind": .string(kind), "endpoint": main.endpoint.map { .string($0.text) } ?? nil,
      "addresses": .array((main.endpoint?.addresses ?? []).map { .string("\($0)") }),
      "hosts": .number(hostCount),
    ]
  }
}

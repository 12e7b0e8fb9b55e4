import Text

extension Link {
  /// How many names lead to its endpoints.
  public var hostCount: Int { routes.reduce(0) { $0 + $1.hosts.count } }

  /// A link in a list for programs, without its hosts.
  ///
  /// - Parameter isFailedOver: true when a server has failed it over by itself.
  public func listed(isFailedOver: Bool = false) -> JSON {
    [
      "name": .string(name), "kind": .string(kind), "endpoint": main.endpoint.map { .string($0.text) } ?? nil,
      "addresses": .array((main.endpoint?.addresses ?? []).map { .string("\($0)") }),
      "standby": standby.map { .string($0.text) } ?? nil,
      "active": .string(usesStandby || isFailedOver ? "standby" : "endpoint"),
      "failedOverBy": usesStandby ? "person" : isFailedOver ? "server" : nil,
      "hosts": .number(hostCount),
    ]
  }
}

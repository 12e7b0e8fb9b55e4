import Text
import Wire
import Workspaces

/// What a person says of a change of a link beside its input, whatever the link's kind.
public struct LinkChoices: Sendable {
  /// True when the link may be of another account, service or kind than before; then nothing stays that was the old one's.
  public var replaces = false
  /// True to take names from the links that lead them elsewhere.
  public var takesOver = false
  /// True when the names may be answered with public addresses, false when not; nil for what the link has.
  public var isPublic: Bool?
  /// True when an endpoint that is named without addresses has none pinned from now on.
  public var emptiesPins = false
  /// Another endpoint for when the first has failed.
  public var standby = Choice<Endpoint>.asItIs
  /// True when a standby that is named without addresses has none pinned from now on.
  public var emptiesPinsOfStandby = false
  /// When servers fail the link over by themselves.
  public var failover = Choice<FailoverRule>.asItIs
  /// True when clients of a zone are to have the addresses there first, false when not; nil for what the link has.
  public var zoneAffinity: Bool?
  /// Addresses that the endpoint is to have, by the zone that each is in.
  public var zonal = ZonalAddresses()
  /// Addresses that the standby is to have, by the zone that each is in.
  public var zonalOfStandby = ZonalAddresses()
  /// What is private by the server's word; the workspace's own networks count beside it.
  public var networks = PrivateNetworks()
  /// What the operator holds links to; nil for nothing.
  public var profile: OperatorProfile?

  /// Without any.
  public init() {}
}

extension LinkChoices {
  /// Refuses endpoints with public addresses that a private link does not have already, unless the link may be public.
  func checkArePrivate(_ link: Link, insteadOf old: Link?, in workspace: WorkspaceFolder) throws(Problem) {
    guard !link.isPublic else { return }
    // Settings that cannot be read are told of by who loads them, and make nothing private.
    let own = (try? workspace.workspaceFile())?.ownNetworks ?? []
    let known = Set((old?.isPublic == true ? nil : old)?.endpoints.flatMap(\.addresses) ?? [])
    let networks = networks.adding(own)
    for address in link.endpoints.flatMap(\.addresses) {
      guard !networks.contains(address), !known.contains(address) else { continue }
      // No list takes what is nobody's own.
      let isSpecial = SpecialNetworks.all.contains { $0.prefix.contains(address) }
      let listing = isSpecial ? "" : " list its network in \"own-networks\" of workspace.json or backroad.json,"
      throw Problem(
        "the endpoint's address \(address) is not private, and a private link ends in a private network: give the "
          + "address inside it,\(listing) or say with --public that the names may be answered with public addresses")
    }
  }
}

extension Link {
  /// Refuses an endpoint of another service than the link's.
  func checkService() throws(Problem) {
    guard let service = service.flatMap({ VPCEndpointService($0) }), let name = main.endpoint?.name,
      let endpoint = main.endpoint?.vpcEndpoint
    else { return }
    guard endpoint.service == service.id, endpoint.region == service.region else {
      throw Problem(
        "the link \(quoted(self.name)) is of the service \(service.id) in \(service.region), and the endpoint "
          + "\(name.textWithoutFinalDot) of \(endpoint.service) in \(endpoint.region); give the endpoint of that service, "
          + "or say with --replace that the link is of another one from now on")
    }
  }

  /// The service that the main endpoint's name says; nil when it says none that somebody offers.
  var serviceOfEndpoint: String? {
    guard let endpoint = main.endpoint?.vpcEndpoint, endpoint.isEndpointService else { return nil }
    return "com.amazonaws.vpce.\(endpoint.region).\(endpoint.service)"
  }
}

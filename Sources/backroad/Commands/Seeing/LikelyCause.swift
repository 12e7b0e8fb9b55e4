import Links
import Text
import Wire

/// What most likely stands behind a failure, and what to do next: out of what vendors of private links tell their customers.
///
/// From outside it can only be probable. A connection that waits to be accepted, one that was rejected and a mistyped endpoint
/// have no addresses alike; only AWS knows which it is.
struct LikelyCause: Hashable, Sendable {
  /// For a person: the cause, and the next step.
  let text: String

  init(_ text: String) { self.text = text }

  /// Of a name without an address.
  ///
  /// - Parameter reason: what the server says of it; empty for nothing.
  static func ofNoAddress(_ host: LinkHost, workspace: String, reason: String) -> LikelyCause {
    guard let endpoint = host.endpoint else {
      return LikelyCause(
        "the link is only asked for: once the endpoint exists, backroad link set-endpoint \(workspace) \(host.link) VPCE"
      )
    }
    if reason.contains("public") { return ofPublicAddress(host, workspace: workspace) }
    return LikelyCause(
      "probably the connection is not accepted yet, or \(endpoint.text) is rejected, deleted or mistyped (from here these look "
        + "alike): the owner of the service allows this side's principal and accepts; aws ec2 describe-vpc-endpoints tells "
        + "the state; is it the service's region, and is this side's region enabled for the service?")
  }

  /// Of an address that is public.
  static func ofPublicAddress(_ host: LinkHost, workspace: String) -> LikelyCause {
    LikelyCause(
      "it is not the private endpoint, or an older answer is cached: look with backroad explain --workspace \(workspace) "
        + "\(host.name.textWithoutFinalDot), then backroad cache flush; a network of your own with such addresses stands in "
        + "\"own-networks\"")
  }

  /// Of an answer that is not what the link says.
  static let ofOtherAnswer = LikelyCause(
    "an older answer is cached, or the endpoint was made anew: backroad cache flush, or import the link with the endpoint that it "
      + "has now")

  /// Of connections that were not made, told from all attempts of a host.
  static func ofAttempts(_ attempts: [ConnectAttempt]) -> LikelyCause? {
    guard let failed = attempts.first(where: { !$0.isReached }) else { return nil }
    let port = failed.destination.port
    let ofPort = attempts.filter { $0.destination.port == port }
    if ofPort.contains(where: \.isReached) {
      return LikelyCause(
        "other addresses take connections on port \(port): probably a zone is lost, targets are in one zone with cross-zone "
          + "balancing off, or the load balancer's zones have changed")
    }
    if attempts.contains(where: \.isReached) {
      return LikelyCause(
        "other ports take connections: the load balancer has no listener or no healthy target on port \(port), or a security "
          + "group lets this port not in")
    }
    switch failed.end {
    case .refused:
      return LikelyCause(
        "something is there and says no: a listener or target group of another port than \(port), or no healthy target")
    case .noRoute:
      return LikelyCause("no way leads there: routing tables and network ACLs, or run this in the VPC of the endpoint")
    case .reached: return nil
    case .silent, .failed:
      let source = failed.source.map { "\($0.address)" } ?? "this side's private addresses"
      return LikelyCause(
        "probably a security group without \(source) (\"enforce inbound rules on PrivateLink traffic\" on), or one that only "
          + "refers to itself; else unhealthy targets, a target registered by an address that has changed since, routing tables "
          + "or network ACLs: try an endpoint in another VPC, and look for the times below in the flow logs")
    }
  }
}

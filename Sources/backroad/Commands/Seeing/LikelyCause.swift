import Links
import Text
import Wire

/// What most likely stands behind a failure, and what to do next: out of what vendors of private links tell their customers.
///
/// From outside it can only be probable. A connection that waits to be accepted, one that was rejected and a mistyped endpoint
/// have no addresses alike; only AWS knows which it is, and where somebody handed its word over that is told.
struct LikelyCause: Hashable, Sendable {
  /// For a person: the cause, and the next step.
  let text: String

  init(_ text: String) { self.text = text }

  // MARK: Answers

  /// Of a name without an address.
  ///
  /// - Parameter reason: what the server says of it; empty for nothing.
  static func ofNoAddress(_ host: LinkHost, reason: String) -> LikelyCause {
    let facts = host.facts
    guard let endpoint = host.endpoint else {
      return LikelyCause(
        "the link is only asked for: once the endpoint exists, backroad link set-endpoint \(word: facts.workspace) \(word: host.link) VPCE"
      )
    }
    if reason.contains("public") { return ofPublicAddress(host) }
    return ofCloud(facts)
      ?? LikelyCause(
        "probably the connection is not accepted yet, or \(endpoint.text) is rejected, deleted or mistyped (from here these look "
          + "alike): the owner of the service allows \(facts.principal) and accepts; aws ec2 describe-vpc-endpoints tells "
          + "the state; \(facts.regions)")
  }

  /// What AWS said, where that explains why there is no address.
  private static func ofCloud(_ facts: LinkFacts) -> LikelyCause? {
    guard let cloud = facts.link.cloud else { return nil }
    let said = "AWS said \(onOneLine(cloud.state)) on \(onOneLine(cloud.seen))"
    let again =
      "describe-vpc-endpoints | backroad link state \(word: facts.workspace) \(word: facts.link.name) tells what it says now"
    switch cloud.state {
    case "PendingAcceptance":
      return LikelyCause(
        "\(said): the owner of the service allows \(facts.principal) and accepts the connection; aws ec2 \(again)")
    case "Deleting", "Deleted", "Rejected", "Failed", "Expired":
      return LikelyCause(
        "\(said): make a new endpoint, once the owner of the service allows \(facts.principal) and will accept it, and then "
          + "backroad link set-endpoint \(word: facts.workspace) \(word: facts.link.name) VPCE; \(facts.regions)")
    case "Available":
      return LikelyCause(
        "\(said), so that the endpoint was there: it is deleted since, its name is mistyped, or an older answer is cached: "
          + "backroad cache flush; aws ec2 \(again)")
    default: return nil
    }
  }

  /// Of an address that is public.
  static func ofPublicAddress(_ host: LinkHost) -> LikelyCause {
    LikelyCause(
      "it is not the private endpoint, or an older answer is cached: look with backroad explain --workspace "
        + "\(word: host.facts.workspace) HOST, then backroad cache flush; a network of your own with such "
        + "addresses stands in \"own-networks\"")
  }

  /// Of an answer that is not what the link says.
  static let ofOtherAnswer = LikelyCause(
    "an older answer is cached, or the endpoint was made anew: backroad cache flush, or import the link with the endpoint that it "
      + "has now")

  // MARK: Connections

  /// Of connections that were not made, told from all attempts of a host.
  static func ofAttempts(_ attempts: [ConnectAttempt], _ facts: LinkFacts) -> LikelyCause? {
    guard let failed = attempts.first(where: { !$0.isReached }) else { return nil }
    let port = failed.destination.port
    if attempts.contains(where: { $0.isReached && $0.destination.port == port }) { return ofZone(port, facts) }
    if attempts.contains(where: \.isReached) { return ofPort(failed, facts) }
    switch failed.end {
    case .refused:
      let database =
        facts.isDatabase ? "; or the target is registered by an address from before the database failed over" : ""
      return LikelyCause(
        "something is there and says no: a listener or target group of another port than \(port), or no healthy target"
          + database)
    case .noRoute:
      return LikelyCause("no way leads there: routing tables and network ACLs, or run this in the VPC of the endpoint")
    case .reached: return nil
    case .silent, .failed: return ofSilence(failed, facts)
    }
  }

  /// Other addresses of the port take connections, and this one not: an endpoint has an address in each of its zones.
  private static func ofZone(_ port: UInt16, _ facts: LinkFacts) -> LikelyCause {
    let zones = facts.link.cloud?.zones ?? []
    let known = zones.isEmpty ? "" : "; AWS named \(onOneLine(zones.joined(separator: ", "))) as the endpoint's"
    return LikelyCause(
      "other addresses take connections on port \(port): probably a zone is lost, targets are in one zone with cross-zone "
        + "balancing off, or the load balancer's zones have changed\(known)")
  }

  /// Other ports of the host take connections, and this one not.
  private static func ofPort(_ failed: ConnectAttempt, _ facts: LinkFacts) -> LikelyCause {
    let port = failed.destination.port
    if case .refused = failed.end {
      return LikelyCause(
        "other ports take connections: the load balancer has no listener on port \(port), its target group is of another port, or "
          + "no target is healthy there")
    }
    return LikelyCause(
      "other ports take connections: probably the security group lets \(networks(failed, facts)) not in on TCP \(port), or no "
        + "target is healthy there")
  }

  /// Nothing comes back from anywhere.
  private static func ofSilence(_ failed: ConnectAttempt, _ facts: LinkFacts) -> LikelyCause {
    let source = failed.source?.address
    let isOutside = source.map { source in !facts.networks.contains { $0.contains(source) } } ?? false
    let outside =
      isOutside && !facts.networks.isEmpty
      ? " (this came from \(source.map { "\($0)" } ?? "elsewhere"), which is none of them: run this where connections come from)"
      : ""
    let changed =
      facts.isDatabase
      ? "a target registered by an address from before the database failed over, unhealthy targets"
      : "unhealthy targets, a target registered by an address that has changed since"
    return LikelyCause(
      "probably a security group without \(networks(failed, facts))\(outside) on TCP \(failed.destination.port) (\"enforce inbound "
        + "rules on PrivateLink traffic\" on), or one that only refers to itself; else \(changed), routing tables or network "
        + "ACLs: try an endpoint in another VPC, and look for the times below in the flow logs")
  }

  /// What the customer is to let in: the environment's networks, or where the connection came from.
  private static func networks(_ failed: ConnectAttempt, _ facts: LinkFacts) -> String {
    if !facts.networks.isEmpty { return facts.networks.map(\.description).joined(separator: ", ") }
    return failed.source.map { "\($0.address)" } ?? "this side's private addresses"
  }
}

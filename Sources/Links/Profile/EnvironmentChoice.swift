import Text
import Wire
import Workspaces

/// The environment that a link's endpoint is in, and what says so.
public struct EnvironmentChoice: Hashable, Sendable {
  /// The environment.
  public let environment: OperatorProfile.Environment
  /// What says so, the end of a sentence.
  public let reason: String

  /// For a person, in one line.
  public var text: String { "environment \(environment.name) (\(environment.region)): \(reason)" }
}

extension Link {
  /// The region of the service that the link connects to; nil where nothing says it.
  public var serviceRegion: String? {
    service.flatMap { VPCEndpointService($0) }?.region ?? main.endpoint?.vpcEndpoint?.region ?? region ?? regionOfHosts
  }

  /// The availability zones that the endpoint itself is in: its name has the service's region, which across regions is
  /// another.
  fileprivate var zonesOfEndpoint: [String] {
    (main.endpoint?.vpcEndpoint?.availabilityZone.map { [$0] } ?? []) + (cloud?.zones ?? [])
  }
}

extension OperatorProfile {
  /// Which environment a link is of: by the endpoint's zones or its addresses, or else by the service's region.
  ///
  /// - Returns: nil where nothing says it: then every environment may be the one.
  public func environment(of link: Link) -> EnvironmentChoice? {
    for zone in link.zonesOfEndpoint {
      guard let found = environments.first(where: { AWSRegion.has(zone: zone, $0.region) }) else { continue }
      return EnvironmentChoice(environment: found, reason: "the endpoint has the zone \(zone)")
    }
    for address in link.main.endpoint?.addresses ?? [] {
      guard let found = environments.first(where: { $0.holds(address) }) else { continue }
      return EnvironmentChoice(environment: found, reason: "the endpoint's address \(address) is in its networks")
    }
    if let region = link.serviceRegion {
      let taking = environments.filter { $0.takesServices(of: region) }
      if let own = taking.first(where: { $0.region.isSame(as: region) }) {
        return EnvironmentChoice(environment: own, reason: "the service is in this region")
      }
      guard let first = taking.first else { return nil }
      return EnvironmentChoice(
        environment: first,
        reason: taking.count == 1
          ? "it takes services of \(region)" : "the first of \(taking.count) that take services of \(region)")
    }
    guard environments.count == 1, let only = environments.first else { return nil }
    return EnvironmentChoice(environment: only, reason: "there is no other")
  }

  /// Why a link does not fit the environments, and what to do; nil where it does.
  func refusal(of link: Link) -> String? {
    guard !environments.isEmpty else { return nil }
    let all = environments.map(\.text).joined(separator: "; ")
    let zones = link.zonesOfEndpoint
    if let zone = zones.first(where: { AWSRegion.of(zone: $0) != nil }), let region = AWSRegion.of(zone: zone),
      !environments.contains(where: { environment in zones.contains { AWSRegion.has(zone: $0, environment.region) } })
    {
      return
        "the endpoint is in \(region), as its zone \(zone) says, and \(file) has no environment there; make the endpoint in "
        + "a region that has one, or add an environment to \"operator\"; there are \(all)"
    }
    guard let region = link.serviceRegion else { return nil }
    guard let choice = environment(of: link) else {
      return
        "the service is in \(region), and no environment of \(file) takes services of it; ask for a service in a region that "
        + "one takes, or add \(region) to its \"service-regions\"; there are \(all)"
    }
    guard !choice.environment.takesServices(of: region) else { return nil }
    return "the service is in \(region), and the link is of the \(choice.text), which takes "
      + "services of \(choice.environment.serviceRegions?.joined(separator: ", ") ?? "any region"); make the endpoint in another "
      + "environment, ask for a service in a region that this one takes, or add \(region) to its \"service-regions\" in \(file)"
  }

  /// Why a link's standby does not fit the environments; nil where it does. It may be of another region than the link, so
  /// that it is warned of and not refused.
  func warning(ofStandbyOf link: Link) -> String? {
    guard let standby = link.standby, let why = refusal(of: link.atStandby), why != refusal(of: link) else {
      return nil
    }
    return "of the standby \(standby.text): \(why)"
  }

  /// Holds a link that is to be against the profile. What was so before it is warned of and not refused.
  ///
  /// - Parameters:
  ///   - plan: gets the environment that was chosen, and warnings.
  ///   - old: the link as it is; nil for a new one.
  func check(
    _ link: Link, insteadOf old: Link?, _ plan: inout Plan, in workspace: WorkspaceFolder
  ) throws(Problem) {
    let names = workspace.linkNames
    if old == nil, let most = linksPerWorkspace, names.count >= most {
      throw Problem(
        "workspace \(workspace.name) has \(names.count) \(names.count == 1 ? "link" : "links"), and \(file) allows \(most); "
          + "remove one with backroad link remove \(word: workspace.name) NAME, or raise \"links-per-workspace\" of \"operator\""
      )
    }
    if let why = refusal(of: link) {
      guard let old, refusal(of: old) == why else { throw Problem(why) }
      plan.warnings.append(Problem(severity: .warning, why))
    }
    if let why = warning(ofStandbyOf: link) { plan.warnings.append(Problem(severity: .warning, why)) }
    if let choice = environment(of: link) { plan.notes.append(choice.text) }
  }

  /// What of a workspace's links does not fit, each in its file.
  public func warnings(in workspace: WorkspaceFolder) -> [Problem] {
    var warnings: [Problem] = []
    let names = workspace.linkNames
    if let most = linksPerWorkspace, names.count > most {
      warnings.append(
        Problem(
          file: workspace.directory, severity: .warning,
          "\(names.count) links, and \(file) allows \(most); remove some with backroad link remove \(word: workspace.name) NAME, or "
            + "raise \"links-per-workspace\" of \"operator\""))
    }
    for name in names {
      // One that cannot be read is told of by who loads it.
      guard let link = try? workspace.link(name) else { continue }
      for why in [refusal(of: link), warning(ofStandbyOf: link)].compactMap({ $0 }) {
        warnings.append(Problem(file: workspace.shown(link.path), severity: .warning, why))
      }
    }
    return warnings
  }
}

import Bounds
import Text
import Wire

/// What a link's names point to: the DNS name of a VPC endpoint, with its addresses when they are pinned; or addresses
/// alone, as Azure's private endpoints and Google's Private Service Connect give them.
public struct Endpoint: Hashable, Sendable {
  /// The endpoint's own name; nil for addresses alone.
  public let name: Name?
  /// In ascending order, each once; empty only when there is a name.
  public let addresses: [IPAddress]
  /// The availability zones of those addresses of which they are known.
  public let zones: [IPAddress: String]

  /// Takes a name, addresses, or both; nil when there is neither, or too many addresses.
  ///
  /// - Parameter zones: the zones of addresses; those of others count for nothing.
  public init?(name: Name?, addresses: [IPAddress], zones: [IPAddress: String] = [:]) {
    guard name != nil || !addresses.isEmpty, addresses.count <= Limits.Links.addressesOfEndpoint else { return nil }
    self.name = name?.lowercased
    self.addresses = Set(addresses).sorted()
    let own = Set(addresses)
    self.zones = zones.filter { own.contains($0.key) }
  }

  /// What the name says, when it is that of a VPC endpoint.
  public var vpcEndpoint: VPCEndpointName? { name.flatMap { try? VPCEndpointName($0) } }

  /// For a person: the name, or the addresses.
  public var text: String { name?.textWithoutFinalDot ?? addresses.map(\.description).joined(separator: ", ") }

  /// For a person: the name with the addresses that it is pinned to, or the addresses.
  public var textWithAddresses: String {
    guard name != nil, !addresses.isEmpty else { return text }
    return "\(text) (\(addresses.map(\.description).joined(separator: ", ")))"
  }

  /// As an argument of a command line has it: `NAME`, `NAME=ADDR,…` or `ADDR,…`.
  var argument: String {
    let list = addresses.map(\.description).joined(separator: ",")
    guard let name else { return list }
    return name.textWithoutFinalDot + (list.isEmpty ? "" : "=\(list)")
  }

  /// True when both lead to the same place: the same name, whatever is pinned, or the same addresses.
  public func leadsWhere(_ other: Endpoint) -> Bool {
    name != nil || other.name != nil ? name == other.name : addresses == other.addresses
  }
}

extension Endpoint? {
  /// The same with the addresses that were pinned to this name before, unless it has some or is to have none.
  func keepingPins(of old: Endpoint?, _ choices: LinkChoices, _ notes: inout [String]) -> Endpoint? {
    guard let self, let name = self.name, name == old?.name, self.addresses.isEmpty, let old, !old.addresses.isEmpty,
      !choices.emptiesPins
    else { return self }
    notes.append(
      "\(old.textWithAddresses): the pinned addresses stay; \(name.textWithoutFinalDot)= without any empties them")
    return old
  }

  /// For a person: the name or the addresses, or that there is none yet.
  public var text: String { self?.text ?? "no endpoint yet" }

  /// True when both lead to the same place, or both nowhere yet.
  func leadsWhere(_ other: Endpoint?) -> Bool {
    switch (self, other) {
    case (nil, nil): true
    case (let one?, let other?): one.leadsWhere(other)
    default: false
    }
  }
}

extension Endpoint {
  /// Reads what a person gave on the command line.
  ///
  /// - Parameters:
  ///   - argument: `NAME`, `NAME=ADDR,…` or `ADDR,…`; nil when only addresses were given.
  ///   - addresses: more addresses.
  ///   - flag: the argument's flag, for errors.
  /// - Returns: the endpoint, warnings about what is likely not meant, and whether it was said that it has no addresses
  ///   pinned (`NAME=`).
  public static func read(_ argument: String?, addresses: [String] = [], flag: String = "--endpoint") throws(Problem)
    -> (
      endpoint: Endpoint, warnings: [Problem], emptiesPins: Bool
    )
  {
    var name: Name?
    var texts: [String] = []
    var warnings: [Problem] = []
    var emptiesPins = false
    let list = { (text: String) in text.split(separator: ",", omittingEmptySubsequences: false).map { String($0) } }
    for text in [argument ?? ""] + addresses where text.utf8.count > Limits.Links.endpointOctets {
      throw Problem("\(flag): \(quoted(text)) is longer than \(Limits.Links.endpointOctets) octets")
    }
    if let argument {
      let sides = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map { String($0) }
      if sides.count == 2 {
        name = try hostName(sides[0], flag: flag, &warnings)
        emptiesPins = sides[1].isEmpty && addresses.isEmpty
        if !sides[1].isEmpty { texts += list(sides[1]) }
      } else if let first = list(argument).first, IPAddress(first) != nil {
        texts += list(argument)
      } else {
        name = try hostName(argument, flag: flag, &warnings)
      }
    }
    var parsed: [IPAddress] = []
    for text in texts { parsed.append(try address(text, flag: flag)) }
    for text in addresses.flatMap(list) { parsed.append(try address(text, flag: "--address")) }
    guard let endpoint = Endpoint(name: name, addresses: parsed) else {
      throw Problem(
        parsed.isEmpty
          ? "no endpoint: give the VPC endpoint's DNS name with \(flag) NAME, or addresses with --address; or leave both out: "
            + "then the names are held closed until backroad link set-endpoint names one"
          : "\(texts.count > Limits.Links.addressesOfEndpoint ? flag : "--address"): more than "
            + "\(Limits.Links.addressesOfEndpoint) addresses")
    }
    return (endpoint, warnings, emptiesPins)
  }

  static func address(_ text: String, flag: String) throws(Problem) -> IPAddress {
    guard !text.isEmpty else {
      throw Problem("\(flag): there is an address missing beside a comma; write 10.0.0.7,10.0.1.7")
    }
    guard let address = IPAddress(text) else {
      throw Problem("\(flag): \(quoted(text)) is not an IP address; write 10.0.0.7 or fd00::7")
    }
    guard !address.isUnspecified, !address.isMulticast else {
      throw Problem("\(flag): \(address) is not the address of a machine")
    }
    return address
  }

  private static func hostName(_ text: String, flag: String, _ warnings: inout [Problem]) throws(Problem) -> Name {
    let refuse = { (why: String) in Problem("\(flag): \(quoted(text)) \(why)") }
    guard !text.isEmpty else { throw Problem("\(flag): the endpoint's name is empty") }
    guard text.utf8.count <= Limits.Links.hostTextOctets else {
      throw refuse("is longer than \(Limits.Links.hostTextOctets) octets")
    }
    if text.contains("://") || text.contains("/") {
      throw refuse("is a URL; give the host name alone, without scheme and path")
    }
    if let what = Placeholder.found(in: text) { throw refuse("still holds the placeholder \(quoted(what))") }
    if let service = VPCEndpointService(text) {
      throw refuse("is the name of the service \(service.id), not of your endpoint; \(findIt)")
    }
    if !text.hasPrefix("vpce-svc-"), let why = SnowflakeKey.refusalByShape(text) {
      throw refuse("\(why), not your endpoint; give the private endpoint's address with --address")
    }
    if text.hasPrefix("vpce-"), !text.contains(".") {
      throw refuse("is an id; give the DNS name; \(findIt)")
    }
    // As AWS shows what S3's endpoints have for their buckets.
    if text.hasPrefix("*.vpce-"), case .host(let name, _) = HostText.read("bucket\(text.dropFirst())"),
      let read = try? VPCEndpointName(name), read.service.isSame(as: "s3")
    {
      return name
    }
    if text.hasPrefix("*.") {
      throw refuse("is a pattern; for S3 write bucket in the place of the star: bucket\(text.dropFirst())")
    }
    guard case .host(let name, let changes) = HostText.read(text), !name.isWildcard else {
      throw refuse("is not a host name; give the endpoint's DNS name; \(findIt)")
    }
    if changes.contains("the port") {
      let port = HostText.port(text).map { "--port \($0)" } ?? "--port N"
      warnings.append(
        Problem(
          severity: .warning,
          "\(flag): the port of \(text) is left out; an import says the ports of a link with \(port)"))
    }
    if name.labels.allSatisfy({ $0.allSatisfy { (0x30...0x39).contains($0) } }) {
      throw refuse("is not an IP address, nor a name; write 10.0.0.7 or fd00::7, or the endpoint's DNS name")
    }
    try inspect(name, refuse, flag: flag, &warnings)
    return name
  }

  private static let findIt =
    "AWS shows it under the endpoint's \"DNS names\", the first of them: vpce-….vpce.amazonaws.com"

  private static func inspect(
    _ name: Name, _ refuse: (String) -> Problem, flag: String, _ warnings: inout [Problem]
  ) throws(Problem) {
    do throws(VPCEndpointName.Refusal) {
      let endpoint = try VPCEndpointName(name)
      guard let zone = endpoint.availabilityZone else { return }
      warnings.append(
        Problem(
          severity: .warning,
          "\(flag): this name has the addresses of the availability zone \(zone) alone, and fails with it; the name for "
            + "all zones is \(endpoint.regionalName)"))
    } catch {
      switch error {
      case .providersSide: throw refuse("is the provider's side of the service, not your endpoint; \(findIt)")
      case .malformed(let why): throw refuse("is not the name of an endpoint: \(why)")
      // One of another domain is somebody's own name; one of AWS's lost its end on the way.
      case .notBelowVPCE
      where name.labels.contains { $0.starts(with: "vpce-".utf8) }
        && name.labels.contains { $0.elementsEqual("amazonaws".utf8) }:
        throw refuse("starts as the name of a VPC endpoint and does not end in .vpce.amazonaws.com; copy it whole")
      case .notBelowVPCE:
        if let why = PublicDomain.refusalOfEndpoint(name) { throw refuse(why) }
        // Redshift makes endpoints of its own, which have names beside the clusters'.
        let text = name.textWithoutFinalDot
        if text.contains(".redshift."), text.prefix(while: { $0 != "." }).contains("-endpoint-") { return }
        warnings.append(
          Problem(severity: .warning, "\(flag): \(name.textWithoutFinalDot) is not the DNS name of a VPC endpoint"))
      }
    }
  }
}

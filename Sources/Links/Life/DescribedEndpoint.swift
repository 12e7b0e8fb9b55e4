import Bounds
import Text
import Wire

/// An endpoint as `aws ec2 describe-vpc-endpoints` tells of it.
public struct DescribedEndpoint: Sendable {
  /// `vpce-…`, as its names have it where it was cut away; nil where neither says it.
  public let id: String?
  /// AWS's word for its state.
  public let state: String
  /// The service that it is of; nil when it was cut away.
  public let service: String?
  /// Its name for all its zones; nil while it has none.
  public let name: String?
  /// Its names in one availability zone each, in the order of the zones.
  public let zonalNames: [(zone: String, name: String)]

  /// All its names, the one for all zones first.
  public var names: [String] { (name.map { [$0] } ?? []) + zonalNames.map(\.name) }

  /// Reads what was pasted: the whole output, its list, or one endpoint of it.
  ///
  /// - Throws: that it is none of them, with its place.
  public static func read(_ bytes: [UInt8], file: String) throws(Problem) -> [DescribedEndpoint] {
    let json = try json(bytes, file: file)
    var elements = [json]
    if let list = json.asArray { elements = list }
    if let list = json.asObject?["VpcEndpoints"] {
      elements = try list.expectArray("\"VpcEndpoints\"", file: file)
    }
    var endpoints: [DescribedEndpoint] = []
    for element in elements { endpoints.append(try DescribedEndpoint(element, file: file)) }
    guard !endpoints.isEmpty else {
      throw Problem(
        file: file, position: json.position,
        "there is no endpoint in it; ask in the account and region of the endpoint: aws ec2 describe-vpc-endpoints "
          + "--region REGION --vpc-endpoint-ids vpce-…")
    }
    return endpoints
  }

  /// The JSON in what was pasted, which a ticket may have put between lines of its own.
  private static func json(_ bytes: [UInt8], file: String) throws(Problem) -> JSON {
    do throws(Problem) {
      return try JSON.parse(bytes, file: file, comments: false)
    } catch {
      if let inner = withoutLinesAround(bytes), let json = try? JSON.parse(inner, file: file, comments: false) {
        return json
      }
      let why = bytes.contains(0x7b) ? error.message : "there is no JSON in it"
      throw Problem(
        file: file, position: error.position,
        "\(why); paste what aws ec2 describe-vpc-endpoints --output json prints, whole")
    }
  }

  /// From the first line that starts with a bracket to the last that ends with one; the lines before are left as white space,
  /// so that places stay.
  private static func withoutLinesAround(_ bytes: [UInt8]) -> [UInt8]? {
    func isSpace(_ octet: UInt8) -> Bool { octet == 0x20 || octet == 0x09 || octet == 0x0d }
    let lines = bytes.split(separator: 0x0a)
    let first = lines.first { line in
      line.first { !isSpace($0) }.map { $0 == 0x7b || $0 == 0x5b } ?? false
    }
    let last = lines.last { line in line.last { !isSpace($0) }.map { $0 == 0x7d || $0 == 0x5d } ?? false }
    guard let first, let last, first.startIndex < last.endIndex else { return nil }
    return bytes[..<first.startIndex].map { $0 == 0x0a ? 0x0a : 0x20 } + bytes[first.startIndex..<last.endIndex]
  }

  private init(_ json: JSON, file: String) throws(Problem) {
    func problem(_ at: JSON, _ what: String) -> Problem {
      Problem(
        file: file, position: at.position,
        "\(what); paste what aws ec2 describe-vpc-endpoints --output json prints, without --query")
    }
    guard let object = json.asObject, let word = object["State"] else {
      throw problem(json, "this is not an endpoint as AWS describes it: it has no \"State\"")
    }
    guard let state = word.asString.flatMap({ CloudState.spelling($0) }) else {
      throw problem(word, "\"State\" is not a word")
    }
    self.state = state
    // Both are told of in command lines: what AWS does not write is not taken for its word.
    func text(_ key: String, _ isOne: (String) -> Bool, _ what: String) throws(Problem) -> String? {
      guard let value = object[key] else { return nil }
      let text = try value.expectString(quoted(key), file: file)
      guard isOne(text) else { throw problem(value, "\(quoted(key)) is not \(what): \(quoted(text))") }
      return text
    }
    let said = try text("VpcEndpointId", VPCEndpointName.isID, "the id of an endpoint, vpce-…")
    service = try text("ServiceName", Link.isWord, "the name of a service")
    var regional: String?
    var zonal: [(zone: String, name: String)] = []
    var idOfName: String?
    for entry in try object["DnsEntries"]?.expectArray("\"DnsEntries\"", file: file) ?? [] {
      guard let text = entry.asObject?["DnsName"]?.asString else { continue }
      // S3 has a pattern for its buckets' names. Private names of a service stand beside the endpoint's own, and are none.
      let bare = text.startsSame(as: "*.") ? "bucket" + text.dropFirst() : text
      guard case .host(let name, _) = HostText.read(bare), let read = try? VPCEndpointName(name) else { continue }
      idOfName = idOfName ?? read.id
      if let zone = read.availabilityZone {
        guard AWSRegion.isZone(zone) else { continue }
        zonal.append((zone, name.textWithoutFinalDot))
      } else {
        regional = regional ?? name.textWithoutFinalDot
      }
      guard zonal.count <= Limits.Links.addressesOfEndpoint else {
        throw problem(entry, "too many names for one endpoint")
      }
    }
    id = said ?? idOfName
    name = regional
    zonalNames = zonal.sorted { $0.zone < $1.zone }
  }

  private func isOf(service text: String) -> Bool {
    guard let service else { return false }
    guard let one = VPCEndpointService(service), let other = VPCEndpointService(text) else {
      return service.isSame(as: text)
    }
    return one == other
  }

  /// True where this may be the endpoint of a link: by its id, by a name, by its service, or because nothing is known of
  /// the link's yet.
  private func isLikely(of link: Link) -> Bool {
    if let wanted = link.main.endpoint?.vpcEndpoint?.id, let id { return id.isSame(as: wanted) }
    if let name = link.main.endpoint?.name, names.contains(where: { $0.isSame(as: name.textWithoutFinalDot) }) {
      return true
    }
    if let wanted = link.service, service != nil { return isOf(service: wanted) }
    return link.main.endpoint == nil
  }

  /// The one that is a link's: by its endpoint's id, or else by its service.
  ///
  /// - Throws: that none is, or several are, or that the one there is another's.
  public static func find(
    for link: Link, among endpoints: [DescribedEndpoint], file: String
  ) throws(Problem) -> DescribedEndpoint {
    if let (host, cloud) = link.hostOfOtherCloud {
      throw Problem(
        file: file,
        "\(host.textWithoutFinalDot) of the link \(quoted(link.name)) runs in \(cloud), of whose private endpoints AWS "
          + "knows nothing; its state is in \(cloud)'s console")
    }
    let found = endpoints.filter { $0.isLikely(of: link) }
    if let one = found.first, found.count == 1 {
      if let was = link.service, let now = one.service, !one.isOf(service: was) {
        throw Problem(
          file: file,
          "\(one.id ?? "the endpoint") is of the service \(now), and the link \(quoted(link.name)) of \(was); nothing is kept: "
            + "set the endpoint of the link's service with backroad link set-endpoint, or say there with --replace that the "
            + "link is of another")
      }
      return one
    }
    let what: String
    if let id = link.main.endpoint?.vpcEndpoint?.id {
      what = "its endpoint is \(id)"
    } else if let service = link.service {
      what = "its service is \(service)"
    } else if let endpoint = link.main.endpoint {
      what = "it leads to \(endpoint.text), which does not say whose endpoint that is"
    } else {
      what = "it has neither endpoint nor service"
    }
    let shown = (found.isEmpty ? endpoints : found).prefix(5).map { endpoint in
      "\(endpoint.id ?? "an endpoint without id") of \(endpoint.service ?? "a service that is not named")"
    }.joined(separator: ", ")
    throw Problem(
      file: file,
      found.isEmpty
        ? "none of these is the endpoint of the link \(quoted(link.name)): \(what), and here are \(shown); paste that of "
          + "the link"
        : "\(found.count) of these may be the endpoint of the link \(quoted(link.name)): \(shown); ask for one alone with "
          + "--vpc-endpoint-ids")
  }
}

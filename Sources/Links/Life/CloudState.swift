import Bounds
import Text
import Wire

/// What AWS last said of a link's endpoint, as somebody handed it over: from outside it cannot be seen.
public struct CloudState: Hashable, Sendable {
  /// The states that AWS has for endpoints (`describe-vpc-endpoints`, `.VpcEndpoints[].State`).
  public static let states = [
    "PendingAcceptance", "Pending", "Available", "Partial", "Deleting", "Deleted", "Rejected", "Failed", "Expired",
  ]

  /// AWS's word: one of `states`, or one that was not known when this was written.
  public var state: String
  /// The id of the endpoint that it is said of, `vpce-…`; nil when that was not said, or is not known of an older word.
  public var id: String?
  /// The service that the endpoint is of; nil when that was not said.
  public var service: String?
  /// The availability zones in which the endpoint has a name of its own, in order.
  public var zones: [String]
  /// When it was handed over: `2026-01-31T12:00:00Z`.
  public var seen: String

  /// Takes the parts.
  public init(state: String, id: String? = nil, service: String?, zones: [String], seen: String) {
    self.state = state
    self.id = id
    self.service = service
    self.zones = zones
    self.seen = seen
  }

  /// True once the owner of the service has accepted the endpoint and it has its addresses.
  public var isAvailable: Bool { state.isSame(as: "Available") }

  /// A state as it is kept: in the spelling of `states`, or as it was written.
  ///
  /// - Returns: nil for what is no word.
  static func spelling(_ text: String) -> String? {
    guard !text.isEmpty, text.utf8.count <= 63, text.utf8.allSatisfy({ $0 | 0x20 >= 0x61 && $0 | 0x20 <= 0x7a }) else {
      return nil
    }
    return states.first { $0.asciiLowercased.isSame(as: text.asciiLowercased) } ?? text
  }

  /// True for a time as `time` writes it: no other text is told as the time of AWS's word, nor held to be after all others.
  static func isTime(_ text: String) -> Bool {
    let form = Array("0000-00-00T00:00:00Z".utf8)
    let octets = Array(text.utf8)
    guard octets.count == form.count,
      zip(octets, form).allSatisfy({ $1 == UInt8(ascii: "0") ? (0x30...0x39).contains($0) : $0 == $1 })
    else { return false }
    func number(_ place: Int) -> Int { Int(octets[place] - 0x30) * 10 + Int(octets[place + 1] - 0x30) }
    return (1...12).contains(number(5)) && (1...31).contains(number(8)) && number(11) < 24 && number(14) < 60
      && number(17) < 60
  }

  /// Seconds since 1970 as `2026-01-31T12:00:00Z` (RFC 3339).
  public static func time(_ seconds: UInt64) -> String {
    func padded(_ number: UInt64, _ count: Int = 2) -> String {
      let digits = String(number)
      return String(repeating: "0", count: max(0, count - digits.count)) + digits
    }
    // Days from the first of March of the year 0, so that a leap day is the last of its year.
    let days = seconds / 86_400 + 719_468
    let era = days / 146_097
    let day = days % 146_097
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365
    let dayOfYear = day - (365 * year + year / 4 - year / 100)
    let month = (5 * dayOfYear + 2) / 153
    let date = [
      padded(era * 400 + year + (month >= 10 ? 1 : 0), 4), padded(month < 10 ? month + 3 : month - 9),
      padded(dayOfYear - (153 * month + 2) / 5 + 1),
    ]
    let time = [seconds / 3600 % 24, seconds / 60 % 60, seconds % 60].map { padded($0) }
    return "\(date.joined(separator: "-"))T\(time.joined(separator: ":"))Z"
  }
}

extension CloudState {
  private static let remedy = "have backroad link state write it anew, or leave \"aws\" out"

  /// As a link's file holds it.
  var json: JSON {
    var members: [(String, JSON)] = [("state", .string(state))]
    if let id { members.append(("id", .string(id))) }
    if let service { members.append(("service", .string(service))) }
    members.append(("zones", .array(zones.map { .string($0) })))
    members.append(("seen", .string(seen)))
    return .object(members)
  }

  /// Reads it from a link's file, where whoever may write the workspace's folder writes: what is not as AWS writes it would be
  /// told as AWS's word all the same, in states, in the log and in what is sent to customers.
  init(_ value: JSON, file: String) throws(Problem) {
    let object = try value.expectObject("\"aws\"", file: file)
    try object.check(known: ["state", "id", "service", "zones", "seen"], file: file)
    func text(_ key: String, _ isOne: (String) -> Bool, _ what: String) throws(Problem) -> String? {
      guard let value = object[key] else { return nil }
      let text = try value.expectString("\(quoted(key)) of \"aws\"", file: file)
      guard isOne(text) else {
        throw Problem(
          file: file, position: value.position,
          "\(quoted(key)) of \"aws\" is \(quoted(text)), which is not \(what); \(Self.remedy)")
      }
      return text
    }
    guard let state = try text("state", { _ in true }, "").flatMap({ Self.spelling($0) }) else {
      throw Problem(file: file, position: value.position, "\"aws\" has a \"state\", a word as AWS writes it")
    }
    var zones: [String] = []
    for zone in try object["zones"]?.expectArray("\"zones\" of \"aws\"", file: file) ?? [] {
      let name = try zone.expectString("an availability zone", file: file)
      guard AWSRegion.isZone(name), zones.count < Limits.Links.addressesOfEndpoint else {
        throw Problem(
          file: file, position: zone.position,
          "\"zones\" of \"aws\" are names or ids of \(Limits.Links.addressesOfEndpoint) availability zones at most, as "
            + "us-east-1a or use1-az4, and \(quoted(name)) is none or one too many; \(Self.remedy)")
      }
      zones.append(name)
    }
    let id = try text("id", VPCEndpointName.isID, "the id of an endpoint, vpce-…")
    let service = try text("service", Link.isWord, "the name of a service")
    let seen = try text("seen", { $0.isEmpty || Self.isTime($0) }, "a time like 2026-01-31T12:00:00Z")
    self.init(state: state, id: id, service: service, zones: zones, seen: seen ?? "")
  }
}

extension Link {
  /// Keeps AWS's word of the link as it was where that is of the endpoint that this one leads to. It decides what the customer
  /// is asked for, so that a word which may be another endpoint's is none.
  mutating func takeCloud(of old: Link, in workspace: WorkspaceFolder, _ notes: inout [String]) {
    cloud = nil
    guard let word = old.cloud else { return }
    let isSame =
      old.main.endpoint.leadsWhere(main.endpoint) && (main.endpoint != nil || old.difference(from: self) == nil)
    let id = main.endpoint?.vpcEndpoint?.id
    guard !isSame, id == nil || word.id != id else { return cloud = word }
    notes.append(
      "AWS's word of \(word.id ?? "the endpoint before") (\(word.state)) is forgotten, for it is not known to be of "
        + "\(main.endpoint.text): hand over what AWS says of that with backroad link state \(word: workspace.name) \(word: name)"
    )
  }

  /// How the link stands, in a word or two: for lists. AWS's word is of the endpoint, so of a link at its standby it is told
  /// as that: of where the names lead the file knows nothing.
  public var stateText: String {
    let health = health
    if usesStandby { return health.state.rawValue + (health.why.isEmpty ? "" : " (\(health.why))") }
    guard health.state == .requested else { return cloud?.state ?? health.state.rawValue }
    return health.state.rawValue + (health.why.isEmpty ? "" : " (\(health.why))")
  }

  /// How the link stands as far as its file tells.
  public var health: LinkHealth { LinkHealth(ofFile: self) }
}

import Forwarding
import Text
import Wire
import Workspaces

/// What a workspace's files say at one moment. Every answer out of its zones tells whose it is, and of which version.
struct SimulatedFolder {
  let number: Int
  /// 1 to 255, so that it fits an address.
  var version: Int
  var clients: [IPPrefix]
  /// The workers whose listening addresses it claims.
  var listeners: [Int] = []
  var required: [Basis] = []
  let hasOwnCache: Bool
  /// How many strings the text has whose answer does not fit a datagram.
  let textStrings: Int

  static let names = ["acme", "globex", "initech", "mallory"].compactMap { WorkspaceName($0) }
  /// The names that each workspace's zone has; what asks for them is `AskedName`.
  static let zone = "corp.test"
  static let hosts = 4
  static let aliases = 3
  /// How many octets each string of the text has at least.
  static let stringOctets = 200

  var name: WorkspaceName { Self.names[number] }

  /// The addresses that are this workspace's by its own files.
  static func prefix(of number: Int) -> IPPrefix? { IPPrefix(address(number, 0), length: 16) }

  /// A pod's address in a workspace's prefix.
  static func address(_ number: Int, _ pod: Int) -> IPAddress {
    .v4(UInt32(127) << 24 | UInt32(10 + number) << 16 | UInt32(pod))
  }

  static func token(of number: Int) -> [UInt8] { Array(repeating: UInt8(0xa0 + number), count: 16) }

  /// What a text's string starts with.
  var mark: [UInt8] { Array("w\(number)v\(version);".utf8) }

  /// Where an alias of the zone leads to.
  func target(_ alias: Int) -> String { "k\(alias).v\(version)w\(number).\(AskedName.sharedZone)." }

  private var zoneText: String {
    var text = """
      $TTL 300
      @ SOA ns hostmaster \(number * 1000 + version) 7200 900 1209600 60
      @ NS ns
      ns A 192.0.2.53

      """
    for host in 0..<Self.hosts { text += "h\(host) A 10.\(number).\(version).\(host)\n" }
    for alias in 0..<Self.aliases { text += "out\(alias) CNAME \(target(alias))\n" }
    let filling = String(repeating: "x", count: Self.stringOctets)
    text += "text TXT"
    for _ in 0..<textStrings { text += " \"\(String(decoding: mark, as: UTF8.self))\(filling)\"" }
    return text + "\n"
  }

  /// The files; `own` is the workspace's own upstream, and `listening` where each worker listens.
  func source(own: SocketAddress, listening: [SocketAddress]) -> WorkspaceSource {
    let settings = """
      {
        "clients": \(clients.map(\.description)), "listen": \(listeners.map { listening[$0].description }),
        "tokens": [{ "id": "t", "sha256": "\(SHA256.digest(Self.token(of: number)))" }],
        "require": \(required.map(\.word)), "cache": "\(hasOwnCache ? "own" : "shared")",
        "forward": [{ "zone": "\(AskedName.ownZone)", "to": ["\(own)"] }]
      }
      """
    return WorkspaceSource(
      name: name, folder: name.description,
      files: [
        WorkspaceFile.fileName: Array(settings.utf8),
        Self.zone + WorkspaceSource.zoneSuffix: Array(zoneText.utf8),
      ])
  }
}

/// Whose everything is at one moment, and by the letter of docs/who-asks.md whose a question is then.
struct World {
  struct Lease {
    let workspace: Int
    let end: Instant
  }

  /// By workspace; nil while it is not served.
  var folders: [SimulatedFolder?]
  var leases: [IPAddress: Lease] = [:]
  /// Since when it is so.
  var since: Instant

  /// What a question shows.
  struct Asking {
    let client: IPAddress
    let worker: Int
    let token: Int?
  }

  /// The workspace of a question; nil for one that is refused.
  func owner(of asking: Asking, at now: Instant) -> Int? {
    var evidence: [(basis: Basis, owner: Int?)] = []
    if let token = asking.token {
      guard folders[token] != nil else { return nil }
      evidence.append((.token, token))
    }
    if let lease = leases[asking.client], lease.end > now, folders[lease.workspace] != nil {
      evidence.append((.lease, lease.workspace))
    }
    let certain = certainOwner(evidence)
    if let certain { evidence.removeAll { $0.owner != certain } }
    let claimants = folders.compactMap { $0 }.filter { certain == nil || $0.number == certain }
    let listeners = claimants.filter { $0.listeners.contains(asking.worker) }
    if !listeners.isEmpty { evidence.append((.listener, listeners.count == 1 ? listeners[0].number : nil)) }
    let prefixes = claimants.flatMap { folder in
      folder.clients.filter { $0.contains(asking.client) }.map { (length: $0.length, owner: folder.number) }
    }
    if let longest = prefixes.map(\.length).max() {
      let owners = prefixes.filter { $0.length == longest }
      evidence.append((.clients, owners.count == 1 ? owners[0].owner : nil))
    }
    guard let owner = evidence.first?.owner, evidence.allSatisfy({ $0.owner == owner }), let folder = folders[owner],
      folder.required.allSatisfy({ basis in evidence.contains { $0.basis == basis } })
    else { return nil }
    return owner
  }

  /// Whose the question is whatever weaker claims say, because it shows a token or a lease that the workspace requires.
  private func certainOwner(_ evidence: [(basis: Basis, owner: Int?)]) -> Int? {
    guard let first = evidence.first?.owner else { return nil }
    for (basis, owner) in evidence {
      guard owner == first else { return nil }
      if folders[first]?.required.contains(basis) == true { return first }
    }
    return nil
  }
}

/// What a client asks for, and so what it may be answered.
enum AskedName: Hashable {
  /// In the workspace's zone.
  case host(Int)
  case missing(Int)
  /// Does not fit a datagram.
  case text
  /// An alias in the zone to a name that the server's upstreams have.
  case alias(Int)
  /// A name of the workspace's own upstream, or of the server's.
  case own(Upstreamed)
  case shared(Upstreamed)

  /// What an upstream does about a name.
  struct Upstreamed: Hashable {
    enum Kind: String {
      /// Answers, over TCP only, that there is no such name, or not at all; the last says over UDP that it would say more
      /// over TCP, and is silent there.
      case answered = "k", truncated = "t", nonexistent = "n", silent = "z", silentStream = "y"
    }
    let kind: Kind
    let number: Int
  }

  static let sharedZone = "pub.example"
  static let ownZone = "own.example"

  var text: String {
    switch self {
    case .host(let number): "h\(number).\(SimulatedFolder.zone)"
    case .missing(let number): "no\(number).\(SimulatedFolder.zone)"
    case .text: "text.\(SimulatedFolder.zone)"
    case .alias(let number): "out\(number).\(SimulatedFolder.zone)"
    case .own(let name): "\(name.kind.rawValue)\(name.number).\(Self.ownZone)"
    case .shared(let name): "\(name.kind.rawValue)\(name.number).\(Self.sharedZone)"
    }
  }

  var type: RecordType { self == .text ? .txt : .a }

  /// True for what no upstream ever answers.
  var isSilent: Bool {
    switch self {
    case .own(let name), .shared(let name): name.kind == .silent || name.kind == .silentStream
    default: false
    }
  }

  /// True for what the zones alone answer.
  var isLocal: Bool {
    switch self {
    case .host, .missing, .text: true
    case .alias, .own, .shared: false
    }
  }
}

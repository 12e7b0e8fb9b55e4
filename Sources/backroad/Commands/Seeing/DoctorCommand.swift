import Bounds
import Links
import Server
import Storage
import SystemIO
import Text
import Wire
import Workspaces

/// `backroad doctor`.
enum DoctorCommand {
  private static let link = Flag("--link", "NAME", help: "only the hosts of this link")
  private static let server = Flag(
    "--server", "ADDR:PORT",
    help: "the server to ask (default: where the running server listens, or the configuration says, or 127.0.0.1:5300)")
  private static let source = Flag("--from", "ADDR", help: "ask from this address, one of the workspace's clients")
  private static let token = Flag("--token", "HEX", help: "ask with this token of the workspace")
  private static let connect = Flag(
    "--connect", "PORT", .repeated,
    help: "try to reach each private address by TCP on this port, instead of the link's ports")
  private static let wait = Flag(
    "--wait", "TIME", help: "look again until all is well, for as long as this: 90s, 5m, 1h, at most 24h")
  private static let timeout = Flag(
    "--timeout", "SECONDS", help: "how long one look takes at most (default: \(Limits.Links.lookSeconds))")

  static let command = Command(
    words: ["doctor"], summary: "ask the running server for every host of a workspace's links, and judge the answers",
    flags: [.workspace, link, wait, server, source, token, connect, timeout] + Arguments.serverFlags + [.json],
    details: """
      Each host must lead to its link's endpoint and to the addresses that are pinned there, and to private ones alone
      (RFC 1918, RFC 4193, RFC 6598, and networks of one's own): a public one would carry the traffic around the private
      link, and is never connected to. Each private address must take a TCP connection on each port of the link. The
      questions are real ones, so they must come from one of the workspace's clients (--from), or carry its token
      (--token); without either they go through the admin interface where this machine is no client. Nothing is asked
      where the server takes them for another workspace's. Each failure has its likely cause, and each connection its
      time, source and destination, for flow logs. The exit status is 1 when anything is wrong.
      """,
    examples: [
      "backroad doctor --workspace acme", "backroad doctor --workspace acme --connect 8443",
      "backroad doctor --workspace acme --link git --wait 5m",
    ],
    run: run)

  private static func run(_ arguments: Arguments, _ console: Console) throws -> ExitStatus {
    let workspace = try workspaceName(arguments.value(.workspace) ?? "")
    let seconds = try arguments.number(timeout, in: 1...86_400) ?? Limits.Links.lookSeconds
    let waiting = try arguments.value(wait).map { (text) throws(UsageError) in try duration(text) }
    let asking = try Asking(arguments, server: server, source: source, token: token)
    let ports = try self.ports(arguments)
    var hosts = try self.hosts(of: workspace, ports, asking, arguments)
    var time = LookTime(seconds: seconds)
    let view = try DoctorView(of: workspace, asking, arguments, time)
    var findings = try HostRound(workspace, view, time).findings(hosts)
    if let waiting {
      let end = System.monotonicNanoseconds() + UInt64(waiting) * 1_000_000_000
      var pause = Pause(until: end)
      let progress = Progress()
      while !findings.allSatisfy(\.isWell), pause.take(telling: progress, findings) {
        // What the link is may have changed meanwhile: its endpoint may be set while somebody waits.
        hosts = try self.hosts(of: workspace, ports, asking, arguments)
        time = LookTime(seconds: max(1, min(seconds, pause.secondsLeft)))
        findings = try HostRound(workspace, view, time).findings(hosts)
      }
    }
    print(findings, of: workspace, view, arguments, console)
    return findings.allSatisfy(\.isWell) ? .done : .refused
  }

  private static func print(
    _ findings: [HostFinding], of workspace: WorkspaceName, _ view: DoctorView, _ arguments: Arguments,
    _ console: Console
  ) {
    if arguments.has(.json) {
      let result: JSON = [
        "workspace": .string(workspace.description), "view": .string(view.text),
        "hosts": .array(findings.map(\.json)),
      ]
      console.print(result.text)
      return
    }
    guard !findings.isEmpty else { return console.note("workspace \(workspace) has no hosts in links to look for") }
    console.print(line: view.text)
    console.print(HostFinding.table(findings).text)
    var shown: Set<SocketAddress> = []
    let attempts = findings.flatMap(\.attempts).filter { shown.insert($0.destination).inserted }
    if !attempts.isEmpty { console.print("\n" + ConnectAttempt.table(attempts).text) }
  }

  /// The hosts of the workspace's links, as its folder has them now.
  private static func hosts(
    of workspace: WorkspaceName, _ ports: [UInt16], _ asking: Asking, _ arguments: Arguments
  ) throws -> [LinkHost] {
    let folder = WorkspaceFolder(try arguments.store().contents(of: workspace))
    let networks = try privateNetworks(of: folder, arguments)
    let never = NeverConnected(
      machine: System.interfaceAddresses, own: try arguments.configurationFile().ownNetworks ?? [])
    let profile = try arguments.operatorProfile()
    let only = try arguments.value(link).map { (text) throws(UsageError) in try linkName(text) }
    if let only, !folder.linkNames.contains(only) {
      let meant = nearest(to: only, among: folder.linkNames).map { "; did you mean \($0)?" } ?? ""
      throw Problem("workspace \(workspace) has no link \(shown(only))\(meant)")
    }
    var hosts: [LinkHost] = []
    let links = try folder.linkNames.filter { only == nil || $0 == only }.map { try folder.link($0) }
    let leads = HostLeads(of: links, in: workspace, judging: asking.server, arguments)
    for link in links {
      let facts = LinkFacts(link, of: folder.name, profile)
      let lead = leads.lead(of: link)
      if link.hostCount == 0, let endpoint = link.main.endpoint {
        let numbers = ports.isEmpty ? link.ports.map { UInt16(clamping: $0) } : ports
        hosts += LinkHost.ofEndpoint(endpoint, link, networks, never, numbers, facts)
      }
      for (index, route) in link.failedOver(lead.isAtStandby).routes.enumerated() {
        let isMain = index == 0
        hosts += route.hosts.map {
          LinkHost(
            name: $0.name, link: link.name, endpoint: route.endpoint, networks: networks, never: never,
            isPublic: link.isPublic,
            ports: ports.isEmpty ? link.ports(of: $0).map { UInt16(clamping: $0) } : ports,
            facts: isMain && lead.isAtStandby ? LinkFacts(link.atStandby, of: folder.name, profile) : facts,
            lead: isMain ? lead : .endpoint)
        }
      }
    }
    return hosts
  }

  /// The networks that a link of the workspace may lead to: by the configuration and the workspace's file.
  private static func privateNetworks(of folder: WorkspaceFolder, _ arguments: Arguments) throws -> PrivateNetworks {
    let own = try folder.workspaceFile().ownNetworks
    return PrivateNetworks(own: try arguments.configurationFile().ownNetworks ?? []).adding(own)
  }

  /// The ports that somebody named; empty for those of each link.
  private static func ports(_ arguments: Arguments) throws(UsageError) -> [UInt16] {
    var ports: [UInt16] = []
    for text in arguments.values(connect) {
      guard let port = UInt16(text), port > 0 else {
        throw UsageError("\(connect.name) is a port from 1 to 65535, not \(shown(text))")
      }
      if !ports.contains(port) { ports.append(port) }
    }
    return ports
  }

  /// Seconds, from `90s`, `5m` or `1h`.
  private static func duration(_ text: String) throws(UsageError) -> Int {
    let units: [Character: Int] = ["s": 1, "m": 60, "h": 3600]
    if let unit = text.last.flatMap({ units[$0] }), let number = Int(text.dropLast()), number > 0,
      number <= Limits.Links.waitSeconds / unit
    {
      return number * unit
    }
    throw UsageError(
      "\(wait.name) is a time like 90s, 5m or 1h, at most \(Limits.Links.waitSeconds / 3600)h, not \(shown(text))")
  }
}

/// The time between two looks, and the end of them.
private struct Pause {
  private let endNanoseconds: UInt64
  private var nanoseconds: UInt64 = 1_000_000_000
  /// Nobody's endpoint is there sooner for being asked for more often.
  private static let longest: UInt64 = 15_000_000_000

  init(until endNanoseconds: UInt64) { self.endNanoseconds = endNanoseconds }

  var secondsLeft: Int {
    let now = System.monotonicNanoseconds()
    return endNanoseconds > now ? Int((endNanoseconds - now) / 1_000_000_000) : 0
  }

  /// Waits for the next look; false when the time is up.
  mutating func take(telling progress: Progress, _ findings: [HostFinding]) -> Bool {
    guard System.monotonicNanoseconds() < endNanoseconds else { return false }
    let next = min(System.monotonicNanoseconds() + nanoseconds, endNanoseconds)
    nanoseconds = min(2 * nanoseconds, Self.longest)
    while case let now = System.monotonicNanoseconds(), now < next {
      progress.update(
        "\(findings.count(where: \.isWell)) of \(findings.count) hosts are well; waiting \(secondsLeft) s more")
      Thread.pause(milliseconds: Int(min(next - now, 200_000_000) / 1_000_000) + 1)
    }
    return true
  }
}

/// How long hosts are asked for in all.
struct LookTime: Sendable {
  let seconds: Int
  /// On the monotonic clock.
  let endNanoseconds: UInt64

  init(seconds: Int) {
    self.seconds = seconds
    endNanoseconds = System.monotonicNanoseconds() + UInt64(seconds) * 1_000_000_000
  }

  var isOver: Bool { System.monotonicNanoseconds() >= endNanoseconds }

  /// When something ends that may take so long from now.
  func end(within nanoseconds: UInt64) -> UInt64 {
    min(System.monotonicNanoseconds() + nanoseconds, endNanoseconds)
  }

  /// Why something was not done.
  var reason: String { "\(seconds) s for all hosts are over" }
}

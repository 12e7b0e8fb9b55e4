import Bounds
import Text
import Wire

/// What one workspace may claim.
public struct Grant: Sendable {
  /// The prefixes that its clients' prefixes may be or be in, disjoint and in order.
  public internal(set) var clients: [IPPrefix] = []
  /// The listening addresses that it may have.
  public internal(set) var listeners: Set<SocketAddress> = []
  /// How many tokens it may have.
  public internal(set) var tokens = 0
  /// True when servers may fail its links over by themselves: then its answers tell what takes connections and what does not.
  public internal(set) var failover = false
  /// Where the configuration says it.
  public let position: Position

  init(position: Position) { self.position = position }

  /// True when all addresses of a prefix are granted.
  func holds(_ prefix: IPPrefix) -> Bool {
    // The last that does not start behind it; what is disjoint and starts before that ends before it too.
    var (low, high) = (0, clients.count)
    while low < high {
      let middle = (low + high) / 2
      if clients[middle].base <= prefix.base { low = middle + 1 } else { high = middle }
    }
    guard low > 0 else { return false }
    return clients[low - 1].length <= prefix.length && clients[low - 1].contains(prefix.base)
  }
}

/// What each workspace may claim, as whoever runs the server says: the key `"grants"` of `backroad.json`.
///
/// Where there are grants a workspace may claim what its own names and nothing else, so that whoever writes a workspace's
/// folder takes nothing of another's. No address and no listening address is granted to two, not even as a part of a
/// larger prefix: whoever has that could claim the part, or halves of it.
public struct Grants: Sendable {
  /// The configuration's file, for problems.
  public let file: String
  /// By workspace; one that is not there may claim nothing.
  public private(set) var all: [WorkspaceName: Grant] = [:]

  /// Reads `{ "acme": { "clients": ["10.1.0.0/16"], "listen": ["10.0.0.53:5301"], "tokens": 4 } }`.
  ///
  /// - Throws: everything that is wrong, each with its place.
  public init(_ value: JSON, file: String) throws(Problems) {
    self.file = file
    let problems = ProblemList()
    var prefixes: [Granted<IPPrefix>] = []
    var listeners: [Granted<SocketAddress>] = []
    problems.collect { () throws(Problem) in
      for member in try value.expectObject("\"grants\"", file: file).members {
        guard !problems.isFull else { break }
        problems.collect { () throws(Problem) in
          let name = try Self.name(member, file)
          all[name] = try Self.grant(member, name, file, problems, &prefixes, &listeners)
        }
      }
    }
    for (name, kept) in Self.apart(prefixes, file, problems) { all[name]?.clients = kept }
    Self.checkAreApart(listeners, file, problems)
    guard problems.all.isEmpty else { throw Problems(problems.all) }
  }

  /// Something that is granted, to whom, and where.
  private struct Granted<Value> {
    let value: Value
    let workspace: WorkspaceName
    let position: Position
  }

  private static func name(_ member: JSON.Member, _ file: String) throws(Problem) -> WorkspaceName {
    guard let name = WorkspaceName(member.key) else {
      throw Problem(
        file: file, position: member.keyPosition,
        "\(quoted(member.key)) is not a workspace's name: \(WorkspaceName.rule)")
    }
    return name
  }

  private static func grant(
    _ member: JSON.Member, _ name: WorkspaceName, _ file: String, _ problems: ProblemList,
    _ prefixes: inout [Granted<IPPrefix>], _ listeners: inout [Granted<SocketAddress>]
  ) throws(Problem) -> Grant {
    let object = try member.value.expectObject("a grant", file: file)
    try object.check(known: ["clients", "listen", "tokens", "failover"], file: file)
    var grant = Grant(position: member.keyPosition)
    for element in try object["clients"]?.expectArray("\"clients\"", file: file) ?? [] {
      prefixes.append(
        Granted(
          value: try WorkspaceFile.prefix(element, "a granted prefix", file), workspace: name,
          position: element.position))
    }
    for element in try object["listen"]?.expectArray("\"listen\"", file: file) ?? [] {
      let address = try WorkspaceClaims.listener(element, file).address
      grant.listeners.insert(address)
      listeners.append(Granted(value: address, workspace: name, position: element.position))
    }
    if let tokens = object["tokens"] {
      grant.tokens = try tokens.expectInt("\"tokens\"", in: 0...Limits.Workspaces.tokens, file: file)
    }
    if let failover = object["failover"] { grant.failover = try failover.expectBool("\"failover\"", file: file) }
    return grant
  }

  /// Each workspace's prefixes without those that lie in another one of its own.
  ///
  /// - Parameter problems: gets one for each prefix that is another workspace's too, or lies in one of it.
  private static func apart(
    _ prefixes: [Granted<IPPrefix>], _ file: String, _ problems: ProblemList
  ) -> [WorkspaceName: [IPPrefix]] {
    var kept: [WorkspaceName: [IPPrefix]] = [:]
    // As all that came before are disjoint, only the last can hold the next.
    var last: Granted<IPPrefix>?
    for next in prefixes.sorted(by: { ($0.value, $0.position) < ($1.value, $1.position) }) {
      if let last, last.value.contains(next.value.base) {
        guard last.workspace != next.workspace else { continue }
        let (first, second) = last.position < next.position ? (last, next) : (next, last)
        problems.add(overlap(second, first, file))
      } else {
        kept[next.workspace, default: []].append(next.value)
        last = next
      }
    }
    return kept
  }

  private static func checkAreApart(_ listeners: [Granted<SocketAddress>], _ file: String, _ problems: ProblemList) {
    var first: [SocketAddress: Granted<SocketAddress>] = [:]
    for next in listeners {
      guard let holder = first[next.value] else {
        first[next.value] = next
        continue
      }
      if holder.workspace != next.workspace { problems.add(overlap(next, holder, file)) }
    }
  }

  private static func overlap<Value>(_ next: Granted<Value>, _ first: Granted<Value>, _ file: String) -> Problem {
    Problem(
      file: file, position: next.position,
      """
      \(next.value) is granted to workspace \(next.workspace), and \(first.value) in line \(first.position.line) to \
      workspace \(first.workspace): grants do not overlap; take one of them back
      """)
  }
}

extension Grants {
  /// The claims of a workspace's file that its grant does not name, each as a problem of that file.
  ///
  /// - Parameters:
  ///   - name: the workspace's.
  ///   - path: the file as the person knows it.
  public func problems(of claims: WorkspaceFile, _ name: WorkspaceName, path: String) -> [Problem] {
    let problems = ProblemList()
    let grant = all[name]
    let place = grant.map { "the grant of workspace \(name) (\(file):\($0.position.line):\($0.position.column))" }
    func refuse(_ position: Position, _ what: String, _ remedy: String) {
      let why = place.map { "is not in \($0)" } ?? "is not granted: \(file) has no grant for workspace \(name)"
      problems.add(Problem(file: path, position: position, "\(what) \(why); \(remedy)"))
    }
    for client in claims.clients where grant?.holds(client.prefix) != true {
      refuse(client.position, "\(client.prefix)", "have it granted, or claim a part of what is")
    }
    for listener in claims.claims.listeners where grant?.listeners.contains(listener.address) != true {
      refuse(listener.position, "the listening address \(listener.address)", "have it granted, or remove it")
    }
    let tokens = claims.claims.tokens
    let granted = grant?.tokens ?? 0
    if tokens.count > granted {
      problems.add(
        Problem(
          file: path, position: tokens[granted].position,
          "workspace \(name) has \(tokens.count == 1 ? "1 token" : "\(tokens.count) tokens") and \(granted) granted in \(file); revoke some, or have more granted"
        ))
    }
    return problems.all
  }

  /// What stands in the way of a workspace's links being failed over by servers: the end of a sentence; nil where its grant
  /// has it.
  public func obstacleToFailover(of name: WorkspaceName) -> String? {
    guard let grant = all[name] else { return "\(file) has no grant for workspace \(name)" }
    guard !grant.failover else { return nil }
    let place = "\(file):\(grant.position.line):\(grant.position.column)"
    return "the grant of workspace \(name) (\(place)) does not say \"failover\": true"
  }

  /// A warning for each grant of a workspace that is not there.
  public func unused(by names: [WorkspaceName]) -> [Problem] {
    let names = Set(names)
    return all.filter { !names.contains($0.key) }.map { name, grant in
      Problem(
        file: file, position: grant.position, severity: .warning,
        "there is no workspace \(name), so nothing is granted by this; correct the name, or remove the grant")
    }
  }
}

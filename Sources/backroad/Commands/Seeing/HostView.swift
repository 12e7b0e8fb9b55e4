import Admin
import Forwarding
import Server
import Text
import Wire
import Zones

/// What a workspace's clients are answered for a name.
struct HostAnswer: Sendable {
  /// As `dig` prints the response code.
  let status: String
  /// What the server says of it.
  let reason: String
  /// The names that it leads to.
  let chain: [Name]
  /// Of the type that was asked for.
  let addresses: [IPAddress]

  /// Reads the records of an answer.
  init(_ listing: MessageListing, to name: Name, _ type: RecordType) {
    status = listing.status
    reason = listing.complaint?.text ?? ""
    chain = Array(listing.chain(from: name).dropFirst())
    addresses = listing.answer.filter { $0.type == type }.compactMap { IPAddress(octets: $0.data) }
  }

  /// Takes the parts.
  init(status: String, reason: String, chain: [Name], addresses: [IPAddress]) {
    self.status = status
    self.reason = reason
    self.chain = chain
    self.addresses = addresses
  }
}

/// Whose answers are looked at.
protocol HostView: ~Copyable {
  /// What the workspace's clients are answered.
  mutating func answer(to name: Name, _ type: RecordType) throws(Problem) -> HostAnswer
}

/// As one of the workspace's clients, with real questions.
struct ClientView: HostView, ~Copyable {
  private var client: QuestionClient
  private let option: (code: UInt16, data: [UInt8])?

  init(_ client: consuming QuestionClient, option: (code: UInt16, data: [UInt8])?) {
    self.client = client
    self.option = option
  }

  mutating func answer(to name: Name, _ type: RecordType) throws(Problem) -> HostAnswer {
    HostAnswer(try client.ask(name, type, option: option), to: name, type)
  }
}

/// Through the admin interface: what the server says that it would answer. It asks no upstream for that; where one is to be
/// asked first, it is asked from here.
struct AdminView: HostView {
  let admin: AdminClient
  let workspace: String
  /// When nothing is waited for any more, on the monotonic clock.
  let endNanoseconds: UInt64

  /// Along the zones and upstreams that a chain may cross.
  private static let maximumSteps = 8

  mutating func answer(to name: Name, _ type: RecordType) throws(Problem) -> HostAnswer {
    var chain: [Name] = []
    var at = name
    for _ in 0..<Self.maximumSteps {
      let explanation = try admin.ask(
        .post, ["v1", "explain"],
        body: ["workspace": .string(workspace), "name": .string("\(at)"), "type": .string("\(type)")])
      let outcome = explanation["outcome"] ?? .object([])
      guard outcome["kind"]?.asString != "answer" else { return Self.read(outcome, to: at, after: chain, type) }
      guard let asked = try? Name(outcome.string("name")) else { break }
      if asked != at { chain.append(asked) }
      let found = HostAnswer(try askUpstream(outcome.list("upstreams"), asked, type), to: asked, type)
      chain += found.chain
      // A private zone may have the say over where the upstream's answer ends.
      guard found.addresses.isEmpty, let last = found.chain.last else {
        return HostAnswer(status: found.status, reason: found.reason, chain: chain, addresses: found.addresses)
      }
      at = last
    }
    return HostAnswer(status: "SERVFAIL", reason: "how it ends is not to be seen", chain: chain, addresses: [])
  }

  /// An answer as the admin interface writes it: records as lines of a master file.
  private static func read(_ outcome: JSON, to name: Name, after chain: [Name], _ type: RecordType) -> HostAnswer {
    let lines = outcome.list("answer").compactMap(\.asString).joined(separator: "\n") + "\n"
    let records = MasterFile.parse(Array(lines.utf8), file: "answer", origin: .root).records.map(\.record)
    var names = [name.lowercased]
    while let next = records.first(where: { $0.type == .cname && $0.owner.lowercased == names.last }),
      let target = RecordData.name(in: next.data)?.lowercased, !names.contains(target)
    {
      names.append(target)
    }
    return HostAnswer(
      status: outcome.string("status"), reason: outcome["error"]?.string("text") ?? "",
      chain: chain + names.dropFirst(),
      addresses: records.filter { $0.type == type }.compactMap { IPAddress(octets: $0.data) })
  }

  /// The first answer of the upstreams that the server would ask.
  private func askUpstream(_ upstreams: [JSON], _ name: Name, _ type: RecordType) throws(Problem) -> MessageListing {
    var failure = Problem("no upstream is named for \(name.textWithoutFinalDot)")
    for upstream in upstreams.compactMap({ $0.asString.flatMap { Upstream($0) } }) {
      do throws(Problem) {
        var client = try QuestionClient(upstream.address, from: nil, endNanoseconds: endNanoseconds)
        return try client.ask(name, type, option: nil)
      } catch {
        failure = error
      }
    }
    throw failure
  }
}

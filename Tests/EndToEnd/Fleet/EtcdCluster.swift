import Foundation
import Glibc

extension Lab {
  /// A cluster of etcd on loopback, of members that are up and have a leader.
  ///
  /// - Parameter flags: more for each member.
  func etcd(members count: Int = 1, _ flags: [String] = []) throws -> EtcdCluster {
    let cluster = try EtcdCluster(count, flags, in: self)
    try cluster.awaitHealth()
    return cluster
  }
}

/// Debian's etcd, one member or more, each with its files in the lab.
final class EtcdCluster {
  /// A member: where clients and other members find it, and how it is started.
  struct Member {
    let client: Endpoint
    let peer: Endpoint
    var words: [String]
    var program: Program
  }

  private(set) var members: [Member] = []
  private let lab: Lab
  /// The members' machines, and one more that asks them; none where all is on this machine's loopback.
  private let machines: [Machine]

  /// - Parameter hosts: the members' addresses on machines of their own.
  init(_ count: Int, _ flags: [String], in lab: Lab, on machines: [Machine] = [], at hosts: [String] = []) throws {
    (self.lab, self.machines) = (lab, machines)
    let token = UUID().uuidString
    let places = try (0..<count).map { index in
      guard hosts.isEmpty else { return (Endpoint(hosts[index], 2379), Endpoint(hosts[index], 2380)) }
      return (Endpoint("127.0.0.1", try Port.free()), Endpoint("127.0.0.1", try Port.free()))
    }
    let all = places.enumerated().map { "m\($0)=http://\($1.1.text)" }.joined(separator: ",")
    for (index, (client, peer)) in places.enumerated() {
      let words =
        [
          "--name", "m\(index)", "--data-dir", "etcd-\(token)-\(index)", "--listen-client-urls",
          "http://\(client.text),unix://m\(index)-\(client.port):1",
          "--advertise-client-urls", "http://\(client.text)", "--listen-peer-urls", "http://\(peer.text)",
          "--initial-advertise-peer-urls", "http://\(peer.text)", "--initial-cluster", all, "--initial-cluster-token",
          token, "--logger", "zap", "--log-outputs", "stderr", "--log-level", "error",
        ] + flags
      members.append(
        Member(client: client, peer: peer, words: words, program: try start(words, index)))
    }
  }

  private func start(_ words: [String], _ index: Int) throws -> Program {
    try machines.isEmpty ? lab.start("etcd", words) : machines[index].start("etcd", words)
  }

  /// Runs a program where the members are reached.
  private func run(_ path: String, _ words: [String], input: [UInt8]? = nil) throws -> Outcome {
    try machines.last?.run(path, words, input: input) ?? lab.run(path, words, input: input)
  }

  /// As `--store` takes it.
  var store: String { "etcd:http://" + members.map(\.client.text).joined(separator: ",") }
  /// The same of one member.
  func store(at index: Int) -> String { "etcd:http://\(members[index].client.text)" }

  /// The Unix socket of a member, which etcd makes in the folder that it runs in.
  func socket(at index: Int) -> String {
    lab.folder.appendingPathComponent("m\(index)-\(members[index].client.port):1").path
  }

  /// Waits until every member that runs answers, and has a leader.
  func awaitHealth() throws {
    for member in members where member.program.isRunning {
      try eventually("etcd is healthy on \(member.client.text): \(member.program.errors.suffix(500))", within: 60) {
        try run("curl", ["-s", "-m", "2", "http://\(member.client.text)/health"]).output.contains(#""true""#)
      }
    }
  }

  /// What etcdctl says.
  @discardableResult
  func control(_ words: [String], input: [UInt8]? = nil) throws -> String {
    let outcome = try run(
      "etcdctl", ["--endpoints", members.map(\.client.text).joined(separator: ",")] + words, input: input)
    guard outcome.status == 0 else { throw LabError("etcdctl \(words): \(outcome.errors)\(outcome.output)") }
    return outcome.output
  }

  /// Starts a member again that has ended.
  func restart(_ index: Int) throws {
    members[index].program.stop()
    // One that was killed leaves its socket, and etcd does not start where one is.
    try? FileManager.default.removeItem(atPath: socket(at: index))
    members[index].program = try start(members[index].words, index)
  }

  /// Ends a member as a crash does.
  func kill(_ index: Int) { members[index].program.stop() }

  /// Which member leads; nil while none does.
  func leader() throws -> Int? {
    try members.indices.first { index in
      let outcome = try run(
        "curl", ["-s", "-m", "2", "-d", "{}", "http://\(members[index].client.text)/v3/maintenance/status"])
      let status = try? JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any]
      let header = status?["header"] as? [String: Any]
      guard let leader = status?["leader"] as? String, let own = header?["member_id"] as? String else { return false }
      return leader == own
    }
  }

  /// Puts a value at a key of Backroad's, as nobody should.
  func put(_ value: String, at path: String) throws {
    try control(["put", "/backroad/v1/\(path)"], input: Array(value.utf8))
  }

  /// The value at a key of Backroad's.
  func value(at path: String) throws -> String {
    String(try control(["get", "--print-value-only", "/backroad/v1/\(path)"]).dropLast())
  }

  /// How often a key of Backroad's was written.
  func version(of path: String) throws -> Int {
    let text = try control(["get", "/backroad/v1/\(path)", "-w", "fields"])
    let line = text.split(separator: "\n").first { $0.hasPrefix("\"Version\"") } ?? ""
    return line.split(separator: " ").last.flatMap { Int($0) } ?? 0
  }

  /// Forgets all revisions but the last.
  func compact() throws {
    let status = try control(["get", "x", "-w", "fields"])
    let line = status.split(separator: "\n").first { $0.hasPrefix("\"Revision\"") } ?? ""
    try control(["compact", line.split(separator: " ").last.map { String($0) } ?? ""])
  }

  /// Saves all that a cluster of one member has.
  func save(to file: String) throws { try control(["snapshot", "save", file]) }

  /// Makes the one member's cluster what was saved, as an operator does after a loss: another cluster, at the same address.
  func restore(from file: String) throws {
    kill(0)
    let (name, place) = (UUID().uuidString, "restored-\(UUID().uuidString)")
    try control([
      "snapshot", "restore", file, "--name", "m0", "--data-dir", place, "--initial-cluster",
      "m0=http://\(members[0].peer.text)", "--initial-advertise-peer-urls", "http://\(members[0].peer.text)",
      "--initial-cluster-token", name,
    ])
    guard let index = members[0].words.firstIndex(of: "--data-dir") else { return }
    members[0].words[index + 1] = place
    try restart(0)
    try awaitHealth()
  }
}

import Bounds
import Fleet
import Storage
import SystemIO
import Text

/// `backroad replicas`.
enum ReplicasCommand {
  static let command = Command(
    words: ["replicas"], summary: "list the servers that follow a store, and which are behind",
    flags: [.store, .storeUserFile, .config, .json],
    details: """
      Each server keeps a key in the store, which goes half a minute after the server does. Behind is who has
      not said, \(Limits.Fleet.replicasWaitMilliseconds / 1000) seconds later, that it has what was in the store \
      when this command began;
      then the command ends with 1.
      """,
    examples: ["backroad replicas --store etcd:http://127.0.0.1:2379"],
    run: run)

  private static let pauseMilliseconds = 200

  private static func run(_ arguments: Arguments, _ console: Console) throws -> ExitStatus {
    guard let store = try arguments.store() as? EtcdStore else {
      throw Problem(
        "a folder has one server and no replicas; name a store in etcd with \(Flag.store.name), or see backroad status")
    }
    var replicas = try store.replicas()
    let revision = max(try store.contentRevision(), replicas.compactMap(\.revision).max() ?? 0)
    let deadline = System.monotonicNanoseconds() + UInt64(Limits.Fleet.replicasWaitMilliseconds) * 1_000_000
    // What has just been written is on its way; who cannot be read is not waited for.
    while replicas.contains(where: { $0.revision != nil && $0.isBehind(revision) }),
      System.monotonicNanoseconds() < deadline
    {
      Thread.pause(milliseconds: pauseMilliseconds)
      replicas = try store.replicas()
    }
    let list = ReplicaList(revision: revision, replicas: replicas)
    console.print(arguments.has(.json) ? list.json.text : list.text)
    return list.behindCount == 0 ? .done : .refused
  }
}

/// The replicas of a fleet, for people and for programs.
private struct ReplicaList {
  /// What they are to have.
  let revision: Int64
  let replicas: [FleetReplica]

  var behindCount: Int { replicas.count { $0.isBehind(revision) } }

  var text: String {
    guard !replicas.isEmpty else { return "no server follows this store\n" }
    var table = Table("REPLICA", "NAME", "VERSION", "ADDRESSES", "REVISION", "AGE", "STATE")
    for replica in replicas {
      switch replica.record {
      case .success(let record):
        table.add(
          replica.id, record.name, record.version, record.addresses.joined(separator: " "), "\(record.revision)",
          record.age.map { "\($0) s" } ?? "never", replica.isBehind(revision) ? "behind" : "current")
      case .failure(let problem): table.add(replica.id, "", "", "", "", "", "unknown", remarks: ["\(problem)"])
      }
    }
    return table.text + "\(counted(replicas.count, "replica")), \(behindCount) behind revision \(revision)\n"
  }

  var json: JSON {
    [
      "revision": .number(revision), "behind": .number(behindCount),
      "replicas": .array(replicas.map { json($0) }),
    ]
  }

  private func json(_ replica: FleetReplica) -> JSON {
    var members: [(String, JSON)] = [("id", .string(replica.id)), ("behind", JSON(.bool(replica.isBehind(revision))))]
    switch replica.record {
    case .success(let record):
      members += [
        ("name", .string(record.name)), ("version", .string(record.version)),
        ("addresses", .array(record.addresses.map { .string($0) })), ("revision", .number(record.revision)),
        ("ageSeconds", record.age.map { .number($0) } ?? nil),
      ]
    case .failure(let problem): members.append(("problem", .string(problem.message)))
    }
    return .object(members)
  }
}

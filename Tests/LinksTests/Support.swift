import Foundation
import Links
import Testing
import Text
import Wire
import Zones

/// The endpoint of the composed AWS config, and its service.
let vpce = "vpce-0a1b2c3d4e5f60718-abcdefgh.vpce-svc-0123456789abcdef0.us-east-1.vpce.amazonaws.com"
let serviceName = "com.amazonaws.vpce.us-east-1.vpce-svc-0123456789abcdef0"

/// A workspace folder with the settings that `workspace add` writes.
func workspace(_ files: [String: String] = [:]) -> WorkspaceFolder {
  var all = ["workspace.json": "{\n  \"clients\": [\"10.1.0.0/16\"]\n}\n"]
  all.merge(files) { $1 }
  return WorkspaceFolder(name: "acme", directory: "zones/acme", files: all.mapValues { Array($0.utf8) })
}

extension WorkspaceFolder {
  /// The folder after a plan was carried out.
  func after(_ plan: Plan) -> WorkspaceFolder {
    var copy = self
    for file in plan.files { copy.files[file.path] = file.content }
    return copy
  }

  func text(_ path: String) -> String? { files[path].map { String(decoding: $0, as: UTF8.self) } }

  /// The records of a zone file as `OWNER TYPE DATA`, sorted; SOA and NS left out.
  func records(_ path: String) -> [String] {
    guard let bytes = files[path], let apex = try? Name(path.dropLast(5)) else { return [] }
    let (zone, problems) = Zone.check(MasterFile.parse(bytes, file: path, origin: apex), apex: apex)
    #expect(problems.filter { $0.severity == .error }.isEmpty, "\(path): \(problems)")
    return (zone?.records ?? []).filter { $0.type != .soa && $0.type != .ns }.map { record in
      let data = record.type == .alias ? Name(wire: record.data).map { "\($0)" } : nil
      return "\(record.owner) \(record.type) \(data ?? RecordText.text(of: record.data, type: record.type))"
    }.sorted()
  }
}

/// What the command line's arguments give.
func readEndpoint(_ argument: String?, _ addresses: [String] = []) throws -> Endpoint {
  try Endpoint.read(argument, addresses: addresses).endpoint
}

/// The endpoint that is given, if any is, and what it says of pinned addresses beside the choices.
private func choose(
  _ argument: String?, _ addresses: [String], _ choices: LinkChoices
) throws -> (Endpoint?, LinkChoices) {
  guard argument != nil || !addresses.isEmpty else { return (nil, choices) }
  var choices = choices
  let given = try Endpoint.read(argument, addresses: addresses)
  choices.emptiesPins = given.emptiesPins
  return (given.endpoint, choices)
}

/// Plans a Snowflake import with the composed config's endpoint.
func importSnowflake(
  _ input: String, link: String = "prod", endpoint: String? = vpce, addresses: [String] = [], stage: String? = nil,
  prune: Bool = false, choices: LinkChoices = LinkChoices(), in folder: WorkspaceFolder = workspace()
) throws -> Plan {
  var options = SnowflakeImport.Options(LinkRequest(link, endpoint: nil))
  (options.link.endpoint, options.link.choices) = try choose(endpoint, addresses, choices)
  options.stage = try stage.map { try Endpoint.read($0, flag: "--stage-endpoint").endpoint }
  options.link.prune = prune
  return try SnowflakeImport.plan(Array(input.utf8), file: "cfg", options: options, in: folder)
}

/// Plans an import of hosts.
func importHosts(
  _ hosts: [String], link: String = "corp", endpoint: String? = vpce, addresses: [String] = [],
  zone: (String, MissPolicy)? = nil, prune: Bool = false, choices: LinkChoices = LinkChoices(),
  in folder: WorkspaceFolder = workspace()
) throws -> Plan {
  var options = HostsImport.Options(LinkRequest(link, endpoint: nil))
  (options.link.endpoint, options.link.choices) = try choose(endpoint, addresses, choices)
  options.zone = zone.map { (name: $0.0, miss: $0.1) }
  options.link.prune = prune
  return try HostsImport.plan(hosts.map { HostsImport.Item($0) }, file: nil, options: options, in: folder)
}

/// What a body refuses, a line for each problem; empty when it does not.
func refusal(_ body: () throws -> Void) -> String {
  do {
    try body()
    return ""
  } catch let problems as Problems {
    return problems.all.map(\.description).joined(separator: "\n")
  } catch { return "\(error)" }
}

/// The processor time of this thread that a body takes, in seconds: what else runs on the machine does not count.
func processorSeconds(_ body: () -> Void) -> Double {
  func now() -> Double {
    var time = timespec()
    // unsafe: the call writes the structure that it is handed, and keeps no pointer.
    _ = unsafe clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }
  let start = now()
  body()
  return now() - start
}

/// The folder of fixtures beside this file.
let fixtures = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Fixtures")

/// The names in a folder of fixtures, in order.
func listing(_ folder: URL) -> [String] {
  ((try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []).filter { !$0.hasPrefix(".") }.sorted()
}

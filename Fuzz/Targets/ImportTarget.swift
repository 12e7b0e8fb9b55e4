import Links
import Text
import Wire
import Zones

/// Any octets as what an admin pastes, for each reader that takes a file. Whatever it is, it is refused with a problem, or
/// the plan's zones load, and the same paste changes nothing more.
public struct ImportTarget: FuzzTarget {
  /// Nothing is made beforehand.
  public init() {}

  /// Plans one import, and reads the octets as everything else that may be pasted.
  public func run(_ octets: [UInt8]) {
    Self.plan(octets)
    Self.read(octets)
  }

  /// What the readers of other pastes make of it.
  static func read(_ octets: [UInt8]) {
    do throws(Problem) {
      for reading in try PastedReader.readings(octets, file: "-") {
        precondition(reading.input != nil || !reading.operands.isEmpty, "a reading says what to hand on")
        precondition(!reading.remark.contains("\n"), "in a line")
      }
      _ = try HostsImport.items(octets, file: "-")
      _ = try VCSImport.read(octets, file: "-")
      _ = try DescribedEndpoint.read(octets, file: "-")
    } catch {
      precondition(!error.message.isEmpty && !error.message.contains("\n"), "a refusal says why, in a line")
    }
  }

  /// The same, for other targets.
  static func plan(_ octets: [UInt8]) {
    let folder = WorkspaceFolder(
      name: "fuzz", directory: "zones/fuzz", files: ["workspace.json": Array("{}".utf8)])
    guard let address = IPAddress("10.0.0.1"),
      let endpoint = try? Endpoint.read(nil, addresses: ["\(address)"], flag: "--endpoint").endpoint
    else { preconditionFailure("an address is an endpoint") }
    let options = SnowflakeImport.Options(LinkRequest("fuzz", endpoint: endpoint))
    do throws(Problems) {
      let plan = try SnowflakeImport.plan(octets, file: "-", options: options, in: folder)
      _ = plan.text(server: "@127.0.0.1")
      var after = folder
      for file in plan.files {
        check(file.path, file.content ?? [])
        after.files[file.path] = file.content
      }
      let again = try? SnowflakeImport.plan(octets, file: "-", options: options, in: after)
      precondition(again?.changesNothing == true, "what was planned is read again")
    } catch {
      precondition(!error.all.isEmpty, "a refusal says why")
      precondition(error.all.allSatisfy { !$0.message.isEmpty && !$0.message.contains("\n") }, "in a line each")
    }
  }

  /// What would be written can be read again.
  private static func check(_ path: String, _ content: [UInt8]) {
    if path.hasSuffix(".json") {
      precondition((try? JSON.parse(content, file: path, comments: false)) != nil, path)
    } else if let apex = try? Name(path.dropLast(".zone".count)) {
      let (zone, problems) = Zone.check(MasterFile.parse(content, file: path, origin: apex), apex: apex)
      precondition(zone != nil, "\(path): \(problems)")
    }
  }
}

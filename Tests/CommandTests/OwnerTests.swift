import Foundation
import Glibc
import SystemIO
import Testing

/// Whose the files are that commands make, and who may read them: as the folder that they are made in, and not as whoever
/// makes them, nor by their umask. A server that is not root reads what root imports.
struct OwnerTests {
  private static let owner: uid_t = 54_321

  @Test(arguments: ["077", "022", "000"]) func whatCommandsMakeIsAsTheFolderThatItIsMadeIn(umask: String) throws {
    let place = try Backroad()
    if geteuid() == 0 {
      unsafe #expect(chown(place.folder, Self.owner, Self.owner) == 0)  // unsafe: the call reads the path.
    }
    for line in [
      "workspace add acme --client 10.1.0.0/16", "workspace add globex", "workspace token acme",
      "import hosts --workspace acme --link git --endpoint 10.0.0.1 git.corp.example",
      "import hosts --workspace acme --link two --endpoint 10.0.0.2 --zone x.example --miss forward two.x.example",
      "link remove acme git",
    ] {
      let outcome = try place.run(line.split(separator: " ").map { String($0) }, umask: umask)
      #expect(outcome.status == 0, "\(line): \(outcome.errors)")
    }
    let paths = ["zones/"] + (try place.state().keys.sorted())
    #expect(paths.contains("zones/acme/links/two.json") && paths.contains("zones/acme/x.example.zone"))
    for path in paths {
      let attributes = try FileManager.default.attributesOfItem(atPath: "\(place.folder)/\(path)")
      let mode = attributes[.posixPermissions] as? Int
      #expect(mode == (path.hasSuffix("/") ? 0o755 : 0o644), "\(path)")
      if geteuid() == 0 { #expect(attributes[.ownerAccountID] as? UInt32 == Self.owner, "\(path)") }
    }
  }

  /// A zones folder's mode, and that of a workspace's folder made in it: who may not list the one may not enter the other.
  private static let modes = [(0o750, 0o750), (0o751, 0o750), (0o700, 0o700), (0o2775, 0o755)]

  @Test(arguments: modes.indices) func whoMayNotListTheZonesFolderMayNotLookIntoWorkspaces(index: Int) throws {
    let (mode, outermost) = Self.modes[index]
    let place = try Backroad()
    try Files.makeFolder("\(place.folder)/zones")
    unsafe #expect(chmod("\(place.folder)/zones", mode_t(mode)) == 0)  // unsafe: the call reads the path.
    for line in [
      "workspace add acme --client 10.1.0.0/16",
      "import hosts --workspace acme --link git --endpoint 10.0.0.1 git.corp.example",
    ] { #expect(try place.run(line.split(separator: " ").map { String($0) }, umask: "000").status == 0) }
    let paths = try place.state().keys.sorted()
    #expect(paths.contains("zones/acme/links/git.json"))
    for path in paths {
      let found = try FileManager.default.attributesOfItem(atPath: "\(place.folder)/\(path)")[.posixPermissions] as? Int
      let wanted = path == "zones/acme/" ? outermost : path.hasSuffix("/") ? 0o755 : 0o644
      #expect(try #require(found) & 0o777 == wanted, "\(path)")
    }
    #expect(try place("check").output == "1 workspace, 1 zone, 1 link: nothing is wrong\n")
  }

  @Test func checkWarnsOfWorkspacesThatOthersMayLookInto() throws {
    let place = try Backroad()
    for name in ["acme", "beta", "gamma"] { #expect(try place("workspace add \(name)").status == 0) }
    // unsafe: the calls read the path.
    unsafe #expect(chmod("\(place.folder)/zones", 0o751) == 0)
    unsafe #expect(chmod("\(place.folder)/zones/beta", 0o750) == 0)
    let outcome = try place("check")
    #expect(outcome.status == 0)
    #expect(
      outcome.output.hasPrefix(
        "zones: warning: others may not list this folder, and may look into the workspaces acme, gamma,"),
      "\(outcome.output)")
    for name in ["acme", "gamma"] {
      unsafe #expect(chmod("\(place.folder)/zones/\(name)", 0o750) == 0)  // unsafe: the call reads the path.
    }
    #expect(try place("check").output == "3 workspaces, 0 zones, 0 links: nothing is wrong\n")
  }
}

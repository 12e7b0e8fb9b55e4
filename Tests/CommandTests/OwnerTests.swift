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
}

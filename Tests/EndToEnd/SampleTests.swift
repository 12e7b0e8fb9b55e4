import Foundation
import Testing

extension EndToEnd {
  /// The sample workspaces of `zones/` are what the importers make of `Fixtures/samples`.
  @Suite struct Samples {
    static let acmeEndpoint =
      "vpce-0acae0acae0acae01-k3v9q2zt.vpce-svc-0a1b2c3d4e5f60718.us-east-1.vpce.amazonaws.com"
    static let globexEndpoint =
      "vpce-0910be0910be09103-w8m4x7yb.vpce-svc-0a1b2c3d4e5f60718.us-east-1.vpce.amazonaws.com"

    /// The commands that make the samples, in order.
    static var commands: [[String]] {
      let samples = Lab.fixture("samples").path
      return [
        ["workspace", "add", "acme", "--no-token", "--client", "127.0.0.1", "--client", "127.0.1.0/24"],
        ["workspace", "add", "globex", "--no-token", "--client", "127.0.2.0/24"],
        [
          "import", "snowflake", "--workspace", "acme", "--link", "snowflake-prod", "--endpoint",
          "\(acmeEndpoint)=10.1.20.7,10.1.21.7", "\(samples)/acme-snowflake.csv",
        ],
        [
          "import", "snowflake", "--workspace", "globex", "--link", "snowflake-prod", "--endpoint",
          "\(globexEndpoint)=10.2.20.7,10.2.21.7,fd00:2::7", "\(samples)/globex-snowflake.json",
        ],
        [
          "import", "hosts", "--workspace", "acme", "--link", "git", "--address", "10.1.40.9", "git.corp.example",
        ],
        [
          "import", "hosts", "--workspace", "globex", "--link", "git", "--address", "10.2.40.9", "git.corp.example",
        ],
      ]
    }

    @Test func importingAgainGivesTheCommittedBytes() throws {
      try Lab.run { lab in
        for command in Self.commands { try lab.backroad(command) }
        let made = try files(below: lab.folder.appendingPathComponent("zones"))
        let committed = try files(below: samples(in: lab))
        #expect(made.keys.sorted() == committed.keys.sorted())
        for (path, content) in made {
          #expect(content == committed[path], "zones/\(path) is not what its import makes")
        }
      }
    }

    @Test func nothingIsWrongWithTheSamples() throws {
      try Lab.run { lab in
        let report = try lab.backroad(["check", "--zones", samples(in: lab).path])
        #expect(report == "2 workspaces, 8 zones, 4 links: nothing is wrong\n", "\(report)")
      }
    }

    @Test func importingASampleAgainChangesNothingAndSaysSo() throws {
      try Lab.run { lab in
        try FileManager.default.moveItem(at: samples(in: lab), to: lab.folder.appendingPathComponent("zones"))
        let before = try files(below: lab.folder.appendingPathComponent("zones"))
        for command in Self.commands where command[0] == "import" {
          #expect(try lab.backroad(command).hasSuffix("\nNothing changes.\n"))
        }
        #expect(try files(below: lab.folder.appendingPathComponent("zones")) == before)
      }
    }

    /// A copy of the samples, without what else a person may have put beside them.
    private func samples(in lab: Lab) throws -> URL {
      let copy = lab.folder.appendingPathComponent("samples")
      try FileManager.default.createDirectory(at: copy, withIntermediateDirectories: true)
      for name in ["acme", "globex"] {
        let original = Lab.repository.appendingPathComponent("zones/\(name)")
        try FileManager.default.copyItem(at: original, to: copy.appendingPathComponent(name))
      }
      return copy
    }

    /// What is in a folder, without what starts with a dot.
    private func files(below folder: URL) throws -> [String: Data] {
      var files: [String: Data] = [:]
      for path in try FileManager.default.subpathsOfDirectory(atPath: folder.path) {
        let file = folder.appendingPathComponent(path)
        let isHidden = path.split(separator: "/").contains { $0.hasPrefix(".") }
        guard !isHidden, try file.resourceValues(forKeys: [.isRegularFileKey]).isRegularFile == true else { continue }
        files[path] = try Data(contentsOf: file)
      }
      return files
    }
  }
}

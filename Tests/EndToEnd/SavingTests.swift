import Foundation
import Glibc
import Testing

extension EndToEnd {
  /// However files are saved, copied, checked out or swapped: what is served in the end is what stands there.
  @Suite struct ReloadingHabits {
    private func path(_ lab: Lab, _ path: String) -> String { lab.folder.appendingPathComponent(path).path }

    private func link(_ lab: Lab, _ place: String, to target: String) throws {
      try FileManager.default.createSymbolicLink(atPath: path(lab, place), withDestinationPath: target)
    }

    /// Renames as the system call does: over what is there.
    private func rename(_ lab: Lab, _ place: String, to other: String) throws {
      // unsafe: the strings are C strings for the length of the call.
      guard unsafe Glibc.rename(path(lab, place), path(lab, other)) == 0 else { throw LabError("errno \(errno)") }
    }

    private func serve(_ lab: Lab, zones: String = "zones") throws -> (server: Server, loop: QueryLoop) {
      let server = try lab.serve(zones: zones)
      return (server, try QueryLoop("www.corp.example", at: server.address))
    }

    /// How often files were read, as `status --json` says.
    private func reloadCount(_ status: Outcome) throws -> Int {
      let members = try JSONSerialization.jsonObject(with: Data(status.output.utf8)) as? [String: Any]
      return try #require((members?["reloads"] as? [String: Any])?["count"] as? Int)
    }

    private func acme(_ lab: Lab, _ version: Int, in folder: String) throws {
      try lab.write("{ \"clients\": [\"127.0.0.1\"] }", to: "\(folder)/workspace.json")
      try lab.write(Lab.zoneText("www A 10.1.0.\(version)\n"), to: "\(folder)/corp.example.zone")
    }

    private func end(_ loop: QueryLoop) throws {
      let (asked, lost) = try loop.stop()
      #expect(lost == 0 && asked > 0, "\(lost) of \(asked) queries were lost")
    }

    /// A volume holds its files behind `..data`, and the folders that the items' paths name as links through it.
    @Test func theWholeZonesFolderIsAVolume() throws {
      try Lab.run { lab in
        try acme(lab, 1, in: "zones/..v1/acme")
        try link(lab, "zones/..data", to: "..v1")
        try link(lab, "zones/acme", to: "..data/acme")
        let (_, loop) = try serve(lab)
        for version in 2...5 {
          let start = Date()
          try acme(lab, version, in: "zones/..v\(version)/acme")
          try link(lab, "zones/..data_tmp", to: "..v\(version)")
          try rename(lab, "zones/..data_tmp", to: "zones/..data")
          try FileManager.default.removeItem(atPath: path(lab, "zones/..v\(version - 1)"))
          #expect(try loop.wait(for: "10.1.0.\(version)", since: start) < 1)
        }
        #expect(loop.answers == (1...5).map { "10.1.0.\($0)" }, "never a mixture, never nobody's client")
        try end(loop)
      }
    }

    /// A checkout that is exchanged whole, as git-sync does it: the zones folder is behind a link.
    @Test func theZonesFolderIsBehindALink() throws {
      try Lab.run { lab in
        try acme(lab, 1, in: "rev1/zones/acme")
        try link(lab, "current", to: "rev1")
        let (server, loop) = try serve(lab, zones: "current/zones")
        for version in 2...4 {
          let start = Date()
          try acme(lab, version, in: "rev\(version)/zones/acme")
          if version == 3 {
            try lab.write("{ \"clients\": [\"127.0.3.1\"] }", to: "rev3/zones/initech/workspace.json")
          }
          try link(lab, "next", to: "rev\(version)")
          try rename(lab, "next", to: "current")
          #expect(try loop.wait(for: "10.1.0.\(version)", since: start) < 1)
          // What changes in the new place is seen too.
          let later = Date()
          try acme(lab, 100 + version, in: "rev\(version)/zones/acme")
          #expect(try loop.wait(for: "10.1.0.\(100 + version)", since: later) < 1)
        }
        try eventually("initech is gone with revision 4", within: 2) {
          try server.dig("-b", "127.0.3.1", "www.corp.example").status == "REFUSED"
        }
        try end(loop)
      }
    }

    @Test func aZonesFolderThatIsMovedAwayAndBackIsServedAllTheWhile() throws {
      try Lab.run { lab in
        try acme(lab, 1, in: "zones/acme")
        let (server, loop) = try serve(lab)
        try rename(lab, "zones", to: "away")
        try eventually("the log tells that there is no folder", within: 2) {
          server.program.errors.contains("zones: the zones folder has gone: what was served stays as it is")
        }
        try acme(lab, 2, in: "away/acme")
        let start = Date()
        try rename(lab, "away", to: "zones")
        #expect(try loop.wait(for: "10.1.0.2", since: start) < 1)
        try eventually("the log tells that it is back", within: 2) {
          server.program.errors.contains("zones: the zones folder is there again, and read")
        }
        let later = Date()
        try acme(lab, 3, in: "zones/acme")
        #expect(try loop.wait(for: "10.1.0.3", since: later) < 1)
        #expect(loop.answers == ["10.1.0.1", "10.1.0.2", "10.1.0.3"])
        try end(loop)
      }
    }

    /// Somebody moves the folder away and makes an empty one: nobody's names go until a person says so.
    @Test func aNewFolderInItsPlaceUnloadsNobodyUntilAReloadIsAskedFor() throws {
      try Lab.run { lab in
        try lab.write(#"{ "forward": [], "admin": "./run/admin.sock" }"#, to: "backroad.json")
        try FileManager.default.createDirectory(atPath: path(lab, "run"), withIntermediateDirectories: false)
        try acme(lab, 1, in: "zones/acme")
        let (server, loop) = try serve(lab)
        func status(_ flags: String...) throws -> Outcome { try lab.run(Lab.backroad(), ["status"] + flags) }
        #expect(try status().status == 0)
        try rename(lab, "zones", to: "away")
        let gone = "zones: the zones folder has gone: what was served stays as it is"
        try eventually("the status tells that there is no folder", within: 2) {
          let outcome = try status()
          return outcome.status == 1 && outcome.output.contains(gone)
        }
        let add = ["workspace", "add", "globex", "--client", "127.0.2.0/24"]
        let refused = try lab.run(Lab.backroad(), add)
        #expect(refused.status == 1 && refused.errors.contains("a running server has 1 workspace of zones"))
        #expect(!FileManager.default.fileExists(atPath: path(lab, "zones")))

        let another = "zones: another folder stands here than the one that is served"
        try FileManager.default.createDirectory(atPath: path(lab, "zones"), withIntermediateDirectories: false)
        try eventually("the log and the status tell of another folder", within: 2) {
          let outcome = try status()
          return server.program.errors.contains(another) && outcome.status == 1 && outcome.output.contains(another)
        }
        #expect(try status("--json").output.contains("another folder stands here"))
        try lab.backroad(add)
        try lab.zone("corp.example", "www A 10.2.0.1\n", in: "globex")
        try eventually("what is in it is served", within: 2) {
          try server.dig("-b", "127.0.2.1", "www.corp.example").addresses == ["10.2.0.1"]
        }
        // The reloader's own look, some seconds after the first, unloads nobody either.
        let count = try reloadCount(status("--json"))
        try eventually("it is looked at again", within: 20) { try reloadCount(status("--json")) > count }
        #expect(loop.answers == ["10.1.0.1"])
        #expect(server.program.errors.components(separatedBy: another).count == 2)

        #expect(try lab.backroad(["reload"]).contains("reloaded acme"))
        try eventually("acme has gone", within: 2) { loop.answers == ["10.1.0.1", "code 5"] }
        #expect(try status().status == 0)
        #expect(server.program.errors.contains("zones: this zones folder counts now, and read"))
        try end(loop)
      }
    }

    /// Vim moves the old file to a backup and writes a new one; Emacs leaves locks and autosaves beside it; others cut
    /// the file to nothing and write it again.
    @Test func editorsSaveInTheirWays() throws {
      try Lab.run { lab in
        try acme(lab, 1, in: "zones/acme")
        let (server, loop) = try serve(lab)
        let zone = "zones/acme/corp.example.zone"
        var start = Date()
        try lab.write("swap", to: "zones/acme/.corp.example.zone.swp")
        try rename(lab, zone, to: "\(zone)~")
        try Data(Lab.zoneText("www A 10.1.0.2\n").utf8).write(to: lab.folder.appendingPathComponent(zone))
        try FileManager.default.removeItem(atPath: path(lab, "\(zone)~"))
        #expect(try loop.wait(for: "10.1.0.2", since: start) < 1)

        start = Date()
        try link(lab, "zones/acme/.#corp.example.zone", to: "someone@host.1:1")
        try lab.write("not a zone", to: "zones/acme/#corp.example.zone#")
        try lab.zone("corp.example", "www A 10.1.0.3\n", in: "acme")
        try lab.write("not a zone", to: "\(zone)~")
        #expect(try loop.wait(for: "10.1.0.3", since: start) < 1)

        let text = Lab.zoneText("www A 10.1.0.4\n")
        try Data(text.utf8.prefix(30)).write(to: lab.folder.appendingPathComponent(zone))
        try eventually("half a file is told as an error", within: 2) {
          server.program.errors.contains("zones/acme/corp.example.zone:")
        }
        start = Date()
        let file = try FileHandle(forWritingTo: lab.folder.appendingPathComponent(zone))
        try file.seekToEnd()
        try file.write(contentsOf: Data(text.utf8.dropFirst(30)))
        try file.close()
        #expect(try loop.wait(for: "10.1.0.4", since: start) < 1)
        #expect(loop.answers == (1...4).map { "10.1.0.\($0)" }, "half a file is never served")
        try end(loop)
      }
    }

    @Test func aFolderThatIsHalfCopiedIsServedOnceItIsWhole() throws {
      try Lab.run { lab in
        try acme(lab, 1, in: "zones/acme")
        let (server, loop) = try serve(lab)
        try lab.zone("corp.example", "www A 10.3.0.1\n", in: "initech")
        try eventually("the folder without its workspace.json is told of", within: 2) {
          server.program.errors.contains("zones/initech")
        }
        #expect(try server.dig("-b", "127.0.3.1", "www.corp.example").status == "REFUSED")
        try lab.write("{ \"clients\": [\"127.0.3.1\"", to: "zones/initech/workspace.json")
        try eventually("nor is half a workspace.json served", within: 2) {
          server.program.errors.contains("zones/initech/workspace.json:1:")
        }
        #expect(try server.dig("-b", "127.0.3.1", "www.corp.example").status == "REFUSED")
        try lab.write("{ \"clients\": [\"127.0.3.1\"] }", to: "zones/initech/workspace.json")
        try eventually("the whole folder is served", within: 2) {
          try server.dig("-b", "127.0.3.1", "www.corp.example").addresses == ["10.3.0.1"]
        }
        #expect(loop.answers == ["10.1.0.1"])
        try end(loop)
      }
    }

    @Test func aCheckoutOfAnotherBranchIsServed() throws {
      try Lab.run { lab in
        func git(_ arguments: String...) throws {
          let identity = ["-c", "user.name=lab", "-c", "user.email=lab@example.invalid", "-c", "commit.gpgsign=false"]
          let outcome = try lab.run("git", ["-C", path(lab, "zones")] + identity + arguments)
          guard outcome.status == 0 else { throw LabError("git \(arguments): \(outcome.errors)") }
        }
        try acme(lab, 1, in: "zones/acme")
        for number in 1...40 { try lab.write("{}", to: "zones/w\(number)/workspace.json") }
        try git("init", "--quiet", "--initial-branch", "one")
        try git("add", ".")
        try git("commit", "--quiet", "-m", "one")
        try git("checkout", "--quiet", "-b", "two")
        try acme(lab, 2, in: "zones/acme")
        try lab.workspace("initech", clients: ["127.0.3.1"], zones: ["corp.example": "www A 10.3.0.2\n"])
        for number in 1...20 { try FileManager.default.removeItem(atPath: path(lab, "zones/w\(number)")) }
        try git("add", "--all", ".")
        try git("commit", "--quiet", "-m", "two")
        let (server, loop) = try serve(lab)
        for (branch, answer, other) in [("one", "10.1.0.1", nil), ("two", "10.1.0.2", "10.3.0.2")] {
          let start = Date()
          try git("checkout", "--quiet", branch)
          #expect(try loop.wait(for: answer, since: start) < 1)
          try eventually("initech is there or not as the branch says", within: 2) {
            try server.dig("-b", "127.0.3.1", "www.corp.example").addresses == (other.map { [$0] } ?? [])
          }
        }
        #expect(!loop.answers.contains { $0.hasPrefix("code") })
        try end(loop)
      }
    }

    @Test func oneBrokenWorkspaceDoesNotKeepTheServerFromStarting() throws {
      try Lab.run { lab in
        try acme(lab, 1, in: "zones/acme")
        try lab.workspace("initech", clients: ["127.0.3.1"], zones: ["corp.example": "www A nonsense\n"])
        let (server, loop) = try serve(lab)
        for line in ["zones/initech/corp.example.zone:4:7:", "serving 1 workspace "] {
          try eventually("the log has \(line)", within: 5) { server.program.errors.contains(line) }
        }
        try lab.zone("corp.example", "www A 10.3.0.1\n", in: "initech")
        try eventually("mended, it is served", within: 2) {
          try server.dig("-b", "127.0.3.1", "www.corp.example").addresses == ["10.3.0.1"]
        }
        try end(loop)
      }
    }

    /// More workspaces than the kernel watches folders: nobody's change is missed, and the log says what to do.
    @Test func workspacesBeyondTheKernelsWatchesAreLookedAt() throws {
      try Lab.run { lab in
        try acme(lab, 1, in: "zones/acme")
        for number in 1...8 {
          try lab.workspace(
            "w\(number)", clients: ["127.0.4.\(number)"], zones: ["corp.example": "www A 10.4.0.\(number)\n"])
        }
        let port = try Port.free()
        // In a user namespace of its own the limit is this server's alone: the zones folder and three more.
        let command = "echo 4 > /proc/sys/user/max_inotify_watches && exec \"$0\" \"$@\""
        let program = try lab.start(
          "unshare",
          ["--user", "--map-root-user", "sh", "-c", command, Lab.backroad()]
            + ["serve", "--zones", "zones", "--listen", "127.0.0.1:\(port)", "--workers", "1"])
        let server = Server(program: program, address: Endpoint("127.0.0.1", port), lab: lab)
        try server.address.awaitAnswer(from: program)
        for line in ["the kernel watches no more folders", "so 6 workspaces are looked at in turn"] {
          try eventually("the log has \(line)", within: 5) { program.errors.contains(line) }
        }
        for number in 1...8 {
          try Data(Lab.zoneText("www A 10.5.0.\(number)\n").utf8).write(
            to: lab.folder.appendingPathComponent("zones/w\(number)/corp.example.zone"))
        }
        try eventually("every change is live", within: 5) {
          try (1...8).allSatisfy {
            try server.dig("-b", "127.0.4.\($0)", "www.corp.example").addresses == ["10.5.0.\($0)"]
          }
        }
      }
    }
  }
}

import Foundation
import Glibc
import Testing

extension EndToEnd {
  /// Files change while queries run: soon live, nothing lost, nobody else touched.
  @Suite struct Reloading {
    private func serve(_ lab: Lab) throws -> (server: Server, loop: QueryLoop) {
      try lab.workspace("acme", clients: ["127.0.0.1"], zones: ["corp.example": "www A 10.1.0.1\n"])
      try lab.workspace("globex", clients: ["127.0.2.0/24"], zones: ["corp.example": "www A 10.2.0.1\n"])
      let server = try lab.serve()
      return (server, try QueryLoop("www.corp.example", at: server.address))
    }

    private func end(_ loop: QueryLoop) throws {
      let (asked, lost) = try loop.stop()
      #expect(lost == 0 && asked > 100, "\(lost) of \(asked) queries were lost")
    }

    @Test func aChangeIsLiveWithinASecondAndLosesNoQuery() throws {
      try Lab.run { lab in
        let (_, loop) = try serve(lab)
        for version in 2...11 {
          let start = Date()
          try lab.zone("corp.example", "www A 10.1.0.\(version)\n", in: "acme")
          #expect(try loop.wait(for: "10.1.0.\(version)", since: start) < 1)
        }
        #expect(loop.answers == (1...11).map { "10.1.0.\($0)" }, "an old state came back")
        try end(loop)
      }
    }

    @Test func aFileWrittenInPlaceIsReadToo() throws {
      try Lab.run { lab in
        let (_, loop) = try serve(lab)
        let start = Date()
        let path = lab.folder.appendingPathComponent("zones/acme/corp.example.zone")
        try Data(Lab.zoneText("www A 10.1.0.2\n").utf8).write(to: path)
        #expect(try loop.wait(for: "10.1.0.2", since: start) < 1)
        try end(loop)
      }
    }

    @Test func aBrokenFileKeepsItsWorkspaceAndNoOther() throws {
      try Lab.run { lab in
        let (server, loop) = try serve(lab)
        try lab.zone("corp.example", "www A not-an-address\nwww A 10.1.0.2\n", in: "acme")
        try lab.zone("corp.example", "www A 10.2.0.2\n", in: "globex")
        try eventually("globex moves on", within: 2) {
          try server.dig("-b", "127.0.2.1", "www.corp.example").addresses == ["10.2.0.2"]
        }
        try eventually("the error is told", within: 2) {
          server.program.errors.contains("zones/acme/corp.example.zone:4:7:")
        }
        #expect(loop.answers == ["10.1.0.1"], "acme stays as it was")
        let start = Date()
        try lab.zone("corp.example", "www A 10.1.0.3\n", in: "acme")
        #expect(try loop.wait(for: "10.1.0.3", since: start) < 1)
        try end(loop)
      }
    }

    @Test func aBrokenWorkspaceFileKeepsTheClients() throws {
      try Lab.run { lab in
        let (server, loop) = try serve(lab)
        try lab.write(#"{ "clients": ["127.0.0.1"], "forwrad": [] }"#, to: "zones/acme/workspace.json")
        try eventually("the error is told, with the nearest key", within: 2) {
          server.program.errors.contains("zones/acme/workspace.json:1:") && server.program.errors.contains("forward")
        }
        #expect(loop.answers == ["10.1.0.1"])
        try end(loop)
      }
    }

    @Test func clientsMoveBetweenWorkspaces() throws {
      try Lab.run { lab in
        let (server, loop) = try serve(lab)
        try lab.workspace("acme", clients: ["127.0.1.0/24"])
        try eventually("acme's client is nobody's", within: 2) { loop.answers.last == "code 5" }
        try lab.workspace("globex", clients: ["127.0.2.0/24", "127.0.0.1"])
        try eventually("and then of globex", within: 2) { loop.answers.last == "10.2.0.1" }
        #expect(try server.dig("-b", "127.0.1.1", "www.corp.example").addresses == ["10.1.0.1"])
        try end(loop)
      }
    }

    @Test func workspacesComeAndGo() throws {
      try Lab.run { lab in
        let (server, loop) = try serve(lab)
        try lab.workspace("initech", clients: ["127.0.3.0/24"], zones: ["corp.example": "www A 10.3.0.1\n"])
        try eventually("the new workspace is served", within: 2) {
          try server.dig("-b", "127.0.3.1", "www.corp.example").addresses == ["10.3.0.1"]
        }
        try FileManager.default.removeItem(at: lab.folder.appendingPathComponent("zones/initech"))
        try eventually("the removed workspace is gone", within: 2) {
          try server.dig("-b", "127.0.3.1", "www.corp.example").status == "REFUSED"
        }
        // A folder that is moved in is a workspace like any other.
        try lab.write("{ \"clients\": [\"127.0.3.0/24\"] }", to: "away/workspace.json")
        try lab.write(Lab.zoneText("www A 10.3.0.2\n"), to: "away/corp.example.zone")
        try FileManager.default.moveItem(
          at: lab.folder.appendingPathComponent("away"), to: lab.folder.appendingPathComponent("zones/initech"))
        try eventually("the moved workspace is served", within: 2) {
          try server.dig("-b", "127.0.3.1", "www.corp.example").addresses == ["10.3.0.2"]
        }
        #expect(loop.answers == ["10.1.0.1"])
        try end(loop)
      }
    }

    @Test func aHangupSignalReadsEverythingAgain() throws {
      try Lab.run { lab in
        let (server, loop) = try serve(lab)
        for round in 1...5 {
          let start = Date()
          try lab.zone("corp.example", "www A 10.1.1.\(round)\n", in: "acme")
          server.program.signal(SIGHUP)
          #expect(try loop.wait(for: "10.1.1.\(round)", since: start) < 1)
          try eventually("the log tells of SIGHUP", within: 2) {
            server.program.errors.components(separatedBy: "SIGHUP").count > round
          }
        }
        try end(loop)
        #expect(server.program.isRunning)
      }
    }

    /// Kubernetes puts a volume's files behind a link `..data` that it exchanges in one step.
    @Test func aSwappedVolumeIsReadWhole() throws {
      try Lab.run { lab in
        let files = FileManager.default
        let folder = lab.folder.appendingPathComponent("zones/acme").path
        func version(_ number: Int) throws {
          let name = "..version-\(number)"
          try lab.write("{ \"clients\": [\"127.0.0.1\"] }", to: "zones/acme/\(name)/workspace.json")
          try lab.write(Lab.zoneText("www A 10.1.0.\(number)\n"), to: "zones/acme/\(name)/corp.example.zone")
          try files.createSymbolicLink(atPath: "\(folder)/..data_tmp", withDestinationPath: name)
          // unsafe: the strings are C strings for the length of the call.
          let result = unsafe rename("\(folder)/..data_tmp", "\(folder)/..data")
          guard result == 0 else { throw LabError("errno \(errno)") }
        }
        try version(1)
        for name in ["workspace.json", "corp.example.zone"] {
          try files.createSymbolicLink(atPath: "\(folder)/\(name)", withDestinationPath: "..data/\(name)")
        }
        let server = try lab.serve()
        let loop = try QueryLoop("www.corp.example", at: server.address)
        for number in 2...6 {
          let start = Date()
          try version(number)
          try files.removeItem(atPath: "\(folder)/..version-\(number - 1)")
          #expect(try loop.wait(for: "10.1.0.\(number)", since: start) < 1)
        }
        try end(loop)
      }
    }

    /// A workspace that takes long to build, as far as the program under test is slow enough: others' changes are live
    /// meanwhile, signals are served, and it ends when it is told to.
    /// Reading and checking a large zone takes a multiple of its size for a while, refused or not.
    @Test func memoryOfALargeBuildingComesBack() throws {
      try Lab.run { lab in
        let (server, loop) = try serve(lab)
        let before = server.program.resources.memoryOctets
        let lines = (0..<400_000).map { "host\($0) A 10.\($0 >> 16).\($0 >> 8 & 255).\($0 & 255)\n" }
        try lab.zone("corp.example", lines.joined() + "www A not-an-address\n", in: "acme")
        try eventually("the error is told", within: 60) {
          server.program.errors.contains("zones/acme/corp.example.zone:400004:7:")
        }
        try eventually("memory is given back", within: 5) {
          server.program.resources.memoryOctets < before + (30 << 20)
        }
        try end(loop)
      }
    }

    @Test func aLargeWorkspaceHoldsUpNobody() throws {
      try Lab.run { lab in
        let (server, loop) = try serve(lab)
        let records = (0..<400_000).map { "h\($0) A 10.3.\($0 / 250 % 250).\($0 % 250)\n" }.joined()
        try lab.workspace("large", clients: ["127.0.3.0/24"], zones: ["corp.example": records])
        server.program.signal(SIGHUP)
        try eventually("the log tells of SIGHUP", within: 2) { server.program.errors.contains("SIGHUP") }
        for version in 2...6 {
          let start = Date()
          try lab.zone("corp.example", "www A 10.1.0.\(version)\n", in: "acme")
          #expect(try loop.wait(for: "10.1.0.\(version)", since: start) < 1)
          #expect(try lab.run(Lab.backroad(), ["reload", "--workspace", "globex"]).status == 0)
        }
        try end(loop)
        server.program.signal(SIGTERM)
        #expect(try server.program.wait(seconds: 6).status == 0)
      }
    }
  }
}

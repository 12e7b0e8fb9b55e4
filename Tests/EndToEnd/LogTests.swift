import Foundation
import Glibc
import Testing

extension EndToEnd {
  /// Standard error is a pipe that nobody reads, and full from the start.
  @Suite struct LogThatNobodyReads {
    /// A pipe with a name.
    final class Pipe {
      let path: String
      private let descriptor: Int32

      init(_ path: String) throws {
        self.path = path
        // unsafe: the calls read the path.
        guard unsafe mkfifo(path, 0o600) == 0 else { throw LabError("no pipe: errno \(errno)") }
        descriptor = unsafe open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC)
      }

      deinit { close(descriptor) }

      /// Writes until nothing more fits.
      func fill() {
        for size in [4096, 1] {
          let octets = [UInt8](repeating: 0x2e, count: size)
          // unsafe: reads inside the array, whose length it is given.
          while unsafe octets.withUnsafeBytes({ unsafe write(descriptor, $0.baseAddress, size) }) > 0 {}
        }
      }

      /// What is in it now.
      func drain() -> String {
        var all: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
          // unsafe: writes inside the array, whose length it is given.
          let count = unsafe buffer.withUnsafeMutableBytes { unsafe read(descriptor, $0.baseAddress, $0.count) }
          guard count > 0 else { return String(decoding: all, as: UTF8.self) }
          all += buffer[..<count]
        }
      }
    }

    /// A workspace that is served.
    private func serve(_ lab: Lab, _ pipe: Pipe) throws -> Server {
      try lab.workspace("acme", clients: ["127.0.0.0/8"], zones: ["corp.example": "www A 10.1.0.1\n"])
      pipe.fill()
      return try lab.serve(errors: pipe.path)
    }

    /// Another broken workspace: as many lines in the log as one may bring.
    private func makeLines(_ lab: Lab, _ round: Int) throws {
      let wrong = (0..<25).map { "h\($0) A 10.1.0.x\n" }.joined()
      try lab.zone("broken.example", wrong, in: "broken\(round)")
      _ = try lab.run(Lab.backroad(), ["reload"])
    }

    @Test func theServerGoesOnAndEnds() throws {
      try Lab.run { lab in
        let pipe = try Pipe(lab.folder.appendingPathComponent("log").path)
        let server = try serve(lab, pipe)
        for round in 0..<20 {
          try makeLines(lab, round)
          #expect(try server.dig(round % 2 == 0 ? "+tcp" : "+notcp", "www.corp.example").addresses == ["10.1.0.1"])
        }
        #expect(try server.metric("backroad_log_lines_dropped_total") == 0, "all of them wait")
        try lab.zone("corp.example", "www A 10.1.0.2\n", in: "acme")
        try eventually("the change is served", within: 10) {
          try server.dig("www.corp.example").addresses == ["10.1.0.2"]
        }
        server.program.signal(SIGTERM)
        #expect(try server.program.wait(seconds: 10).status == 0)
      }
    }

    @Test func whatWaitsIsWrittenOnceTheLogIsReadAgain() throws {
      try Lab.run { lab in
        let pipe = try Pipe(lab.folder.appendingPathComponent("log").path)
        let server = try serve(lab, pipe)
        for round in 0..<20 { try makeLines(lab, round) }
        var text = ""
        try eventually("the last lines are written", within: 20) {
          text += pipe.drain()
          return text.contains("broken19")
        }
        let holdsTheFirst = text.contains("serving 1 workspace")
        #expect(holdsTheFirst)
        server.program.signal(SIGTERM)
        #expect(try server.program.wait(seconds: 10).status == 0)
        #expect(pipe.drain().contains("stopping: finishing what is in flight"))
      }
    }
  }
}

import Testing

extension EndToEnd {
  /// What `serve` says at its start of what is not as it should be.
  @Suite struct Start {
    @Test func howManyThingsAreWrongIsSaidOnce() throws {
      try Lab.run { lab in
        try lab.workspace("acme", clients: ["8.8.0.0/16", "127.0.0.0/8"], zones: ["corp.example": "www A 10.1.0.1\n"])
        try lab.workspace("bad", clients: ["10.0.0.0/33"])
        let server = try lab.serve()
        try eventually("it has said so", within: 10) { server.program.errors.contains("; run backroad check") }
        let lines = server.program.errors.split(separator: "\n")
        #expect(
          lines.contains { $0.contains("1 error and 1 warning of what is served are known; run backroad check,") })
        #expect(lines.contains { $0.contains("it cannot be reached from outside of the private networks") })
      }
    }

    @Test func whereAllIsWellNothingIsSaid() throws {
      try Lab.run { lab in
        try lab.workspace("acme", clients: ["127.0.0.0/8"], zones: ["corp.example": "www A 10.1.0.1\n"])
        let server = try lab.serve()
        try eventually("it has said where it serves", within: 10) {
          server.program.errors.contains("admin interface on")
        }
        #expect(!server.program.errors.contains("run backroad check"), "\(server.program.errors)")
      }
    }
  }
}

#if DEBUG
  import Foundation
  import SystemIO
  import Testing

  /// Every system call of every command that writes fails once, in turn, or the process dies there: what was said is what
  /// is there, and the next run goes through.
  struct FaultTests {
    /// A command line, and those that make the state that it starts from.
    struct Case: CustomTestStringConvertible, Sendable {
      let line: String
      let before: [String]
      var testDescription: String { line }
    }

    private static let acme = "workspace add acme --client 10.1.0.0/16"
    private static let git = "import hosts --workspace acme --link git --endpoint 10.0.0.1 git.corp.example"

    static let cases = [
      Case(line: "workspace add globex --client 10.2.0.0/16", before: [acme]),
      Case(line: "workspace add globex --client 10.2.0.0/16", before: []),
      Case(line: "workspace remove acme", before: [acme, git]),
      Case(line: "workspace token acme --comment x", before: [acme]),
      Case(line: "import hosts --workspace acme --link two --endpoint 10.0.0.2 two.corp.example", before: [acme, git]),
      Case(line: "import hosts --workspace acme --link git --endpoint 10.0.0.2 git.corp.example", before: [acme, git]),
      Case(line: "link remove acme git", before: [acme, git]),
    ]

    /// What becomes of a call that changes something; the errors in words are those of `errno`.
    private static let changing = ["\(EIO)", "\(ENOSPC)", "\(EMFILE)", "\(EACCES)", "\(EINTR)", "kill", "killed"]
    /// Of one that only looks: one of these, in turn. Dying there is dying after the change before.
    private static let looking = ["\(EIO)", "\(EMFILE)", "\(EACCES)", "\(EINTR)"]
    private static let looks = [
      "openat2", "stat", "fstat", "read", "readdir", "readlinkat", "faccessat", "flock", "lseek",
    ]

    @Test(arguments: cases) func whatWasSaidIsWhatIsThere(of one: Case) throws {
      let model = try Backroad()
      for line in one.before { #expect(try model(line).status == 0) }
      let start = try state(of: model)
      let words = one.line.split(separator: " ").map { String($0) }
      let counted = try copy(of: model)
      let log = "\(counted.folder)/calls"
      #expect(try run(words, in: counted, ["BACKROAD_FAULT_LOG": log]).status == 0)
      let end = try state(of: counted)
      #expect(start != end)
      let calls = try counted.read("calls").split(separator: "\n")
      #expect(calls.count > 30)
      for (index, call) in calls.enumerated() {
        let isLook = Self.looks.contains(String(call.prefix { $0 != " " }))
        for fault in isLook ? [Self.looking[index % Self.looking.count]] : Self.changing {
          let place = try copy(of: model)
          let outcome = try run(words, in: place, ["BACKROAD_FAULT": "\(index + 1):\(fault)"])
          let found = try state(of: place)
          let what: Comment = "call \(index + 1) of \(calls.count), \(call), fault \(fault): \(outcome)"
          switch outcome.status {
          case 0: #expect(found == end, what)
          case 1 where outcome.errors.contains("what was asked for is done"): #expect(found == end, what)
          case 1:
            #expect(found == start, what)
            #expect(outcome.output == "", what)
          // The zones folder that the first workspace brings with it may be there, and be empty.
          case nil: #expect(found == start || found == end || (start == nil && found == [:]), what)
          default: Issue.record(what)
          }
          if fault == "\(EINTR)" { #expect(outcome.status == 0, what) }
          try checkTheNextGoesThrough(place, words, found == end, what)
        }
      }
    }

    /// What a failed or killed command left stands in no other's way, and goes with the next change.
    private func checkTheNextGoesThrough(
      _ place: Backroad, _ words: [String], _ isDone: Bool, _ what: Comment
    ) throws {
      let names = try Files.list(place.folder).contains("zones") ? Files.list("\(place.folder)/zones") : []
      func isLeft(_ name: String) -> Bool { name.hasPrefix(".") && name != ".backroad" }
      guard !isDone, names.contains(where: isLeft) else { return }
      let next = try run(words, in: place, [:])
      #expect(next.status == 0, "then: \(next); \(what)")
      #expect(try !Files.list("\(place.folder)/zones").contains(where: isLeft), what)
    }

    private struct Outcome {
      /// Nil when it was killed.
      let status: Int32?
      let output: String
      let errors: String
    }

    private func run(_ words: [String], in place: Backroad, _ environment: [String: String]) throws -> Outcome {
      let (process, output, errors) = try place.start(words, environment: environment)
      process.waitUntilExit()
      return Outcome(
        status: process.terminationReason == .exit ? process.terminationStatus : nil,
        output: String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self),
        errors: String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self))
    }

    private func copy(of model: Backroad) throws -> Backroad {
      let copy = try Backroad()
      if FileManager.default.fileExists(atPath: "\(model.folder)/zones") {
        try FileManager.default.copyItem(atPath: "\(model.folder)/zones", toPath: "\(copy.folder)/zones")
      }
      return copy
    }

    /// What is served of the zones folder, and whether there is one. Tokens are made at random: one is as good as another.
    private func state(of place: Backroad) throws -> [String: String]? {
      guard FileManager.default.fileExists(atPath: "\(place.folder)/zones") else { return nil }
      return try place.state().filter { !$0.key.hasPrefix("zones/.") }.mapValues { text in
        text.replacing(#/"id": "[^"]*"/#, with: "id").replacing(#/"sha256": "[^"]*"/#, with: "sha256")
      }
    }
  }
#endif

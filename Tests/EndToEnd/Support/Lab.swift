import Foundation
import Testing

/// Everything here starts real programs and measures times, so one test runs at a time.
@Suite(.serialized) struct EndToEnd {}

/// A test's own folder and programs; none outlives the test.
final class Lab {
  let folder: URL
  private var programs: [Program] = []
  private var scripted: [ScriptedUpstream] = []

  private init() throws {
    folder = FileManager.default.temporaryDirectory.appendingPathComponent("backroad-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    // No test asks the machine's own name servers: what is forwarded, and where, its workspaces and flags say.
    // Endpoints are made on the loopback addresses, and looked at there.
    try write(#"{ "forward": [], "own-networks": ["127.0.0.0/8"] }"#, to: "backroad.json")
  }

  /// Runs a test in a lab of its own, and clears up whatever comes of it.
  static func run(_ body: (Lab) throws -> Void) throws {
    let lab = try Lab()
    defer { lab.clear() }
    do {
      try body(lab)
    } catch {
      for program in lab.programs { print("--- \(program.name) said:\n\(program.errors.suffix(2000))") }
      throw error
    }
  }

  private func clear() {
    for program in programs { program.stop() }
    for upstream in scripted { upstream.stop() }
    try? FileManager.default.removeItem(at: folder)
  }

  // MARK: Files

  /// The repository.
  static let repository = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()

  /// A file beside these tests.
  static func fixture(_ path: String) -> URL {
    repository.appendingPathComponent("Tests/EndToEnd/Fixtures").appendingPathComponent(path)
  }

  /// Writes a file of the lab as editors do: whole, under its name at once.
  func write(_ text: String, to path: String) throws {
    let file = folder.appendingPathComponent(path)
    try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(text.utf8).write(to: file, options: .atomic)
  }

  func read(_ path: String) throws -> String {
    String(decoding: try Data(contentsOf: folder.appendingPathComponent(path)), as: UTF8.self)
  }

  // MARK: Programs

  /// The program under test: `BACKROAD`, or what was built with the tests.
  static func backroad() throws -> String {
    if let path = ProcessInfo.processInfo.environment["BACKROAD"] { return path }
    // The runner is named with the bundle of the tests, which lies beside the program.
    let bundles = CommandLine.arguments.filter { $0.contains(".xctest") }.map { argument in
      URL(
        fileURLWithPath: String(argument.prefix(upTo: argument.range(of: ".xctest")?.upperBound ?? argument.endIndex)))
    }
    let folders = bundles.map { $0.deletingLastPathComponent() } + [repository.appendingPathComponent(".build/debug")]
    for folder in folders {
      let path = folder.appendingPathComponent("backroad").path
      if FileManager.default.isExecutableFile(atPath: path) { return path }
    }
    throw LabError("the backroad program is not built; run swift build, or name it in BACKROAD")
  }

  /// Starts a program that runs until the test ends.
  ///
  /// - Parameter errors: where its standard error goes; a file of its own for nil.
  func start(_ path: String, _ arguments: [String], errors: String? = nil) throws -> Program {
    let program = try Program(path, arguments, in: folder, scratch: folder, errors: errors)
    programs.append(program)
    return program
  }

  /// Runs a program to its end.
  func run(_ path: String, _ arguments: [String], input: [UInt8]? = nil) throws -> Outcome {
    let program = try Program(path, arguments, in: folder, scratch: folder, input: input)
    defer { program.stop() }
    return try program.wait()
  }

  /// Runs a backroad command that is to succeed.
  @discardableResult
  func backroad(_ arguments: [String], input: [UInt8]? = nil) throws -> String {
    let outcome = try run(Lab.backroad(), arguments, input: input)
    guard outcome.status == 0 else {
      throw LabError("backroad \(arguments.joined(separator: " ")) ended with \(outcome.status): \(outcome.errors)")
    }
    return outcome.output
  }

  /// Serves the lab's `zones`, and waits until it answers.
  ///
  /// - Parameter store: a store to follow, of which `zones` is the mirror; nil to serve the folder.
  func serve(
    on address: String = "127.0.0.1", _ flags: [String] = ["--workers", "2"], zones: String = "zones",
    store: String? = nil, errors: String? = nil, descriptors: Int? = nil
  ) throws -> Server {
    let port = try Port.free()
    let listen = address.contains(":") ? "[\(address)]:\(port)" : "\(address):\(port)"
    let place = store.map { ["--store", $0, "--mirror", zones] } ?? ["--zones", zones]
    var words = ["serve"] + place + ["--listen", listen] + flags
    // Links of tests lead to addresses that are not this machine's: what watches them says so.
    if !flags.contains("--watch-every") { words.append("--no-watch") }
    var path = try Lab.backroad()
    if let descriptors {
      words = ["-c", "ulimit -n \(descriptors); exec \"$0\" \"$@\"", path] + words
      path = "/bin/sh"
    }
    let program = try start(path, words, errors: errors)
    let server = Server(program: program, address: Endpoint(address, port), lab: self, zones: zones)
    try server.address.awaitAnswer(from: program)
    return server
  }

  /// An upstream of which the test decides every answer.
  func scriptedUpstream(_ answer: @escaping ScriptedUpstream.Answer) throws -> ScriptedUpstream {
    let upstream = try ScriptedUpstream(port: Port.free()) { answer($0).map { [$0] } ?? [] }
    scripted.append(upstream)
    return upstream
  }
}

/// A running `backroad serve`.
struct Server {
  let program: Program
  let address: Endpoint
  let lab: Lab
  /// The folder that it answers from.
  var zones = "zones"

  /// Asks with `dig`; the arguments are its own.
  func dig(_ arguments: String...) throws -> DigAnswer {
    try Dig.ask(address, arguments, in: lab)
  }

  /// Asks one `dig` for many names.
  func dig(each questions: [String], _ arguments: String...) throws -> [DigAnswer] {
    try Dig.ask(address, arguments, each: questions, in: lab)
  }
}

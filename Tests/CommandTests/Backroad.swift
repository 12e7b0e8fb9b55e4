import Foundation
import SystemIO
import Testing

/// The built program, run as a person runs it, in a folder of its own.
final class Backroad {
  /// How a run ended, and what it said.
  struct Outcome {
    let status: Int32
    let output: String
    let errors: String
  }

  let folder: String

  /// `BACKROAD`, or what stands beside the tests' bundle.
  private static let program =
    ProcessInfo.processInfo.environment["BACKROAD"].map { URL(filePath: $0) }
    ?? Bundle.main.executableURL?.deletingLastPathComponent().appending(path: "backroad")

  init() throws {
    let url = FileManager.default.temporaryDirectory.appending(path: "backroad-command-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: false)
    folder = url.path
  }

  deinit { try? FileManager.default.removeItem(atPath: folder) }

  /// Starts the program; what it says must fit into pipes.
  ///
  /// - Parameter environment: variables beside the tests' own.
  func start(
    _ arguments: [String], input: String? = nil, environment: [String: String] = [:]
  ) throws -> (process: Process, output: Pipe, errors: Pipe) {
    let process = try process(arguments, input: input, environment)
    let output = Pipe()
    let errors = Pipe()
    process.standardOutput = output
    process.standardError = errors
    try process.run()
    return (process, output, errors)
  }

  private func process(
    _ arguments: [String], input: String?, _ environment: [String: String] = [:], umask: String? = nil
  ) throws -> Process {
    let process = Process()
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    if let umask, let program = Self.program {
      process.executableURL = URL(filePath: "/bin/sh")
      process.arguments = ["-c", "umask \(umask); exec \"$0\" \"$@\"", program.path] + arguments
    } else {
      process.executableURL = Self.program
      process.arguments = arguments
    }
    process.currentDirectoryURL = URL(filePath: folder)
    if let input {
      try write("input", input)
      process.standardInput = try FileHandle(forReadingFrom: URL(filePath: "\(folder)/input"))
    } else {
      process.standardInput = FileHandle.nullDevice
    }
    return process
  }

  /// Runs the program to its end.
  ///
  /// - Parameter umask: in octal; the tests' own for nil.
  func run(_ arguments: [String], input: String? = nil, umask: String? = nil) throws -> Outcome {
    let process = try process(arguments, input: input, umask: umask)
    // Files, for what is said may not fit into a pipe that nobody reads.
    let places = ["output", "errors"].map { URL(filePath: "\(folder)/\($0)-\(UUID().uuidString)") }
    for place in places { try Data().write(to: place) }
    process.standardOutput = try FileHandle(forWritingTo: places[0])
    process.standardError = try FileHandle(forWritingTo: places[1])
    try process.run()
    process.waitUntilExit()
    #expect(process.terminationReason == .exit)
    let said = try places.map { String(decoding: try Data(contentsOf: $0), as: UTF8.self) }
    return Outcome(status: process.terminationStatus, output: said[0], errors: said[1])
  }

  /// Runs the program with its standard output going to a file.
  func run(_ arguments: [String], outputPath: String) throws -> Outcome {
    let process = Process()
    process.executableURL = Self.program
    process.arguments = arguments
    process.standardOutput = try FileHandle(forWritingTo: URL(filePath: outputPath))
    let errors = Pipe()
    process.standardError = errors
    try process.run()
    process.waitUntilExit()
    return Outcome(
      status: process.terminationStatus, output: "",
      errors: String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self))
  }

  /// Runs a command line without quotes.
  func callAsFunction(_ line: String, input: String? = nil) throws -> Outcome {
    try run(line.split(separator: " ").map { String($0) }, input: input)
  }

  /// Writes a file below the folder.
  func write(_ path: String, _ text: String) throws {
    let url = URL(filePath: "\(folder)/\(path)")
    try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(text.utf8).write(to: url)
  }

  /// A file below the folder.
  func read(_ path: String) throws -> String {
    String(decoding: try Files.read("\(folder)/\(path)", maximumSize: 1 << 24), as: UTF8.self)
  }

  /// Every file below a folder with its content, and every folder, as an outside judge sees them.
  func state(_ path: String = "zones") throws -> [String: String] {
    var state: [String: String] = [:]
    // The lock is no part of it.
    for name in try Files.list("\(folder)/\(path)") where name != ".backroad" {
      let inside = "\(path)/\(name)"
      if try Files.identity("\(folder)/\(inside)")?.kind == .folder {
        state[inside + "/"] = ""
        state.merge(try self.state(inside)) { first, _ in first }
      } else {
        state[inside] = try read(inside)
      }
    }
    return state
  }
}

/// An account's config, as the function returns it.
func snowflakeConfig(_ account: String) -> String {
  let domain = "us-east-1.privatelink.snowflakecomputing.com"
  return """
    {"privatelink-account-name":"\(account).us-east-1.privatelink","privatelink-account-url":"\(account).\(domain)",\
    "privatelink_ocsp-url":"ocsp.\(account).\(domain)","snowsight-privatelink-url":"app.\(domain)",\
    "privatelink-vpce-id":"com.amazonaws.vpce.us-east-1.vpce-svc-0123456789abcdef0"}
    """
}

/// The name of an endpoint that connects to the service of `snowflakeConfig`.
let endpoint = "vpce-0a1b2c3d4e5f60718-a1b2c3d4.vpce-svc-0123456789abcdef0.us-east-1.vpce.amazonaws.com"

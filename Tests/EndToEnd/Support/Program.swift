import Foundation
import Glibc
import Testing

/// What keeps a test from finding out what it is about: a program that is missing, a server that does not come up.
struct LabError: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}

/// What a program said, and how it ended.
struct Outcome {
  /// The exit code, or 128 and the signal's number.
  let status: Int32
  let output: String
  let errors: String
}

/// A program that runs, with its output in files so that no pipe can fill up.
///
/// Started with posix_spawn and awaited with waitpid: Foundation's `Process` learns of an end from a socket that every
/// other child started meanwhile holds open too, and so waits for daemons when it should wait for `dig`.
final class Program {
  let name: String
  let id: pid_t
  private var exitStatus: Int32?
  private let outputFile: URL
  private let errorsFile: URL

  /// Starts a program.
  ///
  /// - Parameters:
  ///   - path: the program, or its name in the folders where Debian puts programs.
  ///   - folder: the folder that it runs in.
  ///   - scratch: where its input and output go.
  ///   - input: what it reads on standard input; nothing for nil.
  ///   - errors: where its standard error goes; a file of its own for nil.
  init(
    _ path: String, _ arguments: [String], in folder: URL, scratch: URL, input: [UInt8]? = nil, errors: String? = nil
  ) throws {
    name = URL(fileURLWithPath: path).lastPathComponent
    let base = scratch.appendingPathComponent("\(name)-\(UUID().uuidString)")
    outputFile = base.appendingPathExtension("out")
    errorsFile = base.appendingPathExtension("err")
    for file in [outputFile, errorsFile] { try Data().write(to: file) }
    var inputPath = "/dev/null"
    if let input {
      let inputFile = base.appendingPathExtension("in")
      try Data(input).write(to: inputFile)
      inputPath = inputFile.path
    }
    id = try Program.spawn(
      Program.find(path).path, arguments, in: folder.path, from: inputPath, to: outputFile.path,
      errors ?? errorsFile.path)
  }

  private static func spawn(
    _ path: String, _ arguments: [String], in folder: String, from input: String, to output: String, _ errors: String
  ) throws -> pid_t {
    // unsafe: the C library's own interface; everything it is given lives until the end of this function.
    var actions = unsafe posix_spawn_file_actions_t()
    unsafe posix_spawn_file_actions_init(&actions)
    defer { unsafe posix_spawn_file_actions_destroy(&actions) }
    unsafe posix_spawn_file_actions_addopen(&actions, 0, input, O_RDONLY, 0)
    unsafe posix_spawn_file_actions_addopen(&actions, 1, output, O_WRONLY | O_APPEND, 0)
    unsafe posix_spawn_file_actions_addopen(&actions, 2, errors, O_WRONLY | O_APPEND, 0)
    // env changes the folder, and then is the program: posix_spawn itself cannot.
    let program = "/usr/bin/env"
    var words = unsafe ([program, "--chdir=\(folder)", path] + arguments).map { unsafe strdup($0) }
    unsafe words.append(nil)
    defer { unsafe words.forEach { unsafe free($0) } }
    var id: pid_t = 0
    let code = unsafe posix_spawn(&id, program, &actions, nil, words, environ)
    guard code == 0 else { throw LabError("\(path) does not start: errno \(code)") }
    return id
  }

  /// Daemons are in folders that a plain user's PATH leaves out.
  static func find(_ path: String) throws -> URL {
    if path.contains("/") { return URL(fileURLWithPath: path) }
    let folders = ["/usr/bin", "/usr/sbin", "/bin", "/sbin", "/usr/local/bin", "/usr/local/sbin"]
    guard let folder = folders.first(where: { FileManager.default.isExecutableFile(atPath: "\($0)/\(path)") }) else {
      throw LabError("\(path) is not installed; Tests/run installs what the tests need")
    }
    return URL(fileURLWithPath: "\(folder)/\(path)")
  }

  /// False once it has ended, whatever others of its children or siblings do.
  var isRunning: Bool {
    reap(WNOHANG)
    return exitStatus == nil
  }

  private func reap(_ options: Int32) {
    guard exitStatus == nil else { return }
    var status: Int32 = 0
    // unsafe: the call fills a local.
    if unsafe waitpid(id, &status, options) == id { exitStatus = status }
  }

  /// What it has said so far.
  var output: String { Program.text(outputFile) }
  var errors: String { Program.text(errorsFile) }

  private static func text(_ file: URL) -> String {
    String(decoding: (try? Data(contentsOf: file)) ?? Data(), as: UTF8.self)
  }

  func signal(_ number: Int32) { kill(id, number) }

  /// Waits until it ends.
  func wait(seconds: Double = 60) throws -> Outcome {
    try eventually("\(name) ends", within: seconds) { !isRunning }
    let status = exitStatus ?? 0
    // The wait status: a signal's number in the low seven bits, else the exit code above them.
    let code = status & 0x7f == 0 ? status >> 8 & 0xff : 128 + status & 0x7f
    return Outcome(status: code, output: output, errors: errors)
  }

  /// Ends it whatever it does.
  func stop() {
    if isRunning { kill(id, SIGKILL) }
    reap(0)
  }

  /// How many octets of memory it has, and how many descriptors are open.
  var resources: (memoryOctets: Int, descriptors: Int) {
    let status = Program.text(URL(fileURLWithPath: "/proc/\(id)/status"))
    let line = status.split(separator: "\n").first { $0.hasPrefix("VmRSS:") } ?? ""
    let kilobytes = line.split(whereSeparator: \.isWhitespace).compactMap { Int($0) }.first ?? 0
    let descriptors = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(id)/fd").count) ?? 0
    return (kilobytes * 1024, descriptors)
  }
}

/// Waits until something is so, looking often; fails after the time given.
func eventually(_ what: String, within seconds: Double, _ isSo: () throws -> Bool) throws {
  let deadline = Date().addingTimeInterval(seconds)
  while try !isSo() {
    guard Date() < deadline else { throw LabError("not within \(seconds) s: \(what)") }
    usleep(5_000)
  }
}

import Foundation
import Glibc

/// A blocking connection to the admin interface: octets out, octets in, nothing that the server uses itself.
final class AdminSocket {
  private let descriptor: Int32

  /// Connects to a Unix socket; nil when nobody listens.
  init?(path: String) {
    descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    // unsafe: tests' paths are shorter than the field; the pointer does not outlive the call.
    unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: path.utf8) }
    let length = socklen_t(MemoryLayout<sockaddr_un>.size)
    let result = unsafe withUnsafePointer(to: &address) { pointer in
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { unsafe connect(descriptor, $0, length) }
    }
    guard result == 0 else { return nil }
  }

  deinit { close(descriptor) }

  /// Sends all of it; false when the other side is gone.
  @discardableResult
  func send(_ text: String) -> Bool {
    let octets = Array(text.utf8)
    // unsafe: reads the array, whose length it is given.
    return unsafe octets.withUnsafeBytes {
      unsafe Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
    }
      == octets.count
  }

  /// What comes until the other side ends the connection, or nothing comes for so long.
  func receiveAll(milliseconds: Int32 = 5000) -> String {
    var received: [UInt8] = []
    while let more = receive(milliseconds: milliseconds), !more.isEmpty { received += more }
    return String(decoding: received, as: UTF8.self)
  }

  /// What comes next; nil when nothing does in time, empty at the end.
  func receive(milliseconds: Int32) -> [UInt8]? {
    var waiting = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    guard unsafe poll(&waiting, 1, milliseconds) > 0 else { return nil }
    var buffer = [UInt8](repeating: 0, count: 65_536)
    // unsafe: writes inside the array, whose length it is given.
    let count = unsafe buffer.withUnsafeMutableBytes { unsafe recv(descriptor, $0.baseAddress, $0.count, 0) }
    return count < 0 ? [] : Array(buffer[..<count])
  }
}

extension Lab {
  /// What a server that listens for probes there answers; status 0 where nobody listens.
  func probe(_ address: Endpoint, _ path: String) throws -> (status: Int, body: String) {
    let outcome = try run("curl", ["-s", "-m", "5", "-w", "\n%{http_code}", "http://\(address.text)\(path)"])
    let lines = outcome.output.split(separator: "\n", omittingEmptySubsequences: false)
    return (Int(lines.last ?? "") ?? 0, lines.dropLast().joined(separator: "\n"))
  }
}

extension Server {
  /// Where the admin interface is when nothing else is said.
  var adminPath: String { lab.folder.appendingPathComponent("\(zones)/.backroad/admin.sock").path }

  /// Asks with `curl`: the body, and the status.
  func curl(_ path: String, _ arguments: String...) throws -> (status: Int, body: String) {
    let outcome = try lab.run(
      "curl",
      ["-sS", "-w", "\n%{http_code}", "--unix-socket", adminPath] + arguments + ["http://localhost\(path)"])
    guard outcome.status == 0 else { throw LabError("curl ended with \(outcome.status): \(outcome.errors)") }
    let lines = outcome.output.split(separator: "\n", omittingEmptySubsequences: false)
    return (Int(lines.last ?? "") ?? 0, lines.dropLast().joined(separator: "\n"))
  }

  /// Asks with `curl` for JSON.
  func json(_ path: String, _ arguments: String...) throws -> [String: Any] {
    let outcome = try lab.run(
      "curl", ["-sS", "--unix-socket", adminPath] + arguments + ["http://localhost\(path)"])
    let value = try JSONSerialization.jsonObject(with: Data(outcome.output.utf8))
    guard let object = value as? [String: Any] else { throw LabError("no object: \(outcome.output)") }
    return object
  }

  /// A metric's value; nil when there is no such line.
  func metric(_ series: String) throws -> Double? {
    let lines = try curl("/metrics").body.split(separator: "\n")
    return lines.first { $0.hasPrefix(series + " ") }.flatMap { Double($0.dropFirst(series.count + 1)) }
  }
}

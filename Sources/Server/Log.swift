import Glibc
import Text

/// Lines on standard error, each whole, for people and for whatever collects them.
public struct Log: Sendable {
  /// Writes to standard error.
  public init() {}

  /// Says what happened.
  public func note(_ message: String) { write("backroad: \(message)") }

  /// Says what is wrong, and where.
  public func problem(_ problem: Problem) { write("backroad: \(problem)") }

  private func write(_ line: String) {
    // One call, so that lines of several threads do not mix.
    let octets = Array((line + "\n").utf8)
    _ = unsafe octets.withUnsafeBytes { unsafe Glibc.write(2, $0.baseAddress, $0.count) }  // unsafe: reads the array.
  }
}

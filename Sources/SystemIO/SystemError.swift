import Glibc

/// A system call that failed: which, on what, and why.
public struct SystemError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The system call's name.
  public let call: String
  /// The path or address it was about; empty when there is none.
  public let subject: String
  /// The errno.
  public let code: Int32

  /// Takes the call's name, what it was about and the errno.
  public init(_ call: String, _ subject: String = "", code: Int32) {
    self.call = call
    self.subject = subject
    self.code = code
  }

  /// True when the other end, or the way to it, is the reason, and not this machine: it refuses, or cannot be reached.
  public var isOfPeer: Bool { [ECONNREFUSED, ECONNRESET, EHOSTUNREACH, ENETUNREACH, ETIMEDOUT].contains(code) }

  /// The kernel's own words for the code.
  public var reason: String { SystemError.text(code) }

  /// The subject, the kernel's words for the reason, and the call.
  public var description: String {
    subject.isEmpty ? "\(call): \(reason)" : "\(subject): \(reason) (\(call))"
  }

  /// The kernel's own words for an errno.
  public static func text(_ code: Int32) -> String {
    var buffer = [CChar](repeating: 0, count: 128)
    // unsafe: strerror_r writes inside the buffer, whose length it is given.
    _ = unsafe strerror_r(code, &buffer, buffer.count)
    return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}

/// Turns a wrapper's negated errno into an error.
@discardableResult
func check(_ result: Int32, _ call: String, _ subject: @autoclosure () -> String = "") throws(SystemError) -> Int32 {
  guard result >= 0 else { throw SystemError(call, subject(), code: -result) }
  return result
}

/// Turns the C library's -1 and errno into an error, and starts again what a signal interrupted.
///
/// Every call that reads or writes files goes through here, so that tests can let each fail (`FaultPlan`).
@discardableResult
func checked<Result: SignedInteger>(
  _ call: String, _ subject: @autoclosure () -> String = "", _ body: () -> Result
) throws(SystemError) -> Result {
  while true {
    #if DEBUG
      let result = FaultPlan.perform(call, subject(), body)
    #else
      let result = body()
    #endif
    if result >= 0 { return result }
    let code = errno
    guard code == EINTR else { throw SystemError(call, subject(), code: code) }
  }
}

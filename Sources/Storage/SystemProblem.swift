import SystemIO
import Text

extension Problem {
  /// What a person is told when the system refuses something: where, what, why, and what to do.
  ///
  /// - Parameters:
  ///   - what: what was tried, to be put after `cannot`.
  ///   - file: the path as the person knows it.
  static func cannot(_ what: String, _ error: SystemError, file: String) -> Problem {
    let remedy =
      switch error.kind {
      case .denied: "; give this user the right to it, or run as one who has it"
      case .full: "; make room and run it again"
      case .readOnly: "; change it where it is mounted from"
      case .crossesFileSystems: "; keep a workspace's files on one file system"
      default: ""
      }
    return Problem(file: file, "cannot \(what): \(error.reason)\(remedy)")
  }
}

/// Runs a system call, and tells a person what was tried when it fails.
func trying<Result: ~Copyable>(
  to what: @autoclosure () -> String, file: String, _ body: () throws(SystemError) -> Result
) throws(Problem) -> Result {
  do throws(SystemError) {
    return try body()
  } catch {
    throw .cannot(what(), error, file: file)
  }
}

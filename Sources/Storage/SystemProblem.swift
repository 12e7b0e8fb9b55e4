import Bounds
import SystemIO
import Text

extension Problem {
  /// What a person is told when the system refuses something: where, what, why, and what to do.
  ///
  /// - Parameters:
  ///   - what: what was tried, to be put after `cannot`.
  ///   - file: the path as the person knows it.
  static func cannot(_ what: String, _ error: SystemError, file: String) -> Problem {
    if error.kind == .leadsOut {
      return Problem(
        file: file,
        """
        a link on the way here leads out of the folder that it must stay in, and such links are not followed; put the \
        file or folder itself here, or a relative link to one inside
        """)
    }
    let remedy =
      switch error.kind {
      case .denied: "; give this user the right to it, or run as one who has it"
      case .link: "; there is a link where none may be, or links lead in a circle: put the real one in its place"
      case .alikeNames: "; two names here differ in their Unicode form alone (an é of one letter or of two): rename one"
      case .tooManyMarks:
        "; a name here has more than \(Limits.Text.marks) combining marks on one character, which no name has: rename it"
      case .full: "; make room and run it again"
      case .readOnly: "; change it where it is mounted from"
      case .crossesFileSystems: "; keep a workspace's files on one file system"
      default: ""
      }
    return Problem(file: file, "cannot \(what): \(error.reason)\(remedy)")
  }

  /// What a person is told when a workspace's folder cannot be changed as a whole, which is done in the folder that it
  /// stands in.
  static func cannotChange(_ error: SystemError, file: String, in parent: String) -> Problem {
    guard error.kind == .denied else { return .cannot("write here", error, file: parent) }
    return Problem(
      file: file,
      """
      a change of a workspace is built in \(parent), where this user may not write: have it made by whom \(parent) \
      belongs to, or edit the files by hand. The right to write in \(parent) is the right to replace every workspace there
      """)
  }

  /// What a person is told when a change is made and seen by all, and the disk did not confirm it.
  static func unconfirmed(_ error: SystemError, file: String) -> Problem {
    Problem(
      file: file, severity: .warning,
      """
      the change is made, but the disk did not confirm it (\(error.reason)): after a power cut the state before may be \
      back; look at the disk, and then at this
      """)
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

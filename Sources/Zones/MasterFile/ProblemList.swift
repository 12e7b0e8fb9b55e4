import Bounds
import Text

/// The problems of one file, up to `Limits.Zones.problems` errors and as many warnings.
final class ProblemList {
  let file: String?
  private(set) var all: [Problem] = []
  private var errorCount = 0
  private var warningCount = 0

  init(file: String?, _ problems: [Problem] = []) {
    self.file = file
    for problem in problems { add(problem.position, problem.message, problem.severity) }
  }

  /// True when errors were left out.
  var isOverfull: Bool { errorCount > Limits.Zones.problems }

  var hasErrors: Bool { errorCount > 0 }

  /// Adds a problem; the first that is too many is replaced by a line that says so, further ones are left out.
  ///
  /// - Parameter message: put together only when it is shown.
  func add(
    _ position: Position?, _ message: @autoclosure () -> String, _ severity: Problem.Severity = .error
  ) {
    let isError = severity == .error
    let count = isError ? errorCount : warningCount
    if isError { errorCount += 1 } else { warningCount += 1 }
    guard count <= Limits.Zones.problems else { return }
    let rest = "more than \(count) \(isError ? "problems" : "warnings"): the rest is not shown"
    let text = count == Limits.Zones.problems ? rest : message()
    all.append(Problem(file: file, position: position, severity: severity, text))
  }

  /// True when further warnings are not shown.
  var hasAllWarnings: Bool { warningCount > Limits.Zones.problems }

  /// In the file's order; those of one place in the order in which they were found.
  var sorted: [Problem] {
    let start = Position(line: 0, column: 0)
    return all.enumerated().sorted {
      ($0.element.position ?? start, $0.offset) < ($1.element.position ?? start, $1.offset)
    }.map(\.element)
  }
}

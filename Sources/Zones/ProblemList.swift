import Bounds
import Text

/// The problems of one file, up to `Limits.Zones.problems` errors and as many warnings.
struct ProblemList {
  let file: String?
  private(set) var all: [Problem] = []
  private var errorCount = 0
  private var warningCount = 0

  init(file: String?, _ problems: [Problem] = []) {
    self.file = file
    for problem in problems { add(problem) }
  }

  /// True when errors were left out.
  var isOverfull: Bool { errorCount > Limits.Zones.problems }

  var hasErrors: Bool { errorCount > 0 }

  /// Adds a problem; the first that is too many is replaced by a line that says so, further ones are left out.
  mutating func add(_ position: Position?, _ message: String, _ severity: Problem.Severity = .error) {
    add(Problem(file: file, position: position, severity: severity, message))
  }

  private mutating func add(_ problem: Problem) {
    let isError = problem.severity == .error
    let count = isError ? errorCount : warningCount
    if isError { errorCount += 1 } else { warningCount += 1 }
    guard count <= Limits.Zones.problems else { return }
    var problem = problem
    if count == Limits.Zones.problems {
      problem.message = "more than \(count) \(isError ? "problems" : "warnings"): the rest is not shown"
    }
    all.append(problem)
  }

  /// In the file's order; those of one place in the order in which they were found.
  var sorted: [Problem] {
    let start = Position(line: 0, column: 0)
    return all.enumerated().sorted {
      ($0.element.position ?? start, $0.offset) < ($1.element.position ?? start, $1.offset)
    }.map(\.element)
  }
}

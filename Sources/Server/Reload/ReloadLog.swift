import Bounds
import Text
import Workspaces

/// What the log says of reloads: everything once, and no more than it can take, however often a workspace changes and
/// whatever is wrong with it.
///
/// What is wrong with a workspace is told when it is something else than what was told before. Each workspace may say
/// something ten times in a row, and then every ten seconds; all together have a bound too. What may not be told now is
/// told when it may, unless something newer has come of the same workspace.
struct ReloadLog {
  /// What something is told of.
  enum Subject: Hashable, Sendable {
    case workspace(WorkspaceName)
    /// What a workspace claims anew that another claims too.
    case claims(WorkspaceName)
    /// The zones folder itself.
    case folder
    /// What the kernel tells of changes.
    case watch
  }

  private struct Report {
    let problems: [Problem]
    /// How many there were beside those.
    let omitted: Int
    let fingerprint: Int

    /// - Parameter omitted: how many were found beside those, and not kept.
    init(_ found: [Problem], omitted: Int = 0) {
      problems = Array(found.prefix(Limits.Building.linesOfReport))
      self.omitted = omitted + found.count - problems.count
      // All of them: what is not shown counts too.
      var hasher = Hasher()
      hasher.combine(found)
      fingerprint = hasher.finalize()
    }
  }

  private struct Told {
    let fingerprint: Int
    /// How often the same was found since.
    var repetitions = 0
  }

  private let write: (String) -> Void
  private var told: [Subject: Told] = [:]
  private var untold: [Subject: Report] = [:]
  private var due = DueTimes<Subject>()
  private var paces: [Subject: Pace] = [:]
  private var pace = Pace()
  private var reloaded: Set<WorkspaceName> = []
  private var reloadedPace = Pace()
  private var reloadedDue: UInt64?

  /// How often each subject may be told of, how many lines all of them have together, and how often reloads are.
  private static let ofSubject = Pace.Rate(interval: 10_000_000_000, burst: 10)
  private static let ofLines = Pace.Rate(interval: 20_000_000, burst: 2000)
  private static let ofReloads = Pace.Rate(interval: 1_000_000_000, burst: 20)

  /// - Parameter write: takes a line.
  init(_ write: @escaping (String) -> Void) { self.write = write }

  // MARK: Telling

  /// Tells what is wrong with a subject now; nothing ends what was.
  mutating func tell(_ problems: [Problem], of subject: Subject, at now: UInt64) {
    guard !problems.isEmpty else { return forget(subject, at: now) }
    tell(Report(problems), of: subject, at: now)
  }

  private mutating func tell(_ report: Report, of subject: Subject, at now: UInt64) {
    if told[subject]?.fingerprint == report.fingerprint {
      told[subject]?.repetitions += 1
      untold[subject] = nil
      due.set(subject, at: nil)
    } else {
      untold[subject] = report
      tellWhatMayBe(of: subject, at: now)
    }
  }

  /// Tells what else is wrong, whatever was told before.
  mutating func tellMore(_ problems: [Problem], of subject: Subject, at now: UInt64) {
    guard !problems.isEmpty else { return }
    let untold = untold[subject]
    forget(subject, at: now)
    tell(Report((untold?.problems ?? []) + problems, omitted: untold?.omitted ?? 0), of: subject, at: now)
  }

  private mutating func forget(_ subject: Subject, at now: UInt64) {
    untold[subject] = nil
    told[subject] = nil
    due.set(subject, at: nil)
    if let pace = paces[subject], pace.isFresh(at: now) { paces[subject] = nil }
  }

  private mutating func tellWhatMayBe(of subject: Subject, at now: UInt64) {
    guard let report = untold[subject] else { return }
    let repetitions = told[subject]?.repetitions ?? 0
    let lines = report.problems.count + (report.omitted > 0 ? 1 : 0) + (repetitions > 0 ? 1 : 0)
    var own = paces[subject] ?? Pace()
    let time = max(own.time(for: 1, Self.ofSubject, at: now), pace.time(for: lines, Self.ofLines, at: now))
    guard time <= now else { return due.set(subject, at: time) }
    own.use(1, Self.ofSubject, at: now)
    pace.use(lines, Self.ofLines, at: now)
    paces[subject] = own
    untold[subject] = nil
    told[subject] = Told(fingerprint: report.fingerprint)
    if repetitions > 0 { write("what was wrong with \(Self.name(subject)) before was found \(repetitions) times more") }
    for problem in report.problems { write("\(problem)") }
    if report.omitted > 0 {
      write("\(report.omitted) more are wrong with \(Self.name(subject)); backroad check tells of all")
    }
  }

  private static func name(_ subject: Subject) -> String {
    switch subject {
    case .workspace(let name): "workspace \(name)"
    case .claims(let name): "what workspace \(name) claims"
    case .folder: "the zones folder"
    case .watch: "watching the folders"
    }
  }

  /// Tells that workspaces are served in other states.
  mutating func tellReloaded(_ names: some Sequence<WorkspaceName>, at now: UInt64) {
    reloaded.formUnion(names)
    guard !reloaded.isEmpty else { return }
    let time = reloadedPace.time(for: 1, Self.ofReloads, at: now)
    guard time <= now else { return reloadedDue = time }
    reloadedPace.use(1, Self.ofReloads, at: now)
    reloadedDue = nil
    let shown = reloaded.sorted().prefix(Limits.Building.namesOfLine).map(\.description).joined(separator: ", ")
    let omitted = reloaded.count - Limits.Building.namesOfLine
    write("reloaded \(shown)\(omitted > 0 ? " and \(omitted) more" : "")")
    reloaded = []
  }

  // MARK: Time

  /// How long until something may be told; nil when there is nothing.
  func milliseconds(from now: UInt64) -> Int32? {
    [due.milliseconds(from: now), reloadedDue.map { waitMilliseconds(until: $0, from: now) }].compactMap { $0 }.min()
  }

  /// Tells what may be told by now.
  mutating func goOn(at now: UInt64) {
    for subject in due.takeDue(at: now) { tellWhatMayBe(of: subject, at: now) }
    if let time = reloadedDue, time <= now { tellReloaded([], at: now) }
  }
}

/// How much of something was used lately, against a rate with room for bursts.
struct Pace {
  /// One each interval, and so many at once after a while without any.
  struct Rate {
    /// In nanoseconds.
    let interval: UInt64
    let burst: UInt64
  }

  /// When everything that was used is made up for.
  private var even: UInt64 = 0

  /// True when nothing was used lately.
  func isFresh(at now: UInt64) -> Bool { even <= now }

  /// When so many may be used: now, or a time later. More than a burst are as a burst.
  func time(for count: Int, _ rate: Rate, at now: UInt64) -> UInt64 {
    let count = min(UInt64(max(count, 0)), rate.burst)
    let room = (rate.burst - count) &* rate.interval
    return max(now, even > room ? even - room : 0)
  }

  /// Uses so many.
  mutating func use(_ count: Int, _ rate: Rate, at now: UInt64) {
    even = max(even, now) &+ min(UInt64(max(count, 0)), rate.burst) &* rate.interval
  }
}

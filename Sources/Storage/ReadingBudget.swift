import Bounds
import SystemIO
import Text

/// How much of a core's time the reading of one workspace may take, all its repetitions together.
///
/// What a single system call costs is the choice of whoever writes the folder: a name may lead through forty symbolic links,
/// each of them thousands of components long, and the folder may change at every look. So what counts is the time that the
/// thread has had a core, in the kernel too. A reading may take as long as a slow machine takes for plain files of this
/// number and size; what is beyond that is a problem of that workspace, and the next one has its turn.
final class ReadingBudget {
  /// The folder as the person named it.
  private let shown: String
  /// How long this thread has had a core, in nanoseconds.
  private let clock: () -> UInt64
  private let start: UInt64
  /// What this repetition may take for what it has found, and the most that any may, in nanoseconds.
  private var ofRepetition: UInt64 = 0
  private var most: UInt64 = 0

  /// Begins to count.
  init(_ shown: String, _ clock: @escaping () -> UInt64 = System.threadNanoseconds) {
    self.shown = shown
    self.clock = clock
    start = clock()
  }

  /// Says that what follows is looked at once more: nothing is granted for it again.
  func repeats() { ofRepetition = 0 }

  /// Grants what entries of a folder take.
  func grant(entries: Int) { grant(UInt64(entries) * UInt64(Limits.Files.readingMicrosecondsOfEntry) * 1000) }

  /// Grants what octets of a file take.
  func grant(octets: Int) {
    grant((UInt64(octets) * UInt64(Limits.Files.readingMillisecondsOfMebibyte) * 1_000_000) >> 20)
  }

  private func grant(_ nanoseconds: UInt64) {
    // No overflow: folders, files and what is read of a workspace have limits, far below a day's nanoseconds.
    ofRepetition += nanoseconds
    most = max(most, ofRepetition)
  }

  /// Throws once the time is used up; to be called before each step whose cost the folder decides.
  func check() throws(Problem) {
    guard clock() &- start > UInt64(Limits.Files.readingMilliseconds) * 1_000_000 + most else { return }
    throw Problem(
      file: shown,
      """
      reading this takes far longer than its files are worth: symbolic links lead a long way round, or the folder changes \
      all the time; put the files themselves here
      """)
  }
}

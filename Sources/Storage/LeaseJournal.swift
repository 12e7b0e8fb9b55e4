import Bounds
import SystemIO
import Text
import Workspaces

/// The file that leases outlive the process in.
///
/// Each change is a line at its end that is on the disk before anybody is told that the change is done. When the lines
/// that no longer matter are more than the others, the file is written anew beside itself and renamed. The file is made
/// with the first lease: a server without leases needs no place to write.
///
/// A change whose write fails is refused, and nobody finds it in the file later. After a failed write or fdatasync nobody
/// knows what of the file the disk has (the kernel may forget what it could not write): the file is then written anew, without
/// the change, and until that is done no other is taken.
public struct LeaseJournal: Sendable {
  /// The file's path in the zones folder, unless another place is named. It starts with a dot, as nothing that is served.
  public static let standardPath = ".backroad/leases"
  /// How many octets of lines that no longer matter are kept at least before the file is written anew.
  static let slackOctets = 64 << 10

  /// The file's path as the person named it.
  public let path: String
  /// This start of the machine.
  private let boot: String
  private var file: LogFile?
  /// How long the file is; all of it is whole lines.
  private var length = 0
  /// How long it was when it was written anew.
  private var compactLength = 0
  /// True when a line of the file says that what follows is of this start of the machine.
  private var tellsBoot = false
  /// True when nobody knows what the disk has, or the lines are of the old form: nothing is added before the file is
  /// written anew.
  private var mustBeWrittenAnew = false

  /// What was in the file.
  public struct Recovery: Sendable {
    /// What could not be read, for the log.
    public let problems: [Problem]
    /// True when the file should be written anew soon, so that what is left of its leases is told by this start's clock.
    public let isDated: Bool
  }

  /// Takes the path; nothing is opened.
  ///
  /// - Parameter boot: what tells this start of the machine from others.
  public init(path: String, boot: String = System.bootID) {
    self.path = path
    self.boot = boot
  }

  // MARK: Reading

  /// Opens the file, if there is one, and reads it. An end that an interrupted write left is cut off.
  ///
  /// - Parameter body: is given each record, in order.
  /// - Throws: when it cannot be read or is no journal, or another process has it; then nothing is written to it.
  public mutating func recover(at now: LeaseClock, _ body: (LeaseRecord) -> Void) throws(Problem) -> Recovery {
    guard !boot.isEmpty else {
      throw Problem(
        file: "/proc/sys/kernel/random/boot_id",
        "this cannot be read, so nobody knows how long a lease has held when the machine has started again; mount /proc"
      )
    }
    guard let opened = try Self.openLocked(path, .never) else { return Recovery(problems: [], isDated: false) }
    let octets = try trying(to: "read the leases", file: path) { () throws(SystemError) in
      try opened.read(maximumSize: Limits.Leases.journalOctets)
    }
    guard let log = LeaseLog(octets, boot: boot, at: now, body) else {
      throw Problem(file: path, "this is no lease journal of this version; move it away, or name another with --leases")
    }
    if !log.damages.isEmpty { keepDamaged(octets) }
    var problems = log.damages.map { problem($0) }
    do throws(SystemError) {
      if log.length == 0 {
        try opened.truncate(to: 0)
        try opened.append(LeaseLog.header)
      }
      if log.length > 0, log.length < octets.count { try opened.truncate(to: log.length) }
      try opened.synchronize()
    } catch {
      // What was read counts; nothing is added to a file in this state.
      mustBeWrittenAnew = true
      problems.append(
        .cannot("mend the leases' file, so it is written anew before the next lease is taken", error, file: path))
    }
    mustBeWrittenAnew = mustBeWrittenAnew || log.isOld
    tellsBoot = log.endsInThisBoot
    length = max(log.length, LeaseLog.header.count)
    compactLength = LeaseLog.header.count
    file = opened
    return Recovery(problems: problems, isDated: log.hasOtherBoots)
  }

  /// The damaged file is kept under another name: the next one written anew has only what could be read.
  private func keepDamaged(_ octets: [UInt8]) {
    let copy = path + ".damaged"
    do throws(SystemError) {
      try Files.removeFile(copy)
      try Files.create(copy, octets, isPrivate: true)
    } catch {
      // A copy for a person to look at; the leases do not depend on it.
    }
  }

  private func problem(_ damage: LeaseLog.Damage) -> Problem {
    Problem(
      file: path, position: Position(line: damage.line, column: 1), severity: .warning,
      """
      octets \(damage.octets.lowerBound) to \(damage.octets.upperBound - 1) are not what was written, so leases of \
      addresses in them may be lost or too old; all other lines count. \(path).damaged keeps the file as it was found
      """)
  }

  // MARK: Writing

  /// Adds changes, and returns once they are on the disk.
  ///
  /// - Parameter before: every lease as it is without the changes, for a file written anew.
  /// - Throws: when they could not be written; then they do not count, now or for a later reader of the file.
  public mutating func append(
    _ records: [LeaseRecord], at now: LeaseClock, before: () -> [LeaseRecord]
  ) throws(Problem) {
    var lines = tellsBoot ? [] : LeaseLog.bootLine(boot)
    for record in records { LeaseLog.add(record, at: now, to: &lines) }
    if mustBeWrittenAnew {
      try rewrite(before(), at: now)
    } else if length + lines.count > 2 * compactLength + Self.slackOctets {
      do throws(Problem) {
        try rewrite(before(), at: now)
      } catch {
        guard !mustBeWrittenAnew else { throw error }
        // The old file is as good as it was; the next try is when it is twice as long.
        compactLength = length
      }
    }
    if file == nil { try create() }
    do throws(Problem) {
      try trying(to: "write the lease; name a place for leases with --leases", file: path) { () throws(SystemError) in
        try file?.append(lines)
        try file?.synchronize()
      }
    } catch {
      mustBeWrittenAnew = true
      // Both keep a refused change out of the file; the second is the one that lasts.
      do throws(SystemError) { try file?.truncate(to: length) } catch {}
      do throws(Problem) { try rewrite(before(), at: now) } catch {}
      throw error
    }
    length += lines.count
    tellsBoot = true
  }

  /// Writes the file anew, with every lease as it is.
  ///
  /// - Throws: when it could not be; then the leases that the file has are as before.
  public mutating func renew(_ records: [LeaseRecord], at now: LeaseClock) throws(Problem) {
    if file != nil { try rewrite(records, at: now) }
  }

  private mutating func create() throws(Problem) {
    let folder = Self.folder(of: path)
    // The folder above, if that alone is missing; what else is wrong, opening the file tells.
    do throws(SystemError) { try Files.makeFolder(folder) } catch {}
    guard let opened = try Self.openLocked(path, .ifMissing) else { return }
    let found = try trying(to: "read the leases", file: path) { () throws(SystemError) in
      try opened.read(maximumSize: Limits.Leases.journalOctets)
    }
    // What an interrupted try of this process left has no lease in it.
    guard LeaseLog.header.starts(with: found) else {
      throw Problem(file: path, "another server has written leases here since this one started; start this one again")
    }
    try trying(to: "write the leases here; name another place with --leases", file: path) { () throws(SystemError) in
      if found.count < LeaseLog.header.count {
        try opened.truncate(to: 0)
        try opened.append(LeaseLog.header)
      }
      try opened.synchronize()
      try Files.synchronize(folder: folder)
      do throws(SystemError) {
        // The folder may be new too.
        try Files.synchronize(folder: Self.folder(of: folder))
      } catch  where error.kind == .denied {
        // Then it is not: who may not read a folder can hardly make one in it.
      }
    }
    length = LeaseLog.header.count
    compactLength = length
    tellsBoot = false
    file = opened
  }

  /// Writes the file anew beside itself, and puts it in place: a crash leaves the old one or the new one.
  private mutating func rewrite(_ records: [LeaseRecord], at now: LeaseClock) throws(Problem) {
    let other = path + ".new"
    var octets = LeaseLog.header + LeaseLog.bootLine(boot)
    for record in records { LeaseLog.add(record, at: now, to: &octets) }
    let opened = try trying(to: "write the leases anew", file: path) { () throws(SystemError) -> LogFile? in
      try Files.removeFile(other)
      guard let opened = try LogFile.open(other, .always), try opened.lock() else { return nil }
      try opened.append(octets)
      try opened.synchronize()
      try Files.rename(other, to: path)
      return opened
    }
    guard let opened else { throw Problem(file: other, "another process has this file; give each server its own") }
    // From here on the path leads to the new file, whatever fails; but after a power cut it may lead to the old one.
    file = opened
    length = octets.count
    compactLength = length
    tellsBoot = true
    mustBeWrittenAnew = true
    try trying(to: "write the leases anew", file: path) { () throws(SystemError) in
      try Files.synchronize(folder: Self.folder(of: path))
    }
    mustBeWrittenAnew = false
  }

  /// Opens the file at the path and takes it for this process.
  private static func openLocked(_ path: String, _ making: LogFile.Making) throws(Problem) -> LogFile? {
    // Another process may put a new file in the place of the one that was opened.
    for _ in 0..<10 {
      let opened = try trying(
        to: "open the leases' file; name another place with --leases", file: path
      ) { () throws(SystemError) in
        try LogFile.open(path, making)
      }
      guard let opened else { return nil }
      let isLocked = try trying(to: "lock the leases' file", file: path) { () throws(SystemError) in
        try opened.lock()
      }
      guard isLocked else {
        throw Problem(file: path, "another server keeps its leases here; give this one its own place with --leases")
      }
      let isInPlace = try trying(to: "look at this", file: path) { () throws(SystemError) in try opened.isInPlace() }
      if isInPlace { return opened }
    }
    throw Problem(file: path, "this file is replaced again and again; stop what does it")
  }

  /// The folder that a path is in.
  private static func folder(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }
}

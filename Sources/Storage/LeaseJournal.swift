import Bounds
import SystemIO
import Text
import Workspaces

/// The file that leases outlive the process in.
///
/// Each change is a line at its end that is on the disk before anybody is told that the change is done. When the lines
/// that no longer matter are more than the others, the file is written anew beside itself and renamed. The file is made
/// with the first lease: a server without leases needs no place to write.
public struct LeaseJournal: Sendable {
  /// The file's path in the zones folder, unless another place is named. It starts with a dot, as nothing that is served.
  public static let standardPath = ".backroad/leases"
  /// How many octets of lines that no longer matter are kept at least before the file is written anew.
  static let slackOctets = 64 << 10

  /// The file's path as the person named it.
  public let path: String
  private var file: LogFile?
  /// How long the file is; all of it is whole lines.
  private var length = 0
  /// How long it was when it was written anew.
  private var compactLength = 0
  /// True when a write failed, so that nobody knows what the disk has: only a file written anew helps.
  private var isInDoubt = false

  /// What was in the file.
  public struct Recovery: Sendable {
    /// The changes, in order.
    public let records: [LeaseRecord]
    /// What could not be read, for the log.
    public let problems: [Problem]
  }

  /// Takes the path; nothing is opened.
  public init(path: String) { self.path = path }

  /// Opens the file, if there is one, and reads it. An end that an interrupted write left is cut off.
  ///
  /// - Throws: when it cannot be read or is no journal, or another process has it; then nothing is written to it.
  public mutating func recover() throws(Problem) -> Recovery {
    guard let opened = try Self.openLocked(path, creates: false) else { return Recovery(records: [], problems: []) }
    let octets = try trying(to: "read the leases", file: path) { () throws(SystemError) in
      try Files.read(path, maximumSize: Limits.Leases.journalOctets)
    }
    guard let log = LeaseLog(octets) else {
      throw Problem(file: path, "this is no lease journal of this version; move it away, or name another with --leases")
    }
    try trying(to: "mend the leases' file", file: path) { () throws(SystemError) in
      if log.length == 0 { try opened.append(Array(LeaseLog.header.dropFirst(octets.count))) }
      if log.length > 0, log.length < octets.count { try opened.truncate(to: log.length) }
      try opened.synchronize()
    }
    if !log.damages.isEmpty { keepDamaged(octets) }
    length = max(log.length, LeaseLog.header.count)
    compactLength = LeaseLog.header.count
    file = opened
    return Recovery(records: log.records, problems: log.damages.map { problem($0) })
  }

  /// The damaged file is kept under another name: the next one written anew has only what could be read.
  private func keepDamaged(_ octets: [UInt8]) {
    let copy = path + ".damaged"
    do throws(SystemError) {
      try Files.removeFile(copy)
      try Files.create(copy, octets)
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

  /// Adds changes, and returns once they are on the disk.
  ///
  /// - Parameter all: every lease as it is with the changes, for a file written anew.
  /// - Throws: when they could not be written; then they do not count.
  public mutating func append(_ records: [LeaseRecord], all: () -> [LeaseRecord]) throws(Problem) {
    guard !isInDoubt else { return try rewrite(all()) }
    let lines = records.flatMap(\.line)
    if length + lines.count > 2 * compactLength + Self.slackOctets { return try rewrite(all()) }
    if file == nil { try create() }
    do throws(Problem) {
      try trying(to: "write the lease; name a place for leases with --leases", file: path) { () throws(SystemError) in
        try write(lines)
      }
    } catch {
      isInDoubt = true
      throw error
    }
    length += lines.count
  }

  private func write(_ octets: [UInt8]) throws(SystemError) {
    do throws(SystemError) {
      try file?.append(octets)
      try file?.synchronize()
    } catch {
      // Half a line must not stand before the next one; where even this fails, the file is written anew.
      try? file?.truncate(to: length)
      throw error
    }
  }

  private mutating func create() throws(Problem) {
    // The folder above, if that alone is missing; what else is wrong, opening the file tells.
    try? Files.makeFolder(split(path).folder)
    guard let opened = try Self.openLocked(path, creates: true) else { return }
    let folder = split(path).folder
    let found = try trying(to: "read the leases", file: path) { () throws(SystemError) in
      try Files.read(path, maximumSize: Limits.Leases.journalOctets)
    }
    guard found.isEmpty else {
      throw Problem(file: path, "another server has written leases here since this one started; start this one again")
    }
    try trying(to: "write the leases here; name another place with --leases", file: path) { () throws(SystemError) in
      try opened.append(LeaseLog.header)
      try opened.synchronize()
      try Files.synchronize(folder: folder)
    }
    length = LeaseLog.header.count
    compactLength = length
    file = opened
  }

  /// Writes the file anew: a crash leaves the old one or the new one.
  private mutating func rewrite(_ records: [LeaseRecord]) throws(Problem) {
    let other = path + ".new"
    var octets = LeaseLog.header
    for record in records { octets += record.line }
    let folder = split(path).folder
    let opened = try trying(to: "write the leases anew", file: path) { () throws(SystemError) -> LogFile? in
      try Files.removeFile(other)
      guard let opened = try LogFile.open(other, creates: true) else { return nil }
      guard try opened.lock() else { return nil }
      try opened.append(octets)
      try opened.synchronize()
      try Files.rename(other, to: path)
      try Files.synchronize(folder: folder)
      return opened
    }
    guard let opened else { throw Problem(file: other, "another process has this file; give each server its own") }
    file = opened
    length = octets.count
    compactLength = length
    isInDoubt = false
  }

  /// Opens the file at the path and takes it for this process.
  private static func openLocked(_ path: String, creates: Bool) throws(Problem) -> LogFile? {
    // Another process may put a new file in the place of the one that was opened.
    for _ in 0..<10 {
      let opened = try trying(
        to: "open the leases' file; name another place with --leases", file: path
      ) { () throws(SystemError) in
        try LogFile.open(path, creates: creates)
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
}

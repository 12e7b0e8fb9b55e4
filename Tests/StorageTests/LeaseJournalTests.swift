import Glibc
import Storage
import SystemIO
import Testing
import Text
import Wire
import Workspaces

@Suite("Lease journal: what was acknowledged is there after a restart")
struct LeaseJournalTests {
  let folder: TemporaryZones
  var path: String { "\(folder.zones.path)/\(LeaseJournal.standardPath)" }

  init() throws { folder = try TemporaryZones() }

  static let now = LeaseClock(sinceBoot: 5_000_000, wall: 1_763_726_400_000)

  func granted(_ number: Int, milliseconds: UInt64 = 60_000) throws -> LeaseRecord {
    .granted(.v4(0x0a00_0000 + UInt32(number)), try workspace("acme"), milliseconds: milliseconds)
  }

  func content() throws -> String {
    String(decoding: try Files.read(path, maximumSize: 1 << 24), as: UTF8.self)
  }

  /// What a new process finds.
  func recovered() throws -> (records: [LeaseRecord], problems: [Problem]) {
    var journal = LeaseJournal(path: path)
    var records: [LeaseRecord] = []
    let recovery = try journal.recover(at: Self.now) { records.append($0) }
    return (records, recovery.problems)
  }

  @Test("There is no file before the first lease, and after it there is one for this user alone")
  func firstLease() throws {
    var journal = LeaseJournal(path: path)
    _ = try journal.recover(at: Self.now) { _ in Issue.record("nobody has a lease") }
    #expect(try Files.identity(path) == nil)
    try journal.append([try granted(1)], at: Self.now) { [] }
    var status = stat()
    #expect(unsafe stat(path, &status) == 0)  // unsafe: the call fills a local.
    #expect(status.st_mode & 0o777 == 0o600)
    #expect(try content().split(separator: "\n").count == 3)
  }

  @Test("Records are read again in order by the next process")
  func again() throws {
    do {
      var journal = LeaseJournal(path: path)
      _ = try journal.recover(at: Self.now) { _ in }
      for number in 1...3 { try journal.append([try granted(number)], at: Self.now) { [] } }
      try journal.append([.revoked(.v4(0x0a00_0001)), try granted(4)], at: Self.now) { [] }
    }
    let found = try recovered()
    #expect(found.problems.isEmpty)
    #expect(try found.records == [granted(1), granted(2), granted(3), .revoked(.v4(0x0a00_0001)), granted(4)])
  }

  @Test("An end that an interrupted write left is cut off, and the next line stands by itself")
  func tornEnd() throws {
    do {
      var journal = LeaseJournal(path: path)
      for number in 1...2 { try journal.append([try granted(number)], at: Self.now) { [] } }
    }
    let whole = try content()
    try folder.overwrite(LeaseJournal.standardPath, String(whole.dropLast(7)))
    do {
      var journal = LeaseJournal(path: path)
      var records: [LeaseRecord] = []
      let recovery = try journal.recover(at: Self.now) { records.append($0) }
      #expect(try records == [granted(1)])
      #expect(recovery.problems.isEmpty)
      try journal.append([try granted(3)], at: Self.now) { [] }
    }
    #expect(try recovered().records == [granted(1), granted(3)])
  }

  @Test("A damaged line is told with its place, costs no other, and the file is kept as it was found")
  func damage() throws {
    do {
      var journal = LeaseJournal(path: path)
      for number in 1...3 { try journal.append([try granted(number)], at: Self.now) { [] } }
    }
    let damaged = try content().replacing("10.0.0.2", with: "10.0.7.2")
    try folder.overwrite(LeaseJournal.standardPath, damaged)
    let found = try recovered()
    #expect(try found.records == [granted(1), granted(3)])
    #expect(found.problems.map(\.severity) == [.warning])
    let said = found.problems.first?.description
    #expect(said?.hasPrefix("\(path):4:1: warning: octets ") == true)
    let kept = try Files.read("\(path).damaged", maximumSize: 1 << 20)
    #expect(String(decoding: kept, as: UTF8.self) == damaged)
    #expect(try Files.access("\(path).damaged")?.isPrivate == true, "as the file itself is")
  }

  @Test("What is no journal is left as it is")
  func foreign() throws {
    try folder.write(LeaseJournal.standardPath, "precious\n")
    let said = problem { _ = try recovered() }
    #expect(said.hasPrefix("\(path): this is no lease journal of this version; move it away, or name another with"))
    #expect(try content() == "precious\n")
  }

  @Test("Two servers do not keep their leases in one file")
  func twoServers() throws {
    var first = LeaseJournal(path: path)
    try first.append([try granted(1)], at: Self.now) { [] }
    var second = LeaseJournal(path: path)
    let said = problem { _ = try second.recover(at: Self.now) { _ in } }
    #expect(said == "\(path): another server keeps its leases here; give this one its own place with --leases")
    #expect(problem { try second.append([try granted(2)], at: Self.now) { [] } } == said)
    try first.append([try granted(3)], at: Self.now) { [] }
    #expect(try content().split(separator: "\n").count == 4)
  }

  @Test("Lines that no longer matter are dropped: the file stays near what its leases take")
  func compaction() throws {
    var journal = LeaseJournal(path: path)
    for round in 0..<400 {
      let records = try (1...10).map { try granted($0, milliseconds: 60_000 + UInt64(round)) }
      try journal.append(records, at: Self.now) { records }
    }
    #expect(try content().utf8.count < 80 << 10)
    // The new file is this process's as the old one was.
    var second = LeaseJournal(path: path)
    #expect(problem { _ = try second.recover(at: Self.now) { _ in } }.contains("another server"))
    journal = LeaseJournal(path: "\(path).other")
    let last = try (1...10).map { try granted($0, milliseconds: 60_399) }
    #expect(try recovered().records.suffix(10) == last[...])
    #expect(try Files.identity("\(path).new") == nil)
  }

  @Test("A folder that cannot be written says so, and names the flag")
  func readOnly() throws {
    var journal = LeaseJournal(path: "\(folder.zones.path)/missing/too/leases")
    _ = try journal.recover(at: Self.now) { _ in Issue.record("nobody has a lease") }
    let said = problem { try journal.append([try granted(1)], at: Self.now) { [] } }
    let path = "\(folder.zones.path)/missing/too/leases"
    #expect(said.hasPrefix("\(path): cannot open the leases' file; name another place with --leases"))
  }
}

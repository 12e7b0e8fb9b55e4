import Foundation
import Storage
import Synchronization
import SystemIO
import Testing
import Text
import Workspaces

/// What is read of a zones folder, and what is not.
struct ReadingTests {
  let folder: TemporaryZones
  init() throws { folder = try TemporaryZones() }

  @Test func namesAreFoldersWithWorkspaceNames() throws {
    for file in ["acme/workspace.json", "b-2/x", "Bad/x", ".acme.staging-7/x", ".git/x"] { try folder.write(file, "") }
    try folder.write("README.md", "words")
    try Files.symbolicLink(to: "acme", at: "\(folder.zones.path)/linked")
    try Files.symbolicLink(to: "gone", at: "\(folder.zones.path)/broken")
    #expect(try folder.zones.workspaceNames().map(\.description) == ["acme", "b-2", "linked"])
    let strays = try folder.zones.strays().map { $0.description.dropFirst(folder.path.count) }
    #expect(strays.count == 2)
    #expect(strays.first?.hasPrefix("/zones/Bad: this folder is not served") == true)
    #expect(strays.last?.hasPrefix("/zones/broken: this link leads nowhere") == true)
  }

  @Test func aServerReadsItsFilesAndNoOthers() throws {
    for file in [
      "workspace.json", "a.example.zone", ".a.example.zone.swp", ".b.zone", "a.zone~", "links/x.json", "n.txt",
      "links/.x.json", "links/x.json~", "links/y.zone",
    ] {
      try folder.write("acme/\(file)", file)
    }
    let source = try folder.zones.source(of: workspace("acme"))
    let read = ["workspace.json", "a.example.zone", "links/x.json"]
    #expect(source.files == read.reduce(into: [:]) { $0[$1] = Array($1.utf8) })
    #expect(source.folder == "\(folder.zones.path)/acme")
    let contents = try folder.zones.contents(of: workspace("acme"))
    #expect(contents.files.keys.sorted() == ["a.example.zone", "links/x.json", "workspace.json"])
  }

  /// A ConfigMap's volume: files are links through `..data`, which is swapped by a rename.
  @Test func kubernetesVolumesAreRead() throws {
    try folder.write("acme/..2026_01/workspace.json", "{}")
    try folder.write("acme/..2026_01/a.zone", "one")
    try Files.symbolicLink(to: "..2026_01", at: "\(folder.zones.path)/acme/..data")
    for name in ["workspace.json", "a.zone"] {
      try Files.symbolicLink(to: "..data/\(name)", at: "\(folder.zones.path)/acme/\(name)")
    }
    #expect(try folder.zones.source(of: workspace("acme")).files["a.zone"] == Array("one".utf8))
  }

  @Test func whatCannotBeReadIsSaidWithItsPlace() throws {
    let zones = folder.zones.path
    try folder.write("acme/a.zone/x", "")
    #expect(
      problem { _ = try folder.zones.source(of: workspace("acme")) }.hasPrefix(
        "\(zones)/acme/a.zone: this is not a file"))
    try folder.write("b/x", "")
    try Files.symbolicLink(to: "gone", at: "\(zones)/b/b.zone")
    #expect(
      problem { _ = try folder.zones.source(of: workspace("b")) }.hasPrefix(
        "\(zones)/b/b.zone: this link leads nowhere"))
    let missing = ZonesFolder(path: "\(folder.path)/none/")
    #expect(
      problem { _ = try missing.workspaceNames() }.hasPrefix("\(folder.path)/none: there is no such zones folder"))
    try folder.write("globex/x", "")
    #expect(
      problem { _ = try folder.zones.contents(of: workspace("glebex")) }.hasSuffix("did you mean \"globex\"?"))
  }

  /// A reader beside a process that changes two files together never sees one of each state.
  @Test func aReaderSeesWholeStates() throws {
    let name = try workspace("acme")
    try folder.write("acme/a.zone", "0")
    try folder.write("acme/workspace.json", "0")
    let writer = Writer(folder.zones, name)
    var seen: Set<[UInt8]> = []
    while true {
      let hasEnded = writer.hasEnded.load(ordering: .sequentiallyConsistent)
      let files = try folder.zones.source(of: name).files
      let state = try #require(files["a.zone"])
      #expect(files["workspace.json"] == state)
      seen.insert(state)
      guard !hasEnded else { break }
      // One change for each look at least, however the two threads are dealt their time.
      writer.mayGoOn.signal()
    }
    #expect(seen.contains(Array("\(Writer.rounds)".utf8)), "every change was made")
    #expect(seen.count > 2)
  }

  /// Changes two files together, again and again, on a thread of its own.
  private final class Writer: Sendable {
    static let rounds = 80
    let hasEnded = Atomic<Bool>(false)
    let mayGoOn = DispatchSemaphore(value: 0)

    init(_ zones: ZonesFolder, _ name: WorkspaceName) {
      Thread.detachNewThread { [self] in
        defer { hasEnded.store(true, ordering: .sequentiallyConsistent) }
        for round in 1...Self.rounds {
          mayGoOn.wait()
          let next = Array("\(round)".utf8)
          try? zones.withLock { lock in
            _ = try lock.commit(["a.zone": next, "workspace.json": next], to: zones.contents(of: name))
          }
        }
      }
    }
  }
}

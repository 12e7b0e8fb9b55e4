import Bounds
import Glibc
import SystemIO
import Testing
import Text
import Workspaces

@testable import Storage

/// The names of a folder's files are somebody else's choice.
struct NameTests {
  let folder: TemporaryZones
  init() throws { folder = try TemporaryZones() }

  /// Comparing such names would cost the square of the marks, at each comparison.
  @Test func aNameOfMarksWithoutEndIsRefused() throws {
    let acme = try workspace("acme")
    try folder.write("acme/workspace.json", "{}")
    let mark = "\u{301}"
    try folder.write("acme/a" + String(repeating: mark, count: Limits.Text.marks), "x")
    #expect(try folder.zones.source(of: acme).files.count == 1)
    try folder.write("acme/b" + String(repeating: mark, count: Limits.Text.marks + 1), "x")
    for look in [{ _ = try folder.zones.source(of: acme) }, { _ = try folder.zones.contents(of: acme) }] {
      #expect(problem(look).hasPrefix("\(folder.zones.path)/acme: cannot list this folder"))
      #expect(problem(look).hasSuffix("combining marks on one character, which no name has: rename it"))
    }
  }

  /// What is left of such names costs little more than plain ones.
  @Test func namesAreListedWithoutComparingThemAsText() throws {
    func microseconds(_ place: String, _ name: (Int) -> String) throws -> UInt64 {
      let path = "\(folder.path)/\(place)"
      try Files.makeFolder(path)
      for number in 0..<3000 { try Files.symbolicLink(to: "x", at: "\(path)/\(name(number))") }
      let open = try Folder(opening: path)
      return try (0..<3).map { _ in
        let start = System.threadNanoseconds()
        let names = try open.list()
        let end = System.threadNanoseconds()
        #expect(names.count == 3000)
        #expect(zip(names, names.dropFirst()).allSatisfy { $0.utf8.lexicographicallyPrecedes($1.utf8) })
        return (end - start) / 1000
      }.min() ?? 0
    }
    // As a sequence of marks that are not in their canonical order: two classes, in turn.
    let marks = "a" + String(repeating: "\u{301}\u{323}", count: 15)
    let start = String(repeating: marks, count: 3)
    let plain = try microseconds("plain") {
      String(repeating: "a", count: start.utf8.count) + "\($0 &* 7919 % 100_003)"
    }
    let marked = try microseconds("marked") { start + "\($0 &* 7919 % 100_003)" }
    #expect(marked < 10 * plain, "\(plain) µs, and \(marked) µs with marks")
  }

  @Test func partsOfNamesAreLookedForByTheirOctets() {
    #expect(WorkspaceSource.isRead("a.zone") && WorkspaceSource.isRead("workspace.json"))
    for name in [".a.zone", "a.zone~", "a.zone\u{301}", "zone", "workspace.jso\u{6e}\u{301}"] {
      #expect(!WorkspaceSource.isRead(name))
    }
    #expect(["b", "a\u{301}", "a", "\u{e1}"].sortedByOctets().map { Array($0.utf8).count } == [1, 3, 1, 2])
  }
}

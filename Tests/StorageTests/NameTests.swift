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

  /// And not as text, for which each comparison would normalise both.
  @Test func namesAreListedInTheOrderOfTheirOctets() throws {
    try folder.write("acme/b", "")
    try folder.write("acme/a\u{301}", "")
    #expect(try Folder(opening: "\(folder.zones.path)/acme").list() == ["a\u{301}", "b"])
  }

  @Test func partsOfNamesAreLookedForByTheirOctets() {
    #expect(WorkspaceSource.isRead("a.zone") && WorkspaceSource.isRead("workspace.json"))
    // A dot is a dot, whatever mark is put on it and whatever it is part of.
    #expect(WorkspaceSource.isRead("a\u{600}.zone"))
    for name in [".a.zone", ".\u{301}a.zone", "a.zone~", "a.zone\u{301}", "zone", "workspace.jso\u{6e}\u{301}"] {
      #expect(!WorkspaceSource.isRead(name))
    }
    #expect(["b", "a\u{301}", "a", "\u{e1}"].sortedByOctets().map { Array($0.utf8).count } == [1, 3, 1, 2])
  }
}

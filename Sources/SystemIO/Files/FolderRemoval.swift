import Glibc

extension Folder {
  /// Removes a file, or a folder with all that is in it, links not followed; what is not there is no error.
  ///
  /// Whoever filled the folder chose its depth and its names. So the names are octets as the kernel gives them, and need not be
  /// text; and a folder below is emptied by moving what it has up, until the outermost has nothing in it: two are open at a
  /// time, no path is longer than a name, and every entry is moved once at most.
  ///
  /// - Throws: ENOTEMPTY when somebody fills the folder while it is emptied.
  public func removeAll(_ name: String) throws(SystemError) {
    guard try identity(name, links: .refused)?.kind == .folder else { return try removeFile(name) }
    let outermost = try folder(name, links: .refused)
    var moved = 0
    var left = Self.lists
    while left > 0 {
      left -= 1
      let entries = try outermost.entries()
      guard !entries.isEmpty else { return try removeFolder(name) }
      for entry in entries where try !outermost.remove(entry) {
        let inner = try outermost.folder(entry)
        while left > 0 {
          left -= 1
          let inside = try inner.entries()
          if inside.isEmpty { break }
          for entry in inside where try !inner.remove(entry) { try inner.move(entry, into: outermost, &moved) }
        }
        try outermost.removeEmpty(entry)
      }
    }
    throw SystemError("unlinkat", shown(name), code: ENOTEMPTY)
  }

  /// How often folders are listed before somebody is taken to fill them as fast as they are emptied: two lists go for each
  /// folder that is not empty.
  private static let lists = 1_000_000
  /// How many entries are listed at once.
  private static let entriesOfList = 10_000

  /// The octets of a name, with the zero at their end.
  private typealias Entry = [CChar]

  /// Names in the folder, `.` and `..` not among them; not all of them where there are many.
  private func entries() throws(SystemError) -> [Entry] {
    var entries: [Entry] = []
    try forEachEntry { name in
      entries.append(name)
      return entries.count < Self.entriesOfList
    }
    return entries
  }

  private func shown(_ entry: Entry) -> String {
    shown(String(decoding: entry.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self))
  }

  /// Removes a file, a link or an empty folder; false for a folder that is not empty.
  private func remove(_ entry: Entry) throws(SystemError) -> Bool {
    let raw = raw
    do throws(SystemError) {
      try checked("unlinkat", shown(entry)) { unsafe unlinkat(raw, entry, 0) }  // unsafe: the call reads the name.
      return true
    } catch {
      switch error.code {
      case ENOENT: return true
      case EISDIR: break
      default: throw error
      }
    }
    do throws(SystemError) {
      try removeEmpty(entry)
      return true
    } catch  where error.kind == .exists {
      return false
    }
  }

  private func removeEmpty(_ entry: Entry) throws(SystemError) {
    let raw = raw
    do throws(SystemError) {
      // unsafe: the call reads the name.
      try checked("unlinkat", shown(entry)) { unsafe unlinkat(raw, entry, AT_REMOVEDIR) }
    } catch  where error.code == ENOENT {}
  }

  private func folder(_ entry: Entry) throws(SystemError) -> Folder {
    let raw = raw
    let opened = try checked("openat", shown(entry)) {
      unsafe openat(raw, entry, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)  // unsafe: the call reads the name.
    }
    return Folder(owning: FileDescriptor(owning: opened), path: shown(entry))
  }

  /// Moves a folder into another one, under a name of which there is none there.
  private func move(_ entry: Entry, into other: borrowing Folder, _ moved: inout Int) throws(SystemError) {
    let (raw, target) = (raw, other.raw)
    while true {
      moved += 1
      let name = ".removed-\(moved)"
      do throws(SystemError) {
        // unsafe: the call reads the names.
        try checked("renameat", other.shown(name)) { unsafe renameat(raw, entry, target, name) }
        return
      } catch  where error.kind == .exists || error.code == ENOTDIR {
        // Something has that name; there are no more of these than there are entries.
      }
    }
  }
}

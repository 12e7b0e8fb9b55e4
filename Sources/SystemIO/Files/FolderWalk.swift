import CLinux
import Glibc

/// The way to what a path of a folder leads to, gone component by component: each folder is opened in the one before, no
/// link is left to the kernel, and `..` goes back to the first folder and along the names that were gone but for the last. So
/// nobody who sets links or moves folders meanwhile can lead it out. One folder is open at a time.
struct FolderWalk {
  /// How many links one way may go through, as the kernel has it.
  private static let maximumLinks = 40
  /// How deep a way may go.
  private static let maximumDepth = 32
  /// How many components one way may have, its links' among them.
  private static let maximumComponents = 1024

  /// The folder that was opened last.
  private final class Step {
    let descriptor: FileDescriptor
    init(_ descriptor: consuming FileDescriptor) { self.descriptor = descriptor }
  }

  private let root: Int32
  private let shown: String
  private var step: Step?
  /// The names of the folders on the way.
  private(set) var names: [String] = []
  /// What is left to go, the next last.
  private var rest: [Substring]
  private var linkCount = 0
  /// The last component's name, in the last folder: no link, unless links are looked at; `.` for a folder on the way.
  private(set) var name = "."

  /// Goes the whole way.
  ///
  /// - Parameters:
  ///   - root: the folder's descriptor, which stays open meanwhile.
  ///   - looksAtLink: the path's last component may be a link, which is then what is meant.
  /// - Throws: EXDEV where it leads out, ENAMETOOLONG where it goes too deep, ELOOP where there is a link that may not be or there are too many.
  init(_ path: String, in root: Int32, shown: String, links: Folder.Links, looksAtLink: Bool) throws(SystemError) {
    self.root = root
    self.shown = shown
    rest = Self.components(path)
    guard path.utf8.first != UInt8(ascii: "/") else { throw failure(EXDEV) }
    var count = 0
    while let component = rest.popLast() {
      count += 1
      guard count <= Self.maximumComponents else { throw failure(ELOOP) }
      if component.utf8.elementsEqual("..".utf8) {
        guard names.popLast() != nil else { throw failure(EXDEV) }
        try openAgain()
        continue
      }
      if let target = try target(of: String(component)) {
        if links == .refused || looksAtLink {
          guard looksAtLink, rest.isEmpty else { throw failure(ELOOP) }
          name = String(component)
          return
        }
        linkCount += 1
        guard linkCount <= Self.maximumLinks else { throw failure(ELOOP) }
        guard target.utf8.first != UInt8(ascii: "/") else { throw failure(EXDEV) }
        rest += Self.components(target)
        continue
      }
      guard !rest.isEmpty else {
        name = String(component)
        return
      }
      guard names.count < Self.maximumDepth else { throw failure(ENAMETOOLONG) }
      step = Step(try opened(String(component)))
      names.append(String(component))
    }
    // The way ended with ".." or a link to a folder above: that folder is opened from the one that it is in.
    if let last = names.popLast() {
      name = last
      try openAgain()
    }
  }

  /// The components of a path, the last first, without those that lead nowhere.
  private static func components(_ path: String) -> [Substring] {
    path.split(separator: "/").filter { !$0.utf8.elementsEqual(".".utf8) }.reversed()
  }

  /// The folder that `name` is in.
  var last: Int32 { step?.descriptor.raw ?? root }

  /// Opens the folder that the names lead to.
  private mutating func openAgain() throws(SystemError) {
    step = nil
    for name in names { step = Step(try opened(name)) }
  }

  private func failure(_ code: Int32) -> SystemError { SystemError(Folder.openBeneath, shown, code: code) }

  private func opened(_ name: String) throws(SystemError) -> FileDescriptor {
    let last = last
    let raw = try checked("openat", shown) {
      // unsafe: the call reads the name.
      unsafe openat(last, name, Int32(CL_PATH) | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
    }
    return FileDescriptor(owning: raw)
  }

  /// What the symbolic link of a name says; nil when it is none.
  private func target(of name: String) throws(SystemError) -> String? {
    var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
    let last = last
    do throws(SystemError) {
      let count = try checked("readlinkat", shown) {
        unsafe readlinkat(last, name, &buffer, buffer.count)  // unsafe: writes inside the buffer.
      }
      return String(decoding: buffer.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    } catch  where error.code == EINVAL {
      return nil
    }
  }
}

import CLinux
import Glibc

/// The way to what a path of a folder leads to, gone component by component: each folder is opened in the one before, no
/// link is left to the kernel, and `..` goes back along the folders that were opened. So nobody who sets links or moves
/// folders meanwhile can lead it out.
struct FolderWalk {
  /// How many links one way may go through, as the kernel has it.
  private static let maximumLinks = 40
  /// How deep a way may go: each folder on it is open meanwhile.
  private static let maximumDepth = 32

  /// An open folder on the way.
  private final class Step {
    let name: String
    let descriptor: FileDescriptor
    init(_ name: String, _ descriptor: consuming FileDescriptor) {
      self.name = name
      self.descriptor = descriptor
    }
  }

  private let root: Int32
  private let shown: String
  private var steps: [Step] = []
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
    rest = path.split(separator: "/").reversed()
    guard !path.hasPrefix("/") else { throw failure(EXDEV) }
    while let component = rest.popLast() {
      if component == "." { continue }
      if component == ".." {
        guard steps.popLast() != nil else { throw failure(EXDEV) }
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
        guard !target.hasPrefix("/") else { throw failure(EXDEV) }
        rest += target.split(separator: "/").reversed()
        continue
      }
      guard rest.contains(where: { $0 != "." }) else {
        name = String(component)
        return
      }
      guard steps.count < Self.maximumDepth else { throw failure(ENAMETOOLONG) }
      steps.append(Step(String(component), try opened(String(component))))
    }
    // The way ended with ".." or a link to a folder above: that folder is opened from the one that it is in.
    if let step = steps.popLast() { name = step.name }
  }

  /// The folder that `name` is in.
  var last: Int32 { steps.last?.descriptor.raw ?? root }

  /// The names of the folders on the way.
  var names: [String] { steps.map(\.name) }

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

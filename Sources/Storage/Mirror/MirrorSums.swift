import Text
import Workspaces

/// What a workspace's folder in a mirror holds: each file's path and SHA-256, as `sha256sum` writes them.
///
/// They tell, without a look at the files, what a change leaves as it was; and, after a machine has crashed, whether the files
/// are what was written. `sha256sum -c .mirror` in the folder compares them too.
struct MirrorSums: Hashable, Sendable {
  /// The file in a workspace's folder; no server reads a file of such a name.
  static let fileName = ".mirror"

  /// The sums by the files' paths.
  var files: [String: SHA256Digest] = [:]

  /// No files.
  init() {}

  /// Reads the file; nil for anything that was not written by this.
  init?(_ octets: [UInt8]) {
    guard octets.last == UInt8(ascii: "\n") else { return nil }
    // By octets: a path may begin with a mark that joins the character before it.
    for line in octets.dropLast().split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
      let (sum, rest) = (line.prefix(64), line.dropFirst(64))
      guard let digits = String(validating: sum, as: UTF8.self), let digest = SHA256Digest(digits),
        rest.starts(with: "  ".utf8), let path = String(validating: rest.dropFirst(2), as: UTF8.self), !path.isEmpty
      else { return nil }
      files[path] = digest
    }
  }

  /// The file's content. No path has a line's end in it: a store's key with one is no file's.
  var octets: [UInt8] {
    var octets: [UInt8] = []
    for path in files.keys.sortedByOctets() {
      guard let digest = files[path] else { continue }
      octets += "\(digest)  \(path)\n".utf8
    }
    return octets
  }
}

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
    guard let text = String(validating: octets, as: UTF8.self), text.utf8.last == UInt8(ascii: "\n") else { return nil }
    for line in text.split(separator: "\n") {
      guard line.utf8.count > 66, let digest = SHA256Digest(line.prefix(64)), line.dropFirst(64).hasPrefix("  ") else {
        return nil
      }
      files[String(line.dropFirst(66))] = digest
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

import SystemIO
import Text

/// A file with something that not everybody may know: a token, or a password.
public enum SecretFile {
  /// Reads its first line.
  ///
  /// - Parameters:
  ///   - what: what it holds, for errors: "the admin token".
  ///   - octets: the largest file that is read.
  /// - Throws: when it cannot be read, or can be read by everybody.
  public static func firstLine(_ path: String, _ what: String, maximumOctets octets: Int) throws(Problem) -> [UInt8] {
    let content: [UInt8]
    let isPrivate: Bool
    do throws(SystemError) {
      content = try Files.read(path, maximumSize: octets)
      isPrivate = try Files.access(path)?.isPrivate ?? false
    } catch {
      throw Problem(file: path, "cannot read \(what): \(error.reason)")
    }
    guard isPrivate else { throw Problem(file: path, "everybody may read \(what): chmod o-rwx \(word: path)") }
    return Array(content.prefix { $0 != 0x0a && $0 != 0x0d })
  }
}

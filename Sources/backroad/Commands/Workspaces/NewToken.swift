import Links
import SystemIO
import Text
import Workspaces

/// A token that is made, and shown this once.
struct NewToken {
  let text: String
  let digest: SHA256Digest
  let id: String

  init() throws(SystemError) {
    let octets = try System.random(count: WorkspaceClaims.tokenLengths.lowerBound)
    text = hexadecimal(octets)
    digest = SHA256.digest(octets)
    // Of the digest, so that whoever has the token can tell which it is. A hundred tokens hardly share 32 bits, and
    // the file refuses it if they do.
    id = String("\(digest)".prefix(8))
  }

  /// A workspace's settings with the token.
  func added(to settings: [UInt8], comment: String? = nil, file: String) throws(Problems) -> [UInt8] {
    try WorkspaceTokens.adding(id, digest, comment: comment, to: settings, file: file)
  }

  /// The token, and how it is used.
  ///
  /// - Parameters:
  ///   - option: the EDNS option that the server looks in.
  ///   - path: the workspace's settings.
  ///   - server: how `dig` is told of it.
  func guide(of name: WorkspaceName, _ option: Int, _ path: String, _ server: String, isDry: Bool) -> String {
    let escaped = stride(from: 0, to: text.utf8.count, by: 2).map { "\\x" + text.dropFirst($0).prefix(2) }.joined()
    return """
      token \(onOneLine(id)) \(isDry ? "would be made" : "made") for workspace \(name):

        \(text)

      It is shown this once: \(onOneLine(path)) holds its SHA-256 alone. To use it:
        dig       dig \(server) +ednsopt=\(option):\(text) CH TXT whoami.backroad
        CoreDNS   rewrite edns0 local set \(option) 0x\(text)
        dnsdist   addAction(AllRule(), SetEDNSOptionAction(\(option), "\(escaped)"))

      """
  }
}

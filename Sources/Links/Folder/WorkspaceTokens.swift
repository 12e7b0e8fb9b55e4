import Text
import Workspaces

/// Changes to the tokens of a `workspace.json` that keep what its author wrote.
public enum WorkspaceTokens {
  /// The settings with a token more.
  ///
  /// - Parameter comment: whose it is or what it is for; nil for nothing.
  /// - Returns: the whole file.
  /// - Throws: what is wrong with the file as it is, or would be with the token in it.
  public static func adding(
    _ id: String, _ digest: SHA256Digest, comment: String?, to bytes: [UInt8], file: String
  ) throws(Problems) -> [UInt8] {
    _ = try WorkspaceFile(bytes, file: file)
    let entry = JSON.object(
      [("id", .string(id)), ("sha256", .string("\(digest)"))] + (comment.map { [("comment", .string($0))] } ?? []))
    let edited = try editing(bytes, file) { $0.inserting(entry.compactText, intoList: "tokens") }
    _ = try WorkspaceFile(edited, file: file)
    return edited
  }

  /// The settings without a token.
  ///
  /// - Returns: the whole file.
  /// - Throws: what is wrong with the file as it is, or that it has no such token, naming the nearest.
  public static func revoking(_ id: String, from bytes: [UInt8], file: String) throws(Problems) -> [UInt8] {
    let ids = try WorkspaceFile(bytes, file: file).claims.tokens.map(\.id)
    guard let index = ids.firstIndex(of: id) else {
      let remedy =
        nearest(to: id, among: ids).map { "did you mean \(quoted($0))?" }
        ?? (ids.isEmpty ? "there is none" : "there are \(ids.joined(separator: ", "))")
      throw Problems([Problem(file: file, "there is no token \(quoted(id)); \(remedy)")])
    }
    return try editing(bytes, file) { edit in
      edit.root.asObject?["tokens"].map { edit.removing(index, of: $0) } ?? bytes
    }
  }

  private static func editing(
    _ bytes: [UInt8], _ file: String, _ body: (JSONEdit) -> [UInt8]
  ) throws(Problems) -> [UInt8] {
    do throws(Problem) {
      return body(try JSONEdit(bytes, file: file))
    } catch {
      throw Problems([error])
    }
  }
}

import Testing
import Text
import Workspaces

@testable import Links

/// A token comes into a file that a person wrote, and goes again, and the rest stays.
@Suite struct WorkspaceTokensEdits {
  static let digest = SHA256.digest([1])
  static let entry = "{ \"id\": \"one\", \"sha256\": \"\(digest)\" }"
  static let first = "{ \"id\": \"first\", \"sha256\": \"\(SHA256.digest([2]))\" }"

  @Test(arguments: [
    ("{}", "{ \"tokens\": [\(entry)] }"),
    ("{ \"clients\": [] }", "{ \"clients\": [], \"tokens\": [\(entry)] }"),
    (
      "{\n    \"clients\": [] // ours\n}\n",
      "{\n    \"clients\": [], // ours\n    \"tokens\": [\n      \(entry)\n    ]\n}\n"
    ),
    ("{\n}", "{\n  \"tokens\": [\n    \(entry)\n  ]\n}"),
    (
      "{\n  \"tokens\": [\n    \(first) // the old one\n  ],\n}\n",
      "{\n  \"tokens\": [\n    \(first), // the old one\n    \(entry)\n  ],\n}\n"
    ),
    ("{ \"tokens\": [\(first)] }", "{ \"tokens\": [\(first), \(entry)] }"),
    ("{ \"tokens\": [] }", "{ \"tokens\": [\(entry)] }"),
  ]) func addsAndRevokes(before: String, after: String) throws {
    let added = try WorkspaceTokens.adding("one", Self.digest, comment: nil, to: Array(before.utf8), file: "w")
    #expect(String(decoding: added, as: UTF8.self) == after)
    let revoked = try WorkspaceTokens.revoking("one", from: added, file: "w")
    let file = try WorkspaceFile(revoked, file: "w")
    #expect(file.claims.tokens.map(\.id) == (before.contains("first") ? ["first"] : []))
    for remark in ["ours", "the old one"] where before.contains(remark) {
      #expect(String(decoding: revoked, as: UTF8.self).contains("// \(remark)"))
    }
  }

  @Test func keepsAComment() throws {
    let added = try WorkspaceTokens.adding("one", Self.digest, comment: "us \"east\"", to: Array("{}".utf8), file: "w")
    #expect(try WorkspaceFile(added, file: "w").claims.tokens.map(\.comment) == ["us \"east\""])
  }

  @Test func refusesWhatWouldBeWrong() throws {
    let one = try WorkspaceTokens.adding("one", Self.digest, comment: nil, to: Array("{}".utf8), file: "w")
    #expect(throws: Problems.self) {
      try WorkspaceTokens.adding("one", SHA256.digest([3]), comment: nil, to: one, file: "w")
    }
    #expect(throws: Problems.self) {
      try WorkspaceTokens.adding("two", SHA256.digest([3]), comment: nil, to: Array("{ \"x\": 1 }".utf8), file: "w")
    }
    #expect {
      try WorkspaceTokens.revoking("on", from: one, file: "w")
    } throws: { error in
      (error as? Problems)?.all.map(\.message) == ["there is no token \"on\"; did you mean \"one\"?"]
    }
  }
}

import Foundation
import Glibc
import Testing

extension EndToEnd {
  /// What comes from outside, wherever it comes from, never reaches a terminal or a log as more than text of one line.
  @Suite struct HostileText {
    /// What terminals obey, hide or turn round, and what would begin a line of its own.
    private static let hostile =
      "x\u{1b}]0;t\u{7}\u{1b}[31m\u{9b}31m\u{7f}\u{85}\u{202e}\u{2066}\u{200b}\u{feff}\u{2028}\u{2029}\r\nbackroad: fake\ty"
    /// The same for a file's name, which has no slash and no NUL; 255 octets at most.
    private static let path = hostile

    /// Everything in it as JSON may write it.
    private static var json: String {
      hostile.utf16.map { "\\u" + String(format: "%04x", $0) }.joined()
    }

    private static func isClean(_ text: String) -> Bool {
      let isPlain = text.unicodeScalars.allSatisfy { scalar in
        switch scalar.value {
        case 0x0a: true
        case 0..<0x20, 0x7f..<0xa0, 0x200b...0x200f, 0x2028...0x202e, 0x2060...0x206f, 0xfeff, 0xe0000...0xe0fff: false
        default: true
        }
      }
      return isPlain && !text.split(separator: "\n").contains { $0.hasPrefix("backroad: fake") }
    }

    /// A zones folder in which everything that can be is hostile, beside a workspace that is served.
    private func write(_ lab: Lab) throws {
      try lab.workspace("acme", clients: ["127.0.0.0/8"], zones: ["corp.example": "www A 10.1.0.1\n"])
      let hostile = Self.hostile
      for (path, text) in [
        ("zones/\(Self.path)/workspace.json", "{}"),
        (
          "zones/keys/workspace.json",
          "{ \"\(Self.json)\": 1, \"clients\": [\"\(Self.json)\"], \"tokens\": [{ \"id\": \"\(Self.json)\" }] }"
        ),
        ("zones/syntax/workspace.json", "{ \(hostile)"),
        (
          "zones/rules/workspace.json",
          "{ \"clients\": [], \"forward\": [{ \"zone\": \"\(Self.json)\", \"to\": [\"\(Self.json)\"] }] }"
        ),
        (
          "zones/comments/workspace.json",
          "{ \"clients\": [], \"tokens\": [{ \"id\": \"t\", \"sha256\": \"\(String(repeating: "0", count: 64))\", \"comment\": \"\(Self.json)\" }] }"
        ),
        ("zones/texts/workspace.json", "{ \"clients\": [] }"),
        (
          "zones/texts/a.example.zone",
          Lab.zoneText("www A \(hostile)\nh\u{1b}x\(hostile) A 10.0.0.1\nt TXT \"\(hostile)\"\n")
        ),
        ("zones/texts/b\(Self.path).zone", Lab.zoneText("www A 10.0.0.1\n")),
        ("zones/texts/c.example.zone", "$INCLUDE \(hostile)\n$\(hostile)\n"),
        ("zones/texts/links/\(Self.path).json", "{}"),
        (
          "zones/texts/links/l.json",
          "{ \"\(Self.json)\": 1, \"kind\": \"\(Self.json)\", \"account\": \"\(Self.json)\" }"
        ),
        (
          "keys.json",
          "{ \"\(Self.json)\": \"\(Self.json)\", \"privatelink-account-url\": \"ab12345.us-east-1.privatelink.snowflakecomputing.com\" }"
        ),
        ("paste.json", "{ \"privatelink-account-url\": \"\(Self.json)\" }"),
        ("broken.json", "{ \"\(hostile)"),
        ("hosts.txt", "a.corp.example\n\(hostile)\n# \(hostile)\nb.corp.example \(hostile)\n"),
        ("config.json", "{ \"\(Self.json)\": 1 }"),
      ] { try lab.write(text, to: path) }
    }

    /// The commands' words.
    private static let commands: [[String]] = [
      "import snowflake", "import hosts", "workspace add", "workspace list", "workspace show", "workspace remove",
      "workspace token", "link list", "link show", "link remove", "link add", "link set-endpoint", "link state",
      "link undo",
      "lease add", "lease list", "lease remove", "check",
      "explain", "doctor", "status", "reload", "cache flush", "version", "serve", "",
    ].map { $0.split(separator: " ").map { String($0) } }

    /// Ends of command lines that suit none.
    private static let ends: [[String]] = [
      [hostile], [hostile, hostile], ["--\(hostile)"], ["--zones", hostile], ["--workspace", hostile],
      ["--config", hostile], ["--config", "config.json"], ["--admin", hostile], ["--json", hostile],
    ]

    /// Lines that come further.
    private static let lines: [[String]] = [
      ["check"], ["workspace", "list"], ["link", "list"], ["status"], ["reload"], ["reload", "texts"],
      ["lease", "list"], ["cache", "flush"],
      ["explain", "--workspace", "acme", hostile], ["explain", "--client", hostile, "www.corp.example"],
      ["explain", "--client", "127.0.0.1", "www.corp.example", hostile],
      ["lease", "add", hostile, "10.9.9.9"], ["lease", "add", "acme", hostile],
      ["link", "show", "texts", "l"], ["link", "show", "texts", hostile], ["link", "remove", "texts", "l"],
      ["workspace", "token", "comments", "--list"], ["workspace", "token", "acme", "--id", hostile],
      ["doctor", "--workspace", "texts"], ["doctor", "--workspace", "acme", "--server", hostile],
      ["workspace", "show", "keys"], ["workspace", "show", "syntax"], ["workspace", "show", "rules"],
      ["workspace", "show", "comments"], ["workspace", "show", "texts"],
      snowflake + ["keys.json"], snowflake + ["paste.json"], snowflake + ["broken.json"], snowflake + [hostile],
      hosts + ["--from", "hosts.txt", "--dry-run"], hosts + ["--zone", hostile, "--miss", "forward", "a.corp.example"],
      hosts + [hostile], hosts + ["a.corp.example", "--ttl", hostile],
      ["import", "hosts", "--workspace", "acme", "--link", hostile, "--endpoint", hostile, "a.corp.example"],
      ["import", "hosts", "--workspace", "texts", "--link", "l", "--endpoint", "10.1.2.3", "a.corp.example"],
    ]
    private static let snowflake =
      ["import", "snowflake", "--workspace", "acme", "--link", "s", "--endpoint", "10.1.2.3", "--dry-run"]
    private static let hosts = ["import", "hosts", "--workspace", "acme", "--link", "h", "--endpoint", "10.1.2.3"]

    private static var all: [[String]] {
      let anyhow = commands.flatMap { command in ends.map { command + $0 } }
      return anyhow + lines + lines.map { $0 + ["--json"] }
    }

    @Test func nothingThatATerminalObeysIsPrinted() throws {
      try Lab.run { lab in
        try write(lab)
        let server = try lab.serve()
        for line in Self.all {
          let outcome = try lab.run(Lab.backroad(), line)
          #expect(outcome.status <= 2, "\(line): \(outcome.status)")
          for text in [outcome.output, outcome.errors] where !Self.isClean(text) {
            Issue.record("\(line.map { $0.debugDescription }) printed \(text.debugDescription)")
          }
        }
        for target in ["/v1/status", "/v1/workspaces", "/v1/workspaces/texts", "/metrics", "/v1/%1b%0a", "/%e2%80%ae"] {
          let body = try server.curl(target).body
          if !Self.isClean(body) { Issue.record("\(target) gave \(body.debugDescription)") }
        }
        let log = server.program.errors
        #expect(log.contains("\\u{1b}"), "the log tells of what is hostile")
        if !Self.isClean(log) { Issue.record("the log holds \(log.debugDescription)") }
        #expect(try server.dig("www.corp.example").addresses == ["10.1.0.1"])
      }
    }
  }
}

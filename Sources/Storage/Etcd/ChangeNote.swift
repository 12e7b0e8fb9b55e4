import SystemIO
import Text

/// Who changes a workspace in etcd, when and by which command: kept beside the workspace, so that whoever comes second is
/// told who came before, and a change whose answer was lost is found again.
struct ChangeNote: Hashable {
  /// Tells this change from every other.
  let id: String
  /// The user and the machine.
  let by: String
  /// When, in seconds since 1970.
  let at: UInt64
  /// The command without its operands, which may hold secrets: `backroad import snowflake`.
  let command: String

  /// A change that is to be made now.
  init(by: String, command: String, at seconds: UInt64) throws(SystemError) {
    // The number is to be another for each change, and secret from nobody.
    id = String(try System.randomNumber(), radix: 16) + String(try System.randomNumber(), radix: 16)
    self.by = by
    self.command = command
    at = seconds
  }

  /// What the store has of one; nil for what is none, as somebody else may have written it.
  init?(_ octets: [UInt8]) {
    guard let object = try? JSON.parse(octets, file: "", comments: false).asObject,
      let id = object["id"]?.asString, let by = object["by"]?.asString, let command = object["command"]?.asString,
      case .number(let number)? = object["at"]?.content, let at = UInt64(number)
    else { return nil }
    (self.id, self.by, self.at, self.command) = (id, by, at, command)
  }

  /// What is written.
  var octets: [UInt8] {
    Array(
      JSON.object([("id", .string(id)), ("by", .string(by)), ("at", .number(at)), ("command", .string(command))])
        .compactText.utf8)
  }

  /// For a person: "by root@admin-1 (backroad import), 12 s ago".
  func text(at now: UInt64) -> String {
    "by \(onOneLine(by)) (\(onOneLine(command))), \(now > at ? now - at : 0) s ago"
  }
}

import Testing
import Text
import Wire
import Zones

@testable import Links

@Suite struct WorkspaceSettingsEdits {
  @Test(arguments: [
    ("{}", #"{ "zones": { "z.example": { "miss": "forward" } } }"#),
    (#"{ "clients": [] }"#, #"{ "clients": [], "zones": { "z.example": { "miss": "forward" } } }"#),
    ("{\n}", "{\n  \"zones\": { \"z.example\": { \"miss\": \"forward\" } }\n}"),
    (
      "{\n    \"clients\": [] // ours\n    // the end\n}\n",
      "{\n    \"clients\": [], // ours\n    // the end\n    \"zones\": { \"z.example\": { \"miss\": \"forward\" } }\n}\n"
    ),
    (
      "{\n  \"clients\": [],\n}\n",
      "{\n  \"clients\": [],\n  \"zones\": { \"z.example\": { \"miss\": \"forward\" } }\n}\n"
    ),
    (
      "{ \"zones\": { /* none */ } }", "{ \"zones\": { /* none */ \"z.example\": { \"miss\": \"forward\" } } }"
    ),
    (
      "{\n  \"zones\": {\n    \"a.example\": { \"miss\": \"nxdomain\" } /* , */\n  },\n}",
      "{\n  \"zones\": {\n    \"a.example\": { \"miss\": \"nxdomain\" }, /* , */\n"
        + "    \"z.example\": { \"miss\": \"forward\" }\n  },\n}"
    ),
    (#"{ "zones": { "Z.example.": {} } }"#, #"{ "zones": { "Z.example.": { "miss": "forward" } } }"#),
  ]) func setsAMissAndKeepsTheRest(before: String, after: String) throws {
    let zone = try Name("z.example")
    let result = try WorkspaceSettings.setting(.forward, of: zone, in: Array(before.utf8), file: "w")
    #expect(result.map { String(decoding: $0, as: UTF8.self) } == after)
    let settings = try JSON.parse(Array(after.utf8), file: "w", comments: true)
    #expect(WorkspaceSettings.forwardedMisses(settings) == [zone])
    #expect(try WorkspaceSettings.setting(.forward, of: zone, in: Array(after.utf8), file: "w") == nil)
  }

  @Test(arguments: [
    (
      "{\n  \"zones\": {\n    \"a.example\": { \"miss\": \"forward\" },\n    \"z.example\": { \"miss\": \"forward\" }\n  }\n}",
      "{\n  \"zones\": {\n    \"a.example\": { \"miss\": \"forward\" }\n  }\n}"
    ),
    (
      "{\n  \"zones\": {\n    \"z.example\": { \"miss\": \"forward\" }, // z\n    \"a.example\": { }\n  }\n}",
      "{\n  \"zones\": {\n    // z\n    \"a.example\": { }\n  }\n}"
    ),
    (#"{ "zones": { "z.example": { "miss": "forward" }, "a.example": {} } }"#, #"{ "zones": { "a.example": {} } }"#),
    ("{ \"zones\": { \"z.example\": { \"miss\": \"forward\" } } }", "{ \"zones\": { } }"),
    (#"{ "zones": { "z.example": { "miss": "forward", "more": 1 } } }"#, nil), ("{}", nil),
  ]) func removesAZonesEntry(before: String, after: String?) throws {
    let result = try WorkspaceSettings.removing([Name("z.example")], from: Array(before.utf8), file: "w")
    let text = result.map { String(decoding: $0, as: UTF8.self) }
    #expect(text == after)
    if let result { _ = try JSON.parse(result, file: "w", comments: true) }
  }

  /// Whatever of a list is removed at once, the rest stays, and is JSON.
  @Test func removesManyEntriesAtOnce() throws {
    for lineEnd in ["", "\n", " // why\n"] {
      let names = (0..<6).map { "z\($0).example" }
      let lines = names.map { "\"\($0)\": { \"miss\": \"forward\" }" }
      let text = "{ \"zones\": {\(lineEnd)" + lines.joined(separator: ",\(lineEnd)") + "\(lineEnd)} }"
      for mask in 0..<64 {
        let gone = names.indices.filter { mask >> $0 & 1 == 1 }
        let result = try WorkspaceSettings.removing(
          Set(gone.map { try Name(names[$0]) }), from: Array(text.utf8), file: "w")
        let json = try JSON.parse(result ?? Array(text.utf8), file: "w", comments: true)
        #expect(
          json.asObject?["zones"]?.asObject?.members.map(\.key)
            == names.indices.filter { !gone.contains($0) }.map { names[$0] })
      }
    }
  }

  @Test func refusesWhatItDoesNotUnderstand() throws {
    for text in [
      "[]", "{\"zones\": []}", "{\"zones\": {\"z.example\": 1}}", "{\"zones\": {\"z.example\": {\"miss\": \"x\"}}}",
    ] {
      #expect(throws: Problem.self) {
        try WorkspaceSettings.setting(.forward, of: Name("z.example"), in: Array(text.utf8), file: "w")
      }
    }
  }
}

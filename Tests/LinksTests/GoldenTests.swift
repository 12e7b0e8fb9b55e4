import Foundation
import Links
import Testing
import Text

/// Runs every folder of `Fixtures/accepted` and every file of `Fixtures/refused`, and holds what comes out against the
/// files that lie beside them. `BACKROAD_WRITE_GOLDEN=1` writes those files; the difference is then for a person to read.
@Suite struct Golden {
  private static let isWriting = ProcessInfo.processInfo.environment["BACKROAD_WRITE_GOLDEN"] == "1"
  private static let server = "@127.0.0.1 -p 5300"
  private static let acceptedFolder = fixtures.appendingPathComponent("accepted")
  private static let refusedFolder = fixtures.appendingPathComponent("refused")

  @Test(arguments: listing(acceptedFolder)) func accepts(name: String) throws {
    let folder = Self.acceptedFolder.appendingPathComponent(name)
    let options = try Self.options(folder.appendingPathComponent("arguments.json"))
    let inputs = listing(folder).filter { $0.hasPrefix("input") }
    #expect(!inputs.isEmpty)
    for (index, input) in inputs.enumerated() {
      let bytes = [UInt8](try Data(contentsOf: folder.appendingPathComponent(input)))
      let plan: Plan
      do {
        plan = try SnowflakeImport.plan(bytes, file: input, options: options, in: workspace())
      } catch {
        Issue.record("\(name)/\(input): \(error.all.map(\.description).joined(separator: "\n"))")
        continue
      }
      // Every form of the export says the same; what the first is read as is shown too.
      if index == 0 {
        try Self.compare(plan.text(server: Self.server), folder.appendingPathComponent("plan.txt"))
        try Self.compare(plan.json(server: Self.server).text, folder.appendingPathComponent("plan.json"))
      }
      for file in plan.files {
        let path = file.path.replacingOccurrences(of: "links/", with: "")
        let text = String(decoding: file.content ?? [], as: UTF8.self)
        try Self.compare(text, folder.appendingPathComponent("expected").appendingPathComponent(path), input)
      }
      let expected = listing(folder.appendingPathComponent("expected"))
      #expect(
        expected == plan.files.map { $0.path.replacingOccurrences(of: "links/", with: "") }.sorted(), "\(name)/\(input)"
      )
      let folderAfter = workspace().after(plan)
      #expect(LinkUpdate.problems(in: folderAfter).filter { $0.severity == .error } == [], "\(name)/\(input)")
      let again = try SnowflakeImport.plan(bytes, file: input, options: options, in: folderAfter)
      #expect(again.changesNothing, "\(name)/\(input): \(again.files.map(\.path))")
      #expect(again.text(server: Self.server).hasSuffix("\nNothing changes.\n"))
    }
  }

  @Test func refuses() throws {
    var messages = ""
    for name in listing(Self.refusedFolder) where name != "messages.txt" {
      let bytes = [UInt8](try Data(contentsOf: Self.refusedFolder.appendingPathComponent(name)))
      let options = SnowflakeImport.Options(LinkRequest("prod", endpoint: try readEndpoint(vpce)))
      let message = refusal { _ = try SnowflakeImport.plan(bytes, file: name, options: options, in: workspace()) }
      #expect(message != "", "\(name) was accepted")
      #expect(message.unicodeScalars.allSatisfy { $0 == "\n" || $0.value >= 0x20 }, "\(name) would write to a terminal")
      messages += message + "\n"
    }
    try Self.compare(messages, Self.refusedFolder.appendingPathComponent("messages.txt"))
  }

  private static func options(_ file: URL) throws -> SnowflakeImport.Options {
    let object = try #require(
      try JSON.parse([UInt8](Data(contentsOf: file)), file: file.lastPathComponent, comments: false).asObject)
    try object.check(known: ["link", "endpoint", "addresses", "stage", "ttl"], file: nil)
    let addresses = (object["addresses"]?.asArray ?? []).compactMap(\.asString)
    let (endpoint, warnings, _) = try Endpoint.read(object["endpoint"]?.asString, addresses: addresses)
    var options = SnowflakeImport.Options(LinkRequest(try #require(object["link"]?.asString), endpoint: endpoint))
    options.link.warnings = warnings
    options.stage = try object["stage"]?.asString.map { try Endpoint.read($0, flag: "--stage-endpoint").endpoint }
    options.link.ttlSeconds = object["ttl"]?.asInt.map { UInt32($0) }
    return options
  }

  private static func compare(_ text: String, _ file: URL, _ what: String = "") throws {
    if isWriting {
      try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
      try text.write(to: file, atomically: true, encoding: .utf8)
      return
    }
    let expected = try? String(contentsOf: file, encoding: .utf8)
    #expect(text == expected, "\(what) \(file.path)")
  }
}

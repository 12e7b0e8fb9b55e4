import SystemIO
import Testing

/// What customers write into forms, tables and sentences: none of it is a file, and none of it is lost without a word.
struct PastedTextTests {
  let backroad: Backroad

  init() throws {
    backroad = try Backroad()
    _ = try backroad("workspace add acme --client 10.1.0.0/16")
  }

  private static let line = "import --workspace acme --link one"
  private static let service = "com.amazonaws.vpce.us-east-1.vpce-svc-0123456789abcdef0"

  private func form(_ type: String, _ record: String) -> String {
    "- Type: \(type)\n- VPC Endpoint Service Name: \(Self.service)\n- Private hosted zone:\n- DNS record: \(record)\n"
  }

  /// Another customer's config may lie in the folder.
  @Test func aWordOfAFormIsNeverAFile() throws {
    try backroad.write("east2.json", snowflakeConfig("ab12345"))
    for record in ["east2.json", "db.dev.example", "qx1.us-east-1.snowflakecomputing.com"] {
      let done = try backroad("\(Self.line) -", input: form("Snowflake", record))
      #expect(done.status == 1 && !done.output.contains("ab12345"), "\(done.output)")
      #expect(done.errors.contains("names \"\(record)\", which is no private host of Snowflake's"), "\(done.errors)")
      #expect(done.errors.contains("backroad import snowflake --workspace acme --link one CONFIG"), "\(done.errors)")
    }
  }
}

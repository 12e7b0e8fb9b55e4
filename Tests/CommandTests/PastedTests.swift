import SystemIO
import Testing

/// `backroad import` without a kind, as a person at a terminal or a script meets it.
struct PastedTests {
  let backroad: Backroad

  init() throws {
    backroad = try Backroad()
    _ = try backroad("workspace add acme --client 10.1.0.0/16")
  }

  private static let line = "import --workspace acme --link one --endpoint 10.1.2.3"

  @Test(arguments: [
    ("wiki.corp.example\n", "+ wiki.corp.example", "taken for hosts inside a network"),
    (
      "Hi,\n- privatelink-account-url: ab1.us-east-1.privatelink.snowflakecomputing.com\n",
      "+ ab1.us-east-1.privatelink.snowflakecomputing.com", "taken for what Snowflake says of an account: it has keys"
    ),
    (
      "https://dbc-a1b2c3d4-e5f6.cloud.databricks.com/?o=12", "+ dbc-a1b2c3d4-e5f6.cloud.databricks.com",
      "taken for a workspace of Databricks"
    ),
    ("git@gitlab.corp.example:a/b.git\n", "+ gitlab.corp.example", "taken for a server for version control"),
  ]) func whatWasPastedBecomesALink(paste: String, host: String, why: String) throws {
    let outcome = try backroad(Self.line, input: paste)
    #expect(outcome.status == 0, "\(outcome.errors)")
    #expect(outcome.output.contains(host) && outcome.output.contains(why), "\(outcome.output)")
    #expect(try backroad("link show acme one").output.contains(host.dropFirst(2)))
  }

  @Test func aFileAndAURLAreTakenToo() throws {
    try backroad.write("mail.txt", "- Internal host name: wiki.corp.example\n")
    for paste in ["mail.txt", "./mail.txt", "https://wiki.corp.example/x"] {
      let outcome = try backroad("import --dry-run --workspace acme --link one --endpoint 10.1.2.3 \(paste)")
      #expect(outcome.status == 0 && outcome.output.contains("+ wiki.corp.example"), "\(paste): \(outcome.errors)")
    }
    let first = try backroad("import ./mail.txt --workspace acme --link one --endpoint 10.1.2.3")
    #expect(first.status == 0 && first.output.contains("+ wiki.corp.example"), "\(first.errors)")
  }

  /// Where two readings are possible the commands of both are named, and nothing is done.
  @Test func twoReadingsAskForTheKind() throws {
    let outcome = try backroad(
      Self.line,
      input: snowflakeConfig("ab12345") + "\nand the workspace https://dbc-a1b2c3d4-e5f6.cloud.databricks.com\n")
    #expect(outcome.status == 2)
    #expect(outcome.errors.contains("this can be read as what Snowflake says of an account ("), "\(outcome.errors)")
    let said = "--workspace acme --link one --endpoint 10.1.2.3"
    #expect(outcome.errors.contains("backroad import snowflake \(said) -, or backroad import "))
    #expect(outcome.errors.contains(" \(said) dbc-a1b2c3d4-e5f6.cloud.databricks.com"))
    #expect(try !backroad("link show acme one").errors.isEmpty)
    // They can be copied, whatever the file is called.
    try backroad.write("mail;reboot.txt", snowflakeConfig("ab12345") + "\ndbc-a1b2c3d4-e5f6.cloud.databricks.com\n")
    let named = try backroad("\(Self.line) mail;reboot.txt")
    #expect(named.errors.contains("backroad import snowflake \(said) 'mail;reboot.txt', or "), "\(named.errors)")
  }

  @Test func theEndpointMustBeOfTheServiceOfTheForm() throws {
    let form =
      "- VPC Endpoint Service Name: com.amazonaws.vpce.us-east-1.vpce-svc-0ffffffffffffffff\n- DNS record: wiki.corp.example\n"
    let outcome = try backroad("import --workspace acme --link one --endpoint \(endpoint)", input: form)
    #expect(outcome.status == 1 && outcome.errors.contains("what was pasted names com.amazonaws.vpce.us-east-1"))
  }

  @Test func anAddressBeforeTheHostsIsTheirs() throws {
    let outcome = try backroad(
      "import --workspace acme --link one --endpoint 10.9.9.9", input: "10.1.2.7 wiki.corp.example wiki\n")
    #expect(outcome.status == 0 && outcome.output.contains("to 10.9.9.9:"), "\(outcome.output)\(outcome.errors)")
  }

  @Test func whatIsNothingIsToldOf() throws {
    let outcome = try backroad(Self.line, input: "Hello\n")
    #expect(outcome.status == 1 && outcome.errors.contains("no host, form or export was found in it; paste "))
  }
}

import Foundation
import Testing

/// The operator's profile as commands take it, and the list for the customer that they end with.
struct ProfileCommandTests {
  let backroad: Backroad
  private static let profile = """
    { "operator": { "principals": ["111122223333"], "environments": { "us": { "region": "us-east-1", "cidrs": ["10.0.1.0/24"],
      "service-regions": ["us-east-1"] } }, "links-per-workspace": 1 } }
    """
  private static let git = "import hosts --workspace acme --link git --port 22 git.corp.example"

  init() throws {
    backroad = try Backroad()
    _ = try backroad("workspace add acme --client 10.1.0.0/16")
  }

  private func done(_ line: String) throws -> String {
    let outcome = try backroad(line)
    #expect(outcome.status == 0 && outcome.errors == "", "\(line): \(outcome.errors)")
    return outcome.output
  }

  @Test func anImportEndsWithWhatTheCustomerIsToDo() throws {
    try backroad.write("backroad.json", Self.profile)
    let list = """

      to send to the customer, for the environment us (us-east-1): the service is in this region:

      For the private link git (git.corp.example), please:
      1. Allow arn:aws:iam::111122223333:root as principal of the endpoint service.
      2. Let 10.0.1.0/24 in on TCP 22, in the security group of the load balancer, or switch "Enforce inbound rules on PrivateLink traffic" off there.
      3. Accept the connection of vpce-0a1b2c3d4e5f60718, as soon as it is shown as Pending Acceptance.

      """
    let imported = try done("\(Self.git) --endpoint \(endpoint)")
    #expect(imported.hasSuffix(list), "\(imported)")
    #expect(imported.contains("read as:\n  environment us (us-east-1): the service is in this region\n"))
    #expect(try done("link show acme git").hasSuffix(list))
    for line in ["link show acme git --json", "\(Self.git) --json"] {
      let json = try #require(JSONSerialization.jsonObject(with: Data(done(line).utf8)) as? [String: Any])
      let shown = try #require(json["checklist"] as? [String: Any])
      #expect(shown["environment"] as? String == "us")
      #expect((shown["items"] as? [[String: String]])?.map { $0["what"] } == ["principal", "network", "accept"])
    }
    #expect(try !done("link undo acme").contains("to send"))
    #expect(try done("link add acme new --service com.amazonaws.vpce.us-east-1.vpce-svc-1").contains("to send to the"))
    #expect(try done("link set-endpoint acme new 10.0.1.9").contains("to send to the customer, for the"))
    #expect(try !done("link remove acme new").contains("to send"))
  }

  /// Without a profile a line says where the list is.
  @Test func withoutAProfileTheListIsShortAndTheKeysAreNamed() throws {
    let imported = try done("\(Self.git) --endpoint \(endpoint)")
    #expect(imported.hasSuffix("\nwhat the customer is to do: backroad link show acme git\n"))
    #expect(try done("link show acme git").contains("1. Allow <\"principals\" of \"operator\" in backroad.json> as"))
  }

  /// By the rule for the zones folder: what merely lies here is of no matter to a folder that is named.
  @Test func theProfileIsThatOfTheConfigurationOfTheFolder() throws {
    let line = "\(Self.git) --endpoint \(endpoint.replacing("us-east-1", with: "ap-south-1"))"
    try backroad.write("other.json", Self.profile)
    #expect(try done("\(line) --dry-run").contains("1 added"))
    for flags in ["--config other.json", "--zones zones --config other.json"] {
      let outcome = try backroad("\(line) \(flags)")
      #expect(
        outcome.status == 1 && outcome.errors.contains("the service is in ap-south-1, and no environment of other.json")
      )
    }
    try backroad.write("backroad.json", Self.profile)
    #expect(try backroad(line).errors.contains("no environment of backroad.json takes services of it"))
    #expect(try done("\(line) --zones zones").contains("1 added"))
    let check = try backroad("check")
    #expect(check.status == 0 && check.output.contains("links/git.json: warning: the service is in ap-south-1"))
    #expect(try backroad("check --zones zones").output.contains("nothing is wrong"))
    #expect(try backroad("link add acme more").errors.contains("workspace acme has 1 link, and backroad.json allows 1"))
    try backroad.write("backroad.json", "{ \"operator\": { \"principals\": [\"x\"] } }")
    #expect(try backroad(Self.git).errors.contains("backroad.json:1:32: \"x\" is not a principal"))
  }
}

import Bounds
import Links
import Testing
import Text
import Wire

@Suite struct PortTests {
  private func link(_ name: String, in folder: WorkspaceFolder) throws -> Link { try folder.link(name) }

  private func importing(_ ports: [Int]?, into folder: WorkspaceFolder) throws -> Plan {
    var options = HostsImport.Options(LinkRequest("git", endpoint: try readEndpoint("10.9.0.4")))
    options.link.ports = ports
    return try HostsImport.plan([HostsImport.Item("git.corp.example")], file: nil, options: options, in: folder)
  }

  @Test func aLinkHasThePortsOfItsKindUnlessOthersAreStated() throws {
    let folder = workspace().after(
      try importSnowflake(#"{"privatelink-account-url":"kd1.us-east-1.privatelink.snowflakecomputing.com"}"#))
    var prod = try link("prod", in: folder)
    #expect(prod.ports == [80, 443])
    #expect(folder.text("links/prod.json")?.contains("ports") == false)
    // Certificate status is asked for at port 80, all else at 443.
    let ports = prod.main.hosts.map { "\($0.name.labels.count) \(prod.ports(of: $0))" }
    #expect(ports.sorted() == ["5 [443]", "6 [80]"])
    prod.statedPorts = [8443]
    #expect(prod.main.hosts.allSatisfy { prod.ports(of: $0) == [8443] })
    #expect(LinkKind.named("later") == nil)
  }

  @Test func anImportKeepsThePortsThatItDoesNotSay() throws {
    var folder = workspace().after(try importing([22, 443], into: workspace()))
    #expect(try link("git", in: folder).ports == [22, 443])
    #expect(try importing(nil, into: folder).changesNothing)
    let plan = try importing([7999], into: folder)
    #expect(plan.hosts.map(\.remark) == ["ports were 22, 443"])
    folder = folder.after(plan)
    #expect(try link("git", in: folder).ports == [7999])
    #expect(folder.text("links/git.json")?.contains("\"ports\": [7999]") == true)
  }

  @Test func moreThanTheMostPortsAreRefused() throws {
    let ports = (1...(Limits.Links.portsOfLink + 1)).map { "\($0)" }.joined(separator: ", ")
    let text = "{\"kind\": \"hosts\", \"ports\": [\(ports)], \"zones\": {}}"
    let found = refusal { _ = try LinkFileReader.read(Array(text.utf8), name: "git", file: "f") }
    #expect(found.contains("more than \(Limits.Links.portsOfLink) ports in one link"), "\(found)")
  }
}

import Links
import Testing
import Text
import Wire

/// The forms in which lists of hosts come: each is read with its places, and where its hosts lead.
@Suite struct HostsFormsTests {
  private func items(_ text: String) throws -> [HostsImport.Item] {
    try HostsImport.items(Array(text.utf8), file: "hosts")
  }

  private func plan(_ text: String, endpoint: String? = nil, addresses: [String] = []) throws -> Plan {
    var options = HostsImport.Options(LinkRequest("corp", endpoint: nil))
    if endpoint != nil || !addresses.isEmpty {
      options.link.endpoint = try Endpoint.read(endpoint, addresses: addresses).endpoint
    }
    return try HostsImport.plan(items(text), file: "hosts", options: options, in: workspace())
  }

  /// Two hosts at one address, in every form.
  static let forms = [
    "a.corp.example 10.0.0.5\nb.corp.example 10.0.0.5 # ours\n",
    "a.corp.example,10.0.0.5\r\nb.corp.example,10.0.0.5\r\n",
    "host,address\na.corp.example,10.0.0.5\nb.corp.example,10.0.0.5\n",
    "Owner;FQDN;IP Address\n\"Data; Berlin\";\"a.corp.example\";10.0.0.5\n\nx;b.corp.example;\"10.0.0.5\"\n",
    "# ours\nName\tIP\na.corp.example\t10.0.0.5\nb.corp.example\t10.0.0.5\n",
    "127.0.0.1 localhost\n10.0.0.5\ta.corp.example a\tb.corp.example\n",
    #"[{"host": "a.corp.example", "address": "10.0.0.5"}, {"host": "b.corp.example", "addresses": ["10.0.0.5"]}]"#,
    #"{"hosts": [{"host": "a.corp.example", "endpoint": "10.0.0.5"}, {"host": "b.corp.example", "endpoint": "10.0.0.5"}]}"#,
  ]

  @Test(arguments: forms) func everyFormLeadsWhereItSays(text: String) throws {
    let plan = try plan(text)
    #expect(plan.hosts.map { "\($0.host)" } == ["a.corp.example.", "b.corp.example."])
    #expect(plan.hosts.allSatisfy { $0.target?.addresses.map(\.description) == ["10.0.0.5"] })
    #expect(!plan.notes.contains { $0.contains("twice") })
  }

  @Test func hostsAloneAreReadFromEveryForm() throws {
    for text in [
      "a.corp.example b.corp.example", "hostname\na.corp.example\nb.corp.example",
      #"["a.corp.example", "b.corp.example"]"#,
    ] {
      #expect(try items(text).map(\.text) == ["a.corp.example", "b.corp.example"], "\(text)")
      #expect(try plan(text, addresses: ["10.0.0.9"]).count(.added) == 2)
    }
  }

  /// Both families of one host, as `/etc/hosts` has a line for each.
  @Test func allAddressesOfAHostCount() throws {
    let plan = try plan("10.0.0.5 a.corp.example\nfd00::5 a.corp.example\n")
    let after = workspace().after(plan)
    #expect(after.records("a.corp.example.zone") == ["a.corp.example. A 10.0.0.5", "a.corp.example. AAAA fd00::5"])
  }

  @Test func anEndpointsNameBesideAHostIsTheLinks() throws {
    for text in [
      "a.corp.example \(vpce)", "host,endpoint\na.corp.example,\(vpce)", "a.corp.example, \(vpce), 10.0.0.5",
    ] {
      #expect(try plan(text).hosts.map { $0.target?.name?.textWithoutFinalDot } == [vpce], "\(text)")
    }
    let pinned = try plan("a.corp.example 10.0.0.5", endpoint: vpce).hosts[0].target
    #expect(pinned?.textWithAddresses == "\(vpce) (10.0.0.5)")
  }

  /// What a machine's own file has beside what is a link's.
  @Test func theMachinesOwnNamesAreLeftOut() throws {
    let text = """
      127.0.0.1 localhost
      127.0.1.1 laptop.corp.example laptop
      ::1 ip6-localhost ip6-loopback
      ff02::1 ip6-allnodes
      10.0.0.5 a.corp.example a
      """
    let plan = try plan(text)
    #expect(plan.hosts.map { "\($0.host)" } == ["a.corp.example."])
    #expect(
      plan.leftOut.map(\.what) == [
        "localhost", "laptop.corp.example", "laptop", "ip6-localhost", "ip6-loopback", "ip6-allnodes", "a",
      ])
    #expect(plan.leftOut.last?.why.contains("short name") == true && plan.leftOut.last?.position?.line == 5)
    #expect(refusal { _ = try items("127.0.0.1 localhost\n") }.contains("no other host is named"))
  }

  /// A text, and what is said of it.
  static let mistakes = [
    ("10.0.0.5\n", "hosts:1:1: \"10.0.0.5\" is an address, not a host name"),
    ("a.corp.example b.corp.example 10.0.0.5\n", "hosts:1:31: \"10.0.0.5\" stands in a line with several hosts"),
    ("host,ip\na.corp.example,10.0.0\n", "hosts:2:16: \"10.0.0\" is not an IP address"),
    ("host,ip\n,10.0.0.5\n", "hosts:2:1: this row names no host"),
    ("{ \"a\": 1 }", "hosts:1:1: a list of hosts as JSON is"),
    ("[1]", "hosts:1:2: a host must be a string"),
    ("[{ \"address\": \"10.0.0.5\" }]", "hosts:1:2: this names no \"host\""),
    (
      "[{ \"host\": \"a.corp.example\", \"addres\": \"x\" }]",
      "hosts:1:30: unknown key \"addres\"; did you mean \"address\"?"
    ),
    ("[{ \"host\": \"a.corp.example\", \"endpoint\": \"vpce-1\" }]", "hosts:1:42: endpoint: \"vpce-1\" is an id"),
    ("[]", "hosts: the file names no host"),
  ]

  @Test(arguments: mistakes) func whatCannotBeReadIsToldWithItsPlace(text: String, message: String) {
    let said = refusal { _ = try plan(text) }
    #expect(said.hasPrefix(message), "\(said)")
  }

  /// A link leads to one endpoint; the remedy is a command.
  @Test func hostsThatLeadToSeveralPlacesAreALinkEach() throws {
    let said = refusal { _ = try plan("a.corp.example 10.0.0.5\nb.corp.example 10.0.0.6\n") }
    #expect(said.hasPrefix("the hosts lead to 2 places, and a link leads to one: make a link of each, as backroad"))
    #expect(
      said.hasSuffix(
        "as backroad import hosts --workspace acme --link corp-2 --address 10.0.0.6 b.corp.example; they are 10.0.0.5 "
          + "(a.corp.example), 10.0.0.6 (b.corp.example)"))
    let some = refusal { _ = try plan("a.corp.example 10.0.0.5\nb.corp.example\n") }
    #expect(some.hasPrefix("b.corp.example says not where it leads, and a.corp.example to 10.0.0.5"), "\(some)")
    #expect(try plan("a.corp.example 10.0.0.5\nb.corp.example\n", addresses: ["10.0.0.5"]).count(.added) == 2)
    let other = refusal { _ = try plan("a.corp.example 10.0.0.5\n", addresses: ["10.0.0.7"]) }
    #expect(other.contains("lead to 10.0.0.5 by the list, and to 10.0.0.7 by the command line; leave one"))
  }

  /// An import without a kind loses nothing of such a list.
  @Test(arguments: [
    "host,ip\na.corp.example,10.0.0.5\nb.corp.example,10.0.0.5\n",
    #"[{"host": "a.corp.example", "address": "10.0.0.5"}, {"host": "b.corp.example", "address": "10.0.0.5"}]"#,
  ]) func whatWasPastedKeepsWhereItsHostsLead(text: String) throws {
    let reading = try #require(try PastedReader.readings(Array(text.utf8), file: "-").first)
    // As the list that it is, or as the one address of all its lines.
    let isSaid = reading.flags.contains { $0.name == "--address" && $0.value == "10.0.0.5" }
    #expect(reading.kind == .hosts && (reading.input == Array(text.utf8)) != isSaid)
    let plain = try #require(try PastedReader.readings(Array("a.corp.example\nb.corp.example".utf8), file: "-").first)
    #expect(plain.input == nil)
  }

  @Test func aListOfAGitServerHasHostsAlone() throws {
    #expect(
      refusal { _ = try VCSImport.read(Array("ghe.corp.example 10.0.0.5\n".utf8), file: "f") }.hasPrefix(
        "f:1:1: \"ghe.corp.example\" has beside it where it leads"))
  }
}

import Links
import Testing
import Text
import Wire

/// Plans an import of a Git server.
func importVCS(
  _ hosts: [String], endpoint: String? = vpce, product: VCSProduct? = nil, subdomains: Bool = false,
  registry: String? = nil, pages: String? = nil, prune: Bool = false, in folder: WorkspaceFolder = workspace()
) throws -> Plan {
  let options = try options(endpoint, product, subdomains, registry, pages, prune)
  return try VCSImport.plan(.hosts(hosts.map { HostsImport.Item($0) }, file: nil), options: options, in: folder)
}

/// Plans an import of what a file holds.
func importFile(
  _ text: String, endpoint: String? = vpce, product: VCSProduct? = nil, subdomains: Bool = false,
  in folder: WorkspaceFolder = workspace()
) throws -> Plan {
  let options = try options(endpoint, product, subdomains, nil, nil, false)
  return try VCSImport.plan(VCSImport.read(Array(text.utf8), file: "form.txt"), options: options, in: folder)
}

private func options(
  _ endpoint: String?, _ product: VCSProduct?, _ subdomains: Bool, _ registry: String?, _ pages: String?, _ prune: Bool
) throws -> VCSImport.Options {
  var options = VCSImport.Options(LinkRequest("git", endpoint: try endpoint.map { try readEndpoint($0) }))
  options.product = product
  options.subdomains = subdomains
  options.registry = registry
  options.pages = pages
  options.link.prune = prune
  return options
}

private func hosts(_ plan: Plan) -> Set<String> { Set(plan.hosts.map { $0.host.textWithoutFinalDot }) }

/// The reference's form, with values in its fields.
private func form(
  type: String = "VCS Interface-type", service: String = serviceName, zone: String = "corp.example",
  record: String = "git",
  region: String = "us-east-1", environment: String = "US"
) -> String {
  """
  Subject: New Multi-Tenant PrivateLink Request
  - Type: \(type)
  - VPC Endpoint Service Name: \(service)
  - Custom DNS (if HTTPS)
      - Private hosted zone: \(zone)
      - DNS record: \(record)
  - VCS install AWS Region (for example, us-east-1, eu-west-2): \(region)
  - dbt AWS multi-tenant environment (US, EMEA, AU): \(environment)

  """
}

@Suite struct VCSImports {
  @Test func aServersHostIsAZoneOfItsOwn() throws {
    for product in [nil, VCSProduct.bitbucket, .azureDevOps, .gitlab, .github] {
      let plan = try importVCS(["git.corp.example"], endpoint: "\(vpce)=10.0.1.7", product: product)
      let after = workspace().after(plan)
      #expect(after.records("git.corp.example.zone") == ["git.corp.example. A 10.0.1.7"])
      #expect(after.files.keys.filter { $0.hasSuffix(".zone") }.sorted() == ["git.corp.example.zone", "\(vpce).zone"])
      let github = plan.nextSteps.contains { $0.contains("--product github --subdomains") }
      #expect(github == (product == .github))
    }
  }

  @Test func withSubdomainIsolationAllBelowTheHostLeadsThere() throws {
    let plan = try importVCS(["ghe.corp.example"], product: .github, subdomains: true)
    #expect(hosts(plan) == ["ghe.corp.example", "*.ghe.corp.example"])
    #expect(
      workspace().after(plan).records("ghe.corp.example.zone") == [
        "*.ghe.corp.example. CNAME \(vpce).", "ghe.corp.example. TYPE65401 \(vpce).",
      ])
    #expect(
      plan.notes == [
        "*.ghe.corp.example covers what subdomain isolation puts below the host (assets, avatars, codeload, gist, media, "
          + "pages, raw, render, reply, uploads), and whatever else is asked for there"
      ])
    let without = try importVCS(["ghe.corp.example"], subdomains: true)
    #expect(
      hosts(without) == hosts(plan) && without.notes.last == "the server is GitHub Enterprise Server, as the flags say")
  }

  @Test func gitLabHasItsRegistryAndItsPages() throws {
    let plan = try importVCS(
      ["gitlab.corp.example"], endpoint: "\(vpce)=10.0.1.7", product: .gitlab, registry: "registry.gitlab.corp.example",
      pages: "*.pages.corp.example")
    let after = workspace().after(plan)
    #expect(after.records("gitlab.corp.example.zone") == ["gitlab.corp.example. A 10.0.1.7"])
    #expect(after.records("registry.gitlab.corp.example.zone") == ["registry.gitlab.corp.example. A 10.0.1.7"])
    #expect(
      after.records("pages.corp.example.zone") == [
        "*.pages.corp.example. CNAME \(vpce).", "pages.corp.example. A 10.0.1.7",
      ])
    #expect(after.text("links/git.json")?.contains("[\"registry\"]") == true)
    // Another registry takes the place of the one before; hosts that are not named stay.
    let next = try importVCS(
      ["new.corp.example"], endpoint: "\(vpce)=10.0.1.7", registry: "reg.corp.example", in: after)
    #expect(
      next.hosts.filter { $0.change == .removed }.map(\.host.textWithoutFinalDot) == ["registry.gitlab.corp.example"])
    #expect(next.count(.kept) == 3 && next.count(.added) == 2)
  }

  @Test func sshAloneNeedsNoNames() throws {
    let step = "Git over SSH alone needs no names: ssh://git@\(vpce)/GROUP/REPOSITORY.git works without them"
    #expect(try importVCS(["git.corp.example"]).nextSteps == [step])
    #expect(try importVCS(["git@git.corp.example:group/a.git"]).nextSteps[0].hasSuffix("known_hosts stays as it is"))
    #expect(refusal { _ = try importVCS([]) }.contains("for Git over SSH alone no name is needed"))
    let plan = try importFile(form(zone: "", record: "n/a"))
    #expect(plan.hosts.isEmpty && plan.nextSteps == [step])
    let after = workspace().after(plan)
    #expect(after.text("links/git.json")?.contains("\"service\": \"\(serviceName)\"") == true)
    #expect(after.files.keys.sorted() == ["links/git.json", "workspace.json"])
    #expect(try importFile(form(zone: "", record: "n/a"), in: after).changesNothing)
  }

  @Test(arguments: [
    "https://git.corp.example/group/a.git", "git@git.corp.example:group/a.git", "git.corp.example:8443",
    "ssh://git@git.corp.example:22/group/a.git", "https://me:hunter2@git.corp.example/group/a.git", "GIT.corp.example.",
  ]) func takesTheURLsOfRepositories(text: String) throws {
    let plan = try importVCS([text])
    #expect(hosts(plan) == ["git.corp.example"] && !plan.text(server: "").contains("hunter2"))
    #expect(
      plan.notes.count == 1
        && plan.notes[0].hasPrefix(text.hasSuffix(":8443") ? "the ports are " : "git.corp.example, without "))
  }

  @Test(arguments: [
    ("github.com", "your own GitHub Enterprise Server"), ("ssh.github.com", "your own GitHub Enterprise Server"),
    ("https://github.com/acme/a.git", "your own GitHub Enterprise Server"), ("acme.ghe.com", "your own GitHub"),
    ("git@gitlab.com:acme/a.git", "your own GitLab, its external_url"), ("registry.gitlab.com", "your own GitLab"),
    ("bitbucket.org", "your own Bitbucket Data Center"), ("acme.atlassian.net", "your own Bitbucket Data Center"),
    ("dev.azure.com", "your own Azure DevOps Server"), ("acme.visualstudio.com", "your own Azure DevOps Server"),
    ("accounts.cloud.databricks.com", "backroad import databricks --workspace acme --link git URL"),
    ("xy12345.us-east-1.snowflakecomputing.com", "backroad import snowflake --workspace acme --link git CONFIG"),
    (
      "acme-git.com",
      "backroad import hosts --workspace acme --link git --zone acme-git.com --miss forward acme-git.com"
    ),
    (
      "*.acme-git.com",
      "backroad import hosts --workspace acme --link git --zone acme-git.com --miss forward"
    ),
    (vpce, "which goes to --endpoint"), (serviceName, "write the host that Git clients use"),
    ("10.0.0.7", "write the host's name: git.corp.example"), ("git corp", "write the host's name: git.corp.example"),
    ("https://me:hunter2@github.com/a.git", "your own GitHub Enterprise Server"),
  ]) func refusesWithWhatToGiveInstead(text: String, remedy: String) {
    let messages = [
      refusal { _ = try importVCS([text]) }, refusal { _ = try importFile("git.corp.example\n\(text)\n") },
      refusal { _ = try importVCS(["git.corp.example"], registry: text) },
      refusal { _ = try importVCS(["git.corp.example"], pages: text) },
    ]
    for (index, message) in messages.enumerated() where index != 1 || !text.contains(" ") {
      #expect(message.contains(remedy) && !message.contains("hunter2"), "\(message)")
    }
  }

  @Test func flagsThatDoNotGoTogetherAreRefused() {
    #expect(
      refusal { _ = try importVCS(["a.corp.example"], product: .gitlab, subdomains: true) }.contains("--product github")
    )
    #expect(
      refusal { _ = try importVCS(["a.corp.example"], product: .github, registry: "r.corp.example") }.contains(
        "--subdomains"))
    #expect(
      refusal { _ = try importVCS(["a.corp.example"], product: .bitbucket, pages: "p.corp.example") }.contains(
        "--product gitlab"))
    #expect(refusal { _ = try importVCS(["a.corp.example"], subdomains: true, pages: "p.corp.example") } != "")
    #expect(refusal { _ = try importVCS(["a.corp.example"], registry: "*.r.corp.example") }.contains("name one host"))
  }
}

@Suite struct VCSForms {
  @Test(arguments: [
    ("corp.example", "git", ["git.corp.example"]), ("corp.example", "git.corp.example", ["git.corp.example"]),
    ("corp.example.", "GIT.corp.example. CNAME", ["git.corp.example"]), ("", "git.corp.example", ["git.corp.example"]),
    ("git.corp.example", "", ["git.corp.example"]), ("git.corp.example", "@", ["git.corp.example"]),
    ("ghe.corp.example", "@, *", ["ghe.corp.example", "*.ghe.corp.example"]),
    ("ghe.corp.example", "ghe.corp.example and *.ghe.corp.example", ["ghe.corp.example", "*.ghe.corp.example"]),
    ("corp.example", "https://git.corp.example", ["git.corp.example"]),
    ("corp.example", "git.corp.example <https://git.corp.example/>", ["git.corp.example"]),
    ("`corp.example`", "\"git\"; `wiki`", ["git.corp.example", "wiki.corp.example"]),
  ]) func aRecordInAZoneIsAHost(zone: String, record: String, expected: [String]) throws {
    let plan = try importFile(form(zone: zone, record: record))
    #expect(hosts(plan) == Set(expected), "\(hosts(plan))")
    #expect(plan.files.map(\.path).contains("corp.example.zone") == false)
    #expect(workspace().after(plan).text("links/git.json")?.contains("\"service\": \"\(serviceName)\"") == true)
  }

  /// As mail programs, wikis and people change it.
  @Test(arguments: [
    "\u{feff}" + form(), form().replacingEach("\n", with: "\r\n"), form().replacingEach("\n", with: "\n> "),
    form().replacingEach("- ", with: "* "), form().replacingEach("- ", with: "• "),
    form().replacingEach("- ", with: ""), form().replacingEach(": ", with: ":\u{a0}"),
    form().replacingEach(": ", with: ":\n        "),
    form().replacingEach("- ", with: "- **").replacingEach(": ", with: ":** "),
    form().uppercased(), "Hello,\n\nplease see below:\n" + form() + "\nThanks\nJo: the customer\n",
    form(environment: ""),
    form(region: ""), form(type: ""),
  ]) func readsTheFormHoweverItCame(text: String) throws {
    let plan = try importFile(text)
    #expect(hosts(plan) == ["git.corp.example"] && plan.notes.contains("the form of a link to a Git server"))
  }

  @Test func aListOfHostsIsNoForm() throws {
    let plan = try importFile("# ours\ngit.corp.example, *.ghe.corp.example\nghe.corp.example # two\n")
    #expect(hosts(plan) == ["git.corp.example", "ghe.corp.example", "*.ghe.corp.example"])
    #expect(hosts(try importFile("git.corp.example\n", subdomains: true)).count == 2)
    #expect(
      refusal { _ = try importFile("git.corp.example\nbad..example\n") }.hasPrefix("form.txt:2:1: \"bad..example\" is"))
  }

  @Test(arguments: [
    (form(service: "", zone: "", record: ""), "the form is not filled in: it says neither a service nor a host"),
    (form(service: "vpce-svc-0123456789abcdef0"), "is not the name of one endpoint service"),
    (form(service: vpce), "is not the name of one endpoint service"),
    (form(service: "<your service>"), "is not the name of one endpoint service"),
    (form(record: "git.other.example"), "is not in the private hosted zone corp.example"),
    (form(record: "xcorp.example"), "is not in the private hosted zone corp.example"),
    (form(zone: "corp.example, other.example"), "is one zone too many"),
    (form(record: "<record>"), "still holds the placeholder"), (form(zone: "<zone>"), "still holds the placeholder"),
    (form(type: "Redshift Interface-type"), "is not of a Git server; use backroad import redshift"),
    (form(type: "Snowflake"), "use backroad import snowflake"),
    (form(region: "eu-west-1"), "says the region \"eu-west-1\", and its service is in us-east-1"),
    (form(zone: "github.com", record: "@"), "your own GitHub Enterprise Server"),
    (form() + "- DNS record: wiki\n", "\"DNS record\" is given twice, first in line 6"),
    ("\0", "is not plain text"), ("\u{7}a", "is not plain text"), ("", "names no host"),
  ]) func refusesWithThePlaceAndWhatToDo(text: String, why: String) {
    let message = refusal { _ = try importFile(text) }
    #expect(message.contains(why), "\(message)")
    #expect(message.hasPrefix("form.txt"))
  }

  @Test func theServiceAndTheEndpointAgree() throws {
    let other = "vpce-0a1b2c3d4e5f60718-abcdefgh.vpce-svc-0ffffffffffffffff.us-east-1.vpce.amazonaws.com"
    #expect(
      refusal { _ = try importFile(form(), endpoint: other) }.contains("the endpoint is of vpce-svc-0ffffffffffffffff"))
    let region = "vpce-0a1b2c3d4e5f60718-abcdefgh.vpce-svc-0123456789abcdef0.eu-west-1.vpce.amazonaws.com"
    #expect(refusal { _ = try importFile(form(), endpoint: region) }.contains("the endpoint's name says eu-west-1"))
    // The endpoint may be there before the form, and the form before the endpoint.
    let before = workspace().after(try importVCS(["wiki.corp.example"], endpoint: other))
    #expect(refusal { _ = try importFile(form(), endpoint: nil, in: before) }.contains("the form is for the service"))
    let requested = workspace().after(try importFile(form(), endpoint: nil))
    #expect(requested.files.keys.sorted() == ["links/git.json", "workspace.json"])
    let then = requested.after(try importVCS(["git.corp.example"], in: requested))
    #expect(then.text("links/git.json") == workspace().after(try importFile(form())).text("links/git.json"))
  }
}

/// The traps of section 5 that a Git server's hosts can fall into, by their number and name in the reference.
@Suite struct VCSTraps {
  @Test func trap05AFieldTwice() {
    #expect(refusal { _ = try importFile(form() + "- Private hosted zone: b.example\n") }.contains("given twice"))
    #expect(throws: Never.self) { try importFile(form() + "- Private hosted zone: corp.example\n") }
  }

  @Test(arguments: [serviceName, "vpce-svc-0123456789abcdef0", "arn:aws:iam::998877665544:root", vpce])
  func trap06IdsAreNeverHosts(id: String) {
    #expect(refusal { _ = try importVCS([id]) } != "")
  }

  @Test(arguments: ["<host>.corp.example", "your-company.example", "git.xxxxx.example", "${host}.corp.example"])
  func trap07Placeholders(text: String) {
    #expect(refusal { _ = try importVCS([text]) }.contains("still holds the placeholder"))
  }

  @Test func trap09WildcardsThatStopEarly() throws {
    let plan = try importVCS(["ghe.corp.example", "a.b.ghe.corp.example"], subdomains: true)
    #expect(plan.warnings.contains { $0.message.contains("*.ghe.corp.example does not answer for b.ghe.corp.example") })
  }

  @Test func trap12NoZoneOfTheCustomersWholeDomain() throws {
    let plan = try importFile(form(zone: "corp.example", record: "git"))
    #expect(plan.files.map(\.path).sorted() == ["git.corp.example.zone", "links/git.json"])
  }

  @Test func trap13And14WhatStandsBesideACNAME() throws {
    let plan = try importVCS(["ghe.corp.example"], subdomains: true)
    #expect(workspace().after(plan).records("ghe.corp.example.zone").contains("ghe.corp.example. TYPE65401 \(vpce)."))
    #expect(refusal { _ = try importVCS(["git.corp.example"], endpoint: "git.corp.example") }.contains("a loop: git"))
  }

  @Test(arguments: [
    "github.com", "ssh.github.com", "gitlab.com", "dev.azure.com", "bitbucket.org", "snowflakecomputing.com",
    "xy12345.us-east-1.snowflakecomputing.com", "acme-prod.snowflakecomputing.cn", "a.snowflake.app",
    "cloud.databricks.com", "dbc-a1b2c3d4-e5f6.cloud.databricks.com", "adb-1.2.azuredatabricks.net",
    "1.2.gcp.databricks.com", "acme.blob.core.windows.net", "storage.googleapis.com", "s3.us-east-1.amazonaws.com",
    "bucket.s3.us-east-1.amazonaws.com", "bucket.s3.amazonaws.com", "sts.us-east-1.amazonaws.com", "GitHub.com.",
  ]) func trap15AnEndpointThatIsAVendorsPublicName(name: String) {
    for flag in ["--endpoint", "--stage-endpoint"] {
      for argument in [name, "\(name)=10.0.0.7"] {
        let message = refusal { _ = try Endpoint.read(argument, flag: flag) }
        #expect(message.hasPrefix("\(flag): \"\(name)\" is a public name"), "\(message)")
        #expect(message.contains("give the DNS name of the VPC endpoint (vpce-….vpce.amazonaws.com)"))
      }
    }
  }

  /// Private names below a vendor's domain, and names that only look like a vendor's.
  @Test(arguments: [
    "xy12345.us-east-1.privatelink.snowflakecomputing.com", "acme.privatelink.blob.core.windows.net",
    "nvirginia.privatelink.cloud.databricks.com", "mygithub.com", "github.com.corp.example", "lb.corp.example",
    "internal-lb-1.us-east-1.elb.amazonaws.com", "db.abc123.us-east-1.rds.amazonaws.com",
  ]) func otherNamesMayBeEndpoints(name: String) throws {
    #expect(try Endpoint.read(name).warnings.count == 1)
  }

  @Test func anIdIsNoEndpoint() {
    let id = "sf-pvlinksvc-x.1.westeurope.azure.privatelinkservice"
    #expect(refusal { _ = try readEndpoint(id) }.contains("give the private endpoint's address with --address"))
  }
}

extension String {
  fileprivate func replacingEach(_ old: String, with new: String) -> String {
    var rest = self[...]
    var made = ""
    while let range = rest.firstRange(of: old) {
      made += rest[..<range.lowerBound] + new
      rest = rest[range.upperBound...]
    }
    return made + rest
  }
}

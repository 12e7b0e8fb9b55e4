import Links
import Testing
import Text
import Wire
import Workspaces

/// What `"public": true` of a link allows, and what it does not.
@Suite struct PublicLinkTests {
  private func choices(public isPublic: Bool = false, replacing: Bool = false) -> LinkChoices {
    var choices = LinkChoices()
    (choices.isPublic, choices.replaces) = (isPublic ? true : nil, replacing)
    return choices
  }

  private func guards(_ folder: WorkspaceFolder) throws -> LinkGuards {
    let (workspace, problems) = Workspace.loadLinked(try #require(folder.source), in: WorkspaceSetting())
    return try #require(workspace, "\(problems)").guards
  }

  /// Its names may lead to what is public once it leads anywhere, and to nobody before.
  @Test func aPublicLinkWithoutAnEndpointIsHeldClosed() throws {
    let hosts = ["git.corp.example"]
    let asked = workspace().after(try importHosts(hosts, link: "pub", endpoint: nil, choices: choices(public: true)))
    #expect(try guards(asked).entry(for: Name("git.corp.example"))?.closure == .noEndpoint)
    let there = asked.after(
      try importHosts(hosts, link: "pub", endpoint: "git.elsewhere.example", choices: choices(public: true), in: asked))
    #expect(try guards(there).entry(for: Name("git.corp.example")) == nil)
    // A link that is only asked for closes no name of one that is there.
    let both = there.after(try importHosts(hosts, link: "later", endpoint: nil, in: there))
    #expect(try guards(both).entry(for: Name("git.corp.example")) == nil)
  }

  /// What may be public is told by whoever may end it, and of the link alone that a plan is of.
  @Test func thereIsAWayBack() throws {
    var folder = workspace().after(
      try importHosts(["a.corp.example"], link: "pub", endpoint: "203.0.113.7", choices: choices(public: true)))
    let warning = try #require(LinkUpdate.problems(in: folder).first)
    #expect(warning.message.contains("backroad link set-endpoint acme pub --no-public ends that"), "\(warning)")
    // It is no news in the plan of another link, nor is what else is so of that one alone.
    folder = folder.after(try importHosts(["corp.example"], link: "domain", endpoint: "10.0.0.1", in: folder))
    #expect(LinkUpdate.problems(in: folder).count == 2)
    #expect(try importHosts(["b.corp.example"], link: "other", endpoint: "10.0.0.1", in: folder).warnings == [])
    let own = try importHosts(["c.corp.example"], link: "pub", endpoint: nil, in: folder).warnings
    #expect(own.count == 1 && own[0].message.contains("--no-public"), "\(own)")
    var ends = LinkChoices()
    ends.isPublic = false
    let refused = refusal { _ = try LinkUpdate.endpoint(nil, of: "pub", choices: ends, in: folder) }
    #expect(refused.contains("the endpoint's address 203.0.113.7 is not private"), "\(refused)")
    let plan = try LinkUpdate.endpoint(readEndpoint("10.0.0.7"), of: "pub", choices: ends, in: folder)
    #expect(plan.warnings == [] && plan.hosts.first?.remark == "was 203.0.113.7, no longer public")
    #expect(try !folder.after(plan).link("pub").isPublic)
  }

  /// Whoever puts another link in its place says anew that it may be public.
  @Test func aReplacementIsNotPublicBecauseTheLinkBeforeWas() throws {
    let open = workspace().after(
      try importHosts(["a.corp.example"], link: "l", endpoint: "x.elsewhere.example", choices: choices(public: true)))
    #expect(try open.link("l").isPublic)
    let kept = open.after(try importHosts(["b.corp.example"], link: "l", endpoint: nil, in: open))
    #expect(try kept.link("l").isPublic)
    let replaced = open.after(
      try importHosts(
        ["b.corp.example"], link: "l", endpoint: "y.elsewhere.example", choices: choices(replacing: true), in: open))
    #expect(try !replaced.link("l").isPublic)
  }
}

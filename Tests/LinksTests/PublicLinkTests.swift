import Links
import Testing
import Text
import Wire
import Workspaces

/// What `"public": true` of a link allows, and what it does not.
@Suite struct PublicLinkTests {
  private func choices(public isPublic: Bool = false, replacing: Bool = false) -> LinkChoices {
    var choices = LinkChoices()
    (choices.isPublic, choices.replaces) = (isPublic, replacing)
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

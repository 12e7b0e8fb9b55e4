#if DEBUG
  import Glibc
  import Synchronization
  import SystemIO
  import Testing
  import Workspaces

  @testable import Storage

  /// A change that root makes in somebody else's folder: whatever the owner plants there, and at whichever moment, no file of
  /// others changes owner, mode or content, and what the owner gets is theirs.
  struct HandOverTests {
    private static let owner: uid_t = 54_321
    let folder: TemporaryZones
    let name: WorkspaceName
    private var zones: String { folder.zones.path }

    init() throws {
      folder = try TemporaryZones()
      name = try workspace("acme")
      for file in ["workspace.json", "a.zone", "links/x.json", "notes/n.txt"] { try folder.write("acme/\(file)", file) }
      try Files.create("\(folder.path)/secret", Array("secret".utf8))
      unsafe #expect(chmod("\(folder.path)/secret", 0o600) == 0)  // unsafe: the call reads the path.
      try Files.makeFolder("\(folder.path)/private")
      unsafe #expect(chmod("\(folder.path)/private", 0o700) == 0)  // unsafe: the call reads the path.
      for path in ["", "/workspace.json", "/a.zone", "/links", "/links/x.json", "/notes", "/notes/n.txt"] {
        // unsafe: the call reads the path.
        unsafe #expect(geteuid() != 0 || chown("\(zones)/acme\(path)", Self.owner, Self.owner) == 0)
      }
    }

    private static let isRoot = geteuid() == 0
    private static let changes: [[String: String?]] = [
      ["a.zone": "new"], ["a.zone": "new", "b.zone": "new", "links/x.json": nil, "links/y.json": "new"],
      ["b.zone": "new"], ["a.zone": nil],
    ]

    /// Everything of others that a link could lead to.
    private func others() throws -> [Files.Access?] {
      try ["secret", "private", "zones", ""].map { try Files.access("\(folder.path)/\($0)") }
    }

    @Test(.enabled(if: isRoot, "only root gives files to others"), arguments: changes)
    func whatIsWrittenIsTheOwners(changes: [String: String?]) throws {
      let before = try others()
      try folder.zones.withLock { lock in
        _ = try lock.commit(.texts(changes), to: folder.zones.contents(of: name))
      }
      #expect(try others() == before)
      var paths = ["", "/links", "/notes"]
      if changes["a.zone"] != .some(nil) { paths.append("/a.zone") }
      for path in paths {
        #expect(try Files.access("\(zones)/acme\(path)")?.isOwned(by: Self.owner) == true, "\(path)")
      }
    }

    /// Before each call in turn the owner puts links in the place of everything that is theirs by then, in the folder and in
    /// what stands beside it under a dot, as far as they may reach into that.
    @Test(.enabled(if: isRoot, "only root gives files to others"), arguments: changes)
    func linksPlantedAtEachStepLeadNowhere(changes: [String: String?]) throws {
      let counting = FaultPlan()
      let model = try HandOverTests()
      try counting.run {
        try model.folder.zones.withLock { lock in
          _ = try lock.commit(.texts(changes), to: model.folder.zones.contents(of: name))
        }
      }
      for number in 1...counting.calls.count {
        let place = try HandOverTests()
        let before = try place.others()
        let plan = FaultPlan(beforeCall: number) { place.plant() }
        let said = problem {
          try plan.run {
            try place.folder.zones.withLock { lock in
              _ = try lock.commit(.texts(changes), to: place.folder.zones.contents(of: place.name))
            }
          }
        }
        let what: Comment = "before call \(number), \(counting.calls[number - 1]): \(said)"
        #expect(try place.others() == before, what)
        #expect(try Files.read("\(place.folder.path)/secret", maximumSize: 100) == Array("secret".utf8), what)
        #expect(try Files.list("\(place.folder.path)/private") == [], what)
      }
    }

    /// What the owner of the workspace can do: everything in folders that are theirs, and nothing elsewhere.
    private func plant() {
      for entry in (try? Files.list(zones)) ?? [] where entry.contains("acme") { plant("\(zones)/\(entry)") }
    }

    private func plant(_ path: String) {
      guard let access = try? Files.access(path), access.isOwned(by: Self.owner),
        (try? Files.identity(path, followsLinks: false))?.kind == .folder
      else { return }
      for entry in (try? Files.list(path)) ?? [] {
        let full = "\(path)/\(entry)"
        let isFolder = (try? Files.identity(full, followsLinks: false))?.kind == .folder
        try? Files.removeAll(full)
        try? Files.symbolicLink(to: isFolder ? "\(folder.path)/private" : "\(folder.path)/secret", at: full)
      }
      try? Files.symbolicLink(to: "\(folder.path)/secret", at: "\(path)/b.zone")
    }
  }
#endif

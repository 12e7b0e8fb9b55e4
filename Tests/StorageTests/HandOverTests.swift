#if DEBUG
  import Glibc
  import Synchronization
  import Testing
  import Workspaces

  @testable import Storage
  @testable import SystemIO

  /// A change that root makes in somebody else's folder: whatever the owner plants there, and at whichever moment, no file of
  /// others changes owner, mode or content, and what the owner gets is theirs.
  struct HandOverTests {
    private static let owner: uid_t = 54_321
    let folder: TemporaryZones
    let name: WorkspaceName
    private var zones: String { folder.zones.path }

    init() throws { try self.init(.links) }

    private init(_ attack: Attack) throws {
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
      guard attack != .links else { return }
      unsafe #expect(geteuid() != 0 || chown(zones, Self.owner, Self.owner) == 0)  // unsafe: the call reads the path.
    }

    private static let isRoot = geteuid() == 0
    private static let changes: [[String: String?]] = [
      ["a.zone": "new"], ["a.zone": "new", "b.zone": "new", "links/x.json": nil, "links/y.json": "new"],
      ["b.zone": "new"], ["a.zone": nil], ["sub/n.txt": "new", "sub/sub/n.txt": "new", "links/y.json": "new"],
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
      for path in ["."] + (try folder.listing("\(zones)/acme").keys.sorted()) {
        #expect(try Files.access("\(zones)/acme/\(path)")?.owner == Self.owner, "\(path)")
      }
    }

    @Test(.enabled(if: isRoot, "only root gives files to others"))
    func aNewWorkspaceIsTheirsWhoHaveTheZonesFolder() throws {
      unsafe #expect(chown(zones, Self.owner, Self.owner) == 0)  // unsafe: the call reads the path.
      try folder.zones.withLock { lock in
        _ = try lock.addWorkspace(workspace("globex"), files: ["workspace.json": [], "links/a.json": []])
      }
      for path in ["", "/workspace.json", "/links", "/links/a.json"] {
        #expect(try Files.access("\(zones)/globex\(path)")?.owner == Self.owner, "\(path)")
      }
    }

    /// Who may write their own folder, and not the one that it stands in, is not told to get the right to that one.
    @Test(arguments: [changes[0], changes[1]]) func whoMayNotWriteTheZonesFolderIsToldWhatThatRightIs(
      changes: [String: String?]
    ) throws {
      let counting = FaultPlan()
      try HandOverTests().commit(changes, counting)
      // The file or folder that the next state begins with.
      let made = try #require(
        counting.calls.firstIndex { call in
          (call.hasPrefix("openat ") || call.hasPrefix("mkdirat ")) && call.contains(".acme.staging-")
        })
      let said = problem { try commit(changes, FaultPlan(failing: made + 1, .error(EACCES))) }
      #expect(said.contains("a change of a workspace is built in"), "\(said)")
      #expect(said.contains("or edit the files by hand"), "\(said)")
    }

    /// What the owner of a workspace does to have root work on what is not theirs.
    enum Attack: CaseIterable {
      /// Puts links in the place of all that is theirs.
      case links
      /// Has the zones folder too, and puts links in the place of what is built there.
      case linksInZones
      /// Has the zones folder too, and puts folders of their own in the place of what is built there.
      case foldersInZones
    }

    /// Before each call in turn the owner plants what they can, in the folder and in what stands beside it under a dot, as
    /// far as they may reach into that.
    @Test(.enabled(if: isRoot, "only root gives files to others"), arguments: changes, Attack.allCases)
    func whatIsPlantedAtEachStepLeadsNowhere(changes: [String: String?], attack: Attack) throws {
      let counting = FaultPlan()
      try HandOverTests(attack).commit(changes, counting)
      for number in 1...counting.calls.count {
        let place = try HandOverTests(attack)
        let before = try place.others()
        let planted = Mutex<[Int32]>([])
        defer { planted.withLock { $0.forEach { close($0) } } }
        let plan = FaultPlan(beforeCall: number) {
          switch attack {
          case .links: place.plant()
          case .linksInZones: place.plantInZones { path, isFolder in place.plantLink(path, isFolder) }
          case .foldersInZones:
            place.plantInZones { path, _ in
              guard let raw = Self.plantFolder(path) else { return }
              planted.withLock { $0.append(raw) }
            }
          }
        }
        let said = problem { try place.commit(changes, plan) }
        let what: Comment = "before call \(number), \(counting.calls[number - 1]): \(said)"
        #expect(try place.others() == before, what)
        #expect(try Files.read("\(place.folder.path)/secret", maximumSize: 100) == Array("secret".utf8), what)
        #expect(try Files.list("\(place.folder.path)/private") == [], what)
        for raw in planted.withLock({ $0 }) { #expect(try Files.list("/proc/self/fd/\(raw)") == [], what) }
      }
    }

    /// Until then nobody but root may look into what is built.
    @Test(.enabled(if: isRoot, "only root gives files to others"))
    func whatIsBuiltIsHandedOverWhenItIsWhole() throws {
      let changes = Self.changes[1]
      let counting = FaultPlan()
      try HandOverTests().commit(changes, counting)
      let exchange = try #require(counting.calls.firstIndex { $0.hasPrefix("renameat2 ") }) + 1
      for number in 1...exchange {
        let place = try HandOverTests()
        let seen = Mutex<[String]>([])
        let plan = FaultPlan(beforeCall: number) {
          guard let name = try? Files.list(place.zones).first(where: { $0.hasPrefix(".acme.staging") }),
            let access = try? Files.access("\(place.zones)/\(name)"), !access.isOwnAlone
          else { return }
          seen.withLock { $0 = Self.paths("\(place.zones)/\(name)") }
        }
        try place.commit(changes, plan)
        let whole = Self.paths("\(place.zones)/acme")
        #expect(seen.withLock { $0.isEmpty || $0 == whole }, "before call \(number), \(counting.calls[number - 1])")
      }
    }

    private func commit(_ changes: [String: String?], _ plan: FaultPlan) throws {
      try plan.run {
        try folder.zones.withLock { lock in
          _ = try lock.commit(.texts(changes), to: folder.zones.contents(of: name))
        }
      }
    }

    /// Every path below a folder, with whether it is the owner's.
    private static func paths(_ path: String, _ shown: String = "") -> [String] {
      ((try? Files.list(path)) ?? []).flatMap { entry in
        let isOwners = (try? Files.access("\(path)/\(entry)"))?.owner == owner
        return ["\(shown)\(entry) \(isOwners)"] + paths("\(path)/\(entry)", "\(shown)\(entry)/")
      }
    }

    // MARK: What the owner does

    /// Everything in folders that are theirs, and nothing elsewhere.
    private func plant() {
      for entry in (try? Files.list(zones)) ?? [] where entry.contains("acme") { plant("\(zones)/\(entry)") }
    }

    private func plant(_ path: String) {
      guard let access = try? Files.access(path), access.owner == Self.owner, Self.isFolder(path) else { return }
      for entry in (try? Files.list(path)) ?? [] {
        let full = "\(path)/\(entry)"
        let isFolder = Self.isFolder(full)
        try? Files.removeAll(full)
        plantLink(full, isFolder)
      }
      try? Files.symbolicLink(to: "\(folder.path)/secret", at: "\(path)/b.zone")
    }

    private func plantLink(_ path: String, _ isFolder: Bool) {
      try? Files.symbolicLink(to: "\(folder.path)/\(isFolder ? "private" : "secret")", at: path)
    }

    /// Moves away what is built beside the workspace, and has something else put in its place.
    private func plantInZones(_ body: (_ path: String, _ isFolder: Bool) -> Void) {
      for entry in (try? Files.list(zones)) ?? [] where entry.hasPrefix(".acme") {
        let path = "\(zones)/\(entry)"
        let isFolder = Self.isFolder(path)
        try? Files.rename(path, to: "\(zones)/moved")
        body(path, isFolder)
      }
    }

    private static func plantFolder(_ path: String) -> Int32? {
      guard (try? Files.makeFolder(path)) != nil else { return nil }
      // unsafe: the calls read the path.
      guard unsafe chown(path, owner, owner) == 0 else { return nil }
      let raw = unsafe open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
      return raw < 0 ? nil : raw
    }

    private static func isFolder(_ path: String) -> Bool {
      (try? Files.identity(path, followsLinks: false))?.kind == .folder
    }
  }
#endif

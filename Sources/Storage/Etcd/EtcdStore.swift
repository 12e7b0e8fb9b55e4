import Bounds
import Fleet
import SystemIO
import Text
import Workspaces

/// Workspaces in etcd: their files are keys, in the folder's layout, below the store's prefix.
///
/// Every change of a workspace is one transaction, which holds only while nobody has changed the workspace since it was read.
public struct EtcdStore: Store {
  private let address: StoreAddress
  let keys: StoreKeys
  private let client: EtcdClient
  private let by: String
  private let command: String

  /// - Parameters:
  ///   - by: who changes it: the user and the machine.
  ///   - command: by which command, without its operands.
  public init(_ address: StoreAddress, _ credentials: StoreCredentials?, by: String, command: String) {
    self.init(address, EtcdClient(address, credentials), by: by, command: command)
  }

  init(_ address: StoreAddress, _ client: EtcdClient, by: String, command: String) {
    self.address = address
    self.client = client
    self.by = by
    self.command = command
    keys = StoreKeys(prefix: address.prefix)
  }

  /// The address, as it can be read again.
  public var path: String { "\(address)" }
  /// The address and the workspace's name: it is no path of etcd's own.
  public func path(of name: WorkspaceName) -> String { "\(address)/\(name)" }

  // MARK: The store itself

  /// True when the store has Backroad's form.
  ///
  /// - Throws: when it has another.
  public func exists() throws(Problem) -> Bool { try client.hasForm(keys, of: path) }

  /// Writes which form the keys have.
  public func make() throws(Problem) {
    let key = keys.octets(of: .format)
    let transaction = EtcdTransaction(
      [.unchanged(key, since: 0)], success: [.put(key, Array(StoreKeys.format.utf8))])
    _ = try send(transaction, what: path, isFirst: true)
  }

  /// Leaves the store as it is.
  public func unmake() {
    // An empty store is as good as none, and somebody may have begun to fill it.
  }

  /// Nothing: etcd answers once a change lasts.
  public func settle() -> [Problem] { [] }

  /// Keys that are none of Backroad's where only its own are to be.
  public func faults(_ names: [WorkspaceName]) throws(Problem) -> [Problem] {
    var problems: [Problem] = []
    try forEachKey(keys.all) { key in
      // Those of workspaces are told of with the workspace.
      if case .bad(nil, let reason) = keys.read(key) {
        problems.append(Problem(file: shown(key), severity: .warning, "this is not looked at: \(reason)"))
      }
    }
    return problems
  }

  // MARK: Reading

  /// The names of all workspaces, of one moment.
  public func workspaceNames() throws(Problem) -> [WorkspaceName] {
    guard try exists() else { throw missing }
    var names: [WorkspaceName] = []
    try forEachKey(keys.workspaces) { key in
      if let name = workspace(of: key), names.last != name { names.append(name) }
    }
    return names
  }

  /// True when there is any file of the workspace.
  public func contains(_ name: WorkspaceName) throws(Problem) -> Bool {
    guard try exists() else { throw missing }
    // One of two may say who changed it last, which makes no workspace.
    return try ask(.range(keys.workspace(name), limit: 2, keysOnly: true)).keyValues
      .contains { workspace(of: $0.key) == name }
  }

  /// A workspace's files of one revision.
  public func readable(of name: WorkspaceName) throws(Problem) -> (contents: WorkspaceContents, problems: [Problem]) {
    let (folder, range) = (path(of: name), keys.workspace(name))
    // As much as whoever follows the store takes of one.
    let most = Limits.Following.octetsOfWorkspace
    var (entries, octets, revision): ([EtcdKeyValue], Int, Int64) = ([], 0, 0)
    do throws(EtcdClient.Failure) {
      revision = try client.read(range, keysOnly: false) { entry in
        entries.append(entry)
        octets += entry.key.count - range.start.count + entry.value.count
        return octets <= most
      }
    } catch {
      throw error.problem(of: path, prefix: keys.prefix)
    }
    guard octets <= most else {
      throw Problem(file: folder, "more than \(most >> 20) MiB together, which no server takes; delete keys of it")
    }
    var files: [String: [UInt8]] = [:]
    var revisions: [String: Int64] = [:]
    var problems: [Problem] = []
    for entry in entries {
      switch keys.read(entry.key) {
      case .key(.file(name, let path)):
        guard !entry.valueIsTooLong else {
          problems.append(Problem(file: "\(folder)/\(path)", "larger than etcd takes; split the zone"))
          continue
        }
        files[path] = entry.value
        revisions[path] = entry.modRevision
      case .bad(_, let reason): problems.append(Problem(file: shown(entry.key), "\(reason); delete the key"))
      case .key, .foreign: break
      }
    }
    if files.isEmpty, problems.isEmpty {
      guard try exists() else { throw missing }
      throw try noWorkspace(name)
    }
    let contents = WorkspaceContents(
      name: name, folder: folder, files: files,
      standing: .etcd(EtcdStanding(revisions: revisions, revision: revision)))
    return (contents, problems)
  }

  /// A workspace's settings as they are now.
  public func settings(of name: WorkspaceName) throws(Problem) -> [UInt8]? {
    try ask(.range(.key(keys.octets(of: .file(name, path: WorkspaceFile.fileName))))).keyValues.first?.value
  }

  /// The paths of a workspace's keys, whatever they are called.
  public func files(of name: WorkspaceName) throws(Problem) -> [String] {
    let start = keys.octets(of: .file(name, path: "")).count
    var (files, octets): ([String], Int) = ([], 0)
    do throws(EtcdClient.Failure) {
      _ = try client.read(keys.workspace(name), keysOnly: true) { entry in
        octets += entry.key.count
        if workspace(of: entry.key) == name {
          files.append(String(decoding: entry.key.dropFirst(start), as: UTF8.self))
        }
        return octets <= Limits.Fleet.octetsOfPage
      }
    } catch {
      throw error.problem(of: path, prefix: keys.prefix)
    }
    guard octets <= Limits.Fleet.octetsOfPage else {
      throw Problem(file: path(of: name), "more than \(Limits.Fleet.octetsOfPage >> 20) MiB of names")
    }
    return files
  }

  // MARK: Changing

  /// Makes a change by one transaction.
  ///
  /// - Throws: who came before, where somebody did: what the change was worked out from is no longer so.
  public func commit(
    _ changes: [String: [UInt8]?], to contents: WorkspaceContents, beforeWaiting wait: () -> Void
  ) throws(Problem) -> [Problem]? {
    guard case .etcd(let standing) = contents.standing else { return nil }
    let real = changes.filter { contents.files[$0.key] != $0.value }
    guard !real.isEmpty else { return [] }
    let name = contents.name
    var transaction = EtcdTransaction(success: [])
    // Every change writes the settings anew, so whoever changes the workspace finds out by this key alone; the others are
    // held to it too, for those who write keys by hand.
    for path in Set(real.keys).union([WorkspaceFile.fileName]).sortedByOctets() {
      transaction.comparisons.append(.unchanged(key(name, path), since: standing.revisions[path] ?? 0))
    }
    for path in real.keys.sortedByOctets() {
      guard let content = real[path] else { continue }
      transaction.success.append(content.map { .put(key(name, path), $0) } ?? .delete(.key(key(name, path))))
    }
    if real[WorkspaceFile.fileName] == nil, let settings = contents.files[WorkspaceFile.fileName] {
      transaction.success.append(.put(key(name, WorkspaceFile.fileName), settings))
    }
    let isDone = try commit(transaction, of: name, since: standing.revision, what: contents.folder)
    guard isDone else { throw try overtaken(name, "nothing was changed; look at it, and run the command again") }
    return []
  }

  /// Makes a workspace by one transaction, of many files by several, of which the last makes it one.
  public func add(
    _ name: WorkspaceName, beforeWaiting wait: () -> Void, _ files: () throws -> [String: [UInt8]]?
  ) throws -> [Problem] {
    // Whose client a prefix is must not be decided by two at once.
    let claims = keys.octets(of: .claims)
    let before = try ask(.range(.key(claims), keysOnly: true))
    guard try !contains(name) else { throw exists(name) }
    guard let files = try files() else { return [] }
    var transaction = EtcdTransaction(
      [
        .unchanged(claims, since: before.keyValues.first?.modRevision ?? 0),
        .unchanged(key(name, WorkspaceFile.fileName), since: 0),
      ], success: [.put(claims, Array("\(name)".utf8))])
    // The settings make it a workspace, so they come last, and what one transaction does not hold comes before.
    let paths = files.keys.filter { !$0.isSame(as: WorkspaceFile.fileName) }.sortedByOctets()
    let first = try putAhead(paths, of: files, name)
    for path in paths.dropFirst(first) + [WorkspaceFile.fileName] {
      if let content = files[path] { transaction.success.append(.put(key(name, path), content)) }
    }
    if try commit(transaction, of: name, since: before.message.revision, what: path(of: name)) { return [] }
    if first > 0, try settings(of: name) == nil { try clear(name) }
    guard try !contains(name) else { throw exists(name) }
    throw Problem(file: path, "another workspace was added at the same time; nothing was changed; run it again")
  }

  /// Puts those files of a workspace that one transaction does not hold, by their number or their octets; nobody takes them
  /// for a workspace.
  ///
  /// - Returns: how many of the paths are there.
  private func putAhead(
    _ paths: [String], of files: [String: [UInt8]], _ name: WorkspaceName
  ) throws(Problem) -> Int {
    // Beside them a transaction holds the settings, the note and the claims.
    let room = Limits.Fleet.operationsOfTransaction - 3
    let octets = Limits.Fleet.octetsOfTransaction
    func size(_ path: String) -> Int { path.utf8.count + (files[path]?.count ?? 0) }
    var rest = paths.reduce(size(WorkspaceFile.fileName)) { $0 + size($1) }
    var first = 0
    while first < paths.count, paths.count - first > room || rest > octets {
      // What is larger alone goes alone.
      var part = paths[first...first]
      var sum = size(paths[first])
      while part.count < room, part.endIndex < paths.count, sum + size(paths[part.endIndex]) <= octets {
        sum += size(paths[part.endIndex])
        part = paths[first...part.endIndex]
      }
      rest -= sum
      let transaction = EtcdTransaction(
        [.unchanged(key(name, WorkspaceFile.fileName), since: 0)],
        success: part.map { .put(key(name, $0), files[$0] ?? []) })
      guard try send(transaction, what: path(of: name)).message.succeeded else { throw exists(name) }
      first += part.count
    }
    return first
  }

  /// Removes what was put ahead of a workspace that did not come to be.
  private func clear(_ name: WorkspaceName) throws(Problem) {
    let transaction = EtcdTransaction(
      [.unchanged(key(name, WorkspaceFile.fileName), since: 0)], success: [.delete(keys.workspace(name))])
    _ = try send(transaction, what: path(of: name))
  }

  /// Removes a workspace by one transaction.
  public func remove(
    _ name: WorkspaceName, beforeWaiting wait: () -> Void, if isWanted: () -> Bool
  ) throws(Problem) -> [Problem] {
    guard try contains(name) else { throw try noWorkspace(name) }
    let settings = key(name, WorkspaceFile.fileName)
    let before = try ask(.range(.key(settings), keysOnly: true)).keyValues.first?.modRevision ?? 0
    guard isWanted() else { return [] }
    let transaction = EtcdTransaction(
      [.unchanged(settings, since: before)], success: [.delete(keys.workspace(name))])
    let answer = try send(transaction, what: path(of: name))
    if answer.message.succeeded { return [] }
    // Sent again it cannot hold, if it did the first time.
    if answer.mayHaveHappenedBefore, try !contains(name) { return [] }
    throw try overtaken(name, "nothing was removed; look at it, and run the command again")
  }

  /// Makes a change of a workspace, with a note of who made it.
  ///
  /// - Parameter revision: when the workspace was read.
  /// - Returns: false where somebody changed it since.
  private func commit(
    _ transaction: EtcdTransaction, of name: WorkspaceName, since revision: Int64, what: String
  ) throws(Problem) -> Bool {
    let note = try trying(to: "note who changes this", file: what) { () throws(SystemError) in
      try ChangeNote(by: by, command: command, at: System.wallClockSeconds())
    }
    var transaction = transaction
    transaction.success.append(.put(keys.octets(of: .change(name)), note.octets))
    let answer = try send(transaction, what: what)
    if answer.message.succeeded { return true }
    // Sent again it cannot hold, if it did the first time.
    guard answer.mayHaveHappenedBefore else { return false }
    return try lookUp(what) { () throws(Problem) in try isMade(note, of: name, since: revision) }
  }

  /// Reads what came of a change that may have been made.
  private func lookUp<Found>(_ what: String, _ read: () throws(Problem) -> Found) throws(Problem) -> Found {
    do throws(Problem) {
      return try read()
    } catch {
      throw Problem(file: what, "whether a change was made is not known: \(error.message)")
    }
  }

  /// True when the change of a note was made: it is the last one, or one before it since the workspace was read.
  private func isMade(_ note: ChangeNote, of name: WorkspaceName, since revision: Int64) throws(Problem) -> Bool {
    let key = keys.octets(of: .change(name))
    var at: Int64 = 0
    for _ in 0..<Limits.Fleet.changesLookedBack {
      guard let entry = try ask(.range(.key(key), revision: at)).keyValues.first, entry.modRevision > revision else {
        return false
      }
      if ChangeNote(entry.value)?.id.isSame(as: note.id) == true { return true }
      at = entry.modRevision - 1
    }
    throw Problem(
      file: path(of: name),
      "others have changed the workspace many times since; look at it")
  }

  /// That somebody came before.
  private func overtaken(_ name: WorkspaceName, _ remedy: String) throws(Problem) -> Problem {
    let entry = try ask(.range(.key(keys.octets(of: .change(name))))).keyValues.first
    let who = entry.flatMap { ChangeNote($0.value) }?.text(at: System.wallClockSeconds())
    return Problem(
      file: path(of: name), "this was changed\(who.map { " \($0)," } ?? "") while the change was worked out: \(remedy)")
  }

  // MARK: Asking

  /// Sends a transaction, which holds only in a store of this form: another program may have given it another meanwhile.
  ///
  /// - Parameter isFirst: it is the one that gives the store its form.
  /// - Throws: that the store has another form, too.
  private func send(
    _ transaction: EtcdTransaction, what: String, isFirst: Bool = false
  ) throws(Problem) -> EtcdClient.Answer {
    var transaction = transaction
    if !isFirst { transaction.comparisons.append(keys.hasForm) }
    let request: EtcdRequest
    do throws(EtcdTransaction.TooLarge) {
      request = try transaction.request()
    } catch {
      throw Problem(file: what, "\(error)")
    }
    let answer = try ask(request, what: what)
    if !isFirst, !answer.message.succeeded {
      let isStore =
        try answer.mayHaveHappenedBefore ? lookUp(what) { () throws(Problem) in try exists() } : exists()
      guard isStore else { throw missing }
    }
    return answer
  }

  func ask(_ request: EtcdRequest, what: String? = nil) throws(Problem) -> EtcdClient.Answer {
    do throws(EtcdClient.Failure) {
      return try client.ask(request)
    } catch {
      throw error.problem(of: what ?? path, prefix: keys.prefix)
    }
  }

  /// The keys of a range, in order. What a workspace has beyond the page that it begins in is passed over: it is known by one
  /// key, and may have more of them than all others together.
  private func forEachKey(_ range: KeyRange, _ body: ([UInt8]) -> Void) throws(Problem) {
    do throws(EtcdClient.Failure) {
      _ = try client.read(range, keysOnly: true, from: behind) {
        body($0.key)
        return true
      }
    } catch {
      throw error.problem(of: path, prefix: keys.prefix)
    }
  }

  /// Where to go on behind a key: at the end of the workspace that it stands below.
  private func behind(_ key: [UInt8]) -> [UInt8] {
    if let name = workspace(of: key) {
      let range = keys.workspace(name)
      // `ws/acme` names acme, too, and `ws/acme-1/` comes before `ws/acme/`.
      if key.starts(with: range.start), let end = range.end { return end }
    }
    return key + [0]
  }

  var missing: Problem {
    Problem(
      file: path, "there is no store of Backroad here; make one with backroad workspace add, or backroad store copy")
  }

  /// Whose file a key is; nil for one that is nobody's.
  private func workspace(of key: [UInt8]) -> WorkspaceName? {
    switch keys.read(key) {
    case .key(.file(let name, _)), .bad(let name?, _): name
    default: nil
    }
  }

  private func key(_ name: WorkspaceName, _ path: String) -> [UInt8] { keys.octets(of: .file(name, path: path)) }

  /// A key for a person.
  private func shown(_ key: [UInt8]) -> String { onOneLine("\(path) key \(String(decoding: key, as: UTF8.self))") }
}

/// How a workspace's keys stood when they were read.
struct EtcdStanding: Sendable {
  /// The revision of each file's last change, by its path.
  let revisions: [String: Int64]
  /// The store's revision.
  let revision: Int64
}

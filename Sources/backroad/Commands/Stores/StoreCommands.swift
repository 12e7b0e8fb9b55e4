import Links
import Storage
import Text
import Workspaces

/// `backroad store …`.
enum StoreCommands {
  static let commands = [copy, check]

  private static let prune = Flag("--prune", help: "remove workspaces from TO that FROM does not have")

  private static let copy = Command(
    words: ["store", "copy"], summary: "make the workspaces of one store those of another", operands: "FROM TO",
    operandCount: 2...2, flags: [prune, .storeUserFile, .config, .dryRun, .json],
    details: """
      FROM and TO are folders or etcd:http://HOST:PORT[,…][/PREFIX]. Each workspace that differs is shown and is changed
      whole; one that only TO has stays, unless --prune is given. A folder made so is a backup, and can be served as it is.
      """,
    examples: [
      "backroad store copy zones etcd:http://127.0.0.1:2379 --dry-run",
      "backroad store copy etcd:http://127.0.0.1:2379 /var/backups/zones",
    ],
    run: { arguments, console in
      let (from, to) = (
        try arguments.store(named: arguments.operands[0]), try arguments.store(named: arguments.operands[1])
      )
      guard from.path != to.path else { throw UsageError("FROM and TO are the same store") }
      let difference = try StoreDifference(from, to, prunes: arguments.has(prune), console)
      let isDryRun = arguments.has(.dryRun)
      if !arguments.has(.json) { console.print(difference.text(to: to, isDone: !isDryRun)) }
      if !isDryRun { try difference.carryOut(from, to, console) }
      if arguments.has(.json) { console.print(difference.json(isDone: !isDryRun).text) }
      return .done
    })

  private static let check = Command(
    words: ["store", "check"], summary: "find everything that is wrong in a store", operands: "STORE",
    operandCount: 1...1, flags: [CheckCommand.strict, .storeUserFile, .config, .json],
    details: "The same as backroad check --store STORE.",
    examples: ["backroad store check etcd:http://127.0.0.1:2379"],
    run: { arguments, console in
      try CheckCommand.check(arguments, try arguments.store(named: arguments.operands[0]), console)
    })
}

/// What makes one store's workspaces those of another.
private struct StoreDifference {
  enum Kind: String {
    case added
    case changed
    case removed
    case same
    /// The other store alone has it.
    case left
  }

  struct Line {
    let name: WorkspaceName
    let kind: Kind
    /// The files that differ.
    let files: Int
  }

  private(set) var lines: [Line] = []
  /// True when the other store is to be made first.
  private let isNew: Bool

  /// Compares two stores, a workspace at a time.
  ///
  /// - Parameter prunes: what only the other has goes.
  /// - Throws: when one of them, or a workspace of it, cannot be read.
  init(_ from: any Store, _ to: any Store, prunes: Bool, _ console: Console) throws(Problem) {
    guard try from.exists() else { throw Problem(file: from.path, "there is no store here to copy from") }
    isNew = try !to.exists()
    let names = try from.workspaceNames()
    let others = isNew ? [] : try to.workspaceNames()
    let progress = Progress()
    for (index, name) in names.enumerated() {
      progress.update("comparing \(index) of \(names.count) workspaces")
      let files = try from.contents(of: name).files
      guard others.contains(name) else {
        lines.append(Line(name: name, kind: .added, files: files.count))
        continue
      }
      let count = Self.changes(from: try to.contents(of: name).files, to: files).count
      lines.append(Line(name: name, kind: count == 0 ? .same : .changed, files: count))
    }
    for name in Set(others).subtracting(names) {
      lines.append(Line(name: name, kind: prunes ? .removed : .left, files: 0))
    }
    lines.sort { $0.name < $1.name }
  }

  private static func changes(from old: [String: [UInt8]], to new: [String: [UInt8]]) -> [String: [UInt8]?] {
    var changes: [String: [UInt8]?] = [:]
    for (path, content) in new where old[path] != content { changes[path] = .some(content) }
    for path in old.keys where new[path] == nil { changes[path] = .some(nil) }
    return changes
  }

  /// Carries it out, a workspace at a time, each as it is by then.
  func carryOut(_ from: any Store, _ to: any Store, _ console: Console) throws {
    if isNew {
      try to.make()
      for problem in to.settle() { console.problem(problem) }
    }
    let progress = Progress()
    for (index, line) in lines.enumerated() {
      progress.update("copying \(index) of \(lines.count) workspaces")
      var warnings: [Problem] = []
      switch line.kind {
      case .same, .left: continue
      case .added:
        let files = try from.contents(of: line.name).files
        warnings = try to.add(line.name, beforeWaiting: to.tellOfWaiting(console)) { files }
      case .changed:
        let files = try from.contents(of: line.name).files
        warnings = try to.change(line.name, isDryRun: false, waitingOn: console) { contents in
          (Self.changes(from: contents.files, to: files), ())
        }.warnings
      case .removed: warnings = try to.remove(line.name, beforeWaiting: to.tellOfWaiting(console)) { true }
      }
      for warning in warnings { console.problem(warning) }
    }
  }

  private func count(_ kind: Kind) -> Int { lines.count { $0.kind == kind } }

  /// For a person.
  func text(to store: any Store, isDone: Bool) -> String {
    var text = isNew ? "+ \(onOneLine(store.path))\n" : ""
    for line in lines {
      switch line.kind {
      case .added: text += "+ \(line.name) (\(counted(line.files, "file")))\n"
      case .changed: text += "~ \(line.name) (\(counted(line.files, "file")))\n"
      case .removed: text += "- \(line.name)\n"
      case .left: text += "  \(line.name) is only in \(onOneLine(store.path)), and stays; --prune removes it\n"
      case .same: break
      }
    }
    return text
      + "\(isDone ? "" : "would be: ")\(count(.added)) added, \(count(.changed)) changed, \(count(.removed)) removed, \(count(.same)) the same\n"
  }

  /// For programs.
  func json(isDone: Bool) -> JSON {
    [
      "done": JSON(.bool(isDone)),
      "workspaces": .array(
        lines.map { ["workspace": .string("\($0.name)"), "is": .string($0.kind.rawValue), "files": .number($0.files)] }),
    ]
  }
}

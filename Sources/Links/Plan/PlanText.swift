import Bounds
import Text
import Wire
import Zones

extension Plan {
  /// The plan for a terminal.
  ///
  /// - Parameters:
  ///   - server: how `dig` is told of the server.
  ///   - isDone: true after the files were written.
  ///   - maximumLines: the most lines of each list; of more hosts those that change come first.
  public func text(server: String, isDone: Bool = false, maximumLines: Int = Limits.Links.planLines) -> String {
    var text = onOneLine("workspace \(workspace), link \(link): \(summary)") + "\n"
    func add(_ title: String, _ lines: [String]) { text += section(title, lines, maximumLines) }
    // What goes from a link without an endpoint was held closed, and is not any more.
    let isFreed = { (host: HostChange) in host.change == .removed && host.target == nil }
    add("held closed before", hosts.filter(isFreed).map(line))
    for target in targets {
      let hosts = hosts.filter { $0.target == target && !isFreed($0) }
      let isCut = hosts.count > maximumLines
      let shown = isCut ? hosts.filter { $0.change != .kept } + hosts.filter { $0.change == .kept } : hosts
      add(target.map { "to \($0.textWithAddresses)" } ?? "held closed until there is an endpoint", shown.map(line))
    }
    add("what zones do with names that they lack", misses.map(\.text))
    add("left out", leftOut.filter { !$0.isForReview }.map { "\(place($0))\($0.what): \($0.why)" })
    add("for you to look at", leftOut.filter(\.isForReview).map { "\(place($0))\($0.what): \($0.why)" })
    add("read as", notes)
    add("warnings", warnings.map(\.descriptionWithoutSeverity))
    add("files", files.map { "\(change($0).rawValue) \($0.path)" })
    add("next", steps(server))
    if changesNothing {
      text += "\nNothing changes.\n"
    } else if !isDone {
      text += "\nNothing was written.\n"
    }
    return text
  }

  /// The endpoints that hosts lead to, in the order of the hosts.
  private var targets: [Endpoint?] {
    var targets: [Endpoint?] = []
    for host in hosts where !targets.contains(host.target) { targets.append(host.target) }
    return targets
  }

  private var summary: String {
    headline
      ?? [Change.added, .changed, .removed, .kept].map { "\(count($0)) \($0.word)" }.joined(separator: ", ")
  }

  private func line(_ host: HostChange) -> String {
    let remark = host.remark.map { "  (\($0))" } ?? ""
    return "\(host.change.rawValue) \(host.host.textWithoutFinalDot)\(remark)"
  }

  private func place(_ left: LeftOut) -> String { left.position.map { "line \($0.line): " } ?? "" }

  private func change(_ file: FileChange) -> Change {
    file.content == nil ? .removed : existing.contains(file.path) ? .changed : .added
  }

  private func steps(_ server: String) -> [String] {
    let dig = proof.map { ["from a client of \(workspace): dig \(server) \(word: $0.textWithoutFinalDot)"] } ?? []
    return nextSteps + dig
  }

  private func section(_ title: String, _ lines: [String], _ maximumLines: Int) -> String {
    guard !lines.isEmpty else { return "" }
    let omitted = lines.count - maximumLines
    return "\n\(onOneLine(title)):\n" + lines.prefix(maximumLines).map { "  \(onOneLine($0))\n" }.joined()
      + (omitted > 0 ? "  and \(omitted) more; --all shows them\n" : "")
  }

  /// The plan for programs.
  ///
  /// - Parameter server: how `dig` is told of the server.
  public func json(server: String) -> JSON {
    let json: JSON = [
      "workspace": .string(workspace),
      "link": .string(link),
      "changes": JSON(.bool(!changesNothing)),
      "hosts": .array(
        hosts.map { host in
          var members: [(String, JSON)] = [
            ("change", .string(host.change.word)), ("host", .string(host.host.textWithoutFinalDot)),
            ("target", host.target.map { .string($0.text) } ?? nil),
            ("addresses", .array((host.target?.addresses ?? []).map { .string($0.description) })),
            ("sources", .array(host.sources.map { .string($0) })),
          ]
          if let remark = host.remark { members.append(("remark", .string(remark))) }
          return .object(members)
        }),
      "leftOut": .array(
        leftOut.map { left in
          [
            "what": .string(left.what), "why": .string(left.why), "review": JSON(.bool(left.isForReview)),
            "line": left.position.map { .number($0.line) } ?? nil,
          ]
        }),
      "notes": .array(notes.map { .string($0) }),
      "warnings": .array(warnings.map { .string($0.descriptionWithoutSeverity) }),
      "files": .array(
        files.map { ["path": .string($0.path), "change": .string(change($0).word)] }),
      "next": .array(steps(server).map { .string($0) }),
    ]
    var more = cloud.map { [JSON.Member("aws", $0)] } ?? []
    if !misses.isEmpty {
      let changes = misses.map { miss -> JSON in
        [
          "zone": .string(miss.zone.textWithoutFinalDot), "was": miss.was.map { .string($0.rawValue) } ?? nil,
          "now": miss.now.map { .string($0.rawValue) } ?? nil,
        ]
      }
      more.append(JSON.Member("misses", .array(changes)))
    }
    return more.isEmpty ? json : JSON(.object(JSON.Object((json.asObject?.members ?? []) + more)))
  }
}

extension Problem {
  /// For a list that says already that these are warnings.
  var descriptionWithoutSeverity: String { Problem(file: file, position: position, message).description }
}

import Text
import Wire

// Checks that look from one name to another: delegations, and what records point to.
extension ZoneChecker {
  /// What stands below delegations and DNAMEs, where nothing of the zone is answered.
  func checkDescendants(_ tree: ZoneTree) {
    let glue = glueNodes(tree)
    var cut: ZoneTree.Node?
    var redirection: ZoneTree.Node?
    // In canonical order a name's descendants follow it at once, and the first that is not one has no more labels.
    for (index, node) in tree.nodes.enumerated() where node.marks.contains(.exists) {
      let labelCount = records.names.labelCount(of: node.name)
      if let above = redirection, labelCount <= records.names.labelCount(of: above.name) { redirection = nil }
      if let above = cut, labelCount <= records.names.labelCount(of: above.name) { cut = nil }
      guard !node.sets.isEmpty else { continue }
      if let above = redirection, let dname = tree.set(.dname, of: above) {
        note(
          firstRecord(node, tree),
          "\(name(node.name)) is below the DNAME of \(name(above.name))\(line(Int(dname.first))), which redirects it "
            + "(RFC 6672 §2.4): remove one")
      } else if tree.set(.dname, of: node) != nil {
        redirection = node
      }
      if cut == nil, node.marks.contains(.delegation) { cut = node }
      if let cut { checkBelow(cut, node, isGlue: glue.contains(index), tree) }
    }
  }

  /// At a delegation only NS and DS are the zone's; at and below it, addresses of name servers are glue (RFC 1034 §4.2.1).
  private func checkBelow(_ cut: ZoneTree.Node, _ node: ZoneTree.Node, isGlue: Bool, _ tree: ZoneTree) {
    let isCut = node.name == cut.name
    guard let delegation = tree.set(.ns, of: cut) else { return }
    for set in tree.sets(of: node) {
      let isDelegation = isCut && (set.type == .ns || set.type == .ds)
      if isDelegation || (isGlue && (set.type == .a || set.type == .aaaa)) { continue }
      if isCut, set.type == .dname {
        note(
          Int(set.first),
          "\(name(node.name)) has both NS\(line(Int(delegation.first))) and DNAME (RFC 6672 §2.3): remove one")
      } else {
        note(
          Int(set.first),
          "\(name(node.name)) \(label(set.type)) is never answered: \(name(cut.name)) is delegated"
            + line(Int(delegation.first)),
          .warning)
      }
    }
  }

  /// The nodes that are name servers.
  private func glueNodes(_ tree: ZoneTree) -> Set<Int> {
    var nodes: Set<Int> = []
    for node in tree.nodes where !node.sets.isEmpty {
      for index in tree.set(.ns, of: node).map(tree.members) ?? [] {
        let (target, missing) = records.target(of: records.entries[Int(index)])
        if missing == 0, let place = tree.node(of: target) { nodes.insert(place) }
      }
    }
    return nodes
  }

  /// What NS, MX, SRV, CNAME and ALIAS point to, where that is in the zone.
  func checkTargets(_ tree: ZoneTree) {
    // What stands below a delegation is never answered, which was told already.
    for node in tree.nodes where !node.sets.isEmpty && !node.marks.contains(.isBelowCut) {
      for set in tree.sets(of: node) {
        guard let offset = targetOffset(set.type) else { continue }
        for index in tree.members(of: set) { checkTarget(of: Int(index), at: offset, tree) }
      }
    }
  }

  /// Where in the data the name stands that should lead to addresses.
  private func targetOffset(_ type: RecordType) -> Int? {
    switch type {
    case .ns, .cname, .alias: 0
    case .mx: 2
    case .srv: 6
    default: nil
    }
  }

  private func checkTarget(of index: Int, at offset: Int, _ tree: ZoneTree) {
    let entry = records.entries[index]
    let type = entry.type
    let (target, missing) = records.target(of: entry, at: offset)
    // The root as a target says that there is none.
    guard target != NameTree.root || missing > 0,
      let place = tree.place(of: target, missing: missing, records.names)
    else { return }
    // Put together only for a problem: most records have none.
    var what: String { "\(name(entry.owner)) \(label(type)): \(records.targetName(of: entry, at: offset))" }
    let isElsewhere = place.isBelowCut
    // Where the zone's answer ends, addresses can still stand as glue, and nothing else is known.
    let node = (isElsewhere ? place.node : place.answering).map { tree.nodes[$0] }
    let severity: Problem.Severity = type == .ns ? .error : .warning
    if type == .cname || type == .alias {
      if !isElsewhere, !isPartial, !place.exists, node == nil {
        note(
          index, "\(what) is in this zone but has no records: add them, or the final dot if one is missing", .warning)
      }
    } else if !isElsewhere, let cname = node.flatMap({ tree.set(.cname, of: $0) }) {
      let rule = type == .srv ? "RFC 2782" : "RFC 2181 §10.3"
      note(index, "\(what) is a CNAME\(line(Int(cname.first))), which \(type) must not point to (\(rule))", severity)
    } else if !isPartial, type == .ns || !isElsewhere, !hasAddress(node, orAlias: type != .ns, tree) {
      note(
        index, "\(what) is in this zone but has no address: add its A or AAAA, or the final dot if one is missing",
        severity)
    }
  }

  private func hasAddress(_ node: ZoneTree.Node?, orAlias: Bool, _ tree: ZoneTree) -> Bool {
    guard let node else { return false }
    let types: [RecordType] = orAlias ? [.a, .aaaa, .alias] : [.a, .aaaa]
    return types.contains { tree.set($0, of: node) != nil }
  }

  /// CNAMEs and ALIASes that lead back to themselves within the zone, and DNAMEs to below themselves.
  func checkLoops(_ tree: ZoneTree) {
    var isDone = [Bool](repeating: false, count: tree.nodes.count)
    for start in tree.nodes.indices where !tree.nodes[start].sets.isEmpty {
      checkRedirection(tree.nodes[start], tree)
      var path: [Int] = []
      var next: Int? = start
      while let at = next, !isDone[at] {
        isDone[at] = true
        path.append(at)
        next = aliasRecord(tree.nodes[at], tree).flatMap { index in
          let (target, missing) = records.target(of: records.entries[index])
          return tree.place(of: target, missing: missing, records.names)?.answering
        }
      }
      if let next, let loop = path.firstIndex(of: next) { noteLoop(path[loop...], tree) }
    }
  }

  private func checkRedirection(_ node: ZoneTree.Node, _ tree: ZoneTree) {
    guard let dname = tree.set(.dname, of: node) else { return }
    let entry = records.entries[Int(dname.first)]
    let labelCount = records.names.labelCount(of: node.name)
    guard records.names.ancestor(of: records.target(of: entry).name, labelCount: labelCount) == node.name else {
      return
    }
    note(
      Int(dname.first),
      "the DNAME of \(name(node.name)) leads to \(records.targetName(of: entry)), at or below itself: a loop without end"
    )
  }

  private func noteLoop(_ loop: ArraySlice<Int>, _ tree: ZoneTree) {
    let links = loop.compactMap { node in
      aliasRecord(tree.nodes[node], tree).map { (owner: tree.nodes[node].name, index: $0) }
    }
    guard let (owner, index) = links.first else { return }
    let type = label(records.entries[index].type)
    guard links.count > 1 else {
      note(index, "\(name(owner)) \(type) leads to itself: point it to another name")
      return
    }
    let shown = links.prefix(8).map { name($0.owner) } + [links.count > 8 ? "…" : name(owner)]
    note(index, "\(name(owner)) \(type) leads back to itself: \(shown.joined(separator: " → "))")
  }

  /// The record that sends a question for the node's addresses to another name.
  private func aliasRecord(_ node: ZoneTree.Node, _ tree: ZoneTree) -> Int? {
    (tree.set(.cname, of: node) ?? tree.set(.alias, of: node)).map { Int($0.first) }
  }

  private func firstRecord(_ node: ZoneTree.Node, _ tree: ZoneTree) -> Int {
    Int(tree.sets(of: node).lazy.map(\.first).min() ?? 0)
  }
}

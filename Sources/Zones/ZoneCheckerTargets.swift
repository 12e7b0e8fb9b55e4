import Text
import Wire

// Checks that look from one name to another: delegations, and what records point to.
extension ZoneChecker {
  /// What stands below delegations and DNAMEs, where nothing of the zone is answered.
  func checkDescendants(_ tree: RecordTree) {
    let glue = glueNames(tree)
    var cut: RecordTree.Node?
    var redirection: RecordTree.Node?
    // In canonical order a name's descendants follow it at once.
    for node in tree.nodes {
      if let above = redirection, node.owner.isSubdomain(of: above.owner), let dname = tree.set(.dname, of: above) {
        let first = firstRecord(node, tree)
        note(
          first,
          "\(node.owner) is below the DNAME of \(above.owner)\(line(dname.first)), which redirects it (RFC 6672 §2.4): "
            + "remove one")
      } else if tree.set(.dname, of: node) != nil {
        redirection = node
      }
      if cut.map({ node.owner.isSubdomain(of: $0.owner) }) != true {
        cut = node.owner != tree.apex && tree.set(.ns, of: node) != nil ? node : nil
      }
      if let cut { checkBelow(cut, node, glue, tree) }
    }
  }

  /// At a delegation only NS and DS are the zone's; at and below it, addresses of name servers are glue (RFC 1034 §4.2.1).
  private func checkBelow(_ cut: RecordTree.Node, _ node: RecordTree.Node, _ glue: Set<Name>, _ tree: RecordTree) {
    let isCut = node.owner == cut.owner
    guard let delegation = tree.set(.ns, of: cut) else { return }
    for set in tree.sets(of: node) {
      let isDelegation = isCut && (set.type == .ns || set.type == .ds)
      let isGlue = (set.type == .a || set.type == .aaaa) && glue.contains(node.owner)
      if isDelegation || isGlue { continue }
      if isCut, set.type == .dname {
        note(set.first, "\(node.owner) has both NS\(line(delegation.first)) and DNAME (RFC 6672 §2.3): remove one")
      } else {
        note(
          set.first,
          "\(node.owner) \(label(set.type)) is never answered: \(cut.owner) is delegated\(line(delegation.first))",
          .warning)
      }
    }
  }

  private func glueNames(_ tree: RecordTree) -> Set<Name> {
    var names: Set<Name> = []
    for node in tree.nodes {
      for index in tree.set(.ns, of: node).map(tree.members) ?? [] {
        if let target = RecordData.name(in: records[Int(index)].record.data), target.isSubdomain(of: tree.apex) {
          names.insert(target)
        }
      }
    }
    return names
  }

  /// What NS, MX, SRV, CNAME and ALIAS point to, where that is in the zone.
  func checkTargets(_ tree: RecordTree) {
    let isBelowCut = tree.nodesBelowCuts
    for (index, node) in tree.nodes.enumerated() where !isBelowCut[index] {
      // What stands below a delegation is never answered, which was told already.
      for set in tree.sets(of: node) {
        guard let offset = targetOffset(set.type) else { continue }
        for index in tree.members(of: set).lazy.map({ Int($0) }) {
          guard let target = RecordData.name(in: records[index].record.data, at: offset) else { continue }
          guard target.isSubdomain(of: tree.apex), !target.isRoot else { continue }
          checkTarget(target, of: index, tree)
        }
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

  private func checkTarget(_ target: Name, of index: Int, _ tree: RecordTree) {
    let type = records[index].record.type
    // Put together only for a problem: most records have none.
    var what: String { "\(records[index].record.owner) \(label(type)): \(target)" }
    let place = tree.place(of: target)
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
      note(index, "\(what) is a CNAME\(line(cname.first)), which \(type) must not point to (\(rule))", severity)
    } else if !isPartial, type == .ns || !isElsewhere, !hasAddress(node, orAlias: type != .ns, tree) {
      note(
        index, "\(what) is in this zone but has no address: add its A or AAAA, or the final dot if one is missing",
        severity)
    }
  }

  private func hasAddress(_ node: RecordTree.Node?, orAlias: Bool, _ tree: RecordTree) -> Bool {
    guard let node else { return false }
    let types: [RecordType] = orAlias ? [.a, .aaaa, .alias] : [.a, .aaaa]
    return types.contains { tree.set($0, of: node) != nil }
  }

  /// CNAMEs and ALIASes that lead back to themselves within the zone, and DNAMEs to below themselves.
  func checkLoops(_ tree: RecordTree) {
    var isDone = [Bool](repeating: false, count: tree.nodes.count)
    for start in tree.nodes.indices {
      if let dname = tree.set(.dname, of: tree.nodes[start]),
        let target = RecordData.name(in: records[dname.first].record.data),
        target.isSubdomain(of: tree.nodes[start].owner)
      {
        note(
          dname.first,
          "the DNAME of \(tree.nodes[start].owner) leads to \(target), at or below itself: a loop without end")
      }
      var path: [Int] = []
      var next: Int? = start
      while let at = next, !isDone[at] {
        isDone[at] = true
        path.append(at)
        next = aliasRecord(tree.nodes[at], tree).flatMap { index in
          RecordData.name(in: records[index].record.data).flatMap { target in
            target.isSubdomain(of: tree.apex) ? tree.place(of: target).answering : nil
          }
        }
      }
      if let next, let loop = path.firstIndex(of: next) { noteLoop(path[loop...], tree) }
    }
  }

  private func noteLoop(_ loop: ArraySlice<Int>, _ tree: RecordTree) {
    let links = loop.compactMap { node in aliasRecord(tree.nodes[node], tree).map { (tree.nodes[node].owner, $0) } }
    guard let (owner, index) = links.first else { return }
    guard links.count > 1 else {
      note(index, "\(owner) \(label(records[index].record.type)) leads to itself: point it to another name")
      return
    }
    let shown = links.prefix(8).map(\.0.description) + [links.count > 8 ? "…" : owner.description]
    note(index, "\(owner) \(label(records[index].record.type)) leads back to itself: \(shown.joined(separator: " → "))")
  }

  /// The record that sends a question for the node's addresses to another name.
  private func aliasRecord(_ node: RecordTree.Node, _ tree: RecordTree) -> Int? {
    (tree.set(.cname, of: node) ?? tree.set(.alias, of: node))?.first
  }

  private func firstRecord(_ node: RecordTree.Node, _ tree: RecordTree) -> Int {
    tree.sets(of: node).lazy.map(\.first).min() ?? 0
  }
}

import Wire

/// Which entries of the cache are meant.
public struct CacheSelection: Sendable {
  /// Only what this owner's rules brought; nil for everybody's.
  public var owner: ForwardRule.Owner?
  /// Only this name and those below it; nil for every name.
  public var name: Name?

  /// Everything, unless it is narrowed.
  public init(owner: ForwardRule.Owner? = nil, name: Name? = nil) {
    self.owner = owner
    self.name = name?.lowercased
  }

  /// True for an entry of this selection.
  ///
  /// - Parameter entry: the entry's name in lower-case wire form.
  func contains(_ entry: [UInt8], _ rule: ForwardRule?) -> Bool {
    if let owner, rule?.owner != owner { return false }
    guard let suffix = name?.wire else { return true }
    // A suffix of the octets is one of the labels only where a label starts.
    var at = 0
    while entry.count - at > suffix.count { at += Int(entry[at]) + 1 }
    return entry[at...].elementsEqual(suffix)
  }
}

extension AnswerCache {
  /// Forgets what is selected: answers, failures and NXDOMAIN cuts. Nobody waits for longer than a part of the cache
  /// takes to be looked through.
  ///
  /// - Returns: how many entries went.
  public func flush(_ selection: CacheSelection) -> Int {
    let count = removeAll { name, rule in selection.contains(name, rule) }
    beginEpoch()
    return count
  }
}

// How names get into a message: the longest end of each that stands there already as a pointer (RFC 1035 §4.1.4).
extension MessageWriter {
  /// A name as it is about to be written.
  struct NameMatch {
    /// How many labels stand before the end that is in the message already.
    fileprivate var labels: Int
    fileprivate let offsets: LabelOffsets
    /// Where that end stands; the root, when there is none.
    fileprivate var node: Int
    fileprivate var hash: UInt64
    /// How many octets of the name are written out, a pointer or the root's octet not counted.
    fileprivate var kept: Int
    /// How many octets it takes.
    fileprivate(set) var length: Int
  }

  /// Finds the longest end of a name that stands in the message.
  @_lifetime(self: copy self)
  mutating func match(_ name: Span<UInt8>) -> NameMatch {
    if !knowsQuestion {
      knowsQuestion = true
      // Without a question the first name is not written yet.
      if count > Header.length { remember(nameAt: Header.length) }
    }
    let offsets = LabelOffsets(name)
    var match = NameMatch(
      labels: offsets.count, offsets: offsets, node: CompressionTable.root, hash: names.seed.root, kept: 0, length: 0)
    while match.labels > 0 {
      let at = offsets[match.labels - 1]
      let hash = names.seed.hash(label: name, at: at, parent: match.hash, ignoringCase: false)
      guard let node = names.child(of: match.node, hash, name, at: at, in: octets.span) else { break }
      match.node = node
      match.hash = hash
      match.labels -= 1
    }
    match.kept = match.labels == offsets.count ? offsets.length - 1 : offsets[match.labels]
    match.length = match.kept + (match.node == CompressionTable.root ? 1 : 2)
    return match
  }

  /// Writes a name, for which there must be room.
  ///
  /// - Returns: where the whole of it stands, to be pointed at.
  @_lifetime(self: copy self)
  mutating func append(_ name: Span<UInt8>, _ match: NameMatch) -> Int {
    let start = count
    octets.copy(name.extracting(0..<match.kept), to: start)
    count += match.kept
    if match.node == CompressionTable.root {
      octets[count] = 0
      count += 1
    } else {
      set(pointerTo: names.offset(of: match.node), at: count)
      count += 2
    }
    guard match.kept > 0 else { return match.node == CompressionTable.root ? start : names.offset(of: match.node) }
    var (node, hash) = (match.node, match.hash)
    for label in (0..<match.labels).reversed() {
      let at = match.offsets[label]
      hash = names.seed.hash(label: name, at: at, parent: hash, ignoringCase: false)
      guard let added = names.add(below: node, hash, at: start + at) else { break }
      node = added
    }
    return start
  }

  /// Keeps the place of a name that stands in the message uncompressed: the question's, or a CNAME's target.
  @_lifetime(self: copy self)
  mutating func remember(nameAt start: Int) {
    let offsets = LabelOffsets(octets.span.extracting(start...))
    var (node, hash) = (CompressionTable.root, names.seed.root)
    for label in (0..<offsets.count).reversed() {
      let at = start + offsets[label]
      hash = names.seed.hash(label: octets.span, at: at, parent: hash, ignoringCase: false)
      if let known = names.child(of: node, hash, octets.span, at: at, in: octets.span) {
        node = known
      } else {
        guard let added = names.add(below: node, hash, at: at) else { return }
        node = added
      }
    }
  }

  /// Writes a pointer over two octets that are there.
  @_lifetime(self: copy self)
  @inline(__always)
  mutating func set(pointerTo offset: Int, at place: Int) {
    // A pointer has 14 bits, and whoever wants one asks first whether they reach.
    octets.setBigEndian16(0xc000 | UInt16(offset & 0x3fff), at: place)
  }
}

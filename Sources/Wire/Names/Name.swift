/// A domain name, absolute, in uncompressed wire form with the case it was given (RFC 1035 §3.1, RFC 9499 §2).
///
/// Two names are equal when they differ only in the case of ASCII letters (RFC 4343). The whole is 255 octets at most
/// and each label 63, which every initializer checks.
///
/// Names in messages are not copied into this type on a query's way: `Query` and `MessageReader` point into the
/// message. This is the form for zones, rules and everything that is kept.
public struct Name: Sendable {
  /// Length octets and labels, ending with the root's zero octet.
  public let wire: [UInt8]

  /// The longest name on the wire, in octets (RFC 1035 §3.1).
  public static let maximumLength = 255
  /// The longest label, in octets.
  public static let maximumLabelLength = 63

  /// The root.
  public static let root = Name(checked: [0])

  /// Octets that are known to be a name.
  init(checked wire: [UInt8]) { self.wire = wire }

  /// Takes labels as octets; nil when one is empty or too long, or the whole is.
  public init?(labels: some Sequence<[UInt8]>) {
    var wire: [UInt8] = []
    for label in labels {
      guard !label.isEmpty, label.count <= Self.maximumLabelLength else { return nil }
      wire.append(UInt8(label.count))
      wire += label
    }
    wire.append(0)
    guard wire.count <= Self.maximumLength else { return nil }
    self.init(checked: wire)
  }

  /// Takes uncompressed wire form that must be one whole name and nothing more; nil when it is not.
  public init?(wire: [UInt8]) {
    guard wire.count <= Self.maximumLength else { return nil }
    var at = 0
    while at < wire.count, wire[at] != 0 {
      guard wire[at] <= 63 else { return nil }
      at += Int(wire[at]) + 1
    }
    guard at == wire.count - 1 else { return nil }
    self.init(checked: wire)
  }

  /// True for the root alone.
  public var isRoot: Bool { wire.count == 1 }

  /// Where each label's length octet stands, left to right, the root's not among them.
  public var labelOffsets: [Int] {
    var offsets: [Int] = []
    var at = 0
    while wire[at] != 0 {
      offsets.append(at)
      at += Int(wire[at]) + 1
    }
    return offsets
  }

  /// How many labels, the root's not counted.
  public var labelCount: Int {
    var count = 0
    var at = 0
    while wire[at] != 0 {
      count += 1
      at += Int(wire[at]) + 1
    }
    return count
  }

  /// The labels, left to right, the root's not among them.
  public var labels: [[UInt8]] {
    labelOffsets.map { Array(wire[($0 + 1)..<($0 + 1 + Int(wire[$0]))]) }
  }

  /// The name without its leftmost label; nil for the root.
  public var parent: Name? {
    isRoot ? nil : Name(checked: Array(wire[(Int(wire[0]) + 1)...]))
  }

  /// This name, and each above it but the root.
  public var andAbove: some Sequence<Name> {
    sequence(first: self) { $0.parent }.lazy.prefix { !$0.isRoot }
  }

  /// True when the leftmost label is `*` (RFC 4592 §2.1.1).
  public var isWildcard: Bool { wire.count >= 3 && wire[0] == 1 && wire[1] == 0x2a }

  /// The name with a label put before it; nil when either would be too long.
  public func prefixed(by label: [UInt8]) -> Name? {
    guard !label.isEmpty, label.count <= Self.maximumLabelLength else { return nil }
    guard wire.count + label.count + 1 <= Self.maximumLength else { return nil }
    return Name(checked: [UInt8(label.count)] + label + wire)
  }

  /// True when this name is `ancestor` or below it, by whole labels.
  public func isSubdomain(of ancestor: Name) -> Bool {
    let start = wire.count - ancestor.wire.count
    guard start >= 0 else { return false }
    var at = 0
    while at < start { at += Int(wire[at]) + 1 }
    guard at == start else { return false }
    let (own, other) = (wire.span, ancestor.wire.span)
    for index in other.indices where Wire.lowercased(own[start + index]) != Wire.lowercased(other[index]) {
      return false
    }
    return true
  }

  /// This name with `ancestor` at its end replaced by `target`, as a DNAME does (RFC 6672 §2.2).
  ///
  /// Nil when it is not below `ancestor`, or the result is too long.
  public func replacing(_ ancestor: Name, with target: Name) -> Name? {
    guard isSubdomain(of: ancestor) else { return nil }
    let kept = wire.count - ancestor.wire.count
    guard kept + target.wire.count <= Self.maximumLength else { return nil }
    return Name(checked: wire[..<kept] + target.wire)
  }

  /// The same name in lower case.
  public var lowercased: Name { Name(checked: wire.map { Wire.lowercased($0) }) }
}

extension Name: Hashable {
  /// Equal but for the case of ASCII letters (RFC 4343).
  public static func == (a: Name, b: Name) -> Bool {
    let (x, y) = (a.wire.span, b.wire.span)
    guard x.count == y.count else { return false }
    // Length octets are below 64, so lowering them with the letters changes none.
    var at = 0
    while at < x.count {
      guard loweredWord(x, at) == loweredWord(y, at) else { return false }
      at += 8
    }
    return true
  }

  /// The same for names that are equal.
  public func hash(into hasher: inout Hasher) {
    let octets = wire.span
    var at = 0
    while at < octets.count {
      hasher.combine(loweredWord(octets, at))
      at += 8
    }
  }
}

/// Up to eight octets at `offset` in lower case, zeros behind the last.
private func loweredWord(_ octets: Span<UInt8>, _ offset: Int) -> UInt64 {
  guard offset + 8 > octets.count else { return lowercased(UInt64(littleEndian: octets.word(at: offset))) }
  var word: UInt64 = 0
  for index in offset..<octets.count { word |= UInt64(octets[index]) << UInt64(8 * (index - offset)) }
  return lowercased(word)
}

extension Name: Comparable {
  /// The canonical order of DNSSEC (RFC 4034 §6.1): label by label from the right, letters as lower case.
  public static func < (a: Name, b: Name) -> Bool {
    let (left, right) = (LabelOffsets(a), LabelOffsets(b))
    let (x, y) = (a.wire.span, b.wire.span)
    for depth in 1...max(left.count, right.count, 1) {
      guard depth <= left.count, depth <= right.count else { break }
      let (i, j) = (left.offset(fromRoot: depth), right.offset(fromRoot: depth))
      let (lengthX, lengthY) = (Int(x[i]), Int(y[j]))
      for index in 1..<(1 + min(lengthX, lengthY)) {
        let (p, q) = (Wire.lowercased(x[i + index]), Wire.lowercased(y[j + index]))
        if p != q { return p < q }
      }
      if lengthX != lengthY { return lengthX < lengthY }
    }
    return left.count < right.count
  }
}

/// Where a name's labels start, without an allocation.
public struct LabelOffsets: Sendable {
  /// How many labels, the root's not counted.
  public let count: Int
  /// How long the name is, in octets.
  public let length: Int
  private var offsets: InlineArray<128, UInt8> = .init(repeating: 0)

  /// Goes along a name.
  public init(_ name: Name) { self.init(name.wire.span) }

  /// Goes along an uncompressed name at the start of `octets`, as far as there is one.
  public init(_ octets: Span<UInt8>) {
    var count = 0
    var at = 0
    // A label takes two octets at least, so a name of 255 has at most 127; and each of them starts before the 255th.
    while at < Name.maximumLength - 1, at < octets.count, case let length = Int(octets[at]), 1...63 ~= length,
      at + 1 + length < octets.count
    {
      offsets[count] = UInt8(at)
      count += 1
      at += length + 1
    }
    self.count = count
    length = at + 1
  }

  /// Where a label starts, counted from the left.
  public subscript(label: Int) -> Int { Int(offsets[label]) }

  /// The label that stands `depth` labels before the root's, from 1 on.
  public func offset(fromRoot depth: Int) -> Int { Int(offsets[count - depth]) }
}

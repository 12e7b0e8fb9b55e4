import Text
import Wire

/// Names of regions of AWS.
enum AWSRegion {
  /// Why a text is none, with what to write; nil for one: `us-east-1`, `us-gov-west-1`, `cn-north-1`, `eusc-de-east-1`.
  static func refusal(_ text: String) -> String? {
    if of(zone: text) != nil, isRegion(String(text.dropLast())) {
      return "\(quoted(text)) is an availability zone; write its region, \(text.dropLast())"
    }
    guard !isRegion(text) else { return nil }
    let lower = text.asciiLowercased
    let meant = isRegion(lower) ? ": \(lower)" : " like us-east-1"
    return "\(quoted(text)) is not a region of AWS; write one\(meant)"
  }

  /// The region that the name of an availability zone has in it: `us-east-1` of `us-east-1a`; nil for what is none, as the
  /// zones' ids (`use1-az1`).
  static func of(zone: String) -> String? {
    guard let last = zone.utf8.last, (0x61...0x7a).contains(last) else { return nil }
    let region = String(zone.dropLast())
    return isRegion(region) ? region : nil
  }

  /// True for a zone of a region, by its name (`us-east-1a`) or its id (`use1-az4`), which endpoints across regions have in
  /// their names.
  static func has(zone: String, _ region: String) -> Bool {
    guard isZone(zone) else { return false }
    return of(zone: zone)?.isSame(as: region) ?? zone.startsSame(as: zoneID(region) + "-az")
  }

  /// True for what AWS names or numbers its availability zones like: `us-east-1a`, `use1-az4`, `us-west-2-lax-1a`.
  ///
  /// Who writes a link's file chooses its zones, and they decide which environment of the operator's the link is of.
  static func isZone(_ text: String) -> Bool {
    guard text.utf8.count <= 41 else { return false }
    let parts = text.utf8.split(separator: 0x2d, omittingEmptySubsequences: false)
    guard (2...8).contains(parts.count), let last = parts.last, let letter = last.first else { return false }
    let areParts = parts.allSatisfy { part in
      (1...12).contains(part.count) && part.allSatisfy { (0x61...0x7a).contains($0) || (0x30...0x39).contains($0) }
    }
    let isNamed = (2...3).contains(last.count) && last.dropLast().allSatisfy { (0x30...0x39).contains($0) }
    let isNumbered = (3...4).contains(last.count) && last.dropFirst(2).allSatisfy { (0x30...0x39).contains($0) }
    let startsWithAZ = letter == UInt8(ascii: "a") && last.dropFirst().first == UInt8(ascii: "z")
    return areParts && (isNamed && last.last.map { $0 >= 0x61 } == true || isNumbered && startsWithAZ)
  }

  /// What the ids of a region's zones start with: `use1` for `us-east-1`, `apse2` for `ap-southeast-2`.
  private static func zoneID(_ region: String) -> String {
    let parts = region.split(separator: "-").map { String($0) }
    let codes = ["north", "south", "east", "west", "central", "gov"]
    let middle = parts.dropFirst().dropLast().map { part in
      var rest = Substring(part)
      var code = ""
      while let word = codes.first(where: { rest.hasPrefix($0) }) {
        code += word.prefix(1)
        rest = rest.dropFirst(word.count)
      }
      return code
    }
    return (parts.first ?? "") + middle.joined() + (parts.last ?? "")
  }

  /// True for a text that has a region's form.
  static func isRegion(_ text: String) -> Bool {
    // The longest that the parts below make: what follows is done to nothing longer.
    guard text.utf8.count <= 41 else { return false }
    let parts = text.utf8.split(separator: 0x2d, omittingEmptySubsequences: false)
    guard (3...4).contains(parts.count), let number = parts.last, (1...2).contains(number.count),
      number.allSatisfy({ (0x30...0x39).contains($0) })
    else { return false }
    return parts.dropLast().allSatisfy { part in
      (2...12).contains(part.count) && part.allSatisfy { (0x61...0x7a).contains($0) }
    }
  }
}

import Wire

/// TTLs and other spans of time as master files write them: seconds, or BIND's `1h30m`.
public enum TTLText {
  /// The longest TTL, in seconds (RFC 2181 §8).
  public static let maximumSeconds: UInt64 = 0x7fff_ffff

  /// Why a text is no span of time.
  public enum Failure: Error {
    /// It is not written as one.
    case notATime
    /// Longer than `maximumSeconds`.
    case tooLong
  }

  /// Reads a span: digits alone are seconds, and `w`, `d`, `h`, `m`, `s` in either case follow a number each.
  public static func seconds(_ text: some StringProtocol) throws(Failure) -> UInt32 { try seconds(octets: text.utf8) }

  /// The same of octets.
  public static func seconds(octets: some Sequence<UInt8>) throws(Failure) -> UInt32 {
    var total: UInt64 = 0
    var number: UInt64?
    var hasUnit = false
    for octet in octets {
      if octet &- 0x30 < 10 {
        number = (number ?? 0) * 10 + UInt64(octet - 0x30)
      } else {
        guard let count = number, let unit = unitSeconds(octet) else { throw .notATime }
        total += count * unit
        number = nil
        hasUnit = true
      }
      // Far below overflow, whatever comes next.
      guard total <= maximumSeconds, number ?? 0 <= maximumSeconds else { throw .tooLong }
    }
    if let number {
      guard !hasUnit else { throw .notATime }
      total = number
    } else if !hasUnit {
      throw .notATime
    }
    return UInt32(total)
  }

  private static func unitSeconds(_ octet: UInt8) -> UInt64? {
    switch lowercased(octet) {
    case UInt8(ascii: "w"): 604_800
    case UInt8(ascii: "d"): 86_400
    case UInt8(ascii: "h"): 3600
    case UInt8(ascii: "m"): 60
    case UInt8(ascii: "s"): 1
    default: nil
    }
  }
}

/// The index of the first combining mark that is one too many for the character that it belongs to; nil when none is.
///
/// UAX #15, section 13 (Stream-Safe Text Format): no text that anybody writes has more than 30 in a row. Putting marks in
/// their canonical order, which every comparison of two `String` does, costs the square of their number.
///
/// - Parameter octets: UTF-8; what is none is passed over.
public func firstExcessMark(in octets: [UInt8]) -> Int? {
  var marks = 0
  var at = 0
  while at < octets.count {
    // Below U+0300 nothing combines; its octets start with 0xcc.
    guard octets[at] >= 0xcc else {
      if octets[at] < 0x80 || octets[at] >= 0xc0 { marks = 0 }
      at += 1
      continue
    }
    let length = octets[at] >= 0xf0 ? 4 : octets[at] >= 0xe0 ? 3 : 2
    let scalar = String(decoding: octets[at..<min(at + length, octets.count)], as: UTF8.self).unicodeScalars.first
    let combines = scalar.map { $0.properties.canonicalCombiningClass != .notReordered } ?? false
    marks = combines ? marks + 1 : 0
    guard marks <= Limits.Text.marks else { return at }
    at += length
  }
  return nil
}

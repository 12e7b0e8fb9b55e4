/// Standard base64 with padding (RFC 4648 §4), as etcd's gateway writes and reads octets.
public enum Base64 {
  private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

  /// What each octet stands for; 0x40 and more for those that stand for nothing.
  private static let values: [UInt8] = {
    var values = [UInt8](repeating: 0xff, count: 256)
    for (value, octet) in alphabet.enumerated() { values[Int(octet)] = UInt8(value) }
    return values
  }()

  /// The text of octets.
  public static func encode(_ octets: [UInt8]) -> [UInt8] {
    var text: [UInt8] = []
    text.reserveCapacity((octets.count + 2) / 3 * 4)
    var at = 0
    while at < octets.count {
      let count = min(3, octets.count - at)
      var group: UInt32 = 0
      for index in 0..<3 { group = group << 8 | (index < count ? UInt32(octets[at + index]) : 0) }
      for index in 0..<4 {
        text.append(index <= count ? alphabet[Int(group >> (18 - 6 * UInt32(index)) & 63)] : UInt8(ascii: "="))
      }
      at += 3
    }
    return text
  }

  /// The octets of a text; nil unless it is what `encode` writes: padded, without other characters, the bits that are
  /// left over zero.
  public static func decode(_ text: [UInt8]) -> [UInt8]? {
    guard text.count % 4 == 0 else { return nil }
    guard let last = text.last else { return [] }
    let padding = last != UInt8(ascii: "=") ? 0 : text[text.count - 2] != UInt8(ascii: "=") ? 1 : 2
    let values = values
    var octets: [UInt8] = []
    octets.reserveCapacity(text.count / 4 * 3)
    var at = 0
    let whole = padding == 0 ? text.count : text.count - 4
    // Six bits each; whether one of all was none is asked once.
    var all: UInt8 = 0
    while at < whole {
      let (a, b) = (values[Int(text[at])], values[Int(text[at + 1])])
      let (c, d) = (values[Int(text[at + 2])], values[Int(text[at + 3])])
      all |= a | b | c | d
      octets.append(a << 2 | b >> 4)
      octets.append(b << 4 | c >> 2)
      octets.append(c << 6 | d)
      at += 4
    }
    if padding > 0 {
      let (a, b) = (values[Int(text[at])], values[Int(text[at + 1])])
      let c = padding == 1 ? values[Int(text[at + 2])] : 0
      all |= a | b | c
      guard (padding == 1 ? c & 3 : b & 15) == 0 else { return nil }
      octets.append(a << 2 | b >> 4)
      if padding == 1 { octets.append(b << 4 | c >> 2) }
    }
    return all < 64 ? octets : nil
  }
}

import Bounds
import Text
import Wire

/// A mail as it was saved from a mail program, with its headings: text in quoted-printable (RFC 2045 §6.7) as it is read.
enum MailText {
  /// How a part of a mail is written.
  private enum Encoding { case plain, quotedPrintable, base64 }

  /// The text with what is in quoted-printable decoded, each octet where it stood; a text that is no such mail as it is.
  ///
  /// What a mail says again as HTML is left out.
  ///
  /// - Throws: that its text is in base64, which is to be saved as text.
  static func decoded(_ text: SourceText, file: String) throws(Problem) -> SourceText {
    let lower = text.octets.map { Wire.lowercased($0) }
    guard lower.has("content-transfer-encoding:") else { return text }
    let hasPlain = lower.has("content-type: text/plain")
    let decoded = try decode(text, hasPlain: hasPlain, isLatin: false, file: file)
    guard String(validating: decoded.octets, as: UTF8.self) == nil else {
      // Marks are counted in what was decoded, too.
      _ = try SourceText(file: decoded.octets, named: file, maximumOctets: Limits.Links.pasteOctets)
      return decoded
    }
    return try decode(text, hasPlain: hasPlain, isLatin: true, file: file)
  }

  private static func decode(
    _ text: SourceText, hasPlain: Bool, isLatin: Bool, file: String
  ) throws(Problem) -> SourceText {
    var plain = SourceText(end: text.end)
    var (encoding, isHTML, isText, isHeading) = (Encoding.plain, false, true, true)
    for line in text.lines {
      let lower = line.octets.prefix(200).map { Wire.lowercased($0) }
      let isOfPart = lower.starts(with: "content-transfer-encoding:".utf8) || lower.starts(with: "content-type:".utf8)
      if isOfPart, !isHeading { (encoding, isHTML, isText, isHeading) = (.plain, false, true, true) }
      if isHeading {
        if lower.starts(with: "content-transfer-encoding:".utf8) {
          encoding = lower.has("quoted-printable") ? .quotedPrintable : lower.has("base64") ? .base64 : .plain
        }
        if lower.starts(with: "content-type:".utf8) { (isHTML, isText) = (lower.has("text/html"), lower.has("text/")) }
        isHeading = line.trimmed.count > 0
      } else if isHTML, hasPlain {
        // The next part's headings follow its boundary.
        continue
      } else if encoding == .base64, isText {
        throw Problem(
          file: file, position: line.position(0),
          "this part of the mail is in base64; open the mail, and copy or save its text")
      } else if encoding == .quotedPrintable {
        append(line, to: &plain, isLatin: isLatin)
        continue
      }
      plain.append(line)
      plain.append(0x0a, from: line.end)
    }
    plain.end = text.end
    return plain
  }

  /// Adds a line of quoted-printable; one that ends in `=` goes on in the next.
  private static func append(_ line: SourceText, to plain: inout SourceText, isLatin: Bool) {
    let count = (line.octets.lastIndex { $0 != 0x20 && $0 != 0x09 } ?? -1) + 1
    let isSoft = count > 0 && line.octet(count - 1) == UInt8(ascii: "=")
    var at = 0
    while at < (isSoft ? count - 1 : line.count) {
      guard let octet = line.octet(at) else { break }
      if octet == UInt8(ascii: "="), let value = value(line.octet(at + 1), line.octet(at + 2)) {
        if isLatin {
          plain.append(Unicode.Scalar(value), from: line.position(at))
        } else {
          plain.append(value, from: line.position(at))
        }
        at += 3
      } else {
        plain.append(octet, from: line.position(at))
        at += 1
      }
    }
    if !isSoft { plain.append(0x0a, from: line.end) }
  }

  private static func value(_ high: UInt8?, _ low: UInt8?) -> UInt8? {
    guard let high = high.flatMap(digit), let low = low.flatMap(digit) else { return nil }
    return high << 4 | low
  }

  private static func digit(_ octet: UInt8) -> UInt8? {
    switch octet {
    case 0x30...0x39: octet - 0x30
    case 0x41...0x46: octet - 0x37
    case 0x61...0x66: octet - 0x57
    default: nil
    }
  }
}

import Text
import Wire

/// The words with which people end their mails; what stands below them is who they are.
enum MailClosing {
  private static let words = [
    "best regards", "kind regards", "warm regards", "regards", "best wishes", "best,", "cheers", "many thanks",
    "thanks",
    "thank you", "sincerely", "yours", "mit freundlichen gr", "mit besten gr", "freundliche gr", "viele gr", "beste gr",
    "liebe gr", "mfg", "cordialement", "bien cordialement", "bien \u{e0} vous", "salutations", "saludos", "un saludo",
    "atentamente", "cordiali saluti", "distinti saluti", "met vriendelijke groet", "vriendelijke groet", "groeten",
    "med v\u{e4}nlig", "v\u{e4}nliga h\u{e4}lsningar", "med venlig", "venlig hilsen", "atenciosamente",
    "com os melhores cumprimentos", "sent from my", "von meinem",
  ]

  /// True for a line that ends a mail: one of the words, and few others.
  static func isOne(_ line: SourceText) -> Bool {
    let line = line.trimmed
    guard line.count <= 48, !line.octets.contains(UInt8(ascii: ":")) else { return false }
    let lower = line.octets.map { Wire.lowercased($0) }
    return words.contains { lower.starts(with: $0.utf8) }
  }
}

import Bounds
import Text
import Wire

/// A host that was seen and not taken.
struct PassedHost {
  /// As it may be shown: the host, with its port.
  let text: String
  /// The host.
  let name: Name
  /// Its line; nil in JSON.
  let line: Int?

  /// Endings of what is a file, or two sentences without a space between them.
  private static let files: Set<String> = [
    "txt", "csv", "tsv", "json", "eml", "msg", "log", "yaml", "yml", "html", "htm", "md", "sql", "py", "js", "sh", "tf",
    "docx", "xlsx", "pdf", "png", "jpg", "zip",
  ]

  /// Takes a word; nil for one that is a host by its letters alone: the name of a file, `e.g`, a mail's own heading.
  init?(_ field: PastedField, _ item: PastedHost) {
    let operand = item.operand.startsSame(as: "ssh://") ? String(item.operand.dropFirst(6)) : item.operand
    guard !field.isOfMail, case .host(let name, _) = HostText.read(operand) else { return nil }
    let labels = name.textWithoutFinalDot.split(separator: ".")
    guard let last = labels.last, last.utf8.count > 1, last.utf8.allSatisfy({ $0 >= 0x61 && $0 <= 0x7a }) else {
      return nil
    }
    let isPlain = field.value.utf8.allSatisfy { $0 != UInt8(ascii: "/") && $0 != UInt8(ascii: ":") }
    if isPlain, Self.files.contains(String(last)) || (labels.count < 3 && !PublicDomain.isInside(name)) { return nil }
    (text, self.name, line) = (operand, name, field.line)
  }
}

/// A host that is its sender's, most likely.
struct SendersHost {
  let host: String
  let why: String

  init(_ host: String, _ why: String) { (self.host, self.why) = (host, why) }
}

/// What of a paste is told of, so that nothing of it is lost without a word.
extension PastedReader {
  /// Hosts that are not the link's as far as can be seen, and what takes each all the same.
  ///
  /// - Parameter kind: the link's; nil where none was found.
  func notesOfOthers(_ kind: PastedKind?) -> [String] {
    var notes: [String] = []
    var told = Set(items.compactMap { Self.name($0.operand) })
    for sender in senders {
      guard let name = Self.name(sender.host), told.insert(name).inserted else { continue }
      notes.append("\(sender.host) \(sender.why), and was left out\(wayOn(for: sender.host, name, kind))")
    }
    for host in passed where told.insert(host.name).inserted {
      let place = host.line.map { "in line \($0)" } ?? "in the text"
      notes.append("\(host.text) stands \(place), and was left out\(wayOn(for: host.text, host.name, kind))")
    }
    return notes.shortened
  }

  /// How a host becomes the link's; a vendor's public names become nobody's.
  private func wayOn(for host: String, _ name: Name, _ kind: PastedKind?) -> String {
    if let vendor = VendorDomain.of(name) { return ": it is a public name of \(vendor.vendor)" }
    switch kind {
    case .hosts?, .vcs?, nil:
      return "; if it is a host of the link: \(command(kind ?? .hosts)) \(shellOperands([host]))"
    default:
      // A link has one kind: the host is of another link.
      let other = String(link.name.prefix(57)) + "-hosts"
      return "; if it is to have a link: \(Self.command("hosts", (link.workspace, other))) \(shellOperands([host]))"
    }
  }

  private static func name(_ operand: String) -> Name? {
    let text = operand.startsSame(as: "ssh://") ? String(operand.dropFirst(6)) : operand
    guard case .host(let name, _) = HostText.read(text) else { return nil }
    return name
  }

  /// Takes the hosts of what a mail quotes out of its own: an older mail's are others', and lead elsewhere. Where the mail names
  /// none itself, what it quotes is what it is about.
  mutating func leaveOutQuotes() {
    let depth = { [quotes] (line: Int?) in line.flatMap { quotes[$0] } ?? 0 }
    let listed = Set(items.compactMap { Self.name($0.operand) })
    let depths = items.map { depth($0.line) } + passed.filter { !listed.contains($0.name) }.map { depth($0.line) }
    guard let own = depths.min() else { return }
    for item in items where depth(item.line) > own {
      senders.append(SendersHost(item.operand, "stands in a quoted part of the mail (line \(item.line ?? 0))"))
      mentioned += item.lead?.targets ?? []
    }
    items.removeAll { depth($0.line) > own }
  }
}

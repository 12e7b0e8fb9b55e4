import Bounds
import Text
import Wire

/// Where the line of a host says that it leads.
///
/// What stands in one line is nothing of another's: a link whose hosts say different places, or some of them none, is made by
/// the rules of a file of hosts, which refuses it and says what to do.
struct PastedLead: Hashable {
  /// How it stands to the line's hosts.
  enum Place {
    /// Before them all, as in the file of a system's hosts: it is theirs.
    case before
    /// Behind the only one.
    case behind
    /// Behind several: whose it is nobody can tell.
    case behindSeveral
  }

  /// Addresses, and names of endpoints.
  let targets: [String]
  /// How they stand to the hosts.
  let place: Place

  /// True for an address that a machine has for itself, or to leave a name out: no host of a link leads there.
  static func isOwn(_ address: IPAddress) -> Bool { address.isLoopback || address.isUnspecified || address.isMulticast }

  /// The one address beside each of the hosts; nil where any has another, several, or none.
  static func common(of items: [PastedHost]) -> IPAddress? {
    var led: [String: Bool] = [:]
    var only: IPAddress?
    for item in items {
      let host = item.listed(as: .hosts)
      guard let lead = item.lead else {
        led[host] = led[host] ?? false
        continue
      }
      guard lead.place != .behindSeveral else { return nil }
      for text in lead.targets {
        guard let address = IPAddress(text), !isOwn(address), only == nil || only == address else { return nil }
        only = address
      }
      led[host] = true
    }
    return led.values.allSatisfy { $0 } ? only : nil
  }

  /// The hosts as a file, each line where it stood, so that errors name its place.
  static func file(_ items: [PastedHost]) -> [UInt8] {
    var octets: [UInt8] = []
    var number = 1
    var rest = items[...]
    while let first = rest.first {
      let line = rest.prefix { $0.line == first.line && $0.lead == first.lead }
      rest = rest.dropFirst(line.count)
      while number < first.line ?? 0 {
        octets.append(0x0a)
        number += 1
      }
      let (hosts, targets) = (line.map { $0.listed(as: .hosts) }, first.lead?.targets ?? [])
      let words = first.lead?.place == .before ? targets + hosts : hosts + targets
      octets += Array(words.joined(separator: " ").utf8) + [0x0a]
      number += 1
    }
    return octets
  }

  /// The address that starts a line of hosts; nil for a sentence that starts with one.
  static func address(of words: [String]) -> IPAddress? {
    guard words.count > 1, let address = IPAddress(words[0]) else { return nil }
    // Of the names of one host one at least is whole, beside short ones; a sentence is mostly of words.
    var (whole, short) = (0, 0)
    for word in words.dropFirst() {
      guard case .host(let name, _) = HostText.read(word) else { return nil }
      if name.labelCount > 1 { whole += 1 } else { short += 1 }
    }
    return whole > 0 && whole >= short ? address : nil
  }
}

extension PastedHost {
  /// The host as a line of a file has it: without what stands around it in a URL, and with its port.
  fileprivate func listed(as kind: PastedKind) -> String {
    let text = operand(as: kind)
    guard case .host(let name, _) = HostText.read(text) else { return text }
    return name.textWithoutFinalDot + (HostText.port(text).map { ":\($0)" } ?? "")
  }
}

/// What becomes of the addresses and endpoints of a paste.
extension PastedReader {
  /// Has hosts lead where the line that they were found in says.
  mutating func lead(_ range: Range<Int>, to targets: [String], isBefore: Bool) {
    guard !targets.isEmpty else { return }
    let place: PastedLead.Place = isBefore ? .before : range.count == 1 ? .behind : .behindSeveral
    for index in range { items[index].lead = PastedLead(targets: targets, place: place) }
  }

  /// Takes the targets from one on as what was said of something else.
  mutating func mention(from start: Int) {
    mentioned += targets[start...]
    targets.removeSubrange(start...)
  }

  /// Sees to it that where hosts lead is not lost, and becomes no other host's; what of it is not handed on is told of.
  func handOnLeads(_ reading: inout PastedReading, _ items: [PastedHost]) {
    let led = items.flatMap { $0.lead?.targets ?? [] }
    var handed = Set<String>()
    let takesAddress: Set<PastedKind> = [.hosts, .vcs, .postgres, .mysql, .redshift, .databricks]
    if takesAddress.contains(reading.kind), let only = PastedLead.common(of: items) {
      reading.flags.append(PastedReading.Flag("--address", only.description))
      handed = Set(led)
    } else if reading.kind == .hosts, let list = handedList(items) {
      reading.input = list
      handed = Set(led + (items.contains { $0.line != nil } ? [] : targets))
    }
    reading.notes += notesOfTargets(unique(led + targets + mentioned).filter { !handed.contains($0) })
  }

  /// What is handed on in the place of operands, where those would lose something; nil where they say all.
  private func handedList(_ items: [PastedHost]) -> [UInt8]? {
    let first = input.first { !isSpace($0) }
    let isJSON = first == UInt8(ascii: "{") || first == UInt8(ascii: "[")
    let hosts = { (texts: [String]) in
      Set(
        texts.compactMap { text in
          if case .host(let name, _) = HostText.read(text) { name } else { nil }
        })
    }
    // As it came where it is a list as it is.
    if let listed = try? HostsForms.items(input, file: file) {
      let hosted = listed.filter { $0.leftOut == nil }
      let hasMore = hosted.contains { !$0.addresses.isEmpty || $0.endpoint != nil || !$0.ports.isEmpty }
      if hasMore, hosts(hosted.map(\.text)) == hosts(items.map(\.operand)) { return input }
    } else if isJSON, !targets.isEmpty {
      // What it says of where they lead cannot be read, and that is to be told of.
      return input
    }
    return items.contains { $0.lead != nil } ? PastedLead.file(items) : nil
  }

  /// That addresses and endpoints in the text are not used.
  func notesOfTargets(_ targets: [String]) -> [String] {
    targets.prefix(Limits.Links.remarks).map { text in
      guard let address = IPAddress(text) else {
        return "\(text) is an endpoint's name and no host of the link; --endpoint says where the hosts lead"
      }
      return PastedLead.isOwn(address)
        ? "\(text) is a machine's own address, and was left out"
        : "\(text) stands in the text too, and was left out; if the hosts lead there, say --address \(word: text)"
    }
  }
}

import Wire

/// The lines of a paste that list hosts, without the sentences, bullets and marks around them.
///
/// An address is one that hosts lead to where it starts a line of hosts; one in a sentence is anybody's, and a loopback one
/// is the machine's own on which the file of its hosts was.
struct PastedList {
  private(set) var addresses: Set<IPAddress> = []
  /// True where a line of hosts starts with a loopback address.
  private(set) var hasLoopback = false
  /// True once what comes is the sender's own, and is not taken.
  var isClosed = false
  private var lines: [(number: Int, text: String)] = []

  /// Takes a line that gave hosts.
  mutating func add(line number: Int, _ address: IPAddress?, _ words: some Sequence<String>, separator: String = " ") {
    guard !isClosed else { return }
    var shown = Array(words)
    if let address, !address.isLoopback {
      addresses.insert(address)
      shown.insert(address.description, at: 0)
    }
    hasLoopback = hasLoopback || address?.isLoopback == true
    lines.append((number, shown.joined(separator: separator)))
  }

  /// The lines as a file of hosts, each where it stood, so that errors name its place.
  var input: [UInt8] {
    var octets: [UInt8] = []
    var number = 1
    for line in lines {
      while number < line.number {
        octets.append(0x0a)
        number += 1
      }
      octets += Array(line.text.utf8) + [0x0a]
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

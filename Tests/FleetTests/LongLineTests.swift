import Fleet
import Foundation
import Testing

/// A watch that replays many events does so in one line, of 144 MB for 100,000 of them: it is read within 32 MB of memory.
struct LongLineTests {
  @Test func aLineOf144MBIsReadIn32MB() async {
    await #expect(processExitsWith: .success) {
      var line = Line()
      // What is made on first use is there before the measuring starts.
      try line.read(events: 10, large: 1)
      let before = try Line.kibibytes("VmRSS")
      try line.read(events: 90_000, large: 10)
      let after = try Line.kibibytes("VmHWM")
      precondition(line.octets > 144_000_000, "\(line.octets) octets")
      precondition(after - before < 32 << 10, "\(after - before) KiB more for \(line.octets) octets")
    }
  }

  struct Line {
    private(set) var octets = 0

    /// Reads a line with so many events of 1.4 kB, and as many more as are said of the largest value that is kept.
    mutating func read(events: Int, large: Int) throws {
      var reader = EtcdReader()
      var kept = 0
      var last: EtcdMessage?
      func feed(_ piece: [UInt8]) throws {
        var at = 0
        while let event = try reader.next(piece.span, at: &at) {
          switch event {
          case .keyValue(let entry): kept += entry.value.isEmpty || entry.kind != .put ? 0 : 1
          case .message(let message): last = message
          }
        }
      }
      var total = 0
      func event(_ valueOctets: Int) -> [UInt8] {
        let value = text(Base64.encode([UInt8](repeating: 0x7b, count: valueOctets)))
        return Array(
          (#"{"kv":{"key":"L2JhY2tyb2FkL3YxL3dzL2FjbWUvd29ya3NwYWNlLmpzb24=","create_revision":"2","mod_revision":"9","#
            + #""version":"7","value":"\#(value)"}}"#).utf8)
      }
      let (small, big) = (event(1000), event(3 << 19))
      try feed(Array(#"{"result":{"header":{"cluster_id":"1","revision":"9"},"events":["#.utf8))
      let steps = events / max(large, 1)
      for number in 0..<(events + large) {
        if number > 0 { try feed([0x2c]) }
        let piece = number % (steps + 1) == steps ? big : small
        try feed(piece)
        total += piece.count + 1
      }
      try feed(Array(#"],"fragment":true}}"#.utf8))
      try reader.finish()
      octets = total
      precondition(kept == events + large && last?.keyValues == kept && last?.fragment == true, "\(kept) key-values")
    }

    /// A figure of /proc/self/status.
    static func kibibytes(_ name: String) throws -> Int {
      let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
      let line = status.split(separator: "\n").first { $0.hasPrefix(name + ":") }
      return line.flatMap { Int($0.filter(\.isNumber)) } ?? 0
    }
  }
}

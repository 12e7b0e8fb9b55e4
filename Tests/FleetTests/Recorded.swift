import Fleet
import Foundation
import Testing

/// What a real etcd 3.4.23 answered, octet by octet as it came, heads and chunks and all.
enum Recorded {
  static let names: [String] = {
    let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Recorded")
    return ((try? FileManager.default.contentsOfDirectory(atPath: folder.path())) ?? []).sorted()
  }()

  static func octets(_ name: String) throws -> [UInt8] {
    let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Recorded")
    return [UInt8](try Data(contentsOf: folder.appending(path: name)))
  }

  /// The body of one that etcd said in JSON.
  static func body(_ name: String) throws -> [UInt8] { try Answer(pieces: [octets(name)], mayBreakOff: true).body }

  /// What etcd said in one.
  static func said(_ name: String) throws -> [EtcdReader.Event] { try said(pieces: [body(name)]) }

  /// What etcd said in a body that comes in pieces.
  static func said(pieces: [[UInt8]]) throws -> [EtcdReader.Event] {
    var reader = EtcdReader()
    var events: [EtcdReader.Event] = []
    for piece in pieces {
      var at = 0
      while let event = try reader.next(piece.span, at: &at) { events.append(event) }
      #expect(at == piece.count)
    }
    try reader.finish()
    return events
  }

  /// The one message of an answer.
  static func message(_ name: String) throws -> EtcdMessage {
    guard case .message(let message)? = try said(name).last else { throw NoMessage() }
    return message
  }

  struct NoMessage: Error {}
}

/// An answer that comes in pieces, read whole.
struct Answer: Hashable {
  var head: ResponseHead?
  var body: [UInt8] = []
  var hasEnded = false
  var canBeUsedAgain = false
  /// What was left alone after the end.
  var rest: [UInt8] = []

  init(pieces: [[UInt8]], toHEAD: Bool = false, mayBreakOff: Bool = false) throws {
    var reader = ResponseReader(toHEAD: toHEAD)
    for piece in pieces {
      var at = 0
      loop: while let event = try reader.next(piece.span, at: &at) {
        switch event {
        case .head(let head):
          #expect(self.head == nil)
          self.head = head
        case .body(let range):
          #expect(!range.isEmpty && head != nil)
          body += piece[range]
        case .end: break loop
        }
      }
      rest += piece[at...]
    }
    hasEnded = reader.hasEnded
    canBeUsedAgain = reader.canBeUsedAgain
    if !hasEnded && !mayBreakOff { try reader.finish() }
  }

  init(_ text: String, toHEAD: Bool = false) throws { try self.init(pieces: [Array(text.utf8)], toHEAD: toHEAD) }
}

/// Every way to cut octets in two, and each octet alone.
func cuts(_ octets: [UInt8]) -> [[[UInt8]]] {
  (0...octets.count).map { [Array(octets[..<$0]), Array(octets[$0...])] } + [octets.map { [$0] }]
}

func text(_ octets: [UInt8]) -> String { String(decoding: octets, as: UTF8.self) }

import CLdns
import TestKit
import Wire

/// libldns as a judge of the wire format: another implementation, by other people.
enum Judge {
  /// What libldns finds in a message.
  struct Reading: Equatable {
    var id: UInt16
    /// The header's flags without Z.
    var flags: UInt16
    /// Questions, answer, authority, and additional without OPT.
    var sections: [[ParsedRecord]]
    /// Of OPT: payload size, extended code, version, DO; empty when there is none.
    var edns: [UInt16]
    var options: [UInt8]

    /// All data in lower case; owners are equal in any.
    var lowercased: Reading {
      var copy = self
      copy.sections = sections.map { section in
        section.map { record in
          var record = record
          record.data = record.data.map { Wire.lowercased($0) }
          return record
        }
      }
      return copy
    }
  }

  struct Refusal: Error, CustomStringConvertible {
    let description: String
  }

  /// Reads a message.
  static func read(_ message: [UInt8]) throws(Refusal) -> Reading {
    var octets = try unsafe output { to in
      // unsafe: both buffers live for the call, and the shim keeps to their counts.
      unsafe message.withUnsafeBufferPointer { from in
        unsafe judge_read(from.baseAddress, from.count, to.baseAddress, to.count)
      }
    }[...]
    let id = octets.take16()
    let flags = octets.take16()
    let sections = (0..<4).map { _ in (0..<octets.take16()).map { _ in octets.takeRecord() } }
    let hasEDNS = octets.take16() == 1
    let edns = hasEDNS ? (0..<4).map { _ in octets.take16() } : []
    return Reading(id: id, flags: flags, sections: sections, edns: edns, options: hasEDNS ? octets.takeSized() : [])
  }

  /// Writes a message anew.
  static func rewrite(_ message: [UInt8]) throws(Refusal) -> [UInt8] {
    try unsafe output { to in
      // unsafe: as above.
      unsafe message.withUnsafeBufferPointer { from in
        unsafe judge_rewrite(from.baseAddress, from.count, to.baseAddress, to.count)
      }
    }
  }

  /// Builds a response; see `judge_build` for the text.
  static func build(_ text: String, edns: UInt16 = 0, options: [UInt8] = []) throws(Refusal) -> [UInt8] {
    try unsafe output { to in
      // unsafe: as above; the text ends with a zero.
      unsafe options.withUnsafeBufferPointer { from in
        unsafe judge_build(text, UInt32(edns), from.baseAddress, from.count, to.baseAddress, to.count)
      }
    }
  }

  private static func output(_ fill: (UnsafeMutableBufferPointer<UInt8>) -> Int) throws(Refusal) -> [UInt8] {
    var count = 0
    // unsafe: as many octets are initialized as the shim says it wrote.
    let octets = unsafe [UInt8](unsafeUninitializedCapacity: 200_000) { buffer, initialized in
      count = unsafe fill(buffer)
      initialized = max(count, 0)
    }
    guard count > 0 else {
      throw Refusal(description: unsafe String(cString: judge_status_text(-count)))  // unsafe: a constant of libldns.
    }
    return octets
  }

  /// The same for a message as the code under test reads it, to be compared.
  static func reading(_ message: ParsedMessage) -> Reading {
    let edns = message.edns.map {
      [$0.payloadSize, UInt16($0.extendedCode), UInt16($0.version), $0.dnssecOK ? 1 : 0]
    }
    return Reading(
      id: message.header.id, flags: message.header.flags.rawValue & ~0x40,
      sections: [
        message.questions, message.answer, message.authority, message.additional.filter { $0.type != .opt },
      ],
      edns: edns ?? [], options: message.additional.first { $0.type == .opt }?.data ?? [])
  }
}

extension ArraySlice<UInt8> {
  fileprivate mutating func take16() -> UInt16 {
    defer { self = dropFirst(2) }
    return prefix(2).reduce(0) { $0 << 8 | UInt16($1) }
  }

  fileprivate mutating func takeSized() -> [UInt8] {
    let count = Int(take16())
    defer { self = dropFirst(count) }
    return Array(prefix(count))
  }

  fileprivate mutating func takeRecord() -> ParsedRecord {
    let owner = Name(wire: takeSized()) ?? .root
    let (type, `class`) = (RecordType(take16()), RecordClass(take16()))
    let ttl = UInt32(take16()) << 16 | UInt32(take16())
    // RFC 2181 §8: the highest bit makes it zero, which libldns leaves to its callers.
    return ParsedRecord(
      owner: owner, type: type, class: `class`, ttlSeconds: ttl > 0x7fff_ffff ? 0 : ttl, data: takeSized())
  }
}

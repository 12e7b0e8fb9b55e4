import Wire

/// A message's records, copied out of it to be shown or gone along.
public struct MessageListing: Hashable, Sendable {
  /// A record.
  public struct Record: Hashable, Sendable, CustomStringConvertible {
    /// In the case in which it stands in the message.
    public let owner: Name
    /// What kind of data it is.
    public let type: RecordType
    /// Almost always IN.
    public let `class`: RecordClass
    /// How long it may be kept.
    public let ttlSeconds: UInt32
    /// Uncompressed.
    public let data: [UInt8]

    /// A line as `dig` prints it.
    public var description: String {
      "\(owner) \(ttlSeconds) \(`class`) \(type) \(RecordText.text(of: data, type: type))"
    }
  }

  /// An Extended DNS Error (RFC 8914).
  public struct Complaint: Hashable, Sendable {
    /// The registered number.
    public let code: UInt16
    /// What is told to a person; may be empty.
    public let text: String
  }

  /// The response code, EDNS's upper bits among it.
  public let code: UInt16
  /// True when records are left out, to be asked for over TCP.
  public let isTruncated: Bool
  /// Records of the answer section.
  public private(set) var answer: [Record] = []
  /// Records of the authority section.
  public private(set) var authority: [Record] = []
  /// What went wrong; nil when nothing is said of that.
  public private(set) var complaint: Complaint?

  /// Reads a message.
  ///
  /// - Throws: what is wrong with it.
  public init(_ message: Span<UInt8>) throws(WireError) {
    guard let header = Header(message) else { throw WireError(.truncated, at: message.count) }
    var reader = try MessageReader(message)
    for _ in 0..<header.questionCount { _ = try reader.readQuestion() }
    for _ in 0..<header.answerCount { answer.append(try Self.record(&reader)) }
    for _ in 0..<header.authorityCount { authority.append(try Self.record(&reader)) }
    var upperBits: UInt16 = 0
    for _ in 0..<header.additionalCount {
      let view = try reader.readRecord()
      guard view.type == .opt else { continue }
      let edns = try EDNS(view, in: message)
      upperBits = UInt16(edns.extendedCode) << 4
      if let option = edns.option(ExtendedError.optionCode, in: message), option.count >= 2 {
        let text = message.extracting(option.dropFirst(2)).array
        complaint = Complaint(
          code: message.bigEndian16(at: option.lowerBound), text: String(decoding: text, as: UTF8.self))
      }
    }
    code = header.flags.responseCode | upperBits
    isTruncated = header.flags.contains(.truncated)
  }

  private static func record(_ reader: inout MessageReader) throws(WireError) -> Record {
    let view = try reader.readRecord()
    return Record(
      owner: try reader.name(at: view.ownerOffset), type: view.type, class: view.class, ttlSeconds: view.ttlSeconds,
      data: try reader.uncompressedData(of: view))
  }

  /// The response code as `dig` prints it.
  public var status: String { ResponseCode(rawValue: code)?.mnemonic ?? "RCODE\(code)" }

  /// The strings of the answer's TXT records (RFC 1035 §3.3.14).
  public var texts: [String] {
    var texts: [String] = []
    for record in answer where record.type == .txt {
      var rest = record.data[...]
      while let length = rest.popFirst() {
        texts.append(String(decoding: rest.prefix(Int(length)), as: UTF8.self))
        rest = rest.dropFirst(Int(length))
      }
    }
    return texts
  }

  /// The names from `start` along the CNAMEs of the answer, `start` first.
  public func chain(from start: Name) -> [Name] {
    var targets: [Name: Name] = [:]
    for record in answer where record.type == .cname && targets[record.owner] == nil {
      targets[record.owner] = RecordData.name(in: record.data)
    }
    var names = [start.lowercased]
    var seen = Set(names)
    while let last = names.last, let target = targets[last]?.lowercased, seen.insert(target).inserted {
      names.append(target)
    }
    return names
  }
}

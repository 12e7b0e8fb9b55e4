import Wire

/// A message that was checked to be the response to one query: it came on that query's own socket, has its id, its
/// question in its case and its cookie, and is whole.
struct Response {
  /// The octets, with the question's name in lower case: names that are compressed against it must not carry the random
  /// case of the query on into answers.
  let octets: [UInt8]
  let flags: Flags
  /// With the upper bits that EDNS adds (RFC 6891 §6.1.3).
  let code: UInt16
  let edns: EDNS?
  /// The server's part of the cookie.
  let serverCookie: [UInt8]?
  let answer: [RecordView]
  let authority: [RecordView]

  var isTruncated: Bool { flags.contains(.truncated) }

  /// What a message is to the query whose socket it came on.
  enum Check {
    case response(Response)
    /// It is the response but for the case of the letters in its question.
    case caseDiffers
    /// It has the query's id and question and is of no use: damaged, with more records than are looked at, or with another
    /// cookie.
    case unusable
    /// Not the response. It changes nothing that is known of the upstream, and the wait goes on.
    case wrong
  }

  /// Checks a message that came on a query's socket.
  static func check(_ message: Span<UInt8>, for query: UpstreamQuery, maximumRecords: Int) -> Check {
    guard let header = Header(message), header.id == query.id, header.flags.contains(.response),
      header.flags.opcode == 0, header.questionCount == 1
    else { return .wrong }
    let questionEnd = Header.length + query.name.count + 4
    guard message.count >= questionEnd,
      message.bigEndian16(at: questionEnd - 4) == query.type.rawValue,
      message.bigEndian16(at: questionEnd - 2) == RecordClass.internet.rawValue
    else { return .wrong }
    var sameCase = true
    for (index, octet) in query.name.enumerated() where message[Header.length + index] != octet {
      guard lowercased(message[Header.length + index]) == lowercased(octet) else { return .wrong }
      sameCase = false
    }
    guard let response = try? Response(message, header, query, maximumRecords) else { return .unusable }
    return sameCase ? .response(response) : .caseDiffers
  }

  /// Reads the records; throws when the message is damaged, has more records than are looked at, or the wrong cookie.
  private init(
    _ message: Span<UInt8>, _ header: Header, _ query: UpstreamQuery, _ maximumRecords: Int
  ) throws(WireError) {
    var octets = message.array
    for index in Header.length..<(Header.length + query.name.count) { octets[index] = lowercased(octets[index]) }
    self.octets = octets
    flags = header.flags
    guard !header.flags.contains(.truncated) else {
      // Anything after the question may be cut in the middle, and none of it is used.
      (answer, authority, edns, serverCookie) = ([], [], nil, nil)
      code = header.flags.responseCode
      return
    }
    let counts = [header.answerCount, header.authorityCount, header.additionalCount].map { Int($0) }
    guard counts.reduce(0, +) <= maximumRecords else { throw WireError(.badCounts, at: 6) }
    var reader = try MessageReader(message)
    _ = try reader.readQuestion()
    var sections: [[RecordView]] = [[], [], []]
    for section in 0..<3 {
      for _ in 0..<counts[section] { sections[section].append(try reader.readRecord()) }
    }
    (answer, authority) = (sections[0], sections[1])
    let options = sections[2].filter { $0.type == .opt }
    guard options.count <= 1 else { throw WireError(.badOPT, at: options[1].ownerOffset) }
    edns = if let option = options.first { try EDNS(option, in: message) } else { nil }
    code = header.flags.responseCode | UInt16(edns?.extendedCode ?? 0) << 4
    serverCookie = try Self.serverCookie(edns, message, query)
  }

  /// The server's cookie; throws when the client's is not the one that was sent (RFC 7873 §5.3).
  private static func serverCookie(
    _ edns: EDNS?, _ message: Span<UInt8>, _ query: UpstreamQuery
  ) throws(WireError) -> [UInt8]? {
    guard let sent = query.cookie, let range = edns?.option(UpstreamQuery.cookieOption, in: message) else { return nil }
    let length = UpstreamQuery.clientCookieLength
    guard range.count == length || (16...40).contains(range.count) else {
      throw WireError(.badOPT, at: range.lowerBound)
    }
    for index in 0..<length where message[range.lowerBound + index] != sent[index] {
      throw WireError(.badOPT, at: range.lowerBound)
    }
    return range.count == length ? nil : ((range.lowerBound + length)..<range.upperBound).map { message[$0] }
  }
}

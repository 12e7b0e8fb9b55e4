import Bounds

/// Reads what etcd's gateway says, an answer or a stream of messages, as it comes: each key-value as soon as it is whole,
/// and at the end of each message all the rest of it. Of a watch line of any length one key-value is kept at a time.
///
/// The order of members means nothing, and what is not known is passed over, whatever it holds. The octets are those of the
/// answers' bodies; a stream is one body.
///
/// ```
/// while let event = try reader.next(octets, at: &at) { … }   // then hand in what comes next
/// ```
public struct EtcdReader: Sendable {
  /// What etcd has said.
  public enum Event: Hashable, Sendable {
    /// A key with its value, of the message whose end comes later.
    case keyValue(EtcdKeyValue)
    /// The end of a message.
    case message(EtcdMessage)
  }

  private var tokens: JSONTokens
  /// The open brackets, each by what it is.
  private var places: [EtcdPlace] = []
  /// Which member's value comes next.
  private var field = EtcdField.result
  private var message = EtcdMessage()
  private var errorCode = 0
  private var errorText = ""
  /// The key-value that is being read, and what stood there before it.
  private var entry = EtcdKeyValue()
  private var before: EtcdKeyValue?
  /// Which of a transaction's operations is being read.
  private var operation = 0
  private var member = EtcdMember()

  /// Starts before the first message.
  ///
  /// - Parameter maximumValueOctets: the longest value that is kept, in octets of base64.
  public init(maximumValueOctets: Int = Limits.Fleet.stringOctets) {
    tokens = JSONTokens(maximumStringOctets: maximumValueOctets)
  }

  /// True when no message has begun that has not ended.
  public var isBetweenMessages: Bool { tokens.isBetweenValues }

  /// The next event in `octets` from `at` on, which moves past what was taken; nil when all of them were taken and more
  /// are needed.
  ///
  /// - Throws: where it is not what etcd says; the reader is then of no use.
  public mutating func next(_ octets: Span<UInt8>, at: inout Int) throws(EtcdFault) -> Event? {
    while let token = try nextToken(octets, &at) {
      if let event = try take(token) { return event }
    }
    return nil
  }

  /// The answer or stream has ended.
  ///
  /// - Throws: where it ended within a message.
  public mutating func finish() throws(EtcdFault) {
    do throws(JSONFault) {
      guard try tokens.finish() == nil else { throw JSONFault("a number where a message should be", after: 0) }
    } catch {
      throw .notJSON(error)
    }
  }

  private mutating func nextToken(_ octets: Span<UInt8>, _ at: inout Int) throws(EtcdFault) -> JSONTokens.Token? {
    do throws(JSONFault) {
      return try tokens.next(octets, at: &at)
    } catch {
      throw .notJSON(error)
    }
  }

  // MARK: Brackets

  private mutating func take(_ token: JSONTokens.Token) throws(EtcdFault) -> Event? {
    switch token {
    case .key:
      guard let field = places.last?.field(tokens.text) else {
        tokens.skipValue()
        return nil
      }
      self.field = field
    case .objectStart, .arrayStart: try open(isArray: token == .arrayStart)
    case .objectEnd, .arrayEnd: return close()
    case .null: break
    case .string, .longString, .number, .bool: try set(EtcdValue(field: field, token: token, text: tokens.text))
    }
    return nil
  }

  private mutating func open(isArray: Bool) throws(EtcdFault) {
    guard let place = places.last else {
      guard !isArray else { throw .notEtcd("a list where a message should be") }
      startMessage()
      return
    }
    guard let next = isArray ? place.list(field) : place.object(field) else {
      throw .notEtcd("\(isArray ? "a list" : "an object") in the wrong place")
    }
    places.append(next)
    switch next {
    case .keyValue(let kind):
      entry = EtcdKeyValue()
      entry.kind = kind
      entry.operation = operation
    case .event:
      entry = EtcdKeyValue()
      entry.kind = .put
      before = nil
    case .before: before = EtcdKeyValue()
    case .responses: operation = -1
    case .response: operation += 1
    case .member:
      guard message.members.count < Limits.Fleet.members else {
        throw .notEtcd("more than \(Limits.Fleet.members) members")
      }
      member = EtcdMember()
    default: break
    }
  }

  private mutating func startMessage() {
    places.append(.message)
    message = EtcdMessage()
    (errorCode, errorText, operation) = (0, "", 0)
  }

  private mutating func close() -> Event? {
    guard let place = places.popLast() else { return nil }
    switch place {
    case .keyValue: return entryEnded()
    case .event:
      entry.before = before.map {
        EtcdKeyValue.Before(value: $0.value, modRevision: $0.modRevision, lease: $0.lease)
      }
      before = nil
      return entryEnded()
    case .member: message.members.append(member)
    case .message where places.isEmpty:
      if errorCode != 0 || !errorText.isEmpty { message.error = EtcdError(code: errorCode, message: errorText) }
      return .message(message)
    default: break
    }
    return nil
  }

  /// Hands on what was read; none of it is kept.
  private mutating func entryEnded() -> Event {
    defer { entry = EtcdKeyValue() }
    message.keyValues += 1
    return .keyValue(entry)
  }

  // MARK: Members

  private mutating func set(_ value: EtcdValue) throws(EtcdFault) {
    guard let place = places.last else { throw .notEtcd("a value where a message should be") }
    switch place {
    case .message: try setMessage(value)
    case .header:
      switch field {
      case .clusterID: message.clusterID = try value.integer()
      case .memberID: message.memberID = try value.integer()
      case .revision: message.revision = try value.integer()
      default: message.raftTerm = try value.integer()
      }
    case .keyValue, .keyValueOfEvent: try entry.set(value)
    case .before: try before?.set(value)
    case .event: try setType(value)
    case .error: try setError(value)
    case .lease:
      guard message.leases.count < Limits.Fleet.leases else {
        throw .notEtcd("more than \(Limits.Fleet.leases) leases")
      }
      message.leases.append(try value.integer())
    case .member: try setMember(value)
    case .clientURLs:
      guard member.clientURLs.count < Limits.Fleet.addressesOfMember else {
        throw .notEtcd("more than \(Limits.Fleet.addressesOfMember) addresses of a member")
      }
      member.clientURLs.append(try value.shortText())
    case .keyValues, .events, .responses, .response, .result, .leases, .members:
      throw .notEtcd("a value where an object should be")
    }
  }

  private mutating func setMessage(_ value: EtcdValue) throws(EtcdFault) {
    switch field {
    case .count: message.count = try value.integer()
    case .more: message.more = try value.bool()
    case .deleted: message.deleted = try value.integer()
    case .succeeded: message.succeeded = try value.bool()
    case .watchID: message.watchID = try value.integer()
    case .created: message.created = try value.bool()
    case .canceled: message.canceled = try value.bool()
    case .compactRevision: message.compactRevision = try value.integer()
    case .cancelReason: message.cancelReason = try value.shortText()
    case .fragment: message.fragment = try value.bool()
    case .id: message.leaseID = try value.integer()
    case .seconds: message.leaseSeconds = try value.integer()
    case .grantedSeconds: message.grantedSeconds = try value.integer()
    case .token: message.token = try value.credential()
    case .version: message.version = try value.shortText()
    case .databaseOctets: message.databaseOctets = try value.integer()
    case .leader: message.leader = try value.integer()
    case .error, .code, .message: try setError(value)
    default: throw .notEtcd("a value where an object or a list should be")
    }
  }

  /// An error as an answer of its own has it, with its text twice, and as it stands in a stream.
  private mutating func setError(_ value: EtcdValue) throws(EtcdFault) {
    switch field {
    case .code: errorCode = try value.integer()
    case .message: errorText = try value.shortText()
    default: if errorText.isEmpty { errorText = try value.shortText() }
    }
  }

  /// An enumeration is a word or its number.
  private mutating func setType(_ value: EtcdValue) throws(EtcdFault) {
    switch (value.token, try value.shortText()) {
    case (.string, "PUT"), (.number, "0"): entry.kind = .put
    case (.string, "DELETE"), (.number, "1"): entry.kind = .delete
    default: throw .notEtcd("an event that is neither a put nor a deletion")
    }
  }

  private mutating func setMember(_ value: EtcdValue) throws(EtcdFault) {
    switch field {
    case .id: member.id = try value.integer()
    case .name: member.name = try value.shortText()
    case .isLearner: member.isLearner = try value.bool()
    default: throw .notEtcd("a value where a list should be")
    }
  }
}

/// Why what came is not what etcd says.
public enum EtcdFault: Error, Hashable, Sendable {
  /// It is no JSON.
  case notJSON(JSONFault)
  /// It is JSON that etcd would not write; the text says why.
  case notEtcd(String)
}

extension EtcdFault: CustomStringConvertible {
  /// What is wrong.
  public var description: String {
    switch self {
    case .notJSON(let fault): "not an answer of etcd: \(fault)"
    case .notEtcd(let what): "not an answer of etcd: \(what)"
    }
  }
}

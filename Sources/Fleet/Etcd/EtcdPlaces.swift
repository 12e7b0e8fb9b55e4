/// What an open bracket of etcd's JSON is.
enum EtcdPlace: Hashable, Sendable {
  /// A message, or what stands as `result` in one of a stream.
  case message
  case header
  case keyValues(EtcdKeyValue.Kind)
  case keyValue(EtcdKeyValue.Kind)
  case events
  case event
  case keyValueOfEvent
  case before
  /// A transaction's operations; one of them; what came of it.
  case responses
  case response
  case result
  case leases
  case lease
  case members
  case member
  case clientURLs
  case error

  /// What the object is that stands here as the value of `field`, or as an element; nil where none should.
  func object(_ field: EtcdField) -> EtcdPlace? {
    switch (self, field) {
    case (.keyValues(let kind), _): .keyValue(kind)
    case (.events, _): .event
    case (.responses, _): .response
    case (.leases, _): .lease
    case (.members, _): .member
    case (.message, .result): .message
    case (.message, .header): .header
    case (.message, .error): .error
    case (.message, .before), (.result, .before): .keyValue(.previous)
    case (.event, .keyValue): .keyValueOfEvent
    case (.event, .before): .before
    case (.response, .operation): .result
    default: nil
    }
  }

  /// What the list is that stands here as the value of `field`; nil where none should.
  func list(_ field: EtcdField) -> EtcdPlace? {
    switch (self, field) {
    case (.message, .keyValues), (.result, .keyValues): .keyValues(.range)
    case (.message, .allBefore), (.result, .allBefore): .keyValues(.previous)
    case (.message, .events): .events
    case (.message, .responses): .responses
    case (.message, .leases): .leases
    case (.message, .members): .members
    case (.member, .clientURLs): .clientURLs
    default: nil
    }
  }

  /// Which member a name is of the object that this is; nil for one that nobody wants.
  func field(_ name: [UInt8]) -> EtcdField? {
    // Every name that is known is short and ASCII.
    guard name.count <= 24, name.allSatisfy({ $0 < 0x80 }) else { return nil }
    let name = String(decoding: name, as: UTF8.self)
    switch self {
    case .message: return EtcdField(ofMessage: name)
    case .keyValue, .keyValueOfEvent, .before: return EtcdField(ofKeyValue: name)
    default: return EtcdField(name, of: self)
    }
  }
}

/// A member of one of etcd's objects.
enum EtcdField: Hashable, Sendable {
  case result, header, error, code, message
  case clusterID, memberID, revision, raftTerm
  case keyValues, before, allBefore, count, more, deleted
  case responses, succeeded, operation
  case watchID, created, canceled, compactRevision, cancelReason, fragment, events
  case type, keyValue
  case key, value, createRevision, modRevision, versionOfKey, lease
  case id, seconds, grantedSeconds, leases
  case token
  case members, name, clientURLs, isLearner
  case version, databaseOctets, leader

  /// Of a message, or its `result`.
  init?(ofMessage name: String) {
    switch name {
    case "result": self = .result
    case "header": self = .header
    case "events": self = .events
    case "kvs": self = .keyValues
    case "count": self = .count
    case "more": self = .more
    case "responses": self = .responses
    case "succeeded": self = .succeeded
    case "prev_kv": self = .before
    case "prev_kvs": self = .allBefore
    case "deleted": self = .deleted
    case "watch_id": self = .watchID
    case "created": self = .created
    case "canceled": self = .canceled
    case "compact_revision": self = .compactRevision
    case "cancel_reason": self = .cancelReason
    case "fragment": self = .fragment
    case "ID": self = .id
    case "TTL": self = .seconds
    case "grantedTTL": self = .grantedSeconds
    case "leases": self = .leases
    case "token": self = .token
    case "members": self = .members
    case "version": self = .version
    case "dbSize": self = .databaseOctets
    case "leader": self = .leader
    case "error": self = .error
    case "code": self = .code
    case "message": self = .message
    default: return nil
    }
  }

  /// Of a key-value.
  init?(ofKeyValue name: String) {
    switch name {
    case "key": self = .key
    case "value": self = .value
    case "create_revision": self = .createRevision
    case "mod_revision": self = .modRevision
    case "version": self = .versionOfKey
    case "lease": self = .lease
    default: return nil
    }
  }

  /// Of another object.
  init?(_ name: String, of place: EtcdPlace) {
    switch (place, name) {
    case (.header, "cluster_id"): self = .clusterID
    case (.header, "member_id"): self = .memberID
    case (.header, "revision"): self = .revision
    case (.header, "raft_term"): self = .raftTerm
    case (.event, "type"): self = .type
    case (.event, "kv"): self = .keyValue
    case (.event, "prev_kv"): self = .before
    case (.response, "response_range"), (.response, "response_put"), (.response, "response_delete_range"):
      self = .operation
    case (.result, "kvs"): self = .keyValues
    case (.result, "prev_kv"): self = .before
    case (.result, "prev_kvs"): self = .allBefore
    case (.lease, "ID"): self = .id
    case (.member, "ID"): self = .id
    case (.member, "name"): self = .name
    case (.member, "clientURLs"): self = .clientURLs
    case (.member, "isLearner"): self = .isLearner
    case (.error, "grpc_code"), (.error, "code"): self = .code
    case (.error, "message"): self = .message
    default: return nil
    }
  }
}

import Bounds
import Fleet
import Testing

/// What etcd says, out of what it said once, and out of what it might.
struct EtcdReaderTests {
  private static let cluster: UInt64 = 16_044_545_079_779_457_700
  private static let member: UInt64 = 9_868_157_039_902_923_216

  private func said(_ json: String) throws -> [EtcdReader.Event] { try Recorded.said(pieces: [Array(json.utf8)]) }

  private func message(_ json: String) throws -> EtcdMessage {
    guard case .message(let message)? = try said(json).last else { throw Recorded.NoMessage() }
    return message
  }

  /// `put /key@3 value …` for each key-value, and `end` for each message.
  private func lines(_ events: [EtcdReader.Event]) -> [String] {
    events.map { event in
      switch event {
      case .message(let message): return "end \(message.revision)"
      case .keyValue(let entry):
        var line =
          "\(entry.kind) \(text(entry.key)) \(text(entry.value)) c\(entry.createRevision) m\(entry.modRevision)"
        line += " v\(entry.version) l\(entry.lease) o\(entry.operation)"
        return line + (entry.before.map { " before \(text($0.value)) m\($0.modRevision) l\($0.lease)" } ?? "")
      }
    }
  }

  // MARK: What it said

  @Test func itDoesNotMatterHowOctetsArrive() throws {
    for name in Recorded.names where name != "not-found" {
      let body = try Recorded.body(name)
      let whole = try Recorded.said(pieces: [body])
      #expect(!whole.isEmpty, "\(name)")
      for pieces in cuts(body) { #expect(try Recorded.said(pieces: pieces) == whole, "\(name)") }
    }
    #expect(throws: EtcdFault.self) { try Recorded.said("not-found") }
  }

  @Test func aRangeIsItsKeyValuesAndAMessage() throws {
    #expect(
      try lines(Recorded.said("range")) == [
        "range /backroad/v1/format backroad 1 c2 m3 v2 l0 o0",
        "range /backroad/v1/ws/acme/workspace.json {} c4 m4 v1 l0 o0",
        "end 4",
      ])
    let page = try Recorded.message("range-page")
    #expect(page.clusterID == Self.cluster && page.memberID == Self.member && page.raftTerm == 2 && page.revision == 4)
    #expect(page.more && page.count == 2 && page.keyValues == 1 && page.error == nil)
    // What is zero is not there.
    let empty = try Recorded.message("range-empty")
    #expect(!empty.more && empty.count == 0 && empty.keyValues == 0 && empty.revision == 4)
  }

  @Test func whatStoodThereBeforeIsTold() throws {
    #expect(
      try lines(Recorded.said("put-previous")) == ["previous /backroad/v1/format backroad 1 c2 m2 v1 l0 o0", "end 3"])
    let deleted = try Recorded.said("delete")
    #expect(lines(deleted) == ["previous /backroad/v1/ws/acme/workspace.json {} c4 m4 v1 l0 o0", "end 7"])
    #expect(try Recorded.message("delete").deleted == 1)
  }

  @Test func aTransactionSaysOfWhichOperationAKeyValueIs() throws {
    #expect(
      try lines(Recorded.said("txn")) == [
        "range /backroad/v1/format backroad 1 c2 m3 v2 l0 o1",
        "range /backroad/v1/ws/acme/workspace.json {} c4 m4 v1 l0 o1",
        "range /backroad/v1/format backroad 1 c2 m3 v2 l0 o3", "end 4",
      ])
    #expect(try Recorded.message("txn").succeeded)
    #expect(try !Recorded.message("txn-lost").succeeded)
    #expect(
      try lines(Recorded.said("txn-lost")) == ["range /backroad/v1/ws/acme/workspace.json {} c4 m4 v1 l0 o0", "end 4"])
  }

  @Test func aWatchTellsOfEventsAndRevisions() throws {
    let pod = #"{"workspace":"acme","uid":"u","ttl":60}"#
    let events = try Recorded.said("watch")
    #expect(
      lines(events) == [
        "end 7", "put /backroad/v1/pod/10.0.0.1 \(pod) c8 m8 v1 l9223372036854775807 o0", "end 8",
        "put /backroad/v1/ws/acme/workspace.json {} c9 m9 v1 l0 o0",
        "put /backroad/v1/ws/acme/.change {} c9 m9 v1 l0 o0",
        "end 9",
        "delete /backroad/v1/pod/10.0.0.1  c0 m10 v0 l0 o0 before \(pod) m8 l9223372036854775807", "end 10",
      ])
    guard case .message(let first)? = events.first else { throw Recorded.NoMessage() }
    #expect(first.created && !first.canceled && first.keyValues == 0)
    guard case .keyValue(let put) = events[1] else { throw Recorded.NoMessage() }
    #expect(put.isNew)
    // Compacted: the connection goes on as if nothing were, but the watch is over.
    let over = try Recorded.message("watch-compacted")
    #expect(over.canceled && over.compactRevision == 7 && over.error == nil && over.revision == 0)
    let end = try Recorded.message("watch-ended")
    #expect(end.error == EtcdError(code: 14, message: "transport is closing"))
    #expect(end.error?.isUnavailable == true)
  }

  @Test func leasesAreReadWithAllTheirBits() throws {
    #expect(try Recorded.message("lease-grant").leaseID == .max && Recorded.message("lease-grant").leaseSeconds == 60)
    #expect(try Recorded.message("lease-keepalive").leaseSeconds == 60)
    // One that is gone is told of by what is missing.
    let gone = try Recorded.message("lease-keepalive-gone")
    #expect(gone.leaseID == 99 && gone.leaseSeconds == 0 && gone.error == nil)
    let live = try Recorded.message("lease-timetolive")
    #expect(live.grantedSeconds == 60 && (1...60).contains(live.leaseSeconds))
    #expect(try Recorded.message("lease-timetolive-gone").leaseSeconds == -1)
    #expect(try Recorded.message("lease-list").leases.contains(.max))
    #expect(try Recorded.message("lease-revoke-gone").error?.isLeaseGone == true)
  }

  @Test func errorsAreToldApart() throws {
    #expect(try Recorded.message("range-compacted").error?.isCompacted == true)
    #expect(try Recorded.message("range-compacted").error?.isFutureRevision == false)
    #expect(try Recorded.message("range-future").error?.isFutureRevision == true)
    #expect(try Recorded.message("lease-exists").error?.code == 9)
    #expect(try Recorded.message("bad-token").error?.isUnauthenticated == true)
    #expect(try Recorded.message("no-token").error?.isUnauthenticated == true)
    let wrong = try Recorded.message("authenticate-wrong").error
    #expect(wrong?.code == 3 && wrong?.isUnauthenticated == false)
    #expect(try Recorded.message("authenticate").token == "ivpMiBvxXxfldpoO.10")
    // As etcd 3.6 has them: no `error`, `details`, and a status within a stream.
    let later = try message(
      #"{"code":11,"message":"etcdserver: mvcc: required revision has been compacted","details":[]}"#)
    #expect(later.error?.isCompacted == true)
    #expect(try message(#"{"error":{"code":14,"message":"x","details":[{"a":1}]}}"#).error?.isUnavailable == true)
    #expect(try message(#"{"error":"only a text"}"#).error == EtcdError(code: 0, message: "only a text"))
    #expect(try message(#"{"result":{"watch_id":"1"}}"#).error == nil)
  }

  @Test func aMemberSaysHowItIs() throws {
    let status = try Recorded.message("status")
    #expect(status.version == "3.4.23" && status.databaseOctets == 20480 && status.leader == Self.member)
    let members = try Recorded.message("members").members
    #expect(members.count == 1 && members.first?.id == Self.member && members.first?.name == "default")
    #expect(members.first?.clientURLs == ["http://127.0.0.1:49179"] && members.first?.isLearner == false)
  }

  // MARK: What it might say

  @Test func theOrderOfMembersMeansNothing() throws {
    let events = try said(
      #"{"result":{"events":[{"prev_kv":{"value":"Yg==","key":"aw=="},"kv":{"mod_revision":5,"key":"aw=="},"type":"DELETE"}],"#
        + #""fragment":true,"watch_id":"3","header":{"revision":"6","cluster_id":"1"}}}"#)
    #expect(lines(events) == ["delete k  c0 m5 v0 l0 o0 before b m0 l0", "end 6"])
    guard case .message(let message)? = events.last else { throw Recorded.NoMessage() }
    #expect(message.fragment && message.watchID == 3 && message.clusterID == 1)
    #expect(
      try lines(said(#"{"events":[{"type":1,"kv":{}},{"type":"PUT","kv":null},{}]}"#)).map { $0.prefix(4) } == [
        "dele", "put ", "put ", "end ",
      ])
  }

  @Test func nothingIsLeftOfAMessageInTheNext() throws {
    let events = try said(
      #"{"kvs":[{"key":"aw==","value":"Yg==","lease":"7","version":"2"},{"key":"aw=="}],"more":true,"ID":"3","error":"x"}"#
        + #"{"kvs":[{}]}"#)
    #expect(
      lines(events) == [
        "range k b c0 m0 v2 l7 o0", "range k  c0 m0 v0 l0 o0", "end 0", "range   c0 m0 v0 l0 o0", "end 0",
      ])
    guard case .message(var last)? = events.last else { throw Recorded.NoMessage() }
    last.keyValues = 0
    #expect(last == EtcdMessage())
  }

  @Test func numbersHave64BitsAsStringsOrNumbers() throws {
    for (json, revision) in [
      ("9007199254740993", 9_007_199_254_740_993), ("\"9007199254740993\"", 9_007_199_254_740_993),
      ("9223372036854775807", Int64.max), ("-9223372036854775808", .min), ("0", 0), ("null", 0),
    ] as [(String, Int64)] {
      #expect(try message(#"{"header":{"revision":\#(json)}}"#).revision == revision)
    }
    #expect(try message(#"{"header":{"cluster_id":18446744073709551615}}"#).clusterID == .max)
    for bad in [
      "9223372036854775808", "\"\"", "\"x\"", "1.0", "1e3", "true", "[]", "{}", "\" 1\"", "\"0x1\"",
      "99999999999999999999999",
    ] {
      #expect(throws: EtcdFault.self, "\(bad)") { try said(#"{"header":{"revision":\#(bad)}}"#) }
    }
  }

  @Test func whatIsNotKnownIsPassedOver() throws {
    let junk = #"{"a":[{"events":[{"kv":{"key":7}}]},"\ud83d\ude00",1e9],"header":3,"kvs":[]}"#
    let events = try said(
      #"{"x":\#(junk),"result":{"y":\#(junk),"header":{"z":\#(junk),"revision":"4"},"events":[{"w":\#(junk),"#
        + #""kv":{"v":\#(junk),"key":"aw=="}}],"keys":["not base64"]},"é":\#(junk)}"#)
    #expect(lines(events) == ["put k  c0 m0 v0 l0 o0", "end 4"])
    let deep = String(repeating: "[", count: 60) + String(repeating: "]", count: 60)
    #expect(try message(#"{"a":\#(deep),"more":true}"#).more)
    #expect(throws: EtcdFault.self) { try said(#"{"a":[[[[[\#(deep)]]]]]}"#) }
  }

  @Test func whatEtcdWouldNotSayIsAFault() {
    for bad in [
      "[]", "1", "\"x\"", "true", "{", "{\"kvs\":{}}", "{\"kvs\":[1]}", "{\"kvs\":[[]]}", "{\"kvs\":1}",
      "{\"events\":[{\"kv\":[]}]}",
      "{\"events\":[{\"type\":\"MOVE\"}]}", "{\"events\":[{\"type\":2}]}", "{\"header\":[]}", "{\"header\":1}",
      "{\"more\":1}",
      "{\"more\":\"true\"}", "{\"responses\":[3]}", "{\"responses\":[{\"response_range\":[]}]}", "{\"token\":1}",
      "{\"leases\":[1]}",
      "{\"members\":[{\"clientURLs\":\"x\"}]}", "{\"cancel_reason\":true}", "{\"result\":[]}", "{\"count\":{}}",
      "{\"kvs\":[{\"value\":1}]}", "{\"kvs\":[{\"key\":true}]}", "{\"kvs\":[{\"key\":\"\u{1}\"}]}",
    ] {
      #expect(throws: EtcdFault.self, "\(bad)") { try said(bad) }
      #expect(throws: EtcdFault.self, "\(bad)") { try Recorded.said(pieces: bad.utf8.map { [$0] }) }
    }
  }

  @Test func aValueThatIsTooLongIsToldOf() throws {
    var reader = EtcdReader(maximumValueOctets: 8)
    let body = Array(
      #"{"kvs":[{"key":"aw==","value":"AAAAAAAAAAAA","lease":"1"},{"key":"aw==","value":"AAAAAAAA"}]}"#.utf8)
    var at = 0
    guard case .keyValue(let long)? = try reader.next(body.span, at: &at),
      case .keyValue(let short)? = try reader.next(body.span, at: &at)
    else { throw Recorded.NoMessage() }
    #expect(long.valueIsTooLong && long.value.isEmpty && long.lease == 1 && text(long.key) == "k")
    #expect(!short.valueIsTooLong && short.value.count == 6)
  }

  @Test func textsAndListsHaveBounds() throws {
    let long = String(repeating: "x", count: 10_000)
    #expect(
      try message(#"{"cancel_reason":"\#(long)"}"#).cancelReason.unicodeScalars.count == Limits.Text.messageCharacters)
    #expect(throws: EtcdFault.self) { try said(#"{"token":"\#(long)"}"#) }
    func members(_ count: Int) -> String {
      #"{"members":[\#(Array(repeating: "{}", count: count).joined(separator: ","))]}"#
    }
    #expect(try message(members(Limits.Fleet.members)).members.count == Limits.Fleet.members)
    #expect(throws: EtcdFault.self) { try said(members(Limits.Fleet.members + 1)) }
    let urls = Array(repeating: "\"u\"", count: Limits.Fleet.addressesOfMember + 1).joined(separator: ",")
    #expect(throws: EtcdFault.self) { try said(#"{"members":[{"clientURLs":[\#(urls)]}]}"#) }
  }

  // MARK: Base64

  @Test func base64IsWhatItsWriterWrites() {
    for (octets, encoded) in [
      ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="),
      ("foobar", "Zm9vYmFy"),
    ] {
      #expect(text(Base64.encode(Array(octets.utf8))) == encoded)
      #expect(Base64.decode(Array(encoded.utf8)).map(text) == octets)
    }
    let all = (0...255).map { UInt8($0) }
    for count in 0...256 { #expect(Base64.decode(Base64.encode(Array(all[..<count]))) == Array(all[..<count])) }
    for bad in [
      "Z", "Zg", "Zg=", "Zh==", "Zm9=", "Zg==Zg==", "====", "=", "Z===", "Zm9v\n", " Zm9", "Zm9-", "Zm9_", "Zm=v",
      "Zm9v=", "Zé==",
    ] {
      #expect(Base64.decode(Array(bad.utf8)) == nil, "\(bad)")
    }
  }
}

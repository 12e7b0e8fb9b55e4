import Bounds
import Fleet
import Testing

/// What etcd is asked, octet by octet: a real one took these, and answered what `Recorded` holds.
struct EtcdRequestTests {
  private func shown(_ request: EtcdRequest) -> String { "\(request.path) \(text(request.body))" }
  private let key = Array("k".utf8)

  @Test func rangesAreWritten() {
    #expect(shown(.range(.key(key))) == #"/v3/kv/range {"key":"aw=="}"#)
    #expect(
      shown(.range(.prefix(key), revision: 5, limit: 1000, keysOnly: true, order: .descending))
        == #"/v3/kv/range {"key":"aw==","range_end":"bA==","revision":"5","limit":"1000","keys_only":true,"sort_order":"DESCEND","sort_target":"KEY"}"#
    )
    #expect(
      shown(.range(.key(key), countOnly: true, isSerializable: true, order: .ascending))
        == #"/v3/kv/range {"key":"aw==","count_only":true,"serializable":true,"sort_order":"ASCEND","sort_target":"KEY"}"#
    )
  }

  @Test func aPrefixEndsWhereNoKeyStartsSo() {
    func end(_ prefix: [UInt8]) -> [UInt8]? { KeyRange.prefix(prefix).end }
    #expect(end(Array("/a/".utf8)) == Array("/a0".utf8))
    #expect(end([0x61, 0xff]) == [0x62])
    #expect(end([0x61, 0xfe, 0xff, 0xff]) == [0x61, 0xff])
    #expect(end([0xff, 0xff]) == [0] && end([]) == [0])
    #expect(KeyRange.prefix([]).start == [0] && KeyRange.prefix([0xff]).start == [0xff])
    #expect(KeyRange.prefix([0x61], after: [0x61, 0x62]) == .range([0x61, 0x62, 0], upTo: [0x62]))
    #expect(KeyRange.key([0x61]).end == nil)
  }

  @Test func writesAreWritten() {
    #expect(shown(.put(key, [])) == #"/v3/kv/put {"key":"aw=="}"#)
    #expect(
      shown(.put(key, Array("v".utf8), lease: .max, previous: true))
        == #"/v3/kv/put {"key":"aw==","value":"dg==","lease":"9223372036854775807","prev_kv":true}"#)
    #expect(shown(.delete(.prefix(key))) == #"/v3/kv/deleterange {"key":"aw==","range_end":"bA=="}"#)
    #expect(shown(.compaction(revision: 7)) == #"/v3/kv/compaction {"revision":"7"}"#)
  }

  @Test func transactionsAreWritten() throws {
    let transaction = EtcdTransaction(
      [
        .unchanged(key, since: 0), .unchanged(key, since: 9), .init(key, .createRevision(1), .greater),
        .init(key, .version(2), .less), .init(key, .value([0]), .notEqual),
      ],
      success: [.put(key, [1], lease: 3), .delete(.key([2]))], failure: [.range(.key(key), keysOnly: true)])
    #expect(
      shown(try transaction.request())
        == #"/v3/kv/txn {"compare":[{"key":"aw==","result":"EQUAL","target":"MOD"},"#
        + #"{"key":"aw==","result":"EQUAL","target":"MOD","mod_revision":"9"},"#
        + #"{"key":"aw==","result":"GREATER","target":"CREATE","create_revision":"1"},"#
        + #"{"key":"aw==","result":"LESS","target":"VERSION","version":"2"},"#
        + #"{"key":"aw==","result":"NOT_EQUAL","target":"VALUE","value":"AA=="}],"#
        + #""success":[{"request_put":{"key":"aw==","value":"AQ==","lease":"3"}},{"request_delete_range":{"key":"Ag=="}}],"#
        + #""failure":[{"request_range":{"key":"aw==","keys_only":true}}]}"#)
  }

  @Test func aTransactionHasNoMoreThanEtcdTakes() throws {
    let limit = Limits.Fleet.operationsOfTransaction
    #expect(limit == 128)
    let puts = (0...limit).map { EtcdTransaction.Operation.put([UInt8($0)], []) }
    let tests = (0...limit).map { EtcdTransaction.Comparison.unchanged([UInt8($0)], since: 0) }
    _ = try EtcdTransaction(tests.dropLast(), success: puts.dropLast(), failure: puts.dropLast()).request()
    let comparisons = #expect(throws: EtcdTransaction.TooLarge.self) {
      try EtcdTransaction(tests, success: []).request()
    }
    #expect(comparisons?.count == 129 && comparisons?.limit == 128 && comparisons?.areComparisons == true)
    let operations = #expect(throws: EtcdTransaction.TooLarge.self) { try EtcdTransaction(success: puts).request() }
    #expect(operations?.count == 129 && operations?.areComparisons == false)
    #expect(throws: EtcdTransaction.TooLarge.self) { try EtcdTransaction(success: [], failure: puts).request() }
  }

  @Test func watchesAreWritten() {
    #expect(
      shown(
        .watch(
          .prefix(key), startRevision: 8, watchID: 1, fragment: true, previous: true, progress: true,
          filters: [.noPuts, .noDeletions]))
        == #"/v3/watch {"create_request":{"key":"aw==","range_end":"bA==","start_revision":"8","watch_id":"1","fragment":true,"#
        + #""prev_kv":true,"progress_notify":true,"filters":["NOPUT","NODELETE"]}}"#)
    #expect(shown(.cancelWatch(3)) == #"/v3/watch {"cancel_request":{"watch_id":"3"}}"#)
    #expect(shown(.watchProgress) == #"/v3/watch {"progress_request":{}}"#)
    #expect(EtcdRequest.watchProgress.isStream && !EtcdRequest.status.isStream)
  }

  @Test func leasesAndTheClusterAreAskedFor() {
    #expect(shown(.grantLease(seconds: 60)) == #"/v3/lease/grant {"TTL":"60"}"#)
    #expect(shown(.grantLease(id: 5, seconds: 60)) == #"/v3/lease/grant {"ID":"5","TTL":"60"}"#)
    #expect(shown(.keepLeaseAlive(5)) == #"/v3/lease/keepalive {"ID":"5"}"#)
    #expect(shown(.revokeLease(5)) == #"/v3/lease/revoke {"ID":"5"}"#)
    #expect(shown(.leaseTimeToLive(5)) == #"/v3/lease/timetolive {"ID":"5"}"#)
    #expect(shown(.leases) == "/v3/lease/leases {}")
    #expect(shown(.status) == "/v3/maintenance/status {}")
    #expect(shown(.members) == "/v3/cluster/member/list {}")
    #expect(
      shown(.authenticate(user: "root", password: "a\"\\\n\u{1}é😀"))
        == #"/v3/auth/authenticate {"name":"root","password":"a\"\\\n\u0001é😀"}"#)
  }
}

import Bounds
import Testing
import Text

@testable import Fleet

/// What a replica says of itself is read as it was written, and believed no further than it can be true.
struct ReplicaRecordTests {
  private let description = ReplicaDescription(
    id: "n1-a", name: "n1", version: "Backroad 0.1.0", addresses: ["10.0.0.1:53", "[fd00::1]:53"])

  private func replica(_ text: String, storeRevision: Int64 = 100) -> FleetReplica {
    FleetReplica(id: "n1-a", value: Array(text.utf8), storeRevision: storeRevision)
  }

  private func problem(_ replica: FleetReplica) -> String? {
    if case .failure(let problem) = replica.record { "\(problem)" } else { nil }
  }

  @Test func whatAReplicaWritesIsRead() throws {
    let record = try ReplicaRecord(
      description.value(revision: 9_007_199_254_740_993, loaded: 8, age: 3), of: "replica/n1-a")
    #expect(record.name == "n1" && record.version == "Backroad 0.1.0")
    #expect(record.addresses == ["10.0.0.1:53", "[fd00::1]:53"])
    #expect(record.revision == 9_007_199_254_740_993 && record.loaded == 8 && record.age == 3)
    #expect(try ReplicaRecord(description.value(revision: 1, loaded: 1, age: -1), of: "replica/n1-a").age == nil)
  }

  @Test func aMemberOfALaterVersionIsPassedOver() {
    let record = replica(
      #"{ "name": "n", "version": "9", "addresses": [], "revision": 7, "age": 0, "colour": ["red"] }"#)
    #expect(record.revision == 7 && problem(record) == nil)
  }

  @Test(arguments: [
    ("", "replica/n1-a"), ("[]", "a replica"), ("{}", "\"name\" is missing"),
    (#"{ "name": 1, "version": "", "addresses": [], "revision": 1, "age": 0 }"#, "\"name\""),
    (#"{ "name": "", "version": "", "addresses": [2], "revision": 1, "age": 0 }"#, "an address"),
    (#"{ "name": "", "version": "", "addresses": [], "revision": -1, "age": 0 }"#, "\"revision\""),
    (#"{ "name": "", "version": "", "addresses": [], "revision": 9223372036854775808, "age": 0 }"#, "\"revision\""),
    (#"{ "name": "", "version": "", "addresses": [], "revision": 1, "age": -2 }"#, "\"age\""),
    (#"{ "name": "", "version": "", "addresses": [], "revision": 101, "age": 0 }"#, "which this store has not reached"),
  ]) func whatCannotBeReadIsAProblemOfThatReplica(text: String, reason: String) {
    let record = replica(text)
    #expect(problem(record)?.contains(reason) == true, "\(String(describing: problem(record)))")
    #expect(record.revision == nil && record.isBehind(0))
  }

  @Test func whatIsTooLongIsNotRead() {
    let name = String(repeating: "n", count: Limits.Fleet.replicaOctets)
    for record in [
      replica(#"{ "name": "\#(name)", "version": "", "addresses": [], "revision": 1, "age": 0 }"#),
      FleetReplica(id: "n1-a", value: nil, storeRevision: 100),
    ] { #expect(problem(record)?.contains("longer than 16384 octets") == true) }
  }

  @Test func behindIsWhoDoesNotSayThatItHasARevision() {
    let record = replica(#"{ "name": "", "version": "", "addresses": [], "revision": 7, "age": 0 }"#)
    #expect(record.isBehind(8) && !record.isBehind(7))
    // A deletion leaves nothing to be loaded: who loaded since has it, and asks no other to have more than it knows of.
    let loaded = replica(#"{ "name": "", "version": "", "addresses": [], "revision": 7, "loaded": 9, "age": 0 }"#)
    #expect(loaded.isBehind(10) && !loaded.isBehind(9) && loaded.revision == 7)
    let other = replica(#"{ "name": "", "version": "", "addresses": [], "revision": 7, "loaded": 101, "age": 0 }"#)
    #expect(problem(other)?.contains("which this store has not reached") == true)
  }
}

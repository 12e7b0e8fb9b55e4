import Testing
import Wire

/// Types, classes and codes as people write them.
@Suite struct CodesTests {
  @Test(
    arguments: [
      ("A", 1), ("a", 1), ("aaaa", 28), ("CNAME", 5), ("SOA", 6), ("PTR", 12), ("MX", 15), ("TXT", 16), ("SRV", 33),
      ("NAPTR", 35), ("DNAME", 39), ("CAA", 257), ("ANY", 255), ("HTTPS", 65), ("TYPE1", 1), ("type65535", 65535),
      ("TYPE0", 0),
    ] as [(String, UInt16)])
  func readsTypes(text: String, number: UInt16) {
    #expect(RecordType(mnemonic: text) == RecordType(number))
  }

  @Test(arguments: ["", "TYPE", "TYPE65536", "TYPE-1", "TYPE+1", "TYPE 1", "AAAAA", "1"])
  func refusesTypes(text: String) {
    #expect(RecordType(mnemonic: text) == nil)
  }

  @Test func everyTypeComesBack() {
    for number in UInt16.min...UInt16.max {
      let type = RecordType(number)
      if RecordType(mnemonic: type.description) != type { Issue.record("\(type)") }
    }
    #expect(RecordType(731).description == "TYPE731")
  }

  /// RFC 6895 §3.1: 128 to 255 are meta-types and question types, and OPT is one of RFC 6891's own.
  @Test func knowsMetaTypes() {
    let meta = (UInt16.min...UInt16.max).filter { RecordType($0).isMeta }
    #expect(meta == [41] + Array(128...255))
    let refused = (UInt16.min...UInt16.max).filter { !RecordType($0).isAskable }
    #expect(refused == [0, 41] + Array(128...254) + [65_535])
  }

  @Test func writesClassesAndCodes() {
    #expect(RecordClass.internet.description == "IN")
    #expect(RecordClass.chaos.description == "CH")
    #expect(RecordClass(254).description == "CLASS254")
    #expect(ResponseCode.nameError.mnemonic == "NXDOMAIN")
    #expect(ResponseCode(rawValue: 16)?.mnemonic == "BADVERS")
    #expect(ResponseCode(rawValue: 9) == nil)
  }
}

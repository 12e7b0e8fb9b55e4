import Testing
import Text
import Wire
import Zones

/// Record data, text to octets and back (RFC 1035 §5.1, RFC 3597 §5).
@Suite struct RecordTextTests {
  struct Case: Sendable {
    var type: RecordType
    var text: String
    var hex: String
    /// What is written, when that differs from what is read.
    var written: String?
  }

  static let cases = [
    Case(type: .a, text: "192.0.2.1", hex: "c0000201"),
    Case(type: .aaaa, text: "2001:DB8::1", hex: "20010db8000000000000000000000001", written: "2001:db8::1"),
    Case(
      type: .aaaa, text: "::ffff:192.0.2.1", hex: "00000000000000000000ffffc0000201", written: "::ffff:c000:201"),
    Case(type: .cname, text: "www", hex: "03777777076578616d706c6503636f6d00"),
    Case(type: .cname, text: "@", hex: "076578616d706c6503636f6d00"),
    Case(type: .cname, text: "a\\.b.", hex: "03612e6200"),
    Case(type: .ns, text: "NS1.example.com.", hex: "034e5331076578616d706c6503636f6d00", written: "NS1"),
    Case(type: .mx, text: "10 .", hex: "000a00"),
    Case(type: .srv, text: "1 2 443 x.", hex: "0001000201bb017800"),
    Case(type: .txt, text: "a \"b c\" \"\"", hex: "016103622063" + "00", written: "\"a\" \"b c\" \"\""),
    Case(type: .txt, text: "\"\\\"\\\\\\000\"", hex: "03225c00"),
    Case(type: .caa, text: "128 issue \"x; y\"", hex: "80056973737565783b2079"),
    Case(type: .naptr, text: "1 2 \"u\" \"\" \"\" .", hex: "00010002017500" + "00" + "00"),
    Case(
      type: .soa, text: "a. b. 4294967295 1h 2m 3 4",
      hex: "016100" + "016200" + "ffffffff00000e10000000780000000300000004",
      written: "a. b. 4294967295 3600 120 3 4"),
    Case(type: .alias, text: "a.", hex: "016100", written: "\\# 3 016100"),
    Case(type: .a, text: "\\# 4 C0 00 02 01", hex: "c0000201", written: "192.0.2.1"),
    Case(type: RecordType(700), text: "\\# 0", hex: ""),
    Case(type: RecordType(700), text: "\\# 3 abCDef", hex: "abcdef", written: "\\# 3 abcdef"),
    Case(type: .txt, text: "( a ; comment\n b )", hex: "01610162", written: "\"a\" \"b\""),
  ]

  @Test(arguments: cases) func readsAndWrites(_ test: Case) throws {
    let data = try RecordText.data(test.text, type: test.type, origin: exampleCom)
    #expect(data.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined() == test.hex)
    let written = RecordText.text(of: data, type: test.type, origin: exampleCom)
    #expect(written == test.written ?? test.text)
    #expect(try RecordText.data(written, type: test.type, origin: exampleCom) == data)
  }

  @Test func namesAreWholeWithoutAnOrigin() throws {
    let data = try RecordText.data("10 mail", type: .mx, origin: exampleCom)
    #expect(RecordText.text(of: data, type: .mx) == "10 mail.example.com.")
  }

  @Test func dataThatIsNotItsTypesIsWrittenAsUnknown() {
    #expect(RecordText.text(of: [1, 2, 3], type: .a) == "\\# 3 010203")
    #expect(RecordText.text(of: [0, 1, 0x2d, 0x78], type: .caa) == "\\# 4 00012d78")
  }

  @Test(arguments: [
    ("x 2", RecordType.mx, 1, "\"x\" cannot be the preference"), ("10", .mx, 3, "the mail server is missing"),
    ("192.0.2.1 x", .a, 11, "\"x\" is too much"), ("192.0.2.1\nx", .a, 1, "\"x\" is too much"),
    ("", .a, 1, "the address is missing"),
  ]) func errorsHaveTheirPlace(_ text: String, _ type: RecordType, _ column: Int, _ message: String) {
    let error = #expect(throws: Problem.self) { try RecordText.data(text, type: type, origin: exampleCom) }
    #expect(error?.position?.column == column)
    #expect(error?.message.hasPrefix(message) == true)
  }

  @Test func longTextIsSplitInStrings() throws {
    let octets = [UInt8](repeating: 0x78, count: 600)
    let data = RecordText.textData(octets)
    #expect(data.count == 603)
    #expect([data[0], data[256], data[512]] == [255, 255, 90])
    #expect(RecordText.textData([]) == [0])
    #expect(RecordText.textData([UInt8](repeating: 1, count: 70_000)).count == 65_535)
    let text = RecordText.text(of: data, type: .txt)
    #expect(try RecordText.data(text, type: .txt, origin: .root) == data)
  }
}

import TestKit
import Testing
import Wire

/// Extended DNS Errors in OPT (RFC 8914).
@Suite struct ExtendedErrorTests {
  @Test func isWrittenIntoOPT() throws {
    let message = try written {
      try MessageWriterTests.start(&$0)
      $0.set(.refused)
      let error = ExtendedError(.prohibited, "no")
      #expect($0.appendOPT(payloadSize: 1232, code: .refused, dnssecOK: true, error: error) == true)
    }
    #expect(Array(message[29...]) == octets("00 0029 04d0 00 00 8000 0008 000f 0004 0012 'no'"))
    let parsed = try ParsedMessage(message)
    #expect(parsed.description == "REFUSED rd cd\nerror 18: no")
    #expect(parsed.edns?.dnssecOK == true)
    #expect(parsed.edns?.payloadSize == 1232)
  }

  /// BADVERS is 16: its low four bits are in the header, the rest in OPT (RFC 6891 §6.1.3).
  @Test func splitsTheCode() throws {
    let message = try written {
      try MessageWriterTests.start(&$0)
      $0.set(.badVersion)
      #expect($0.appendOPT(payloadSize: 1232, code: .badVersion, dnssecOK: false) == true)
    }
    #expect(try ParsedMessage(message).header.flags.responseCode == 0)
    #expect(try ParsedMessage(message).edns?.extendedCode == 1)
    #expect(try ParsedMessage(message).code == 16)
  }

  /// What `dig` and `kdig` would print raw inside quotes and comments is replaced.
  @Test(arguments: [
    ("plain text, 10.0.0.1/8: fine", "plain text, 10.0.0.1/8: fine"), ("a\"b\\c(d)e;f", "a?b?c?d?e?f"),
    ("\u{1b}[31m\n\t", "?[31m??"),
    ("é\u{202e}\u{7f}\u{0}", "????"), ("", ""),
  ])
  func isPlainASCII(text: String, shown: String) {
    #expect(ExtendedError(.other, text).text == shown)
  }

  @Test func isOfBoundedLength() {
    let error = ExtendedError(.other, String(repeating: "é", count: 10_000))
    #expect(error.octets.count == ExtendedError.maximumTextLength)
    #expect(error.optionLength == ExtendedError.maximumTextLength + 6)
  }
}

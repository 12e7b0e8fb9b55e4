import TestKit
import Testing
import Wire

/// The helpers that touch octets many at a time, against the plain way.
@Suite struct OctetsTests {
  /// ASCII letters by the book, independent of the code's arithmetic.
  static func plainLowercase(_ octet: UInt8) -> UInt8 {
    ("A"..."Z").contains(Character(Unicode.Scalar(octet))) ? octet + 32 : octet
  }

  @Test func lowersASCIILettersAlone() {
    for octet in UInt8.min...UInt8.max { #expect(lowercased(octet) == Self.plainLowercase(octet)) }
  }

  /// Every octet at every place of a word, between every kind of neighbour whose sums could carry over.
  @Test func lowersAWordLikeItsOctets() {
    for neighbour: UInt8 in [0, 0x3f, 0x40, 0x41, 0x5a, 0x5b, 0x7f, 0x80, 0xc1, 0xda, 0xff] {
      for place in 0..<8 {
        for octet in UInt8.min...UInt8.max {
          var octets = Array(repeating: neighbour, count: 8)
          octets[place] = octet
          let word = octets.span.word(at: 0)
          let lowered = octets.map(Self.plainLowercase)
          if lowercased(word) != lowered.span.word(at: 0) { Issue.record("\(octets)") }
        }
      }
    }
  }

  @Test(arguments: Seeds.all) func lowersRandomWordsLikeTheirOctets(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    for _ in 0..<20_000 {
      let octets = random.octets(8)
      let lowered = octets.map(Self.plainLowercase)
      if lowercased(octets.span.word(at: 0)) != lowered.span.word(at: 0) { Issue.record("\(octets)") }
    }
  }

  @Test func readsNumbersInNetworkOrder() {
    let octets: [UInt8] = [0xff, 1, 2, 3, 4, 5, 6, 7, 8, 0xff]
    #expect(octets.span.bigEndian16(at: 1) == 0x0102)
    #expect(octets.span.bigEndian32(at: 1) == 0x0102_0304)
    #expect(UInt64(bigEndian: octets.span.word(at: 1)) == 0x0102_0304_0506_0708)
    #expect(octets.span.extracting(2..<5).array == [2, 3, 4])
    #expect([UInt8]().span.array == [])
  }

  @Test func writesNumbersAndCopies() {
    var octets = [UInt8](repeating: 0xee, count: 12)
    var span = octets.mutableSpan
    span.setBigEndian16(0x0102, at: 1)
    span.setBigEndian32(0x0304_0506, at: 4)
    span.copy([9, 8, 7].span, to: 9)
    span.copy([UInt8]().span, to: 12)
    #expect(octets == [0xee, 1, 2, 0xee, 3, 4, 5, 6, 0xee, 9, 8, 7])
  }

  @Test func trapsOutsideItsBounds() async {
    await #expect(processExitsWith: .failure) { _ = [UInt8](repeating: 0, count: 8).span.word(at: 1) }
    await #expect(processExitsWith: .failure) { _ = [UInt8](repeating: 0, count: 8).span.word(at: -1) }
    await #expect(processExitsWith: .failure) {
      var octets = [UInt8](repeating: 0, count: 8)
      var span = octets.mutableSpan
      span.copy([1, 2].span, to: 7)
    }
  }
}

import TestKit
import Testing
import Wire

/// The PROXY protocol's second version, §2.2 of its description.
@Suite struct ProxyHeaderTests {
  static let signature = octets("0d0a0d0a000d0a515549540a")

  static func header(_ command: UInt8 = 0x21, _ family: UInt8 = 0x12, _ rest: [UInt8], length: Int? = nil) -> [UInt8] {
    signature + [command, family] + bigEndian(length ?? rest.count) + rest
  }

  static let v4 = octets("c0000201 c6336402 3039 0035")
  static let v6 = octets("20010db8000000000000000000000001 20010db8000000000000000000000002 3039 0035")

  static func client(_ octets: [UInt8]) -> String? {
    guard case .header(let header) = ProxyHeader.read(octets.span) else { return nil }
    return header.client.map { "\($0)" } ?? "the proxy"
  }

  @Test func tellsTheClient() {
    for family in [0x11, 0x12] as [UInt8] {
      #expect(Self.client(Self.header(0x21, family, Self.v4)) == "192.0.2.1:12345")
    }
    for family in [0x21, 0x22] as [UInt8] {
      #expect(Self.client(Self.header(0x21, family, Self.v6)) == "[2001:db8::1]:12345")
    }
    // A mapped address is the IPv4 address that it maps.
    let mapped = octets("00000000000000000000ffffc0000201 00000000000000000000ffffc0000202 3039 0035")
    #expect(Self.client(Self.header(0x21, 0x22, mapped)) == "192.0.2.1:12345")
    // What follows is the client's own, and is not looked at.
    let whole = Self.header(0x21, 0x12, Self.v4)
    #expect(
      ProxyHeader.read((whole + [1, 2, 3]).span) == ProxyHeader.read(whole.span))
    guard case .header(let header) = ProxyHeader.read(whole.span) else { return #expect(Bool(false)) }
    #expect(header.length == 28)
  }

  @Test func passesOverExtensions() {
    let extensions = [0x04, 0x00, 0x00, 0xe0, 0x00, 0x02, 0x07, 0x07] as [UInt8]
    #expect(Self.client(Self.header(0x21, 0x12, Self.v4 + extensions)) == "192.0.2.1:12345")
    for count in [1, 2, 7] {
      #expect(ProxyHeader.read(Self.header(0x21, 0x12, Self.v4 + extensions.prefix(count)).span) == .malformed)
    }
  }

  @Test func aLocalConnectionIsTheProxysOwn() {
    for family in [0x00, 0x12, 0x21] as [UInt8] {
      #expect(Self.client(Self.header(0x20, family, [])) == "the proxy")
      #expect(Self.client(Self.header(0x20, family, [9, 9, 9])) == "the proxy")
    }
    // An unknown family: the connection's own addresses count.
    #expect(Self.client(Self.header(0x21, 0x00, [9, 9, 9])) == "the proxy")
  }

  @Test func everyBeginningIsIncomplete() {
    for whole in [Self.header(0x21, 0x12, Self.v4 + [4, 0, 0]), Self.header(0x20, 0, [7])] {
      for count in whole.indices {
        #expect(ProxyHeader.read(Array(whole[..<count]).span) == .incomplete, "\(count) octets")
      }
    }
  }

  @Test func aHeaderShowsByItsWholeSignature() {
    #expect(ProxyHeader.begins(Self.signature.span) && ProxyHeader.begins((Self.signature + [1]).span))
    for index in Self.signature.indices {
      var other = Self.signature
      other[index] ^= 1
      #expect(!ProxyHeader.begins(other.span) && !ProxyHeader.begins(Array(Self.signature[..<index]).span))
    }
  }

  @Test func whatIsNoHeaderIsRefused() {
    let limit = ProxyHeader.maximumLength - 16
    let extensionOfTheRest = [4] + bigEndian(limit - 12 - 3) + [UInt8](repeating: 0, count: limit - 12 - 3)
    #expect(Self.client(Self.header(0x21, 0x12, Self.v4 + extensionOfTheRest)) == "192.0.2.1:12345")
    let refused: [[UInt8]] = [
      [1], Array("PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n".utf8), RawMessage.query(wire("example")).octets,
      // Another version, command, family, protocol.
      Self.header(0x11, 0x12, Self.v4), Self.header(0x22, 0x12, Self.v4), Self.header(0x21, 0x31, Self.v4),
      Self.header(0x21, 0x13, Self.v4), Self.header(0x21, 0x10, Self.v4),
      // Too little room for the addresses; too long, whatever there is of it.
      Self.header(0x21, 0x12, Array(Self.v4.dropLast())), Self.header(0x21, 0x22, Self.v4),
      Self.header(0x21, 0x12, Self.v4, length: limit + 1), Self.header(0x20, 0x00, [], length: 0xffff),
    ]
    for octets in refused { #expect(ProxyHeader.read(octets.span) == .malformed, "\(octets)") }
    for index in Self.signature.indices {
      var damaged = Self.header(0x21, 0x12, Self.v4)
      damaged[index] ^= 1
      #expect(ProxyHeader.read(damaged.span) == .malformed)
    }
  }
}

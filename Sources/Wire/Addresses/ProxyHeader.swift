/// The header that a load balancer puts before what a client sent: version 2 of the PROXY protocol, the binary one
/// (haproxy.org, "The PROXY protocol", §2.2).
///
/// Whether the sender may say such things is for the caller to know.
public struct ProxyHeader: Hashable, Sendable {
  /// How many octets it takes; the client's own follow.
  public let length: Int
  /// Who sent what follows; nil when the proxy itself did (LOCAL, as health checks are) or does not say (UNSPEC), so that
  /// the connection's own addresses count.
  public let client: SocketAddress?

  /// What the octets hold.
  public enum Outcome: Hashable, Sendable {
    case header(ProxyHeader)
    /// A beginning of a header; of a stream more octets may make it whole.
    case incomplete
    /// No header, or one that is damaged or too long.
    case malformed
  }

  /// The longest header that is taken, in octets: addresses, and extensions (TLVs) that are passed over.
  public static let maximumLength = 1024

  /// Without extensions: the signature, version and command, family and protocol, and the length of the rest.
  private static var fixedLength: Int { 16 }
  /// What every header starts with.
  private static let signature = SIMD16<UInt8>(
    0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a, 0, 0, 0, 0)
  private static var signatureLength: Int { 12 }

  /// True for octets that begin with the whole signature: no DNS message does, alone or behind the length that it has on a
  /// stream (RFC 1035 §4.1.1, §4.2.2). As a header it would be an IQUERY (RFC 3425) of 13 questions with an error's code;
  /// as a length and a header, one of 2641 questions in 3338 octets.
  public static func begins(_ octets: Span<UInt8>) -> Bool {
    guard octets.count >= signatureLength else { return false }
    for index in 0..<signatureLength where octets[index] != signature[index] { return false }
    return true
  }

  /// Reads what stands at the beginning of a datagram or stream.
  public static func read(_ octets: Span<UInt8>) -> Outcome {
    for index in 0..<min(signatureLength, octets.count) where octets[index] != signature[index] { return .malformed }
    guard octets.count >= fixedLength else { return .incomplete }
    let length = fixedLength + Int(octets.bigEndian16(at: 14))
    guard octets[12] >> 4 == 2, length <= maximumLength else { return .malformed }
    guard let (addressLength, hasAddress) = addressLength(octets[13]) else { return .malformed }
    switch octets[12] & 0x0f {
    case 0:
      // LOCAL: whatever addresses there are must be ignored.
      return length <= octets.count ? .header(ProxyHeader(length: length, client: nil)) : .incomplete
    case 1:
      guard length - fixedLength >= addressLength else { return .malformed }
      guard length <= octets.count else { return .incomplete }
      guard isWhole(extensions: octets.extracting((fixedLength + addressLength)..<length), hasAddress) else {
        return .malformed
      }
      return .header(ProxyHeader(length: length, client: hasAddress ? source(octets, addressLength) : nil))
    default:
      return .malformed
    }
  }

  /// How long the addresses of a family and protocol are; nil for what cannot come before DNS over IP.
  private static func addressLength(_ octet: UInt8) -> (length: Int, hasAddress: Bool)? {
    // The protocol is that of the client's connection to the proxy, which need not be the proxy's to here.
    guard octet & 0x0f <= 2 else { return nil }
    return switch octet >> 4 {
    case 0: (0, false)
    case 1: octet & 0x0f == 0 ? nil : (12, true)
    case 2: octet & 0x0f == 0 ? nil : (36, true)
    default: nil
    }
  }

  /// True when type-length-value extensions fill their room exactly; of an unknown family nothing is known of the rest.
  private static func isWhole(extensions octets: Span<UInt8>, _ hasAddress: Bool) -> Bool {
    guard hasAddress else { return true }
    var at = 0
    while at < octets.count {
      guard at + 3 <= octets.count else { return false }
      at += 3 + Int(octets.bigEndian16(at: at + 1))
    }
    return at == octets.count
  }

  private static func source(_ octets: Span<UInt8>, _ addressLength: Int) -> SocketAddress {
    let start = fixedLength
    guard addressLength == 36 else {
      return SocketAddress(.v4(octets.bigEndian32(at: start)), port: octets.bigEndian16(at: start + 8))
    }
    var bits: UInt128 = 0
    for index in 0..<4 { bits = bits << 32 | UInt128(octets.bigEndian32(at: start + 4 * index)) }
    return SocketAddress(IPAddress(v6: bits), port: octets.bigEndian16(at: start + 32))
  }
}

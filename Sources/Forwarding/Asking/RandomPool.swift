/// Random octets, fetched from the kernel's generator by the handful so that a query costs no system call.
struct RandomPool {
  private let refill: (Int) -> [UInt8]
  private var octets: [UInt8] = []
  private var used = 0

  private static let batch = 512

  init(_ refill: @escaping (Int) -> [UInt8]) { self.refill = refill }

  mutating func octet() -> UInt8 {
    if used == octets.count {
      octets = refill(Self.batch)
      // Going on without randomness would make every query guessable.
      precondition(octets.count == Self.batch)
      used = 0
    }
    defer { used += 1 }
    return octets[used]
  }

  mutating func number16() -> UInt16 { UInt16(octet()) << 8 | UInt16(octet()) }

  mutating func octets(_ count: Int) -> [UInt8] { (0..<count).map { _ in octet() } }

  /// The name with each letter's case as a random bit says (draft-vixie-dnsext-dns0x20).
  mutating func mixedCase(_ wire: [UInt8]) -> [UInt8] {
    var mixed = wire
    var bits: UInt8 = 0
    var left = 0
    for index in mixed.indices where mixed[index] &- 0x61 < 26 {
      if left == 0 { (bits, left) = (octet(), 8) }
      if bits & 1 == 1 { mixed[index] &= 0xdf }
      bits >>= 1
      left -= 1
    }
    return mixed
  }
}

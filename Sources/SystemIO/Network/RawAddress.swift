import CLinux
import Glibc
import Wire

/// A socket address as the kernel has it, for either family.
struct RawAddress {
  var storage = sockaddr_storage()
  var length: socklen_t

  /// Room for any address.
  static var capacity: socklen_t { socklen_t(MemoryLayout<sockaddr_storage>.size) }

  /// Room that the kernel is to fill.
  init() { length = Self.capacity }

  /// A copy of as many octets of an address as fit.
  init(copying address: UnsafePointer<sockaddr>, _ count: socklen_t) {
    length = min(count, Self.capacity)
    // unsafe: the address has as many octets, and the storage room for them.
    unsafe withUnsafeMutableBytes(of: &storage) {
      unsafe $0.copyMemory(from: UnsafeRawBufferPointer(start: address, count: Int(length)))
    }
  }

  init(_ address: SocketAddress) {
    switch address.address {
    case .v4(let bits):
      var v4 = sockaddr_in()
      v4.sin_family = sa_family_t(AF_INET)
      v4.sin_port = address.port.bigEndian
      v4.sin_addr.s_addr = bits.bigEndian
      length = socklen_t(MemoryLayout<sockaddr_in>.size)
      // unsafe: the storage is larger than any address, and aligned for all.
      unsafe withUnsafeMutableBytes(of: &storage) { unsafe $0.storeBytes(of: v4, as: sockaddr_in.self) }
    case .v6(let bits):
      var v6 = sockaddr_in6()
      v6.sin6_family = sa_family_t(AF_INET6)
      v6.sin6_port = address.port.bigEndian
      length = socklen_t(MemoryLayout<sockaddr_in6>.size)
      // unsafe: as above; the 16 octets of the address are those of the number in network order.
      unsafe withUnsafeMutableBytes(of: &v6.sin6_addr) { unsafe $0.storeBytes(of: bits.bigEndian, as: UInt128.self) }
      unsafe withUnsafeMutableBytes(of: &storage) { unsafe $0.storeBytes(of: v6, as: sockaddr_in6.self) }
    }
  }

  /// The address of a Unix socket; throws ENAMETOOLONG for a path that does not fit.
  init(unixPath path: String) throws(SystemError) {
    let octets = Array(path.utf8)
    guard (1...Socket.maximumPathLength).contains(octets.count), !octets.contains(0) else {
      throw SystemError("bind", path, code: ENAMETOOLONG)
    }
    var unix = sockaddr_un()
    unix.sun_family = sa_family_t(AF_UNIX)
    // unsafe: the path is shorter than its field, which is zero behind it; the storage is larger than any address.
    unsafe withUnsafeMutableBytes(of: &unix.sun_path) { unsafe $0.copyBytes(from: octets) }
    unsafe withUnsafeMutableBytes(of: &storage) { unsafe $0.storeBytes(of: unix, as: sockaddr_un.self) }
    length = socklen_t(MemoryLayout<sockaddr_un>.size)
  }

  /// The address in the project's own type; nil for a family that is not IP.
  var address: SocketAddress? {
    unsafe withUnsafeBytes(of: storage) { unsafe Self.decode($0) }  // unsafe: the bytes do not outlive the call.
  }

  /// Reads an address out of the kernel's octets.
  @inline(__always)
  static func decode(_ octets: UnsafeRawBufferPointer) -> SocketAddress? {
    // unsafe: both loads are of plain structs no larger than the octets, which are a whole sockaddr_storage.
    switch Int32(unsafe octets.loadUnaligned(as: sa_family_t.self)) {
    case AF_INET:
      let v4 = unsafe octets.loadUnaligned(as: sockaddr_in.self)
      return SocketAddress(.v4(UInt32(bigEndian: v4.sin_addr.s_addr)), port: UInt16(bigEndian: v4.sin_port))
    case AF_INET6:
      let v6 = unsafe octets.loadUnaligned(as: sockaddr_in6.self)
      let bits = unsafe withUnsafeBytes(of: v6.sin6_addr) { unsafe $0.loadUnaligned(as: UInt128.self) }
      return SocketAddress(IPAddress(v6: UInt128(bigEndian: bits)), port: UInt16(bigEndian: v6.sin6_port))
    default:
      return nil
    }
  }

  /// Calls `body` with the address as socket calls want it.
  func withPointer<Result>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Result) -> Result {
    // unsafe: sockaddr is the common start of every address; the pointer does not outlive the call.
    unsafe withUnsafePointer(to: storage) { pointer in
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { unsafe body($0, length) }
    }
  }

  /// Calls `body` with room for an address that the kernel fills.
  mutating func withMutablePointer<Result>(
    _ body: (UnsafeMutablePointer<sockaddr>, UnsafeMutablePointer<socklen_t>) -> Result
  ) -> Result {
    // unsafe: as above.
    unsafe withUnsafeMutablePointer(to: &storage) { pointer in
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { raw in
        unsafe withUnsafeMutablePointer(to: &length) { unsafe body(raw, $0) }
      }
    }
  }
}

extension IPAddress {
  /// The kernel's number for the address's family.
  var family: Int32 {
    switch self {
    case .v4: AF_INET
    case .v6: AF_INET6
    }
  }
}

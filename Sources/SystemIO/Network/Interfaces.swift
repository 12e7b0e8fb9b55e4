import CLinux
import Glibc
import Wire

extension System {
  /// The addresses of the machine's network interfaces, as far as this process sees them; none when the kernel does not
  /// say.
  public static var interfaceAddresses: [IPAddress] {
    var list: UnsafeMutablePointer<ifaddrs>?
    // unsafe: the call makes a list, which is freed below.
    guard unsafe getifaddrs(&list) == 0 else { return [] }
    defer { unsafe freeifaddrs(list) }
    var addresses: [IPAddress] = []
    var next = unsafe list
    while let entry = unsafe next {
      // unsafe: a node of the list, which lives until it is freed; its address is as long as its family's.
      if let raw = unsafe entry.pointee.ifa_addr, let address = unsafe address(raw) { addresses.append(address) }
      unsafe next = entry.pointee.ifa_next
    }
    return addresses
  }

  private static func address(_ raw: UnsafeMutablePointer<sockaddr>) -> IPAddress? {
    let length: Int
    switch Int32(unsafe raw.pointee.sa_family) {
    case AF_INET: length = MemoryLayout<sockaddr_in>.size
    case AF_INET6: length = MemoryLayout<sockaddr_in6>.size
    default: return nil
    }
    return unsafe RawAddress.decode(UnsafeRawBufferPointer(start: raw, count: length))?.address
  }
}

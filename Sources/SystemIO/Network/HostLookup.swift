import Glibc
import Wire

extension System {
  /// The addresses of a host, as this machine's own resolver knows them, which is waited for: for commands and threads of
  /// their own, and never for a worker.
  ///
  /// - Throws: EHOSTUNREACH when nobody knows the name.
  public static func addresses(ofHost name: String) throws(SystemError) -> [IPAddress] {
    if let address = IPAddress(name) { return [address] }
    var hints = unsafe addrinfo()
    unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)  // unsafe: a number of a local is set.
    var first: UnsafeMutablePointer<addrinfo>?
    // unsafe: the call reads the name and the local, and gives a list that is freed below.
    guard unsafe getaddrinfo(name, nil, &hints, &first) == 0 else {
      throw SystemError("getaddrinfo", name, code: EHOSTUNREACH)
    }
    defer { unsafe freeaddrinfo(first) }  // unsafe: the list is the call's, and nobody keeps what is in it.
    var addresses: [IPAddress] = []
    var next = unsafe first
    while let entry = unsafe next {
      // unsafe: the entries and their addresses, whose lengths stand beside them, live until the list is freed.
      if let raw = unsafe entry.pointee.ai_addr,
        let address = unsafe RawAddress(copying: raw, entry.pointee.ai_addrlen).address?.address,
        !addresses.contains(address)
      {
        addresses.append(address)
      }
      unsafe next = entry.pointee.ai_next
    }
    return addresses
  }
}

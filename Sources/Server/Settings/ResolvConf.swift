import Bounds
import Forwarding
import Wire

/// The machine's own resolver configuration, resolv.conf(5).
public enum ResolvConf {
  /// Where it is.
  public static let path = "/etc/resolv.conf"

  /// Its name servers, in order. What is not understood is passed over, as the C library does.
  public static func nameServers(_ bytes: [UInt8]) -> [Upstream] {
    var servers: [Upstream] = []
    for line in String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isNewline) {
      let words = line.split(whereSeparator: \.isWhitespace)
      // An IPv6 address with a zone, fe80::1%eth0, is reached through that interface.
      guard words.count >= 2, words[0] == "nameserver" else { continue }
      let parts = words[1].split(separator: "%", maxSplits: 1)
      guard let address = parts.first.flatMap({ IPAddress($0) }) else { continue }
      let text = parts.count == 2 ? "\(address)@\(parts[1])" : "\(address)"
      guard let server = Upstream(text), !servers.contains(server) else { continue }
      servers.append(server)
    }
    return Array(servers.prefix(Limits.Server.nameServersOfResolvConf))
  }
}

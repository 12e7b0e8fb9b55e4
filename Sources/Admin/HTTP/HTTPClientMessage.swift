/// The client's side of HTTP, as far as Backroad's own commands need it: one request a connection.
public enum HTTPClientMessage {
  /// A request that asks for the connection to end with the answer.
  public static func request(
    _ method: HTTPMethod, _ target: String, host: String, token: [UInt8]?, body: [UInt8]?
  ) -> [UInt8] {
    var head = "\(method.text) \(target) HTTP/1.1\r\nHost: \(host)\r\nConnection: close\r\n"
    if let token { head += "Authorization: Bearer \(String(decoding: token, as: UTF8.self))\r\n" }
    if let body { head += "Content-Type: \(HTTPResponse.jsonType)\r\nContent-Length: \(body.count)\r\n" }
    return Array((head + "\r\n").utf8) + (body ?? [])
  }

  /// An answer that was read up to the connection's end.
  public struct Response: Sendable {
    /// The status code.
    public let status: Int
    /// The body.
    public let body: [UInt8]

    /// Nil when the octets are no whole answer of this server.
    public init?(_ octets: [UInt8]) {
      guard let headEnd = Self.headEnd(octets) else { return nil }
      let lines = String(decoding: octets[..<headEnd], as: UTF8.self).split(separator: "\r\n")
      let words = lines.first?.split(separator: " ", maxSplits: 2) ?? []
      guard words.count >= 2, words[0] == "HTTP/1.1", let status = Int(words[1]) else { return nil }
      let lengths = lines.dropFirst().compactMap { line -> Int? in
        let parts = line.split(separator: ":", maxSplits: 1)
        guard parts.count == 2, parts[0].lowercased() == "content-length" else { return nil }
        return Int(parts[1].drop { $0 == " " })
      }
      // A connection that broke off leaves less than was announced.
      guard lengths == [octets.count - headEnd - 4] else { return nil }
      self.status = status
      body = Array(octets[(headEnd + 4)...])
    }

    private static func headEnd(_ octets: [UInt8]) -> Int? {
      let end: [UInt8] = [0x0d, 0x0a, 0x0d, 0x0a]
      return octets.indices.dropLast(3).first { octets[$0..<($0 + 4)].elementsEqual(end) }
    }
  }
}

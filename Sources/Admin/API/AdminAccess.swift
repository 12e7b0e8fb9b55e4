import Text
import Wire

/// Who may ask, decided before anything else: by the Host that a request names, by where a browser says it comes from,
/// and on TCP by a token.
public struct AdminAccess: Sendable {
  /// Names that a request may have in Host, beside `localhost` and the listening address.
  private let hosts: Set<String>
  private let listener: SocketAddress?
  private let token: [UInt8]?

  /// The fewest characters of a token.
  public static let minimumTokenLength = 16

  /// - Parameters:
  ///   - listener: the TCP address; nil for a Unix socket.
  ///   - hosts: further names that requests may come under.
  ///   - token: what every request must bring; nil asks for none, which is for Unix sockets alone.
  public init(listener: SocketAddress?, hosts: [String], token: [UInt8]?) {
    self.listener = listener
    self.hosts = Set(hosts.map { $0.lowercased() })
    self.token = token
  }

  /// Throws when the request may not be answered.
  public func check(_ request: HTTPRequest) throws(AdminError) {
    try checkHost(request.headers["host"] ?? "")
    try checkOrigin(request)
    try checkToken(request)
    try checkContentType(request)
  }

  /// A name that leads here by an attacker's DNS (rebinding) is not in the list; an address cannot be rebound.
  private func checkHost(_ host: String) throws(AdminError) {
    guard allows(host: host) else {
      throw AdminError(
        .misdirectedRequest, "host-not-allowed",
        "this Host is not one of the admin interface's; ask for localhost or its address, or add it to \"admin-hosts\"")
    }
  }

  private func allows(host text: String) -> Bool {
    if let address = SocketAddress(text, defaultPort: 80) {
      guard let listener, address.port == listener.port else { return false }
      return address.address == listener.address || listener.address.isUnspecified
    }
    var name = text.lowercased()
    if let colon = name.lastIndex(of: ":") {
      guard let port = UInt16(name[name.index(after: colon)...]), listener.map({ $0.port == port }) ?? true else {
        return false
      }
      name = String(name[..<colon])
    }
    return name == "localhost" || hosts.contains(name)
  }

  /// Pages of other origins do not speak to this server, whatever a browser would let them send.
  private func checkOrigin(_ request: HTTPRequest) throws(AdminError) {
    let site = request.headers.values("sec-fetch-site")
    let origins = request.headers.values("origin")
    guard site.allSatisfy({ $0 == "none" || $0 == "same-origin" }), origins.isEmpty || !request.method.isWrite else {
      throw AdminError(.forbidden, "cross-origin", "web pages may not ask this server")
    }
  }

  private func checkToken(_ request: HTTPRequest) throws(AdminError) {
    guard let token else { return }
    let given = request.headers["authorization"] ?? ""
    let scheme = "bearer "
    guard given.lowercased().hasPrefix(scheme),
      Self.isEqual(Array(given.utf8.dropFirst(scheme.utf8.count).trimmed), token)
    else {
      throw AdminError(
        .unauthorized, "unauthorized", "give the token of the server's --admin-token-file: Authorization: Bearer …",
        headers: ["WWW-Authenticate": "Bearer"])
    }
  }

  /// Looks at every octet of the token, wherever the given one differs, so that it cannot be guessed piece by piece by the time
  /// that this takes.
  static func isEqual<Token: RandomAccessCollection<UInt8>>(_ given: [UInt8], _ token: Token) -> Bool
  where Token.Index == Int {
    var difference = given.count ^ token.count
    for index in token.indices {
      difference |= Int(token[index] ^ (given.isEmpty ? 0xff : given[index % given.count]))
    }
    return difference == 0
  }

  /// A form of a web page cannot have this type, and a script that sets it asks first.
  private func checkContentType(_ request: HTTPRequest) throws(AdminError) {
    guard request.method.isWrite, !(request.method == .delete && request.body.isEmpty) else { return }
    let type = (request.headers["content-type"] ?? "").lowercased().utf8.prefix { $0 != UInt8(ascii: ";") }
    guard type.trimmed.elementsEqual(HTTPResponse.jsonType.utf8) else {
      throw AdminError(.unsupportedMediaType, "not-json", "send JSON, with Content-Type: application/json")
    }
  }
}

import Testing
import Wire

@testable import Admin

/// Who may ask.
struct AccessTests {
  private static let token = Array("0123456789abcdef-token".utf8)

  private func status(
    _ access: AdminAccess, method: HTTPMethod = .get, host: String = "localhost", body: [UInt8] = [],
    _ fields: KeyValuePairs<String, String> = [:]
  ) -> Int {
    var headers = HTTPHeaders()
    headers.add("Host", host)
    for (name, value) in fields { headers.add(name, value) }
    do throws(AdminError) {
      try access.check(HTTPRequest(method: method, path: [], headers: headers, body: body))
      return 200
    } catch {
      return error.status.rawValue
    }
  }

  private let unix = AdminAccess(listener: nil, hosts: ["Backroad.Example"], token: nil)
  private let tcp = AdminAccess(
    listener: SocketAddress("127.0.0.1:9353", defaultPort: 0), hosts: ["backroad.example"], token: token)
  private let wildcard = AdminAccess(
    listener: SocketAddress("0.0.0.0:9353", defaultPort: 0), hosts: [], token: nil)

  @Test func aHostThatIsNotOfTheListIsRefusedEvenOnAUnixSocket() {
    for host in ["localhost", "LOCALHOST", "localhost:80", "backroad.example", "BACKROAD.example:1"] {
      #expect(status(unix, host: host) == 200, "\(host)")
    }
    for host in ["evil.example", "localhost.evil.example", "127.0.0.1", "localhost:", "localhost:x", "a@localhost", ""]
    {
      #expect(status(unix, host: host) == 421, "\(host)")
    }
  }

  @Test func onTCPThePortIsPartOfIt() {
    let authorized: KeyValuePairs = ["Authorization": "Bearer \(String(decoding: Self.token, as: UTF8.self))"]
    for host in ["127.0.0.1:9353", "localhost:9353", "backroad.example:9353", "localhost"] {
      #expect(status(tcp, host: host, authorized) == 200, "\(host)")
    }
    for host in ["127.0.0.1", "127.0.0.1:9354", "127.0.0.2:9353", "localhost:9354", "[::1]:9353", "evil.example:9353"] {
      #expect(status(tcp, host: host, authorized) == 421, "\(host)")
    }
    // Whoever listens on all addresses is asked under any of them, and under no other name.
    #expect(status(wildcard, host: "10.1.2.3:9353") == 200)
    #expect(status(wildcard, host: "evil.example:9353") == 421)
  }

  @Test func theTokenMustBeTheSame() {
    let text = String(decoding: Self.token, as: UTF8.self)
    let host = "127.0.0.1:9353"
    for value in ["Bearer \(text)", "bearer  \(text) "] {
      #expect(status(tcp, host: host, ["Authorization": value]) == 200, "\(value)")
    }
    #expect(status(tcp, host: host) == 401)
    for value in [
      "", text, "Basic \(text)", "Bearer", "Bearer ", "Bearer \(text)x", "Bearer \(text.dropLast())", "Bearer x\(text)",
      "Bearer \(text)\(text)", "Bearer \(text.dropLast())x", "Bearer \(text.uppercased())",
    ] {
      #expect(status(tcp, host: host, ["Authorization": value]) == 401, "\(value)")
    }
    #expect(status(tcp, host: host, ["Authorization": "Bearer \(text)", "authorization": "Bearer x"]) == 401)
  }

  /// Counts how often an octet of it is looked at.
  private final class Watched: RandomAccessCollection {
    private let octets: [UInt8]
    private(set) var looks = 0

    init(_ octets: [UInt8]) { self.octets = octets }

    var startIndex: Int { 0 }
    var endIndex: Int { octets.count }
    subscript(index: Int) -> UInt8 {
      looks += 1
      return octets[index]
    }
  }

  /// Otherwise the time that a refusal takes says how many octets were right.
  @Test func asManyOctetsOfTheTokenAreComparedWhereverTheGivenOneDiffers() {
    func looks(_ given: [UInt8], isEqual: Bool = false) -> Int {
      let token = Watched(Self.token)
      #expect(AdminAccess.isEqual(given, token) == isEqual)
      return token.looks
    }
    let all = looks(Self.token, isEqual: true)
    #expect(all == Self.token.count)
    for place in Self.token.indices {
      var given = Self.token
      given[place] ^= 1
      #expect(looks(given) == all, "another octet at \(place)")
      #expect(looks(Array(Self.token[..<place])) == all, "\(place) octets")
    }
  }

  @Test func writesAreJSON() {
    for type in ["application/json", "Application/JSON; charset=utf-8", "application/json;x"] {
      #expect(status(unix, method: .post, body: [0x7b, 0x7d], ["Content-Type": type]) == 200, "\(type)")
    }
    let others = [
      "text/plain", "application/x-www-form-urlencoded", "application/jsonx", "text/plain; application/json",
    ]
    for type in others {
      #expect(status(unix, method: .post, body: [0x7b, 0x7d], ["Content-Type": type]) == 415, "\(type)")
    }
    #expect(status(unix, method: .post, body: []) == 415)
    #expect(status(unix, method: .other("PATCH"), body: []) == 415)
    #expect(status(unix, method: .delete) == 200, "without a body there is no type")
    #expect(status(unix, method: .delete, body: [0x7b, 0x7d]) == 415)
    #expect(status(unix, method: .get, ["Content-Type": "text/plain"]) == 200)
  }

  @Test func otherSitesPagesMayNotAsk() {
    let json = "application/json"
    #expect(status(unix, method: .post, ["Content-Type": json, "Origin": "http://evil.example"]) == 403)
    #expect(status(unix, method: .post, ["Content-Type": json, "Origin": "null"]) == 403)
    #expect(status(unix, ["Sec-Fetch-Site": "cross-site"]) == 403)
    #expect(status(unix, ["Sec-Fetch-Site": "none"]) == 200)
  }
}

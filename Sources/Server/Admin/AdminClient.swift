import Admin
import Bounds
import Glibc
import SystemIO
import Text

/// Asks a running server's admin interface, for the commands.
public struct AdminClient: Sendable {
  private let address: AdminAddress
  private let token: [UInt8]?

  /// How long an answer is waited for, in milliseconds: longer than the server waits for a reload.
  private static let patienceMilliseconds: UInt64 = 130_000
  private var patienceMilliseconds = AdminClient.patienceMilliseconds

  /// The same, for what is of no use when it takes long.
  public func patient(milliseconds: UInt64) -> AdminClient {
    var other = self
    other.patienceMilliseconds = milliseconds
    return other
  }

  /// - Parameter tokenFile: for TCP, the file that the server reads its token from.
  /// - Throws: when the interface is switched off, or a token is needed and cannot be read.
  public init(_ address: AdminAddress, tokenFile: String?) throws(Problem) {
    self.address = address
    switch address {
    case .off: throw Problem("the admin interface is switched off; name its place with --admin")
    case .socket: token = nil
    case .tcp: token = try AdminToken.read(tokenFile)
    }
  }

  /// Asks, and gives the answer's JSON.
  ///
  /// - Parameter body: for POST; nil asks with `method` alone.
  /// - Throws: that the server is not running, or what it says is wrong.
  public func ask(
    _ method: HTTPMethod, _ path: [String], _ query: [(key: String, value: String)] = [], body: JSON? = nil
  ) throws(Problem) -> JSON {
    let request = HTTPClientMessage.request(
      method, HTTPTarget.text(path, query), host: host, token: token, body: body.map { Array($0.compactText.utf8) })
    let response = try exchange(request)
    let json = try JSON.parse(
      response.body, file: "\(address)", comments: false, maximumOctets: Limits.Admin.answerOctets)
    guard (200..<300).contains(response.status) else { throw problem(response.status, json) }
    return json
  }

  private var host: String { if case .tcp(let address) = address { "\(address)" } else { "localhost" } }

  private func problem(_ status: Int, _ json: JSON) -> Problem {
    let error = json.asObject?["error"]?.asObject
    return Problem(error?["message"]?.asString ?? "the server answered with status \(status)")
  }

  private func exchange(_ request: [UInt8]) throws(Problem) -> HTTPClientMessage.Response {
    let octets: [UInt8]
    do throws(SystemError) { octets = try transfer(request) } catch { throw explain(error) }
    guard let response = HTTPClientMessage.Response(octets) else {
      throw Problem("\(address): the answer broke off, or is no Backroad's; look at the server's log")
    }
    return response
  }

  private func explain(_ error: SystemError) -> Problem {
    switch error.kind {
    case .notFound, .notListening:
      Problem(
        "no server is running there, or one whose admin interface is off (--admin off): \(address) does not answer; start "
          + "one with backroad serve, or name its place with --admin or its folder with --zones")
    case .denied: Problem("\(address): only the server's own user, and root, may ask it")
    case .tooLarge: Problem("\(address): the answer is too large")
    default: Problem("\(address): \(error.reason) (\(error.call))")
    }
  }

  /// Sends the request, and reads until the server closes the connection.
  private func transfer(_ request: [UInt8]) throws(SystemError) -> [UInt8] {
    let socket = try connect()
    var poller = try Poller()
    try poller.add(socket.raw, [.readable, .writable], token: 0)
    let end = System.monotonicNanoseconds() + patienceMilliseconds * 1_000_000
    var unsent = request[...]
    var received: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 64 << 10)
    while true {
      let now = System.monotonicNanoseconds()
      guard now < end else { throw SystemError("read", code: ETIMEDOUT) }
      let count = try poller.wait(timeoutMilliseconds: Int32(clamping: (end - now) / 1_000_000 + 1))
      guard count > 0 else { continue }
      if let error = socket.takeError() { throw error }
      if !unsent.isEmpty {
        while !unsent.isEmpty, let count = try socket.descriptor.write(unsent) { unsent = unsent.dropFirst(count) }
        if unsent.isEmpty { try poller.change(socket.raw, .readable, token: 0) }
      }
      while let count = try socket.descriptor.read(into: &buffer) {
        guard count > 0 else { return received }
        received += buffer[..<count]
        guard received.count <= Limits.Admin.answerOctets else { throw SystemError("read", code: EFBIG) }
      }
    }
  }

  private func connect() throws(SystemError) -> Socket {
    switch address {
    case .off: throw SystemError("connect", code: ENOENT)
    case .socket(let path): try .unixClient(path)
    case .tcp(let address): try .client(.tcp, to: address)
    }
  }
}

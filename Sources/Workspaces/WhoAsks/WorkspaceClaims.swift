import Bounds
import Text
import Wire

/// By what, beside its clients' prefixes, a workspace's file says that queries are this workspace's.
public struct WorkspaceClaims: Hashable, Sendable {
  /// A token whose bearers are clients; the token itself is nowhere in the server.
  public struct Token: Hashable, Sendable {
    /// By what people call it, to revoke it.
    public let id: String
    /// What SHA-256 makes of the token's octets.
    public let digest: SHA256Digest
    /// Whose it is or what it is for.
    public let comment: String?
    /// Where the file says it.
    public let position: Position
  }

  /// One of the server's listening addresses: whatever comes there is the workspace's.
  public struct Listener: Hashable, Sendable {
    /// As the server's `--listen` has it.
    public let address: SocketAddress
    /// Where the file says it.
    public let position: Position
  }

  /// How long a token is, in octets.
  public static let tokenLengths = 16...32

  /// The tokens that are valid.
  public var tokens: [Token] = []
  /// The listening addresses that are the workspace's.
  public var listeners: [Listener] = []
  /// What every query must show; nothing when any one will do.
  public var required: BasisSet = []
  /// Where the file says what is required.
  public var requiredPosition = Position(line: 1, column: 1)

  /// No claims.
  public init() {}

  /// The keys of `workspace.json` that say it.
  static let keys = ["tokens", "listen", "require"]

  /// Reads those keys; what is wrong is added to `problems`.
  init(_ root: JSON.Object, _ file: String, _ problems: ProblemList) {
    let tokens = WorkspaceFile.list(
      root["tokens"], "\"tokens\"", of: "elements", Limits.Workspaces.tokens, file, problems)
    problems.collect(tokens) { element throws(Problem) in
      let token = try Self.token(element, file)
      for first in self.tokens where first.id == token.id || first.digest == token.digest {
        let what = first.id == token.id ? "the id \(quoted(token.id))" : "this token"
        throw Self.twice(what, element.position, first.position, file)
      }
      self.tokens.append(token)
    }
    let listen = WorkspaceFile.list(
      root["listen"], "\"listen\"", of: "elements", Limits.Workspaces.listeners, file, problems)
    problems.collect(listen) { element throws(Problem) in
      let listener = try Self.listener(element, file)
      if let first = listeners.first(where: { $0.address == listener.address }) {
        throw Self.twice("\(listener.address)", element.position, first.position, file)
      }
      listeners.append(listener)
    }
    guard let value = root["require"] else { return }
    requiredPosition = value.position
    let require = WorkspaceFile.list(
      value, "\"require\"", of: "elements", Basis.allCases.count, file, problems)
    problems.collect(require) { element throws(Problem) in required.insert(BasisSet(try Self.basis(element, file))) }
  }

  private static func token(_ element: JSON, _ file: String) throws(Problem) -> Token {
    let object = try element.expectObject("a token", file: file)
    try object.check(known: ["id", "sha256", "comment"], file: file)
    guard let id = object["id"], let digest = object["sha256"] else {
      throw Problem(
        file: file, position: element.position,
        "a token has an \"id\" and a \"sha256\"; backroad workspace token makes one and writes both")
    }
    let name = try id.expectString("a token's \"id\"", file: file)
    guard isPlainName(name) else {
      throw Problem(file: file, position: id.position, "\(quoted(name)) is not a token's id: \(WorkspaceName.rule)")
    }
    let text = try digest.expectString("\"sha256\"", file: file)
    guard let sum = SHA256Digest(text) else {
      throw Problem(
        file: file, position: digest.position,
        "\"sha256\" is the 64 hexadecimal digits that SHA-256 makes of the token, not \(quoted(text))")
    }
    let comment = try object["comment"]?.expectString("a token's \"comment\"", file: file)
    guard (comment?.unicodeScalars.count ?? 0) <= Limits.Workspaces.commentCharacters else {
      throw Problem(
        file: file, position: object["comment"]?.position,
        "the comment is longer than \(Limits.Workspaces.commentCharacters) characters; shorten it")
    }
    return Token(id: name, digest: sum, comment: comment, position: element.position)
  }

  static func listener(_ element: JSON, _ file: String) throws(Problem) -> Listener {
    let text = try element.expectString("a listening address", file: file)
    guard let address = SocketAddress(text, defaultPort: 0), address.port != 0 else {
      throw Problem(
        file: file, position: element.position,
        "\(quoted(text)) is not an address and port; write one that the server has as --listen, like 10.0.0.53:5301")
    }
    return Listener(address: address, position: element.position)
  }

  private static func basis(_ element: JSON, _ file: String) throws(Problem) -> Basis {
    let text = try element.expectString("what is required", file: file)
    let words = Basis.allCases.map(\.word)
    guard let basis = Basis.allCases.first(where: { $0.word == text }) else {
      let meant = nearest(to: text, among: words).map { "did you mean \(quoted($0))?" }
      throw Problem(
        file: file, position: element.position,
        "\(quoted(text)) cannot be required; "
          + (meant ?? "there are \(words.map { quoted($0) }.joined(separator: ", "))"))
    }
    return basis
  }

  private static func twice(_ what: String, _ position: Position, _ first: Position, _ file: String) -> Problem {
    Problem(
      file: file, position: position, "\(what) stands here twice, first in line \(first.line); remove one")
  }

  /// Warns of what has no effect: a claim where the server does not listen, and a requirement that nobody can meet.
  ///
  /// - Parameter own: where the server is reached, as far as that is known.
  func warnings(_ clients: [WorkspaceFile.Client], _ own: OwnAddresses, file: String) -> [Problem] {
    var problems: [Problem] = []
    func warn(_ position: Position, _ message: String) {
      problems.append(Problem(file: file, position: position, severity: .warning, message))
    }
    for listener in listeners where own.isNoListener(listener.address) {
      warn(
        listener.position,
        "the server does not listen on \(listener.address), so this does nothing; "
          + "start it with --listen \(listener.address) too, or remove the address")
    }
    for (basis, isMissing, remedy) in [
      (Basis.token, tokens.isEmpty, "make one with backroad workspace token"),
      (.listener, listeners.isEmpty, "name one in \"listen\""), (.clients, clients.isEmpty, "name some in \"clients\""),
    ] where isMissing && required.contains(BasisSet(basis)) {
      warn(
        requiredPosition,
        "\(quoted(basis.word)) is required and this file has none, so everybody is refused; \(remedy)")
    }
    return problems
  }
}

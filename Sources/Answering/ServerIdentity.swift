import Wire

/// What the server says of itself in class CHAOS (RFC 4892), for people who troubleshoot.
public struct ServerIdentity: Sendable {
  /// Answers `version.bind` and `version.server`.
  public let version: String
  /// Answers `id.server` and `hostname.bind`.
  public let hostName: String

  /// Takes both.
  public init(version: String, hostName: String) {
    self.version = version
    self.hostName = hostName
  }

  /// A question of class CHAOS that has an answer.
  enum Question {
    case version
    case hostName
    /// Backroad's own `whoami.backroad`: which workspace the client is in, and why.
    case whoAmI
  }

  private static let questions: [(Name?, Question)] = [
    (try? Name("version.bind"), .version), (try? Name("version.server"), .version),
    (try? Name("hostname.bind"), .hostName), (try? Name("id.server"), .hostName),
    (try? Name("whoami.backroad"), .whoAmI),
  ]

  /// The question that a name asks; nil for any other name.
  static func question(_ name: Name) -> Question? {
    questions.first { $0.0 == name }?.1
  }
}

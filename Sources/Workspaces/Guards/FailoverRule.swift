import Text
import Zones

/// When servers have a link's names lead to its standby by themselves, and when back.
public struct FailoverRule: Hashable, Sendable {
  /// How long the endpoint must have failed, in seconds.
  public var afterSeconds: UInt32
  /// How long the endpoint must have been reachable again, in seconds: long enough that what comes and goes does not move
  /// the names each time.
  public var backSeconds: UInt32

  /// The times that either may be.
  public static let rangeSeconds: ClosedRange<UInt32> = 1...86_400
  /// How long an endpoint must have been reachable again where nobody says it.
  public static let usualBackSeconds: UInt32 = 600

  /// Takes the times.
  public init(afterSeconds: UInt32, backSeconds: UInt32 = Self.usualBackSeconds) {
    self.afterSeconds = afterSeconds
    self.backSeconds = backSeconds
  }

  /// Reads `AFTER` or `AFTER,BACK`.
  ///
  /// - Throws: what is wrong with it.
  public init(_ text: String) throws(Problem) {
    let parts = text.split(separator: ",", maxSplits: 1, omittingEmptySubsequences: false)
    afterSeconds = try Self.seconds(parts.first ?? "")
    backSeconds = parts.count > 1 ? try Self.seconds(parts[1]) : Self.usualBackSeconds
  }

  /// Reads a time of such a rule.
  public static func seconds(_ text: some StringProtocol) throws(Problem) -> UInt32 {
    do throws(TTLText.Failure) {
      let seconds = try TTLText.seconds(text)
      guard rangeSeconds.contains(seconds) else { throw .tooLong }
      return seconds
    } catch {
      guard case .tooLong = error else {
        throw Problem("\(quoted(String(text))) is not a time: write it like 90s, 2m or 1h30m")
      }
      throw Problem("\(quoted(String(text))) is not a time from 1s to 1d")
    }
  }

  /// Seconds as `seconds` reads them, in the fewest parts.
  public static func text(seconds: UInt32) -> String {
    let units: [(name: String, seconds: UInt32)] = [("d", 86_400), ("h", 3600), ("m", 60), ("s", 1)]
    var (left, text) = (seconds, "")
    for unit in units where left >= unit.seconds {
      text += "\(left / unit.seconds)\(unit.name)"
      left %= unit.seconds
    }
    return text.isEmpty ? "0s" : text
  }

  /// For a person.
  public var text: String {
    "after \(Self.text(seconds: afterSeconds)), and back after \(Self.text(seconds: backSeconds))"
  }
}

/// A link that servers fail over by themselves, as its file has it.
public struct AutomaticFailover: Hashable, Sendable {
  /// The endpoint, for a person; with other ones what was known of the link counts no more.
  public let endpoint: String
  /// The standby, for a person.
  public let standby: String
  /// When.
  public let rule: FailoverRule

  /// Takes the parts.
  public init(endpoint: String, standby: String, rule: FailoverRule) {
    self.endpoint = endpoint
    self.standby = standby
    self.rule = rule
  }
}

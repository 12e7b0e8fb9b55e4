import Synchronization
import Wire

/// What became of a workspace's queries, counted since the workspace came. Every worker adds, and nobody waits.
///
/// It belongs to the workspace's slot object and not to the slot's number, so that no workspace goes on with another's
/// counts.
public final class WorkspaceTally: Sendable {
  /// What is told apart: the response codes that say something of a workspace.
  public enum Code: CaseIterable, Sendable {
    case noError, nameError, serverFailure, refused
    /// Other response codes, and queries that were not answered.
    case other

    /// The code of an answer with these flags.
    public init(_ flags: Flags) {
      self =
        switch flags.rawValue & 0xf {
        case ResponseCode.noError.rawValue: .noError
        case ResponseCode.nameError.rawValue: .nameError
        case ResponseCode.serverFailure.rawValue: .serverFailure
        case ResponseCode.refused.rawValue: .refused
        default: .other
        }
    }
  }

  private let noError = Atomic<UInt64>(0)
  private let nameError = Atomic<UInt64>(0)
  private let serverFailure = Atomic<UInt64>(0)
  private let refused = Atomic<UInt64>(0)
  private let other = Atomic<UInt64>(0)

  /// Starts at zero.
  public init() {}

  /// Counts a query. Any thread may.
  public func count(_ code: Code) {
    switch code {
    case .noError: noError.add(1, ordering: .relaxed)
    case .nameError: nameError.add(1, ordering: .relaxed)
    case .serverFailure: serverFailure.add(1, ordering: .relaxed)
    case .refused: refused.add(1, ordering: .relaxed)
    case .other: other.add(1, ordering: .relaxed)
    }
  }

  /// How many queries ended so; never less than before.
  public subscript(code: Code) -> UInt64 {
    switch code {
    case .noError: noError.load(ordering: .relaxed)
    case .nameError: nameError.load(ordering: .relaxed)
    case .serverFailure: serverFailure.load(ordering: .relaxed)
    case .refused: refused.load(ordering: .relaxed)
    case .other: other.load(ordering: .relaxed)
    }
  }
}

import Foundation

/// Random numbers that come again for the same seed (SplitMix64), so that a failed property can be replayed.
public struct SeededGenerator: RandomNumberGenerator, Sendable {
  private var state: UInt64

  /// Starts at a seed.
  public init(seed: UInt64) { state = seed }

  /// The next 64 random bits.
  public mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var bits = state
    bits = (bits ^ bits >> 30) &* 0xbf58_476d_1ce4_e5b9
    bits = (bits ^ bits >> 27) &* 0x94d0_49bb_1331_11eb
    return bits ^ bits >> 31
  }

  /// True once in `count` times.
  public mutating func oneIn(_ count: Int) -> Bool { Int.random(in: 0..<count, using: &self) == 0 }

  /// Any of `elements`, which must not be empty.
  public mutating func pick<Element>(_ elements: [Element]) -> Element {
    elements[Int.random(in: elements.indices, using: &self)]
  }

  /// Random octets.
  public mutating func octets(_ count: Int) -> [UInt8] {
    (0..<count).map { _ in UInt8.random(in: 0...255, using: &self) }
  }
}

/// Seeds for property tests, as the arguments of a test: a failure prints its seed with the test's name.
public enum Seeds {
  /// `BACKROAD_SEED` of the environment, which `Tests/run --long` makes another in each run; without it always the same,
  /// so that a change passes or fails by what it changes.
  public static let ofRun = ProcessInfo.processInfo.environment["BACKROAD_SEED"].flatMap { UInt64($0) } ?? 4
  /// Some that are always the same, and that of the run.
  public static let all: [UInt64] = [1, 2, 3, ofRun]

  /// The number that a variable of the environment holds, or another where it holds none.
  public static func number(_ variable: String, _ otherwise: Int) -> Int {
    ProcessInfo.processInfo.environment[variable].flatMap { Int($0) } ?? otherwise
  }
}

/// Writes Prometheus's text format, version 0.0.4.
public struct MetricsText: Sendable {
  /// The format's media type.
  public static let contentType = "text/plain; version=0.0.4; charset=utf-8"

  /// What a metric does over time.
  public enum Kind: String, Sendable {
    /// Only grows; its name ends in `_total`.
    case counter
    case gauge
    case histogram
  }

  /// A label's name and value.
  public typealias Label = (name: String, value: String)

  /// The lines so far.
  public private(set) var text = ""
  private var name = ""

  /// Starts with nothing.
  public init() {}

  /// Starts a metric, whose samples follow.
  public mutating func start(_ name: String, _ kind: Kind, _ help: String) {
    self.name = name
    text += "# HELP \(name) \(Self.escaped(help, quotes: false))\n# TYPE \(name) \(kind.rawValue)\n"
  }

  /// Adds a sample of the metric that was started last.
  public mutating func add(_ value: some BinaryInteger, _ labels: Label...) { line(name, labels, "\(value)") }

  /// Adds a sample of the metric that was started last.
  public mutating func add(_ value: Double, _ labels: Label...) { line(name, labels, Self.number(value)) }

  /// Adds a metric with a single sample.
  public mutating func single(_ name: String, _ kind: Kind, _ help: String, _ value: some BinaryInteger) {
    start(name, kind, help)
    add(value)
  }

  /// Adds a histogram's samples.
  ///
  /// - Parameters:
  ///   - counts: how many observations fell into each bucket, one more than there are bounds.
  ///   - bounds: the buckets' upper bounds, ascending.
  ///   - sum: of all observations.
  public mutating func add(histogram counts: [UInt64], bounds: [Double], sum: Double) {
    precondition(counts.count == bounds.count + 1)
    var total: UInt64 = 0
    for (count, bound) in zip(counts, bounds.map { Self.number($0) } + ["+Inf"]) {
      total += count
      line(name + "_bucket", [("le", bound)], "\(total)")
    }
    line(name + "_sum", [], Self.number(sum))
    line(name + "_count", [], "\(total)")
  }

  private mutating func line(_ name: String, _ labels: [Label], _ value: String) {
    text += name
    if !labels.isEmpty {
      text += "{" + labels.map { "\($0.name)=\"\(Self.escaped($0.value, quotes: true))\"" }.joined(separator: ",") + "}"
    }
    text += " \(value)\n"
  }

  private static func number(_ value: Double) -> String {
    value == value.rounded() && value.magnitude < 1e15 ? "\(Int64(value))" : "\(value)"
  }

  /// A backslash, a line feed, and in a label's value a quote, are written with a backslash.
  private static func escaped(_ text: String, quotes: Bool) -> String {
    var escaped = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\\": escaped += "\\\\"
      case "\n": escaped += "\\n"
      case "\"" where quotes: escaped += "\\\""
      default: escaped.unicodeScalars.append(scalar)
      }
    }
    return escaped
  }
}

import Bounds

/// A place in a text, counted from 1 as editors count.
public struct Position: Hashable, Sendable, Comparable {
  /// The first line is 1.
  public var line: Int
  /// In characters (Unicode scalars), not octets.
  public var column: Int

  /// Takes a line and a column, both counted from 1.
  public init(line: Int, column: Int) {
    self.line = line
    self.column = column
  }

  /// By line, then by column.
  public static func < (a: Self, b: Self) -> Bool { (a.line, a.column) < (b.line, b.column) }
}

/// Something wrong in what a person gave: where, what, and what to do next.
///
/// Printed as `FILE:LINE:COLUMN: message`, which editors and terminals turn into a link; a warning says so before its
/// message.
public struct Problem: Error, Hashable, Sendable {
  /// How bad it is.
  public enum Severity: Hashable, Sendable {
    /// What was given cannot be used as it is.
    case error
    /// It can be used, but is likely not what was meant.
    case warning
  }

  /// The file as the person named it; `-` is standard input; nil when it is in no file.
  public var file: String?
  /// Where in the file; nil when it concerns the whole of it.
  public var position: Position?
  /// Error unless said otherwise.
  public var severity: Severity
  /// What is wrong, and what to do, as one line without a final stop; what is longer than
  /// `Limits.Text.messageCharacters` was cut.
  public var message: String

  /// Takes what is wrong, and where.
  public init(
    file: String? = nil, position: Position? = nil, severity: Severity = .error, _ message: String
  ) {
    self.file = file
    self.position = position
    self.severity = severity
    self.message = cut(message, toCharacters: Limits.Text.messageCharacters)
  }
}

extension Problem: CustomStringConvertible {
  /// What a person reads, on one line, whatever the file's name and the message hold; a longer name is cut.
  public var description: String {
    let text = severity == .warning ? "warning: \(message)" : message
    guard let file = file.map({ cut($0, toCharacters: Limits.Text.messageCharacters) }) else { return onOneLine(text) }
    guard let position else { return onOneLine("\(file): \(text)") }
    return onOneLine("\(file):\(position.line):\(position.column): \(text)")
  }
}

/// Several problems at once, for those who can go on after the first.
public struct Problems: Error, Sendable {
  /// In the order in which a person should read them.
  public var all: [Problem]
  /// Takes the problems in that order.
  public init(_ all: [Problem]) { self.all = all }
}

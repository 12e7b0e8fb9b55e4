import SystemIO
import Text

/// Where a command says what it has to say: results on standard output, errors on standard error.
final class Console {
  /// What went wrong with standard output; a reader that has seen enough is nothing wrong.
  private(set) var outputError: SystemError?
  private var outputIsOpen = true

  /// Prints a result of one line.
  func print(line: String) { print(onOneLine(line) + "\n") }

  /// Prints a result with lines of its own. What of it came from outside has no line ends any more (`onOneLine`); a
  /// terminal is sent nothing that it obeys in any case. Once nobody reads any more, nothing is printed, and the command
  /// goes on.
  func print(_ text: String) {
    guard outputIsOpen else { return }
    do throws(SystemError) {
      try StandardStream.output.write(Array(onItsLines(text).utf8))
    } catch {
      outputIsOpen = false
      if error.kind != .brokenPipe { outputError = error }
    }
  }

  /// Prints a table, or what there is to say when it has no rows.
  func print(_ table: Table, ifEmpty remark: String) {
    if table.isEmpty { note(remark) } else { print(table.text) }
  }

  /// Says what is wrong.
  func problem(_ problem: Problem) { note("\(problem)") }

  /// Says something that is not a result.
  func note(_ message: String) {
    // Where standard error is gone too, nobody can be told.
    do throws(SystemError) { try StandardStream.error.write(Array("backroad: \(onOneLine(message))\n".utf8)) } catch {}
  }

  /// Says something to a person who waits at a terminal, and to nobody else.
  func hint(_ message: String) {
    if StandardStream.error.isTerminal { note(message) }
  }
}

/// How far a command is, on a terminal, once it has taken more than a second.
final class Progress {
  private let startMilliseconds = System.monotonicNanoseconds() / 1_000_000
  private var shownMilliseconds: UInt64 = 0
  private let isWanted = StandardStream.error.isTerminal

  /// Says how far it is.
  func update(_ message: @autoclosure () -> String) {
    let time = System.monotonicNanoseconds() / 1_000_000
    guard isWanted, time - startMilliseconds > 1000, time - shownMilliseconds > 100 else { return }
    shownMilliseconds = time
    write("\r\u{1b}[K\(onOneLine(message()))")
  }

  deinit {
    if shownMilliseconds > 0 { write("\r\u{1b}[K") }
  }

  private func write(_ text: String) {
    do throws(SystemError) { try StandardStream.error.write(Array(text.utf8)) } catch {}
  }
}

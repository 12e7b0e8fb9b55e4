import Testing
import Text

@testable import backroad

/// What the commands make of a running server's answers.
struct ReloadAnswerTests {
  /// Scripts wait for a reload to be served everywhere: when that is not known, it is an error.
  @Test func workersThatDoNotServeItAreAnError() throws {
    let all = ServerCommands.reloadProblems(["problems": .array([]), "silentWorkers": .number(0)])
    #expect(all.isEmpty)
    let some = ServerCommands.reloadProblems(["problems": .array([]), "silentWorkers": .number(2)])
    #expect(some.map(\.severity) == [.error])
    #expect(some.first?.message.hasPrefix("2 workers did not say within half a second that this is served") == true)
  }

  @Test func theStatusTellsOfWorkersThatAreNotCounted() {
    func text(_ silent: Int) -> String { ServerStatus(["workers": .number(4), "silentWorkers": .number(silent)]).text }
    #expect(text(0).contains(", 4 workers\n"))
    #expect(text(1).contains("4 workers, of which 1 said nothing in half a second and is not counted below\n"))
  }
}

import Links
import Text

/// What the customer of a link has to do, as commands end with it.
struct CustomerPart {
  private let link: Link
  private let workspace: String
  private let checklist: Checklist
  private let isComplete: Bool

  /// - Throws: that there is no such link, or what is wrong with the configuration.
  init(_ name: String, in folder: WorkspaceFolder, _ arguments: Arguments) throws {
    self.init(try folder.link(name), in: folder.name, try arguments.operatorProfile())
  }

  init(_ link: Link, in workspace: String, _ profile: OperatorProfile?) {
    self.link = link
    self.workspace = workspace
    checklist = Checklist(for: link, profile: profile)
    isComplete = profile != nil
  }

  /// For programs.
  var member: JSON.Member { JSON.Member("checklist", checklist.json) }

  /// All of it, below what else is shown of the link.
  var section: String {
    guard !checklist.items.isEmpty else { return "" }
    return
      "\nto send to the customer\(checklist.choice.map { ", for the \(onOneLine($0.text))" } ?? ""):\n\n\(checklist.text)"
  }

  /// All of it, or where no profile says whom to allow and whom to let in, how to see it.
  ///
  /// - Parameter isThere: false for a link that is shown to nobody yet, because it was only planned.
  func endOfPlan(isThere: Bool) -> String {
    if isComplete { return section }
    guard !checklist.items.isEmpty else { return "" }
    let when = isThere ? "" : ", once the link is there"
    return "\nwhat the customer is to do: backroad link show \(word: workspace) \(word: link.name)" + when + "\n"
  }
}

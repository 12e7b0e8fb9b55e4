import Forwarding
import Text
import Wire
import Zones

/// Why a question gets the answer that it gets, step by step.
public struct Explanation: Sendable {
  /// What a step is about.
  public enum Topic: String, Sendable {
    /// Whose question it is.
    case who
    /// What the workspace's zones say of a name.
    case zone
    /// Which rule takes a name.
    case forward
    /// What is known of a name from before.
    case cache
    /// What the server would do now.
    case next
  }

  /// One step of the way.
  public struct Step: Sendable {
    /// What it is about.
    public let topic: Topic
    /// For people: one line.
    public let text: String
    /// For programs.
    public let facts: [(String, JSON)]
  }

  /// How it ends.
  public enum Outcome: Sendable {
    /// The client gets this message.
    case answer(MessageListing)
    /// The client gets nothing.
    case silence
    /// Upstreams are to be asked first; what they say decides.
    case asks(ForwardQuestion)
    /// The upstreams that would be asked are all down, and nothing else is known: the client gets SERVFAIL at once.
    case failure(ForwardQuestion)
    /// They are all down, and the client gets what they said last, past its TTL.
    case staleAnswer(ForwardQuestion)
  }

  /// The steps, in order.
  public let steps: [Step]
  /// How it ends.
  public let outcome: Outcome

  /// For a terminal.
  public var text: String {
    var text = ""
    for step in steps { text += Self.line(step.topic.rawValue, step.text) }
    switch outcome {
    case .silence: text += Self.line("outcome", "no answer at all")
    case .asks: text += Self.line("outcome", "what the upstreams answer")
    case .failure: text += Self.line("outcome", "SERVFAIL")
    case .staleAnswer: text += Self.line("outcome", "the answer past its TTL")
    case .answer(let message):
      let records = message.answer.map { "\($0)" } + message.authority.map { "authority: \($0)" }
      let complaint = message.complaint.map { ["EDE \($0.code): \($0.text)"] } ?? []
      text += Self.line("outcome", message.status)
      for line in records + complaint { text += Self.line("", line) }
    }
    return text
  }

  private static func line(_ label: String, _ text: String) -> String {
    label + String(repeating: " ", count: max(1, 9 - label.count)) + onOneLine(text) + "\n"
  }

  /// For programs.
  public var json: JSON {
    let steps = steps.map { step in
      JSON.object([("step", .string(step.topic.rawValue))] + step.facts + [("text", .string(step.text))])
    }
    return ["steps": .array(steps), "outcome": outcome.json]
  }
}

extension Explanation.Outcome {
  fileprivate var json: JSON {
    switch self {
    case .silence: ["kind": "silence"]
    case .asks(let question): Self.json("asks", question)
    case .failure(let question): Self.json("failure", question)
    case .staleAnswer(let question): Self.json("stale-answer", question)
    case .answer(let message):
      [
        "kind": "answer", "status": .string(message.status),
        "answer": .array(message.answer.map { .string("\($0)") }),
        "authority": .array(message.authority.map { .string("\($0)") }),
        "error": message.complaint.map { ["code": .number($0.code), "text": .string($0.text)] } ?? nil,
      ]
    }
  }
  private static func json(_ kind: String, _ question: ForwardQuestion) -> JSON {
    [
      "kind": .string(kind), "name": .string("\(question.name)"), "type": .string("\(question.type)"),
      "upstreams": .array(question.rule.upstreams.map { .string("\($0)") }),
    ]
  }
}

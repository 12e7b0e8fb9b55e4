import Wire

extension UpstreamAnswer {
  /// Reads a message as the answer to a question, whoever sent it; nil when it is not taken for one.
  ///
  /// For those who test what reading costs: the way is that of a message which came on its query's own socket.
  package static func reading(
    _ message: [UInt8], for question: ForwardQuestion, settings: ForwardSettings = ForwardSettings()
  ) -> UpstreamAnswer? {
    guard let header = Header(message.span) else { return nil }
    let query = UpstreamQuery(
      id: header.id, name: question.name.wire, type: question.type, dnssecOK: question.dnssecOK,
      checkingDisabled: question.checkingDisabled, hasEDNS: true, cookie: nil)
    switch Response.check(message.span, for: query, maximumRecords: settings.maximumRecordsPerAnswer) {
    case .response(let response):
      return try? AnswerReader.read(response, for: question, settings: settings, now: Instant(nanoseconds: 0))
    case .caseDiffers, .unusable, .wrong: return nil
    }
  }
}

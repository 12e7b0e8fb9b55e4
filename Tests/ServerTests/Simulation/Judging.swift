import Forwarding
import TestKit
import Wire

@testable import Server

// What an answer may be.
extension WorkerSimulation {
  /// What was so at some moment between a question and its answer.
  struct Possibilities {
    /// Whose it may be, each with the files of the moment.
    var folders: [SimulatedFolder] = []
    var mayBeRefused = false
    /// A workspace that it was of was gone later.
    var mayBeGone = false
  }

  func possibilities(_ question: AskedQuestion) -> Possibilities {
    var found = Possibilities()
    guard let sentAt = question.sentAt else { return found }
    // Whose the question is was decided at one of these moments, and its files may be those of a later one.
    var owners: Set<Int> = []
    for index in question.world..<worlds.count {
      let world = worlds[index]
      let start = max(sentAt, world.since)
      let end = index + 1 < worlds.count ? worlds[index + 1].since : now
      for moment in start == end ? [end] : [start, end] {
        if let owner = world.owner(of: question.asking, at: moment) {
          owners.insert(owner)
        } else {
          found.mayBeRefused = true
        }
      }
      for owner in owners.sorted() {
        guard let folder = world.folders[owner] else {
          found.mayBeGone = true
          continue
        }
        if found.folders.last(where: { $0.number == owner })?.version != folder.version { found.folders.append(folder) }
      }
    }
    return found
  }

  /// Takes an answer: it is to what was asked, once, and its client's workspace's alone.
  func judge(_ answer: [UInt8], _ number: Int) throws {
    figures.checks += 1
    figures.answers += 1
    let question = asked[number]
    asked[number].answers += 1
    guard let header = Header(answer.span), header.flags.contains(.response) else { throw breach("no response") }
    let code = header.flags.responseCode
    asked[number].code = code
    digest.add(number)
    digest.add(Int(now.nanoseconds))
    // Not what follows the records: the text of a failure has the upstreams' ports.
    digest.add(answer.prefix(Header.length + question.question.count))
    trace("question \(number) of \(question.asking), \(question.name?.text ?? "nonsense"): code \(code)")
    guard question.answers < (question.isStream ? 1 : question.sent) else {
      throw breach("question \(number), \(question.name?.text ?? "nonsense"), is answered again")
    }
    guard let name = question.name else {
      guard code == 1 || code == 4, header.answerCount == 0 else { throw breach("nonsense is answered with \(code)") }
      return
    }
    let end = Header.length + question.question.count
    guard answer.count >= end, Array(answer[Header.length..<end]) == question.question, header.questionCount == 1
    else { throw breach("an answer to another question than \(name.text)") }
    let possible = possibilities(question)
    switch code {
    case 5:
      guard possible.mayBeRefused, header.answerCount == 0 else {
        throw breach("\(name.text) from \(question.asking.client) is refused, though it is \(possible.folders)")
      }
    case 2:
      let isCalm = calmSince.map { calm in question.sentAt.map { $0 >= calm } ?? false } ?? false
      let mayFail = possible.mayBeGone || (!name.isLocal && (!isCalm || name.isSilent))
      guard mayFail, !possible.folders.isEmpty || possible.mayBeGone else {
        throw breach("\(name.text) fails: \(Self.text(answer))")
      }
    case 0, 3:
      guard !possible.folders.isEmpty else {
        throw breach("\(name.text) from \(question.asking.client), who is nobody's, is answered")
      }
      try judge(answer, to: number, header, end, name, possible)
    default: throw breach("\(name.text) is answered with code \(code)")
    }
  }

  /// What of an answer can be read.
  private static func text(_ answer: [UInt8]) -> String {
    String(decoding: answer.dropFirst(Header.length).filter { $0 >= 0x20 && $0 < 0x7f }, as: UTF8.self)
  }

  private struct FoundRecord {
    let type: RecordType
    let ttlSeconds: UInt32
    let data: [UInt8]
  }

  private func judge(
    _ answer: [UInt8], to number: Int, _ header: Header, _ end: Int, _ name: AskedName, _ possible: Possibilities
  ) throws {
    let question = asked[number]
    var records: [FoundRecord] = []
    var authority: [FoundRecord] = []
    do throws(WireError) {
      var reader = try MessageReader(answer.span)
      reader.skip(to: end)
      for index in 0..<Int(header.answerCount + header.authorityCount) {
        let view = try reader.readRecord()
        let found = FoundRecord(
          type: view.type, ttlSeconds: view.ttlSeconds, data: try reader.uncompressedData(of: view))
        if index < Int(header.answerCount) { records.append(found) } else { authority.append(found) }
      }
    } catch {
      throw breach("an answer to \(name.text) that cannot be read: \(error)")
    }
    for record in records + authority { digest.add(record.data + bigEndian(Int(record.ttlSeconds))) }
    let code = header.flags.responseCode
    let isRight: Bool
    // When it was sent is not known, where its client did not read for a while.
    let isLate = question.isStream && connection(of: number)?.hasPaused == true
    switch name {
    case .host(let host):
      isRight =
        records.count == 1
        && possible.folders.contains { records[0].data == [10, UInt8($0.number), UInt8($0.version), UInt8(host)] }
    case .missing:
      isRight =
        code == 3 && records.isEmpty
        && possible.folders.contains { Self.serial(authority.first?.data ?? []) == $0.number * 1000 + $0.version }
    case .text:
      guard !question.isStream else {
        isRight = possible.folders.contains { folder in
          records.count == 1 && records[0].data.count >= folder.textStrings * SimulatedFolder.stringOctets
            && Array(records[0].data.dropFirst().prefix(folder.mark.count)) == folder.mark
        }
        break
      }
      isRight = header.flags.contains(.truncated) && records.isEmpty
    case .alias(let alias):
      let target = records.first { $0.type == .cname }?.data
      isRight =
        possible.folders.contains { wire($0.target(alias)) == target }
        && checkForwarded(
          records.filter { $0.type == .a }, target.flatMap { Name(wire: $0) }, possible, isOwn: false,
          isLate: isLate)
    case .own(let asked), .shared(let asked):
      let isOwn = if case .own = name { true } else { false }
      switch asked.kind {
      case .answered, .truncated:
        isRight = checkForwarded(records, try Name(name.text), possible, isOwn: isOwn, isLate: isLate)
      case .nonexistent: isRight = code == 3 && records.isEmpty
      case .silent, .silentStream: isRight = false
      }
    }
    guard isRight else {
      throw breach(
        "\(name.text) from \(question.asking.client) at worker \(question.asking.worker), asked at "
          + "\((question.sentAt?.nanoseconds ?? 0) / 1_000_000) ms, code \(code), has \(records.map { $0.data.prefix(40) }); it is of "
          + "\(possible.folders.map { "\($0.name) version \($0.version)" })")
    }
  }

  private static func serial(_ data: [UInt8]) -> Int {
    guard data.count >= 20 else { return -1 }
    return Int(data.span.bigEndian32(at: data.count - 20))
  }

  /// One address that an upstream of the workspace gave for this name, that is not too old, and that went to nobody who may
  /// not share it.
  private func checkForwarded(
    _ records: [FoundRecord], _ name: Name?, _ possible: Possibilities, isOwn: Bool, isLate: Bool
  ) -> Bool {
    guard records.count == 1, records[0].data.count == 4, records[0].data[0] == 10 else { return false }
    let data = records[0].data
    let upstream = Int(data[1]) - 100
    let serial = Int(data[2]) << 8 | Int(data[3])
    let owners = Set(possible.folders.map(\.number))
    let allowed = isOwn ? owners.map { SimulatedUpstream.own(of: $0) } : Array(0..<SimulatedUpstream.shared)
    guard allowed.contains(upstream), let given = upstreams[upstream].given[serial], given.name == name else {
      return false
    }
    // It came after it was given, by what the network took, and ages in whole seconds; or it is past that, with 30 s.
    let age = now.wholeSeconds(since: given.at)
    let ttl = records[0].ttlSeconds
    let mayBeStale = age >= given.ttlSeconds && settings.forwarding.maximumStaleSeconds > 0
    guard ttl + (isLate ? 0 : age) <= given.ttlSeconds + 4 || (mayBeStale && ttl == ForwardSettings.staleTTLSeconds)
    else { return false }
    guard owners.count == 1, let owner = owners.first, let folder = possible.folders.last else { return true }
    let scope: SimulatedUpstream.Scope = isOwn || folder.hasOwnCache ? .workspace(owner) : .server
    if given.scope == nil { upstreams[upstream].given[serial]?.scope = scope }
    return given.scope == nil || given.scope == scope
  }
}

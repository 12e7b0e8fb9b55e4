import Fleet
import Text

/// Any octets as what a fleet's store may say or hold: an answer of HTTP, JSON as it comes, etcd's words, a key, an
/// address. However they are cut, the same comes of them; what is read as ours is written the same again.
public struct FleetTarget: FuzzTarget {
  /// Nothing is made beforehand.
  public init() {}

  /// Reads the octets in every way; the first of them says how long the pieces are.
  public func run(_ octets: [UInt8]) {
    guard let first = octets.first else { return }
    let rest = Array(octets.dropFirst())
    let length = Int(first % 16) + 1
    precondition(Self.answer(rest, length: rest.count) == Self.answer(rest, length: length), "the same answer")
    precondition(Self.tokens(rest, length: rest.count) == Self.tokens(rest, length: length), "the same tokens")
    precondition(Self.events(rest, length: rest.count) == Self.events(rest, length: length), "the same events")
    Self.compare(rest)
    Self.checkKey(rest)
    Self.checkAddress(rest)
  }

  private static func pieces(_ octets: [UInt8], _ length: Int) -> [[UInt8]] {
    stride(from: 0, to: octets.count, by: max(length, 1)).map { start in
      Array(octets[start..<min(start + length, octets.count)])
    }
  }

  /// What the octets are as an answer, with its body in one; nil for none.
  private static func answer(_ octets: [UInt8], length: Int) -> [ResponseReader.Event]? {
    var reader = ResponseReader()
    var events: [ResponseReader.Event] = []
    var body = 0
    do throws(HTTPFailure) {
      for piece in pieces(octets, length) {
        var at = 0
        while !reader.hasEnded, let event = try reader.next(piece.span, at: &at) {
          if case .body(let range) = event {
            precondition(!range.isEmpty && range.upperBound <= at && at <= piece.count)
            body += range.count
          } else {
            events.append(event)
          }
        }
      }
      try reader.finish()
    } catch {
      return nil
    }
    return events + [.body(0..<body)]
  }

  /// What the octets are as JSON, each string and number with what it says; nil for none.
  private static func tokens(_ octets: [UInt8], length: Int) -> [String]? {
    var tokens = JSONTokens(maximumStringOctets: 64)
    var found: [String] = []
    do throws(JSONFault) {
      for piece in pieces(octets, length) {
        var at = 0
        while let token = try tokens.next(piece.span, at: &at) {
          found.append("\(token) \(tokens.depth) \(String(decoding: tokens.text, as: UTF8.self))")
        }
      }
      if let token = try tokens.finish() { found.append("\(token)") }
    } catch {
      return nil
    }
    precondition(tokens.depth == 0, "every bracket is closed")
    return found
  }

  private static func events(_ octets: [UInt8], length: Int) -> [EtcdReader.Event]? {
    var reader = EtcdReader(maximumValueOctets: 64)
    var events: [EtcdReader.Event] = []
    do throws(EtcdFault) {
      for piece in pieces(octets, length) {
        var at = 0
        while let event = try reader.next(piece.span, at: &at) { events.append(event) }
      }
      try reader.finish()
    } catch {
      return nil
    }
    return events
  }

  /// Two readers of JSON: what the one for files takes, the other one takes too.
  private static func compare(_ octets: [UInt8]) {
    guard !octets.starts(with: [0xef, 0xbb, 0xbf]), (try? JSON.parse(octets, file: "", comments: false)) != nil else {
      return
    }
    var tokens = JSONTokens()
    var at = 0
    do throws(JSONFault) {
      let whole = Array("{\"\":".utf8) + octets + Array("}".utf8)
      while let token = try tokens.next(whole.span, at: &at) {
        if token == .key { tokens.skipValue() }
      }
      precondition(tokens.isBetweenValues, "the value is whole")
    } catch {
      preconditionFailure("\(error), in what is JSON")
    }
  }

  private static func checkKey(_ octets: [UInt8]) {
    let keys = StoreKeys(prefix: "/f")
    let start = Array("/f/v1/".utf8)
    for key in [octets, start + octets] {
      switch keys.read(key) {
      case .key(let read): precondition(keys.octets(of: read) == key, "a key is written as it was read")
      case .foreign: break
      case .bad(_, let reason): precondition(key.starts(with: start) && !reason.isEmpty, "only ours can be bad")
      }
    }
  }

  private static func checkAddress(_ octets: [UInt8]) {
    do throws(Problem) {
      let address = try StoreAddress(String(decoding: octets, as: UTF8.self))
      let again = try StoreAddress(address.description)
      precondition(again == address && !address.members.isEmpty, "an address is read as it is written")
    } catch {
      precondition(!error.message.isEmpty && !error.message.contains("\n"), "a refusal says why, in a line")
    }
  }
}

import Bounds
import Text

/// Follows the pods, or the namespaces: lists them, watches what becomes of them, and lists them anew where the watch has
/// lost its place.
///
/// What is known stays until a list is whole. One connection at a time, and one request on it.
struct ResourceWatch {
  /// What it does at the moment.
  private enum Phase: Hashable {
    /// Nothing, until then.
    case waiting(UInt64)
    /// The connection is being made; for a list or a watch.
    case connecting
    case listing
    case watching
  }

  let resource: KubernetesResource
  private let settings: DiscoverySettings
  private var phase: Phase
  private(set) var connection: UInt64?
  private var response = ResponseReader()
  private var reader: KubernetesReader
  private var hasHead = false
  /// When the phase began, and when the last octets came.
  private var since: UInt64
  private var heard: UInt64
  /// For how long the server was asked to keep the watch.
  private var watchTime: UInt64 = 0
  /// Failures since something was learned, which is what the next pause goes by.
  private var failures = 0

  /// From where to watch; nil where a list comes first.
  private var version: ResourceVersion?
  /// The list so far.
  private var objects: [KubernetesObject] = []
  private var leftOut = 0
  private var pages = 0
  private var nextPage = ""
  private var listVersion: ResourceVersion?
  /// A list in pages was too slow for the server's memory: all of it at once, as other clients do.
  private var isInOnePiece = false

  /// When the API server last showed that nothing is missed: a whole list, an event, a bookmark.
  private(set) var lastContact: UInt64?
  private(set) var lists = 0
  private(set) var events = 0
  private(set) var notice: String?

  init(_ resource: KubernetesResource, _ settings: DiscoverySettings, now: UInt64) {
    self.resource = resource
    self.settings = settings
    phase = .waiting(now)
    reader = KubernetesReader(resource, isWatch: false)
    (since, heard) = (now, now)
  }

  /// Why there is no connection that works; told once for each failure.
  mutating func takeNotice() -> String? {
    defer { notice = nil }
    return notice
  }

  // MARK: Time

  /// When `tick` has something to do, unless something comes before.
  var nextWake: UInt64 {
    switch phase {
    case .waiting(let until): until
    case .connecting: since + settings.connectTime
    case .listing: heard + settings.answerTime
    case .watching:
      min(
        heard + (hasHead ? settings.silence : settings.answerTime), since + watchTime + settings.answerTime,
        (lastContact ?? since) + settings.quiet)
    }
  }

  /// Does what is due. A number is for a new connection.
  mutating func tick(
    _ now: UInt64, connection number: UInt64, _ actions: inout [DiscoveryAction],
    _ random: inout some RandomNumberGenerator
  ) {
    guard now >= nextWake else { return }
    switch phase {
    case .waiting:
      if isQuiet(now) { version = nil }
      phase = .connecting
      since = now
      connection = number
      actions.append(.open(number))
    case .connecting: fail("no connection within \(settings.connectTime / 1000) s", now, &actions, &random)
    case .listing: fail("no answer for \(settings.answerTime / 1000) s", now, &actions, &random)
    case .watching:
      if isQuiet(now) {
        version = nil
        again(now, pause: 0, &actions)
      } else if !hasHead {
        fail("no answer for \(settings.answerTime / 1000) s", now, &actions, &random)
      } else if now >= heard + settings.silence {
        // Bookmarks come each minute: the connection is dead, whatever the kernel thinks.
        fail("the watch was silent for \(settings.silence / 1000) s", now, &actions, &random)
      } else {
        again(now, pause: 0, &actions)
      }
    }
  }

  /// Nothing new for so long: a watch that is silent, or repeats itself, proves nothing. A list does.
  private func isQuiet(_ now: UInt64) -> Bool {
    guard version != nil, let lastContact else { return false }
    return now >= lastContact + settings.quiet
  }

  // MARK: Connections

  /// The connection is made: asks.
  mutating func opened(_ now: UInt64, _ actions: inout [DiscoveryAction], _ random: inout some RandomNumberGenerator) {
    guard case .connecting = phase, let connection else { return }
    let target: String
    if let version {
      let seconds = settings.watchSeconds + UInt64.random(in: 0...settings.watchSeconds, using: &random)
      watchTime = 1000 * seconds
      target =
        "/api/v1/\(resource.word)?watch=1&allowWatchBookmarks=true&resourceVersion=\(Self.escaped(version.description))"
        + "&timeoutSeconds=\(seconds)"
      phase = .watching
    } else {
      let limit = isInOnePiece ? "" : "?limit=\(settings.pageObjects)"
      let page = nextPage.isEmpty ? "" : (isInOnePiece ? "?" : "&") + "continue=\(Self.escaped(nextPage))"
      target = "/api/v1/\(resource.word)\(limit)\(page)"
      phase = .listing
    }
    do {
      let octets = try RequestWriter.octets(
        "GET", target, host: "localhost", fields: [("Accept", "application/json"), ("Connection", "close")])
      actions.append(.send(connection, octets))
    } catch {
      version = nil
      startList(inOnePiece: true)
      return fail("\(error)", now, &actions, &random)
    }
    response = ResponseReader()
    reader = KubernetesReader(resource, isWatch: phase == .watching)
    hasHead = false
    (since, heard) = (now, now)
  }

  /// Octets came.
  mutating func received(
    _ octets: Span<UInt8>, _ now: UInt64, _ book: inout PodBook, _ actions: inout [DiscoveryAction],
    _ random: inout some RandomNumberGenerator
  ) {
    heard = now
    var at = 0
    do {
      while connection != nil, let step = try response.next(octets, at: &at) {
        switch step {
        case .head(let head): begin(head, now, &actions, &random)
        case .body(let range):
          let piece = octets.extracting(range)
          var within = 0
          while connection != nil, let event = try reader.next(piece, at: &within) {
            take(event, now, &book, &actions, &random)
          }
        case .end: return ended(now, &book, &actions, &random)
        }
      }
    } catch {
      fail("\(error)", now, &actions, &random)
    }
  }

  /// The connection ended, or could not be made.
  mutating func closed(
    _ why: String, _ now: UInt64, _ book: inout PodBook, _ actions: inout [DiscoveryAction],
    _ random: inout some RandomNumberGenerator
  ) {
    guard phase == .listing || phase == .watching else { return fail(why, now, isClosed: true, &actions, &random) }
    do {
      try response.finish()
      connection = nil
      ended(now, &book, &actions, &random)
    } catch {
      fail("\(error)", now, isClosed: true, &actions, &random)
    }
  }

  /// What was known is too old to hold: all is listed anew.
  mutating func forget(_ now: UInt64, _ actions: inout [DiscoveryAction]) {
    lastContact = nil
    version = nil
    if phase == .watching {
      startList(inOnePiece: false)
      again(now, pause: 0, &actions)
    }
  }

  // MARK: Answers

  private mutating func begin(
    _ head: ResponseHead, _ now: UInt64, _ actions: inout [DiscoveryAction], _ random: inout some RandomNumberGenerator
  ) {
    hasHead = true
    switch head.status {
    case 200: break
    case 410: gone(now, &actions, &random)
    case 401, 403:
      fail(
        "\(resource.word) may not be listed and watched (\(head.status)), see the ClusterRole", now, &actions, &random)
    default:
      let pause = head["retry-after"].flatMap { UInt64($0) }.map { min($0, 60) * 1000 } ?? 0
      fail("the API server answered \(head.status)", now, pause: pause, &actions, &random)
    }
  }

  private mutating func take(
    _ event: KubernetesEvent, _ now: UInt64, _ book: inout PodBook, _ actions: inout [DiscoveryAction],
    _ random: inout some RandomNumberGenerator
  ) {
    switch (event, phase) {
    case (.item(let object), .listing):
      if objects.count < settings.mostObjects(resource) { objects.append(object) } else { leftOut += 1 }
    case (.page(let version, let next), .listing):
      (listVersion, nextPage) = (listVersion ?? version, next)
      pages += 1
      guard listVersion == version, pages <= Limits.Kubernetes.pages else {
        startList(inOnePiece: true)
        return fail("a list whose pages are not of one version", now, &actions, &random)
      }
    case (.set(let object), .watching):
      note(object.version, now)
      switch object {
      case .pod(let pod): book.set(pod)
      case .namespace(let namespace): book.set(namespace)
      }
    case (.gone(let object), .watching):
      note(object.version, now)
      switch object {
      case .pod(let pod): book.removePod(uid: pod.uid)
      case .namespace(let namespace): book.removeNamespace(uid: namespace.uid, name: namespace.name)
      }
    case (.bookmark(let version), .watching): note(version, now, isBookmark: true)
    case (.failure(let code, let message), _):
      if code == 410 {
        gone(now, &actions, &random)
      } else {
        fail("the API server says: \(message) (\(code))", now, &actions, &random)
      }
    case (.unreadable(let why), .listing):
      leftOut += 1
      notice = "\(resource.word): \(why)"
    case (.unreadable(let why), _):
      // Whatever it was, it may have been a deletion.
      version = nil
      startList(inOnePiece: false)
      fail(why, now, &actions, &random)
    default: fail("an answer that is not of what was asked", now, &actions, &random)
    }
  }

  /// What is new counts as contact, and moves the place to watch from, never back: what comes late, or twice, has an older
  /// version, and proves nothing. A bookmark has the same one again where nothing happens.
  private mutating func note(_ new: ResourceVersion, _ now: UInt64, isBookmark: Bool = false) {
    events += 1
    failures = 0
    let isOld = new.description.isEmpty || version.map { new.isNoNewer(than: $0) } ?? false
    guard !isOld || isBookmark else { return }
    lastContact = now
    if !isOld { version = new }
  }

  /// The place to watch or to list from is no longer known to the server.
  private mutating func gone(
    _ now: UInt64, _ actions: inout [DiscoveryAction], _ random: inout some RandomNumberGenerator
  ) {
    let isListing = version == nil
    version = nil
    startList(inOnePiece: isListing)
    fail("the API server no longer has what was to follow (410)", now, &actions, &random)
  }

  private mutating func startList(inOnePiece: Bool) {
    (objects, leftOut, pages, nextPage, listVersion) = ([], 0, 0, "", nil)
    isInOnePiece = inOnePiece
  }

  /// The answer has ended as it should.
  private mutating func ended(
    _ now: UInt64, _ book: inout PodBook, _ actions: inout [DiscoveryAction], _ random: inout some RandomNumberGenerator
  ) {
    guard hasHead else { return fail("no answer", now, &actions, &random) }
    if phase == .watching {
      // As agreed, or because the server is going. One that ends them at once is not to be asked in a circle.
      if now >= since + 1000 { return again(now, pause: 0, &actions) }
      return fail("the watch ended at once", now, &actions, &random)
    }
    guard let listVersion else { return fail("an answer without a list", now, &actions, &random) }
    guard nextPage.isEmpty else { return again(now, pause: 0, &actions) }
    switch resource {
    case .pods:
      let pods = objects.compactMap { if case .pod(let pod) = $0 { pod } else { nil } }
      book.setAll(pods, version: listVersion, leftOut: leftOut)
    case .namespaces:
      let namespaces = objects.compactMap { if case .namespace(let namespace) = $0 { namespace } else { nil } }
      book.setAll(namespaces, version: listVersion, leftOut: leftOut)
    }
    version = listVersion
    startList(inOnePiece: false)
    lists += 1
    failures = 0
    lastContact = now
    again(now, pause: 0, &actions)
  }

  // MARK: Again

  /// Ends the connection, if there is one, and goes on after a pause, in milliseconds.
  private mutating func again(_ now: UInt64, pause: UInt64, _ actions: inout [DiscoveryAction]) {
    if let connection { actions.append(.close(connection)) }
    connection = nil
    phase = .waiting(now + pause)
  }

  /// Goes on after a pause that doubles with each failure in a row, less up to half of it, so that many who lost the same
  /// server do not come back together.
  private mutating func fail(
    _ why: String, _ now: UInt64, pause least: UInt64 = 0, isClosed: Bool = false,
    _ actions: inout [DiscoveryAction], _ random: inout some RandomNumberGenerator
  ) {
    notice = "\(resource.word): \(why)"
    if isClosed { connection = nil }
    failures += 1
    let pause = min(settings.longestPause, settings.shortestPause << UInt64(min(failures - 1, 16)))
    if version != nil, failures % settings.failuresBeforeList == 0 {
      version = nil
      startList(inOnePiece: false)
    }
    // Pages go on where they were only while the server has that list; a failure in between starts anew.
    if version == nil { startList(inOnePiece: isInOnePiece) }
    again(now, pause: max(least, pause - UInt64.random(in: 0...pause / 2, using: &random)), &actions)
  }

  /// For a query: all but letters, digits and `-._~` as `%XX` (RFC 3986 §2.1).
  private static func escaped(_ text: String) -> String {
    var escaped = ""
    for octet in text.utf8 {
      switch octet {
      case 0x30...0x39, 0x41...0x5a, 0x61...0x7a, 0x2d, 0x2e, 0x5f, 0x7e:
        escaped.unicodeScalars.append(Unicode.Scalar(octet))
      default: escaped += "%" + (octet < 16 ? "0" : "") + String(octet, radix: 16, uppercase: true)
      }
    }
    return escaped
  }
}

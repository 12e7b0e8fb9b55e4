import Fleet
import Testing
import Wire

/// What is read of an API server's lists and watches.
@Suite struct KubernetesReaderTests {
  private static let pod = #"""
    {"kind":"Pod","apiVersion":"v1","metadata":{"name":"connector-1","generateName":"connector-","namespace":"jobs",
    "uid":"3f9a-1","resourceVersion":"9007199254740993","creationTimestamp":"2026-11-28T10:00:00Z","deletionTimestamp":null,
    "labels":{"app":"connector","backroad.dev/workspace":"acm\u0065","backroad.dev/pods-choose":"true"},
    "annotations":{"backroad.dev/workspace":"globex","note":"\ud83d\ude00 {\"uid\":\"no\"}"},
    "ownerReferences":[{"uid":"another","name":"no"}],"managedFields":[{"fieldsV1":{"f:status":{"f:podIP":{}}}}]},
    "spec":{"nodeName":"n1","containers":[{"name":"c","image":"i","env":[{"name":"podIP","value":"10.9.9.9"}]}],
    "hostNetwork":false},"status":{"phase":"Running","conditions":[{"type":"Ready","status":"True"}],"hostIP":"10.0.0.1",
    "podIP":"10.2.3.4","podIPs":[{"ip":"10.2.3.4"},{"ip":"fd00::4"},{"ip":"127.0.0.1"},{"ip":"nonsense"}],
    "containerStatuses":[{"name":"c","state":{"waiting":{}}},{"name":"d","state":{"running":{"startedAt":"x"}}}]}}
    """#

  /// All events of octets that come in pieces; nil at the end for what is no JSON.
  private static func events(
    _ text: String, _ resource: KubernetesResource = .pods, isWatch: Bool, pieces: [Int] = [.max]
  ) -> [KubernetesEvent?] {
    var reader = KubernetesReader(resource, isWatch: isWatch)
    var events: [KubernetesEvent?] = []
    let octets = Array(text.utf8)
    var start = 0
    var piece = 0
    while start < octets.count {
      let length = min(pieces[min(piece, pieces.count - 1)], octets.count - start)
      let part = Array(octets[start..<(start + length)])
      var at = 0
      do {
        while let event = try reader.next(part.span, at: &at) { events.append(event) }
      } catch {
        return events + [nil]
      }
      start += length
      piece += 1
    }
    return events
  }

  private static var expected: Pod {
    var pod = Pod()
    (pod.uid, pod.namespace, pod.name) = ("3f9a-1", "jobs", "connector-1")
    (pod.version, pod.label) = (ResourceVersion("9007199254740993"), "acme")
    pod.addresses = [.v4(0x0a02_0304), .v6(0xfd00 << 112 | 4)]
    pod.hasRunningContainer = true
    return pod
  }

  private static let list = #"""
    {"kind":"PodList","items":[\#(pod),\#(pod)],
    "metadata":{"continue":"eyJ2","remainingItemCount":3,"resourceVersion":"17"}}
    """#
  private static let watch = #"""
    {"type":"ADDED","object":\#(pod)}
    {"object":\#(pod),"type":"MODIFIED"}{"type":"DELETED","object":\#(pod)}
    {"type":"BOOKMARK","object":{"kind":"Pod","metadata":{"resourceVersion":"18"},"spec":{"containers":null}}}
    {"type":"ERROR","object":{"kind":"Status","status":"Failure","message":"too old","reason":"Expired","code":410}}
    """#

  @Test func aListIsRead() {
    let item = KubernetesEvent.item(.pod(Self.expected))
    #expect(Self.events(Self.list, isWatch: false) == [item, item, .page(ResourceVersion("17"), next: "eyJ2")])
  }

  private static let watched: [KubernetesEvent?] = [
    .set(.pod(expected)), .set(.pod(expected)), .gone(.pod(expected)), .bookmark(ResourceVersion("18")),
    .failure(code: 410, message: "too old"),
  ]

  @Test func aWatchIsRead() { #expect(Self.events(Self.watch, isWatch: true) == Self.watched) }

  @Test func theChunksEndAnywhere() {
    let count = Self.watch.utf8.count
    for at in 1..<count {
      #expect(Self.events(Self.watch, isWatch: true, pieces: [at, .max]) == Self.watched, "at \(at)")
    }
    #expect(Self.events(Self.watch, isWatch: true, pieces: [1]) == Self.watched)
  }

  @Test func ofANamespaceTheAnnotationsAreRead() {
    let text = #"""
      {"metadata":{"resourceVersion":"5"},"items":[{"metadata":{"name":"jobs","uid":"u","resourceVersion":"4",
      "labels":{"backroad.dev/workspace":"no"},
      "annotations":{"backroad.dev/pods-choose":"true","backroad.dev/workspace":"acme"}},
      "spec":{"finalizers":["kubernetes"]},"status":{"phase":"Active"}},
      {"metadata":{"name":"plain","uid":"v","resourceVersion":"3"}},
      {"metadata":{"name":"odd","uid":"w","resourceVersion":"3","annotations":{"backroad.dev/workspace":
      "a-name-that-is-longer-than-the-sixty-three-octets-of-which-a-workspaces-name-may-be"}}}]}
      """#
    var jobs = Namespace()
    (jobs.uid, jobs.name, jobs.version) = ("u", "jobs", ResourceVersion("4"))
    (jobs.workspace, jobs.podsChoose) = ("acme", "true")
    var plain = Namespace()
    (plain.uid, plain.name, plain.version) = ("v", "plain", ResourceVersion("3"))
    var odd = Namespace()
    (odd.uid, odd.name, odd.version, odd.workspace) = ("w", "odd", ResourceVersion("3"), "")
    #expect(
      Self.events(text, .namespaces, isWatch: false) == [
        .item(.namespace(jobs)), .item(.namespace(plain)), .item(.namespace(odd)),
        .page(ResourceVersion("5"), next: ""),
      ])
  }

  /// What cannot be told from others is said to be so; what is no JSON ends the reading; nothing traps.
  @Test(arguments: [
    #"{"type":"ADDED","object":{"metadata":{"name":"a","namespace":"b"}}}"#,
    #"{"type":"ADDED","object":{"metadata":{"name":"a","namespace":"b","uid":""}}}"#,
    #"{"type":"ADDED","object":{"metadata":{"name":"a","namespace":"b","uid":7}}}"#,
    #"{"type":"ADDED","object":{"metadata":{"name":"a b","namespace":"b","uid":"c"}}}"#,
    #"{"type":"ADDED","object":[{"metadata":{"name":"a","namespace":"b","uid":"c"}}]}"#,
    #"{"type":"ADDED"}"#, #"{"object":{"metadata":{"name":"a","namespace":"b","uid":"c"}}}"#, #"{}"#, #"[]"#,
    #""text""#,
    #"[[{"type":"ADDED"}]]"#, #"{"type":"BOOKMARK","object":{}}"#, #"{"type":{"type":"ADDED"},"object":{}}"#,
  ]) func whatCannotBeToldIsSaidToBeSo(_ text: String) {
    let events = Self.events(text, isWatch: true)
    #expect(events.count == 1)
    if case .unreadable? = events[0] {} else { Issue.record("\(events)") }
  }

  /// An event without an object does not have the one before.
  @Test func nothingIsLeftOfTheObjectBefore() {
    let events = Self.events(#"{"type":"ADDED","object":\#(Self.pod)}{"type":"DELETED"}"#, isWatch: true)
    #expect(events.count == 2)
    if case .unreadable?? = events.last {} else { Issue.record("\(events)") }
  }

  @Test func anObjectWithoutEndEndsTheReading() {
    var reader = KubernetesReader(.pods, isWatch: true)
    let start = Array(#"{"type":"ADDED","object":{"spec":{"containers":["#.utf8)
    let more = [UInt8](repeating: UInt8(ascii: " "), count: 1 << 20)
    var at = 0
    #expect(throws: Never.self) { try reader.next(start.span, at: &at) }
    var pieces = 0
    do {
      while pieces < 100 {
        at = 0
        _ = try reader.next(more.span, at: &at)
        pieces += 1
      }
    } catch {}
    #expect(pieces == 15)
  }
}

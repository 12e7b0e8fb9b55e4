import Bounds
import Fleet
import Testing
import Text
import Wire
import Workspaces

/// A store's address and its keys.
struct StoreTests {
  @Test func addressesAreReadAndGivenBack() throws {
    for (text, again, count, prefix) in [
      ("etcd:http://127.0.0.1:2379", nil, 1, "/backroad"),
      ("etcd:http://127.0.0.1:2379/backroad", "etcd:http://127.0.0.1:2379", 1, "/backroad"),
      ("etcd:http://a.example:1,b:65535,[::1]:3/fleet/eu-1", nil, 3, "/fleet/eu-1"),
      ("etcd:http://a:1,http://b:2/x", "etcd:http://a:1,b:2/x", 2, "/x"),
      ("etcd:http://[2001:DB8:0::1]:2379", "etcd:http://[2001:db8::1]:2379", 1, "/backroad"),
      ("etcd:unix:/run/etcd.sock", nil, 1, "/backroad"),
      ("etcd:http://my_host-1.x:2", nil, 1, "/backroad"), ("etcd:unix:a,b:c", nil, 1, "/backroad"),
    ] as [(String, String?, Int, String)] {
      let address = try StoreAddress(text)
      #expect(address.description == again ?? text)
      #expect(address.members.count == count && address.prefix == prefix)
      #expect(try StoreAddress(address.description) == address)
    }
    #expect(try StoreAddress("etcd:http://[::1]:5").members == [.tcp(host: "::1", port: 5)])
    #expect(try StoreAddress("etcd:unix:/run/x").members == [.unix(path: "/run/x")])
    #expect(
      StoreAddress.isMeant(by: "etcd:x") && !StoreAddress.isMeant(by: "zones") && !StoreAddress.isMeant(by: "./etcd:x"))
  }

  @Test func whatIsNoAddressIsToldWithItsRemedy() {
    for (text, word) in [
      ("etcd:", "write etcd:http"), ("etcd:127.0.0.1:2379", "write etcd:http"), ("http://a:1", "write etcd:http"),
      ("zones", "write etcd:http"),
      ("etcd:https://a:1", "sidecar"), ("etcd:http://a:1,https://b:1", "sidecar"), ("etcd:http://u:p@a:1", "password"),
      ("etcd:http://a", "2379"), ("etcd:http://[::1]", "2379"), ("etcd:http://", "missing"),
      ("etcd:http://a:1,", "missing"),
      ("etcd:http://a:1,,b:2", "missing"), ("etcd:http://a:0", "no port"), ("etcd:http://a:65536", "no port"),
      ("etcd:http://a:", "no port"),
      ("etcd:http://a:+1", "no port"), ("etcd:http://::1:2379", "brackets"), ("etcd:http://[::1:2379", "brackets"),
      ("etcd:http://[10.0.0.1]:1", "IPv6"), ("etcd:http://1.2.3:1", "no host"), ("etcd:http://010.0.0.1:1", "no host"),
      ("etcd:http://a b:1", "no host"), ("etcd:http://a..b:1", "no host"), ("etcd:http://a%41:1", "no host"),
      ("etcd:http://\u{e9}:1", "no host"),
      ("etcd:http://a:1/x,b:2", "once"), ("etcd:http://a:1,a:1", "twice"), ("etcd:http://a:1/", "prefix"),
      ("etcd:http://a:1/x/", "prefix"),
      ("etcd:http://a:1//x", "prefix"), ("etcd:http://a:1/../x", "prefix"), ("etcd:http://a:1/x?y=1", "prefix"),
      ("etcd:http://a:1/\u{e9}", "prefix"),
      ("etcd:http://a:1/\(String(repeating: "x", count: 255))", "prefix"), ("etcd:unix:", "missing"),
      ("etcd:unix:/\(String(repeating: "x", count: 107))", "107"), ("etcd:unix:/a\u{0}", "107"),
      ("etcd:unix:/a\n", "107"),
      ("etcd:http://\((0...Limits.Fleet.members).map { "h\($0):1" }.joined(separator: ","))", "too many"),
    ] {
      do throws(Problem) {
        let address = try StoreAddress(text, file: "backroad.json", position: Position(line: 3, column: 12))
        Issue.record("\(text) was taken for \(address)")
      } catch {
        #expect(error.message.contains(word), "\(text): \(error)")
        #expect(error.description.hasPrefix("backroad.json:3:12: ") && !error.message.contains("\n"))
      }
    }
  }

  // MARK: Keys

  @Test func keysAreReadAsTheyAreWritten() throws {
    let acme = try #require(WorkspaceName("acme"))
    let keys = StoreKeys(prefix: "/fleet/eu")
    for (key, octets) in [
      (.format, "format"), (.file(acme, path: "workspace.json"), "ws/acme/workspace.json"),
      (.file(acme, path: "links/a-1.json"), "ws/acme/links/a-1.json"),
      (.file(acme, path: "links/.undo"), "ws/acme/links/.undo"),
      (.file(acme, path: "corp.acme.internal.zone"), "ws/acme/corp.acme.internal.zone"),
      (.file(acme, path: "\u{e9} \u{1f600}.zone"), "ws/acme/\u{e9} \u{1f600}.zone"), (.change(acme), "ws/acme/.change"),
      (.pod(.v4(0x0a00_0001)), "pod/10.0.0.1"), (.pod(.v6(0x2001_0db8 << 96 | 1)), "pod/2001:db8::1"),
      (.replica("node-1.eu_A"), "replica/node-1.eu_A"),
      (.canary("x"), "canary/x"), (.leader("discovery"), "leader/discovery"),
    ] as [(StoreKey, String)] {
      #expect(text(keys.octets(of: key)) == "/fleet/eu/v1/\(octets)")
      #expect(keys.read(keys.octets(of: key)) == .key(key))
    }
    #expect(text(keys.all.start) == "/fleet/eu/v1/" && text(keys.all.end ?? []) == "/fleet/eu/v10")
    #expect(
      text(keys.workspace(acme).start) == "/fleet/eu/v1/ws/acme/" && text(keys.workspaces.start) == "/fleet/eu/v1/ws/")
    #expect(text(keys.pods.start) == "/fleet/eu/v1/pod/" && text(keys.replicas.start) == "/fleet/eu/v1/replica/")
  }

  @Test func keysOfOthersAreLeftAlone() {
    for key in [
      "", "/", "/backroad", "/backroad/v1", "/backroad/v2/ws/acme/workspace.json", "/registry/pods/a",
      "/backroad/v1x/format", "/backroads/v1/format",
    ] {
      #expect(StoreKeys().read(Array(key.utf8)) == .foreign, "\(key)")
    }
    for later in ["", "formats", "other/x", "/x", "ws", "pods/10.0.0.1"] {
      #expect(StoreKeys().read(Array("/backroad/v1/\(later)".utf8)) == .foreign, "\(later)")
    }
    #expect(StoreKeys().read([0xff, 0]) == .foreign)
  }

  @Test func keysThatCannotBeAreToldApart() {
    let acme = WorkspaceName("acme")
    for path in [
      "", "/", "..", "../b/workspace.json", "links/../x.zone", "./x.zone", "links/", "links//a.json", "links/a/b.json",
      "a/b.zone", "workspace.json/", "x",
      "backroad.json", ".x.zone", "links/.a.json", "links/a.txt", "zones/x.zone", "a\nb.zone", "a\u{0}.zone",
      "\u{7f}.zone", "Workspace.json",
      "\(String(repeating: "x", count: 251)).zone", ".change/x", "links/.undo/x",
    ] {
      let reading = StoreKeys().read(Array("/backroad/v1/ws/acme/\(path)".utf8))
      guard case .bad(acme, let reason) = reading else {
        Issue.record("\(path.debugDescription): \(reading)")
        continue
      }
      #expect(!reason.isEmpty)
    }
    for name in [
      "", "ACME/workspace.json", "../workspace.json", "a b/workspace.json",
      "\(String(repeating: "a", count: 64))/workspace.json", "-a/x", "/x",
    ] {
      guard case .bad(nil, _) = StoreKeys().read(Array("/backroad/v1/ws/\(name)".utf8)) else {
        Issue.record("\(name)")
        continue
      }
    }
    #expect(
      StoreKeys().read(Array("/backroad/v1/ws/acme".utf8))
        == .bad(acme, reason: "a key of a workspace that names none of its files"))
    #expect(
      StoreKeys().read(Array("/backroad/v1/ws/acme/".utf8) + [0xff]) == .bad(acme, reason: "a key that is not UTF-8"))
    #expect(StoreKeys().read(Array("/backroad/v1/pod/".utf8) + [0xff]) == .bad(nil, reason: "a key that is not UTF-8"))
    for rest in [
      "pod/", "pod/10.0.0.01", "pod/::ffff:10.0.0.1", "pod/2001:DB8::1", "pod/10.0.0.1/x", "replica/", "replica/a/b",
      "canary/a b", "leader/\u{e9}",
    ] {
      guard case .bad(nil, _) = StoreKeys().read(Array("/backroad/v1/\(rest)".utf8)) else {
        Issue.record("\(rest)")
        continue
      }
    }
  }
}

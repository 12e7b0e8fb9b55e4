import Foundation
import Glibc
import TestKit
import Testing

extension EndToEnd {
  /// Pods that come and go, from an API server over the discovery and a real etcd to two servers' answers.
  @Suite struct PodChurn {
    /// As many as an address has owners at a time that an answer can be of.
    private static let workspaces = 6
    /// No pod has an address of loopback, from which alone can be asked here: a load balancer tells of the pods'.
    private static let proxy = "127.0.0.9"
    private static let addresses = (1...12).map { "10.1.9.\($0)" }

    /// An address, and the pods that it was given to, one after the other: each of the next workspace.
    private struct History {
      /// The pod that has it, by number; nobody has it before the first.
      var latest = 0
      var isRemoved = true
      /// By server: the earliest pod that may still be answered, and whether its answer was seen.
      var earliest = [1, 1]
      var isSeen = [false, false]
    }

    private func withFleet(
      _ body: (_ lab: Lab, _ api: APIServer, _ servers: [Server]) throws -> Void
    ) throws {
      try Lab.run { lab in
        let etcd = try lab.etcd()
        for number in 0..<Self.workspaces {
          let store = ["--store", etcd.store]
          try lab.backroad(["workspace", "add", "w\(number)", "--no-token"] + store)
          try lab.backroad(
            ["import", "hosts", "--workspace", "w\(number)", "--link", "git", "--address", "10.0.\(number).7"] + store
              + ["git.corp.example"])
        }
        try APIServer.run { api in
          for number in 0..<Self.workspaces { api.setNamespace("jobs-\(number)", workspace: "w\(number)") }
          _ = try lab.start(Lab.backroad(), ["discover", "kubernetes", "--store", etcd.store, "--api", api.url])
          let flags = ["--proxy", "\(Self.proxy)/32"]
          try body(lab, api, try (0..<2).map { try lab.replica(of: etcd.store, flags, mirror: "mirror-\($0)") })
        }
      }
    }

    /// Whose the answer to a client is; nil where it is refused.
    private func owner(_ server: Server, _ client: String) throws -> Int? {
      let socket = try TestSocket(SOCK_DGRAM, server.address)
      guard socket.connect(from: Self.proxy) else { throw LabError("cannot ask from \(Self.proxy)") }
      let octets = client.split(separator: ".").compactMap { UInt8($0) }
      socket.send(BehindALoadBalancer.header(octets) + Message.query("git.corp.example", id: 9))
      guard let message = socket.receive(milliseconds: 5000), message.count >= 12 else {
        throw LabError("no answer to \(client)")
      }
      guard Message.answerCount(message) > 0 else {
        #expect(Message.code(message) == 5, "refused, and no other failure")
        return nil
      }
      return Int(message[message.count - 2])
    }

    /// Asks a server once, and holds the answer to what was seen before: never an earlier pod's workspace.
    private func look(_ server: Int, _ servers: [Server], _ address: String, _ history: inout History) throws {
      guard let owner = try owner(servers[server], address) else {
        // Nobody's, after a pod that was seen: that pod does not come back.
        if history.isSeen[server] {
          history.earliest[server] += 1
          history.isSeen[server] = false
        }
        return
      }
      let first = history.earliest[server]
      guard first <= history.latest,
        let pod = (first...history.latest).first(where: { $0 % Self.workspaces == owner })
      else {
        Issue.record("\(address) was answered as w\(owner) by server \(server): \(history)")
        return
      }
      history.earliest[server] = pod
      history.isSeen[server] = true
    }

    @Test func anAddressIsNeverAnsweredAsAnEarlierPods() throws {
      var random = SeededGenerator(seed: 19)
      try withFleet { _, api, servers in
        var histories = Dictionary(uniqueKeysWithValues: Self.addresses.map { ($0, History()) })
        for _ in 0..<400 {
          let address = Self.addresses.randomElement(using: &random) ?? ""
          var history = histories[address] ?? History()
          // Which pod an answer is of can be told while there are no more of them than workspaces.
          for server in servers.indices {
            try eventually("\(address) is followed by server \(server)", within: 20) {
              try look(server, servers, address, &history)
              return history.latest - history.earliest[server] < Self.workspaces - 2
            }
          }
          // One that nobody saw leaves nothing to be told by.
          let isKnown = history.isSeen == [true, true] && history.earliest.allSatisfy { $0 == history.latest }
          let isRemoval = isKnown && !history.isRemoved && Int.random(in: 0..<4, using: &random) == 0
          if !history.isRemoved { api.removePod("\(address)-\(history.latest)") }
          if !isRemoval {
            history.latest += 1
            let pod = history.latest
            api.setPod("\(address)-\(pod)", in: "jobs-\(pod % Self.workspaces)", [address])
          }
          history.isRemoved = isRemoval
          for server in servers.indices { try look(server, servers, address, &history) }
          histories[address] = history
        }
        // In the end each is answered as what it is.
        for (address, history) in histories {
          let wanted = history.isRemoved ? nil : history.latest % Self.workspaces
          for server in servers {
            try eventually("\(address) is answered as it is: \(history)", within: 20) {
              try owner(server, address) == wanted
            }
          }
        }
      }
    }
  }
}

import Foundation
import Glibc

/// Machines of a test's own, network namespaces with cables between them: what happens there reaches nothing outside.
final class Network {
  /// Why a test of these is not run.
  static let reason: String = "network namespaces are not to be had here"

  /// Whether this kernel, and whoever runs the tests, allows them: root makes one, with a cable, and removes it.
  static let isAllowed: Bool = {
    var isAllowed = false
    try? Lab.run { lab in
      let network = Network(lab)
      try network.cable(network.machine("a"), "10.77.255.1/30", network.machine("b"), "10.77.255.2/30")
      isAllowed = true
    }
    return isAllowed
  }()

  private let lab: Lab
  private var namespaces: [String] = []
  private var cableCount = 0

  /// A network without machines; it is gone with the last of these that is used.
  init(_ lab: Lab) { self.lab = lab }

  deinit {
    for namespace in namespaces { _ = try? lab.run("ip", ["netns", "delete", namespace]) }
  }

  /// A machine with loopback alone.
  ///
  /// - Parameter addresses: of its own, on its loopback.
  func machine(_ name: String, at addresses: [String] = []) throws -> Machine {
    let machine = Machine(name, namespace: "backroad-\(getpid())-\(name)", self, in: lab)
    try lab.expect("ip", ["netns", "add", machine.namespace])
    namespaces.append(machine.namespace)
    try machine.ip("link", "set", "lo", "up")
    for address in addresses { try machine.ip("address", "add", "\(address)/32", "dev", "lo") }
    return machine
  }

  /// Joins two machines.
  ///
  /// - Returns: the name of the cable, which is that of its interface at both ends.
  @discardableResult
  func cable(_ first: Machine, _ firstAddress: String, _ second: Machine, _ secondAddress: String) throws -> String {
    cableCount += 1
    let cable = "cable\(cableCount)"
    try first.ip("link", "add", cable, "type", "veth", "peer", "name", cable, "netns", second.namespace)
    for (machine, address) in [(first, firstAddress), (second, secondAddress)] {
      try machine.ip("address", "add", address, "dev", cable)
      try machine.ip("link", "set", cable, "up")
    }
    return cable
  }
}

/// A machine of a test's network.
final class Machine {
  let name: String
  fileprivate let namespace: String
  private let network: Network
  private let lab: Lab
  /// Files of the lab that programs on this machine see in the place of the system's, by its path.
  private var replacements: [(path: String, content: String)] = []

  fileprivate init(_ name: String, namespace: String, _ network: Network, in lab: Lab) {
    self.name = name
    self.namespace = namespace
    self.network = network
    self.lab = lab
  }

  /// Changes the machine's interfaces and routes; the words are those of `ip`.
  func ip(_ words: String...) throws { try lab.expect("ip", ["-n", namespace] + words) }

  /// Passes on what is not for itself.
  func becomeRouter() throws {
    let command = "echo 1 >/proc/sys/net/ipv4/ip_forward"
    try lab.expect("ip", ["netns", "exec", namespace, "/bin/sh", "-c", command])
  }

  /// Has programs on this machine see a text in the place of a file of the system's, which must exist.
  func replace(_ path: String, _ text: String) throws {
    let file = "machines/\(name)/\(path.split(separator: "/").joined(separator: "-"))"
    try lab.write(text, to: file)
    replacements.append((path, lab.folder.appendingPathComponent(file).path))
  }

  /// Has the machine's resolver library ask one server for all names, and look nowhere else.
  func resolve(with server: String) throws {
    try replace("/etc/resolv.conf", "nameserver \(server)\noptions timeout:2 attempts:3\n")
    try replace("/etc/nsswitch.conf", "passwd: files\ngroup: files\nshadow: files\nhosts: dns\n")
  }

  /// Runs a program to its end.
  func run(_ path: String, _ arguments: [String], input: [UInt8]? = nil) throws -> Outcome {
    try lab.run("ip", words(path, arguments), input: input)
  }

  /// Starts a program that runs until the test ends.
  func start(_ path: String, _ arguments: [String]) throws -> Program { try lab.start("ip", words(path, arguments)) }

  /// `ip netns exec` gives what it starts a mount namespace of its own, so that what is mounted here is seen there alone. Nor
  /// does it see what the environment here says of proxies, certificates and the like.
  private func words(_ path: String, _ arguments: [String]) throws -> [String] {
    let mounts = replacements.map { "mount --bind '\($0.content)' '\($0.path)' && " }.joined()
    let command = "\(mounts)exec \"$0\" \"$@\""
    let environment = ["/usr/bin/env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/nonexistent"]
    return try ["netns", "exec", namespace] + environment + ["/bin/sh", "-c", command, Program.find(path).path]
      + arguments
  }
}

extension Lab {
  /// Runs a program that is to succeed.
  @discardableResult
  func expect(_ path: String, _ arguments: [String]) throws -> String {
    let outcome = try run(path, arguments)
    guard outcome.status == 0 else {
      throw LabError("\(path) \(arguments.joined(separator: " ")) ended with \(outcome.status): \(outcome.errors)")
    }
    return outcome.output
  }
}

import Foundation
import Glibc
import Testing

/// The image's root file system, run by `unshare` and `chroot` as a container engine runs it: namespaces of its own for mounts,
/// processes and the network, where port 53 needs no privilege; a read-only root; the user of the Containerfile.
final class Container {
  private let lab: Lab
  private let root: URL
  private var program: Program?

  /// The user of the image, which `docs/kubernetes/rootfs` makes.
  private static let user = "65532"

  /// What is put into it: `BACKROAD_STATIC`, which has Swift's libraries in it, or the program under test, which brings them along.
  static func program() throws -> String {
    try ProcessInfo.processInfo.environment["BACKROAD_STATIC"] ?? Lab.backroad()
  }

  /// Makes the root file system, with a configuration, and an empty folder for a volume of zones.
  init(in lab: Lab, configuration: String, zones: String) throws {
    self.lab = lab
    root = lab.folder.appendingPathComponent("root")
    let made = try lab.run(
      Lab.repository.appendingPathComponent("docs/kubernetes/rootfs").path, [Self.program(), root.path])
    guard made.status == 0 else { throw LabError("rootfs ended with \(made.status): \(made.errors)") }
    try lab.write(configuration, to: "root/etc/backroad/backroad.json")
    let volume = root.appendingPathComponent(zones).deletingLastPathComponent()
    try FileManager.default.createDirectory(at: volume, withIntermediateDirectories: true)
  }

  /// Copies a folder of the lab into the root.
  func copy(_ path: String, to target: String) throws {
    try FileManager.default.copyItem(
      at: lab.folder.appendingPathComponent(path), to: root.appendingPathComponent(target))
  }

  func link(_ path: String, to target: String) throws {
    try FileManager.default.createSymbolicLink(
      atPath: root.appendingPathComponent(path).path, withDestinationPath: target)
  }

  /// Starts the program with these words. What it may write to is what the manifests mount there.
  func start(_ words: [String]) throws {
    let isRoot = geteuid() == 0
    // A plain user is root in a namespace of users that it may make, and in a second one the image's user.
    let asUser =
      isRoot
      ? "setpriv --no-new-privs --bounding-set=-all,+sys_chroot,+setuid,+setgid "
        + "chroot --userspec=\(Self.user):\(Self.user) --groups=\(Self.user)"
      : "setpriv --no-new-privs unshare --user --map-user=\(Self.user) --map-group=\(Self.user) --root"
    let script = """
      set -eu
      root=$0
      ip link set lo up
      echo 0 >/proc/sys/net/ipv4/ip_unprivileged_port_start
      mount --bind "$root" "$root"
      mount --rbind /proc "$root/proc"
      for folder in run/backroad var/lib/backroad; do mount -t tmpfs -o mode=0777 tmpfs "$root/$folder"; done
      mount -o remount,bind,ro "$root"
      exec \(asUser) "$root" /usr/local/bin/backroad "$@"
      """
    let namespaces = ["--mount", "--net", "--pid", "--fork", "--kill-child"]
    program = try lab.start(
      "unshare", (isRoot ? [] : ["--user", "--map-root-user"]) + namespaces + ["sh", "-c", script, root.path] + words)
  }

  /// The first process of the container, as it is numbered outside.
  private func process() throws -> Int {
    let id = try #require(program).id
    var process: Int?
    try eventually("the container has a process", within: 10) {
      let children = try String(contentsOfFile: "/proc/\(id)/task/\(id)/children", encoding: .utf8)
      process = children.split(separator: " ").first.flatMap { Int($0) }
      return process != nil
    }
    return try #require(process)
  }

  /// Runs a program of this machine in the container's network.
  func inside(_ program: String, _ words: [String]) throws -> Outcome {
    let users = geteuid() == 0 ? [] : ["--user", "--preserve-credentials"]
    return try lab.run("nsenter", ["--target", "\(process())", "--net"] + users + [program] + words)
  }

  /// The status of what a probe is answered; 0 where nobody answers.
  func probe(_ path: String) throws -> Int {
    let outcome = try inside(
      "curl", ["-s", "-m", "5", "-o", "/dev/null", "-w", "%{http_code}", "http://127.0.0.1:9354\(path)"])
    return Int(outcome.output) ?? 0
  }

  /// What the kernel says of its rights, and of its root.
  func status() throws -> (capabilities: String, privileges: String, root: [String]) {
    let process = try process()
    let status = try String(contentsOfFile: "/proc/\(process)/status", encoding: .utf8)
    func field(_ name: String) -> String {
      let line = status.split(separator: "\n").first { $0.hasPrefix("\(name):") }
      return line.map { $0.dropFirst(name.count + 1).filter { !$0.isWhitespace } } ?? ""
    }
    let mounts = try String(contentsOfFile: "/proc/\(process)/mountinfo", encoding: .utf8).split(separator: "\n")
    let fields = mounts.map { $0.split(separator: " ") }.last { $0.count > 5 && $0[4] == "/" }
    return (field("CapEff"), field("NoNewPrivs"), fields?[5].split(separator: ",").map(String.init) ?? [])
  }

  /// Sends the first process a signal, as an engine does.
  func signal(_ number: Int32) {
    if let process = try? process() { kill(pid_t(process), number) }
  }

  /// Waits for its end.
  func end() throws -> Outcome { try #require(program).wait(seconds: 10) }
}

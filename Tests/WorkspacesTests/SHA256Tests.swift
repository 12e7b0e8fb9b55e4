import Foundation
import Testing

@testable import Workspaces

@Suite struct SHA256Tests {
  /// NIST's examples and CAVP's short messages.
  @Test(arguments: [
    ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
    ("616263", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
    (
      "6162636462636465636465666465666765666768666768696768696a68696a6b696a6b6c6a6b6c6d6b6c6d6e6c6d6e6f6d6e6f706e6f7071",
      "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
    ),
    ("d3", "28969cdfa74a12c82f3bad960b0b000aca2ac329deea5c2328ebc6f2ba9802c1"),
    ("11af", "5ca7133fa735326081558ac312c620eeca9970d1e70a4b95533d956f072d1f98"),
    ("b4190e", "dff2e73091f6c05e528896c4c831b9448653dc2ff043528f6769437bc7b975c2"),
    ("74ba2521", "b16aa56be3880d18cd41e68384cf1ec8c17680c45a02b1575dc1518923ae8b0e"),
  ]) func agreesWithNIST(message: String, digest: String) throws {
    #expect("\(SHA256.digest(try #require(hexadecimal(message))))" == digest)
  }

  @Test func agreesWithNISTOnAMillionOctets() {
    #expect(
      "\(SHA256.digest(Array(repeating: 0x61, count: 1_000_000)))"
        == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0")
  }

  /// Every length around the ends of blocks, judged by coreutils.
  @Test func agreesWithCoreutils() throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "sha256-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let messages = (0...300).map { length in (0..<length).map { UInt8(truncatingIfNeeded: $0 * 7 + length) } }
    for (length, message) in messages.enumerated() {
      try Data(message).write(to: folder.appending(path: String(1000 + length)))
    }
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/sha256sum")
    process.arguments = messages.indices.map { String(1000 + $0) }
    process.currentDirectoryURL = folder
    let output = Pipe()
    process.standardOutput = output
    try process.run()
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    let digests = text.split(separator: "\n").map { String($0.prefix(64)) }
    #expect(digests == messages.map { "\(SHA256.digest($0))" })
  }

  @Test func readsItsOwnText() throws {
    let digest = SHA256.digest([1, 2, 3])
    #expect(SHA256Digest("\(digest)") == digest)
    #expect(SHA256Digest("\(digest)".uppercased()) == digest)
    let text = "\(digest)"
    for wrong in ["", String(text.dropLast()), text + "0", text.dropLast() + "g", "é" + text.dropLast(2)] {
      #expect(SHA256Digest(wrong) == nil, "\(wrong)")
    }
    #expect(hexadecimal([0, 15, 16, 255]) == "000f10ff")
    #expect(hexadecimal("000F10ff") == [0, 15, 16, 255])
    #expect(hexadecimal("0") == nil)
  }
}

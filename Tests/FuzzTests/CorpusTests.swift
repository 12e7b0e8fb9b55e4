import Foundation
import FuzzTargets
import Testing

@Suite("The fuzzers' corpora")
struct CorpusTests {
  /// The files of a folder of the project and of those inside it, found by listing.
  static func files(_ path: String) throws -> [URL] {
    let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    let names = try FileManager.default.subpathsOfDirectory(atPath: root.appending(path: path).path())
    return names.map { root.appending(path: "\(path)/\($0)") }.filter { !$0.hasDirectoryPath && isFile($0) }
  }

  private static func isFile(_ url: URL) -> Bool {
    (try? url.resourceValues(forKeys: [.isRegularFileKey]).isRegularFile) == true
  }

  @Test("Messages")
  func messages() throws {
    let files = try Self.files("Fuzz/Corpus/message")
    #expect(files.count >= 20)
    let target = MessageTarget()
    for file in files {
      let octets = [UInt8](try Data(contentsOf: file))
      target.run(octets)
      // Every beginning too: a message may end anywhere.
      for length in 0..<min(octets.count, 300) { target.run(Array(octets[..<length])) }
    }
  }

  @Test("What may be slow")
  func slow() throws {
    let files = try Self.files("Fuzz/Corpus/slow")
    #expect(files.count >= 10)
    for file in files {
      let input = try #require(SlowInput(fuzzed: [UInt8](try Data(contentsOf: file))))
      #expect(SlowInputTests.target.excess(of: input, margin: 4) == nil, "\(file.lastPathComponent)")
    }
  }

  @Test("PROXY headers")
  func proxyHeaders() throws {
    let files = try Self.files("Fuzz/Corpus/proxy")
    #expect(files.count >= 10)
    for file in files { ProxyTarget().run([UInt8](try Data(contentsOf: file))) }
  }

  @Test("What a fleet's store says and holds")
  func fleet() throws {
    let files = try Self.files("Fuzz/Corpus/fleet")
    #expect(files.count >= 20)
    for file in files {
      let octets = [UInt8](try Data(contentsOf: file))
      // Whole, and in pieces of each length.
      for first in UInt8(0)..<16 { FleetTarget().run([first] + octets.dropFirst()) }
      for length in 0..<min(octets.count, 300) { FleetTarget().run(Array(octets[..<length])) }
    }
  }

  @Test("What an API server says of pods")
  func cluster() throws {
    let files = try Self.files("Fuzz/Corpus/cluster")
    #expect(files.count >= 10)
    for file in files {
      let octets = [UInt8](try Data(contentsOf: file))
      for first in UInt8(0)..<16 { ClusterTarget().run([first] + octets.dropFirst()) }
      for length in stride(from: 0, to: octets.count, by: 7) { ClusterTarget().run(Array(octets[..<length])) }
    }
  }

  @Test("Imports")
  func imports() throws {
    // The fixtures of the importers' own tests are seeds too.
    let files = try Self.files("Fuzz/Corpus/import") + Self.files("Tests/LinksTests/Fixtures")
    #expect(files.count >= 100)
    for file in files { ImportTarget().run([UInt8](try Data(contentsOf: file))) }
  }
}

import Glibc
import Storage
import SystemIO
import Testing
import Text
import Workspaces

/// A zones folder of a test's own, removed with it.
final class TemporaryZones: Sendable {
  let path: String
  let zones: ZonesFolder

  init() throws {
    var template = Array("/tmp/backroad-storage-XXXXXX".utf8CString)
    // unsafe: mkdtemp fills in the template, which is copied after it.
    let made = unsafe mkdtemp(&template) != nil
    #expect(made)
    path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    zones = ZonesFolder(path: "\(path)/zones")
    try Files.makeFolder(zones.path)
  }

  deinit { try? Files.removeAll(path) }

  /// Writes a file below the zones folder, with the folders that it is in.
  func write(_ file: String, _ text: String) throws {
    let parts = file.split(separator: "/").dropLast()
    for count in 1...max(1, parts.count) where !parts.isEmpty {
      let folder = "\(zones.path)/\(parts.prefix(count).joined(separator: "/"))"
      if try Files.identity(folder) == nil { try Files.makeFolder(folder) }
    }
    try Files.removeFile("\(zones.path)/\(file)")
    try Files.create("\(zones.path)/\(file)", Array(text.utf8))
  }

  /// Overwrites a file where it stands, as some editors do.
  func overwrite(_ file: String, _ text: String) throws {
    guard let stream = unsafe fopen("\(zones.path)/\(file)", "w") else { return }  // unsafe: closed below.
    unsafe fputs(text, stream)  // unsafe: the stream is open.
    unsafe fclose(stream)  // unsafe: the stream is not used after.
  }

  /// Every path below a folder with its content, or what a link says; folders end in `/`. The folders of the lock are left out.
  func listing(_ folder: String? = nil, below prefix: String = "") throws -> [String: String] {
    let folder = folder ?? zones.path
    var result: [String: String] = [:]
    for name in try Files.list(folder) where name != ".backroad" {
      let path = "\(folder)/\(name)"
      if let target = Files.symbolicLinkTarget(path) {
        result[prefix + name] = "-> \(target)"
      } else if try Files.identity(path)?.kind == .folder {
        result["\(prefix)\(name)/"] = ""
        result.merge(try listing(path, below: "\(prefix)\(name)/")) { first, _ in first }
      } else {
        result[prefix + name] = String(decoding: try Files.read(path, maximumSize: 1 << 20), as: UTF8.self)
      }
    }
    return result
  }
}

func workspace(_ text: String) throws -> WorkspaceName { try #require(WorkspaceName(text)) }

/// What `body` throws.
func problem(_ body: () throws -> Void) -> String {
  do {
    try body()
    return "no problem"
  } catch let problem as Problem {
    return problem.description
  } catch {
    return "another error: \(error)"
  }
}

extension [String: [UInt8]?] {
  /// Changes written as texts.
  static func texts(_ texts: [String: String?]) -> Self { texts.mapValues { $0.map { Array($0.utf8) } } }
}

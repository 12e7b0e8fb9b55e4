import Text
import Wire
import Workspaces
import Zones

/// A workspace's folder as it is on disk, read whole, so that what becomes of it can be decided without touching it.
public struct WorkspaceFolder: Sendable {
  /// The workspace's name.
  public var name: String
  /// The folder as the person knows it, for errors: `zones/acme`.
  public var directory: String
  /// `workspace.json`, `*.zone` and `links/*.json`, by path within the folder.
  public var files: [String: [UInt8]]

  /// Takes the folder's files.
  public init(name: String, directory: String, files: [String: [UInt8]]) {
    self.name = name
    self.directory = directory
    self.files = files
  }

  /// A file's name as errors tell it.
  public func shown(_ path: String) -> String { directory.isEmpty ? path : "\(directory)/\(path)" }

  /// The names of the workspace's links, in order.
  public var linkNames: [String] {
    files.keys.compactMap { Link.name(ofPath: $0) }.sortedByOctets()
  }

  /// One of the workspace's links.
  ///
  /// - Throws: what is wrong with its file, or that there is none, naming the nearest.
  public func link(_ name: String) throws(Problem) -> Link {
    guard let bytes = files[Link.path(name)] else {
      let meant = nearest(to: name, among: linkNames).map { "; did you mean \(quoted($0))?" } ?? linksThere
      throw Problem("the workspace \(quoted(self.name)) has no link \(quoted(name))\(meant)")
    }
    return try LinkFileReader.read(bytes, name: name, file: shown(Link.path(name)))
  }

  /// What links there are, for one who named another: the end of a sentence.
  public var linksThere: String {
    let names = linkNames
    guard !names.isEmpty else { return "; it has none: backroad link add \(word: name) LINK, or backroad import" }
    let more = names.count > 10 ? " and \(names.count - 10) more" : ""
    return "; it has \(names.prefix(10).map { quoted($0) }.joined(separator: ", "))\(more)"
  }

  /// The workspace's links, in the order of their names.
  ///
  /// - Throws: a problem for each link file that cannot be read.
  public func links(except left: Set<String> = []) throws(Problems) -> [Link] {
    var links: [Link] = []
    var problems: [Problem] = []
    for name in linkNames where !left.contains(name) {
      do throws(Problem) { links.append(try link(name)) } catch { problems.append(error) }
    }
    guard problems.isEmpty else { throw Problems(problems) }
    return links
  }

  /// A zone's file within the folder.
  static func zonePath(_ apex: Name) -> String { apex.lowercased.textWithoutFinalDot + ".zone" }

  /// The zones of the folder's master files, which are named for them.
  public var zones: [(apex: Name, path: String)] {
    files.keys.filter { WorkspaceSource.isZone($0) && !$0.utf8.contains(UInt8(ascii: "/")) }.sortedByOctets().compactMap
    {
      path in
      (try? Name(path.dropping(last: WorkspaceSource.zoneSuffix.utf8.count))).map { (apex: $0.lowercased, path: path) }
    }
  }

  /// True for a zone file that was generated from links, and may be generated again.
  public func isGenerated(_ path: String) -> Bool {
    guard let bytes = files[path] else { return false }
    let line = bytes.prefix { $0 != 0x0a }.drop { $0 == 0x3b || $0 == 0x20 }
    return line.starts(with: GeneratedZone.mark.utf8)
  }

  /// The settings of `workspace.json`.
  ///
  /// - Throws: that there is none, or what is wrong with its text.
  func settings() throws(Problem) -> JSON {
    guard let bytes = files["workspace.json"] else {
      throw Problem(
        file: directory,
        "there is no workspace \(quoted(name)) here; make it with backroad workspace add \(word: name) --client CIDR")
    }
    return try JSON.parse(bytes, file: shown("workspace.json"), comments: true)
  }

  /// What `workspace.json` says, checked.
  ///
  /// - Throws: everything that is wrong with it, or that it is missing.
  public func workspaceFile() throws(Problems) -> WorkspaceFile {
    try WorkspaceFile(files[WorkspaceFile.fileName] ?? [], file: shown(WorkspaceFile.fileName))
  }

  /// Replaces `workspace.json` by what `edit` makes of it, unless that is nil.
  mutating func change(_ edit: ([UInt8], String) throws(Problem) -> [UInt8]?) throws(Problem) {
    _ = try settings()
    if let bytes = files["workspace.json"], let edited = try edit(bytes, shown("workspace.json")) {
      files["workspace.json"] = edited
    }
  }
}

/// A file to be written or removed.
public struct FileChange: Hashable, Sendable {
  /// The path within the workspace's folder.
  public var path: String
  /// The file's whole content; nil to remove it.
  public var content: [UInt8]?
}

extension WorkspaceFolder {
  /// The link as it is; nil when there is none that an import of that kind may change, of which `LinkUpdate` says why.
  func existingLink(_ name: String, ofKind kind: String) -> Link? {
    guard files[Link.path(name)] != nil, let link = try? link(name),
      link.kind == kind || link.kind == Link.undecidedKind
    else { return nil }
    return link
  }
}

import Forwarding
import Wire
import Workspaces

/// A workspace whose keys are being read.
struct GatheredWorkspace {
  let name: WorkspaceName
  /// The keys below its own, and the revisions that made them.
  private(set) var keys: [String: Int64] = [:]
  private(set) var change = WorkspaceChange()
  /// It has more keys or octets than one may have.
  private(set) var isTooLarge = false
  private var octets = 0

  /// Stands among the bad keys' paths for all of a workspace that is too large: no key has it, as `*` is written otherwise there.
  static let everything = "*"

  init(_ name: WorkspaceName) {
    self.name = name
    change.isWhole = true
  }

  /// Takes a key of it. What is too large is told of in place of the files, which would not fit into memory.
  mutating func add(_ place: WorkspacePlace, _ entry: EtcdKeyValue, _ settings: FollowSettings) {
    keys[place.path] = entry.modRevision
    octets += place.path.utf8.count + entry.value.count
    guard keys.count <= settings.maximumFiles, octets <= settings.maximumWorkspaceOctets else {
      isTooLarge = true
      change.files = [:]
      change.bad = [
        Self.everything:
          "the workspace has more than \(settings.maximumFiles) files or \(settings.maximumWorkspaceOctets) octets"
      ]
      return
    }
    place.put(entry, into: &change)
  }
}

/// A key below a workspace's.
struct WorkspacePlace {
  let name: WorkspaceName
  /// The part of the key that is below the workspace's; of one that is no file's, as `shown` writes it.
  let path: String
  /// Why it is no file; nil when it is one, or says who changed the workspace.
  let fault: String?

  /// What a key that is no file's is called: its printable octets, and all others, `*` and `\` as `\xNN`. No two have one name.
  static func shown(_ octets: some Sequence<UInt8>) -> String {
    var text = ""
    for octet in octets {
      if (0x20...0x7e).contains(octet), octet != UInt8(ascii: "*"), octet != UInt8(ascii: "\\") {
        text.unicodeScalars.append(Unicode.Scalar(octet))
      } else {
        text += (octet < 0x10 ? "\\x0" : "\\x") + String(octet, radix: 16)
      }
    }
    return text
  }

  /// Writes what a key holds now into a change.
  func put(_ entry: EtcdKeyValue, into change: inout WorkspaceChange) {
    let fault = fault ?? (entry.valueIsTooLong ? "its value is too long to be read" : nil)
    if entry.kind == .delete {
      remove(from: &change)
    } else if let fault {
      change.files[path] = nil
      change.bad[path] = .some(fault)
    } else if path == Knowledge.author {
      change.author = entry.value
    } else {
      change.files[path] = .some(entry.value)
    }
  }

  private func remove(from change: inout WorkspaceChange) {
    if fault != nil {
      change.bad.updateValue(nil, forKey: path)
    } else if path != Knowledge.author {
      change.files.updateValue(nil, forKey: path)
    }
  }
}

/// A load of everything: what is still to be read, and what was found.
struct StoreLoading {
  var paging: Paging
  /// When the first page was asked for.
  var startedAt: Instant?
  var hasFormat = false
  /// The workspace that is being read.
  var gathered: GatheredWorkspace?
  /// The workspaces that are there, and those of which anything was.
  var names: Set<WorkspaceName> = []
  var seen: Set<WorkspaceName> = []
  var pods: Set<IPAddress> = []
  var replicas: Set<String> = []
  /// The last revision at which a key of a workspace or a pod was written.
  private(set) var contentRevision: Int64 = 0
  var unchanged = 0

  init(paging: Paging) { self.paging = paging }

  mutating func changed(at revision: Int64) { contentRevision = max(contentRevision, revision) }
}

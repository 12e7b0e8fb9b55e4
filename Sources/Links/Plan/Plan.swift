import Bounds
import Text
import Wire
import Zones

/// What an import or a removal will do: shown before and after it is done, and all that is needed to do it.
public struct Plan: Sendable {
  /// What becomes of a host.
  public enum Change: String, Hashable, Sendable {
    case added = "+"
    case changed = "~"
    case removed = "-"
    case kept = "="

    /// The word for it.
    public var word: String {
      switch self {
      case .added: "added"
      case .changed: "changed"
      case .removed: "removed"
      case .kept: "kept"
      }
    }
  }

  /// A host, before and after.
  public struct HostChange: Hashable, Sendable {
    /// What becomes of it.
    public var change: Change
    /// The host.
    public var host: Name
    /// Where it leads, or led when it is removed; nil for nowhere yet.
    public var target: Endpoint?
    /// What is different, or why it stays though the input does not name it; nil when there is nothing to say.
    public var remark: String?
    /// The keys that it came from.
    public var sources: [String]
  }

  /// What a zone does with a name that it lacks, before and after; nil for what the settings do not say.
  struct MissChange: Hashable, Sendable {
    let zone: Name
    let was: MissPolicy?
    let now: MissPolicy?

    /// For a person.
    var text: String {
      "\(was == nil ? "+" : now == nil ? "-" : "~") \(zone.textWithoutFinalDot): \(now?.rawValue ?? "not set"), "
        + "before \(was?.rawValue ?? "not set")"
    }
  }

  /// Something of the input that is in no zone, and why.
  public struct LeftOut: Hashable, Sendable {
    /// The key, or the host.
    public var what: String
    /// Why it is not in a zone, and what to do if it should be.
    public var why: String
    /// Where it stands in the input.
    public var position: Position?
    /// True for what may be a private host, so that somebody must look at it.
    public var isForReview: Bool

    /// Takes the parts.
    public init(_ what: String, why: String, position: Position? = nil, isForReview: Bool = false) {
      self.what = cut(what, toCharacters: Limits.Text.cellCharacters)
      self.why = cut(why, toCharacters: Limits.Links.reasonCharacters)
      self.position = position
      self.isForReview = isForReview
    }
  }

  /// The workspace's name.
  public var workspace: String
  /// The link's name.
  public var link: String
  /// What the change is, for who takes it back later.
  var what: String
  /// True when a link goes, and all of its names with it.
  var isRemoval = false
  /// True when it takes another change back.
  var isUndo = false
  /// False for what is no change of where names lead, and takes the place of none that could be taken back.
  var canBeUndone = true
  /// What the plan is about when that is no host; nil for how many hosts change.
  var headline: String?
  /// What AWS says of the endpoint, for programs; nil when it was not asked.
  var cloud: JSON?
  /// Every host of the link before or after, in canonical order.
  public var hosts: [HostChange] = []
  /// The zones that do another thing with misses than before.
  var misses: [MissChange] = []
  /// What was left out.
  public var leftOut: [LeftOut] = []
  /// What is likely not as it should be.
  public var warnings: [Problem] = []
  /// How the input was understood.
  public var notes: [String] = []
  /// What the person does next.
  public var nextSteps: [String] = []
  /// The host whose answer proves that it works; nil when there is none.
  public var proof: Name?
  /// What to write and remove, each file whole; all of it or none. Empty when nothing changes.
  public var files: [FileChange] = []
  /// The paths of `files` that exist before.
  var existing: Set<String> = []

  /// `files` by path: the content of each, nil for one that goes.
  var changes: [String: [UInt8]?] { Dictionary(files.map { ($0.path, $0.content) }) { _, last in last } }

  /// True when everything is as it should be already.
  public var changesNothing: Bool { files.isEmpty }

  init(workspace: String, link: String) {
    self.workspace = workspace
    self.link = link
    what = "import into the link \(link)"
  }

  /// Says of links without names where they lead, and led: no host shows it.
  mutating func tellLeads(of links: [String: Link?], in workspace: WorkspaceFolder) {
    for (name, link) in links.sorted(by: { $0.key < $1.key }) {
      guard let link, link.hostCount == 0 else { continue }
      let old = try? workspace.link(name)
      guard old?.hostCount ?? 0 == 0, old?.activeEndpoint != link.activeEndpoint else { continue }
      let now = "leads to \(link.activeEndpoint.map(\.textWithAddresses) ?? "no endpoint yet")"
      let was = old.map { ", was \($0.activeEndpoint.map(\.textWithAddresses) ?? "no endpoint yet")" } ?? ""
      notes.append("the link \(name) has no names yet, and \(now)\(was)")
      if links.count == 1, hosts.isEmpty, headline == nil { headline = "no names yet, \(now)\(was)" }
    }
  }

  /// How many hosts are `change`.
  public func count(_ change: Change) -> Int { hosts.count { $0.change == change } }
}

import Glibc

/// Tells which entries of folders change (inotify). It says that, not how: who is told looks again.
public struct FolderWatch: ~Copyable {
  /// Readable when something has changed.
  public let descriptor: FileDescriptor
  private var buffer = [UInt8](repeating: 0, count: 64 << 10)

  /// A watched folder's number.
  public typealias ID = Int32

  /// What has happened since the last look.
  public struct Changes: Sendable {
    /// How many events there were, by folder.
    public var counts: [ID: Int] = [:]
    /// Of the folder that was asked for, the entries that were made, written, renamed, removed or given other access; an
    /// empty name is the folder itself.
    public var entries: [String: Entry] = [:]
    /// The kernel dropped some: anything may have changed.
    public var overflowed = false
  }

  /// What has happened to an entry of a folder.
  public struct Entry: Sendable {
    /// How many events there were.
    public var count = 0
    /// All of them told of its access, times or links: what it is has not changed.
    public var isOfAttributesAlone = true
  }

  /// How often the buffer is filled in one look: as much as the kernel's queue usually holds.
  private static let readings = 16

  /// Starts with nothing to watch.
  public init() throws(SystemError) {
    let raw = try checked("inotify_init1") { inotify_init1(Int32(IN_NONBLOCK | IN_CLOEXEC)) }
    descriptor = FileDescriptor(owning: raw)
  }

  /// Starts to watch the folder that a path leads to (ENOTDIR for a file); the same folder has the same number.
  public func add(_ path: String) throws(SystemError) -> ID {
    let events =
      IN_CLOSE_WRITE | IN_MOVED_FROM | IN_MOVED_TO | IN_CREATE | IN_DELETE | IN_DELETE_SELF | IN_MOVE_SELF | IN_ATTRIB
      | IN_ONLYDIR
    // unsafe: the call reads the path.
    return try checked("inotify_add_watch", path) {
      unsafe inotify_add_watch(descriptor.raw, path, UInt32(events))
    }
  }

  /// Stops watching.
  public func remove(_ id: ID) { _ = inotify_rm_watch(descriptor.raw, id) }

  /// Takes what has happened, or a part of it: however fast events come, this ends.
  ///
  /// - Parameter folder: the one whose entries' names are wanted.
  public mutating func takeChanges(namesOf folder: ID?) throws(SystemError) -> Changes {
    var changes = Changes()
    for _ in 0..<Self.readings {
      guard let count = try descriptor.read(into: &buffer), count > 0 else { break }
      var at = 0
      while at + MemoryLayout<inotify_event>.size <= count {
        // unsafe: the kernel writes whole events, and the line above says that the fixed part is inside.
        let event = unsafe buffer.withUnsafeBytes {
          unsafe $0.loadUnaligned(fromByteOffset: at, as: inotify_event.self)
        }
        let name = at + MemoryLayout<inotify_event>.size
        // Forward always, and never beyond what was read.
        at = min(count, name + Int(event.len))
        if event.mask & UInt32(IN_Q_OVERFLOW) != 0 {
          changes.overflowed = true
          continue
        }
        changes.counts[event.wd, default: 0] += 1
        guard event.wd == folder else { continue }
        let entry = String(decoding: buffer[name..<at].prefix { $0 != 0 }, as: UTF8.self)
        changes.entries[entry, default: Entry()].note(event.mask)
      }
    }
    return changes
  }
}

extension FolderWatch.Entry {
  fileprivate mutating func note(_ mask: UInt32) {
    count += 1
    if mask & UInt32(IN_ATTRIB) == 0 { isOfAttributesAlone = false }
  }
}

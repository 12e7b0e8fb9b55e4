import Bounds
import Storage
import SystemIO
import Wire
import Workspaces

/// The workspaces that a server's journal has leases of, for who looks at the files alone.
public enum LeasedWorkspaces {
  /// Those of the journal at a path; none where there is no journal, or none that can be read.
  public static func names(journal path: String) -> Set<WorkspaceName> {
    guard let octets = try? Files.read(path, maximumSize: Limits.Leases.journalOctets) else { return [] }
    var leases: [IPAddress: WorkspaceName] = [:]
    let now = LeaseClock(sinceBoot: System.bootMilliseconds(), wall: System.wallClockMilliseconds())
    _ = LeaseLog(octets, boot: System.bootID, at: now) { record in
      switch record {
      case .granted(let address, let name, let left): leases[address] = left > 0 ? name : nil
      case .revoked(let address): leases[address] = nil
      }
    }
    return Set(leases.values)
  }
}

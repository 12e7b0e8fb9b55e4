import Admin
import Bounds
import SystemIO
import Text
import Wire

/// Where probes ask: a listener of its own, and a thread that does nothing else, so that neither those who read metrics nor
/// reports that are waited for make a server look dead.
enum Probes {
  /// What it takes beside its connections: its listener and poller, the wakers of its thread, of the disk's and of its desk, and
  /// a connection that is taken to be sent away.
  static let descriptors = 8 + Limits.Admin.connectionsOfProbes

  /// Starts it.
  ///
  /// - Throws: when the address cannot be listened on.
  static func start(
    _ address: SocketAddress, hosts: [String], _ context: AdminContext, _ log: Log
  ) throws -> AdminService.Running {
    let listener = try AdminListener.open(probes: address, hosts: hosts)
    var context = context
    // Nobody asks it for a reload, and it takes no outcomes that others wait for.
    context.desk = try ReloadDesk()
    let running = try AdminService.start(
      listener, context, routes: AdminRoutes.probes, connections: Limits.Admin.connectionsOfProbes, log)
    log.note("probes on \(address)")
    return running
  }
}

import Server
import Text
import Wire
import Workspaces
import Zones

/// `backroad lease …`.
enum LeaseCommands {
  static let commands = [add, list, remove]

  private static let ttl = Flag("--ttl", "TIME", .required, help: "how long it holds: 90s, 15m, 1h, 1d12h")

  private static let add = Command(
    words: ["lease", "add"], summary: "make addresses a workspace's clients for a while, or for a while more",
    operands: "ADDR…", operandCount: 1...LeaseLimits().maximumAddresses,
    flags: [.workspace, ttl] + Arguments.serverFlags + [.json],
    details: """
      For whatever starts the clients: a job launcher registers a pod's address when the pod starts. From when
      the command is done every query of the address is the workspace's, until the time is over; adding it again
      renews it. The leases outlive the server, a crash of it too. An address that another workspace has, by a
      lease or among its clients, is refused. Of several addresses all are leased, or none.
      """,
    examples: ["backroad lease add --workspace acme --ttl 1h 10.2.3.4"],
    run: { arguments, console in
      let keeper = try arguments.leaseKeeper()
      let json = try keeper.add(
        try arguments.addresses(), to: try arguments.requiredWorkspace(), seconds: try arguments.leaseSeconds(ttl))
      if case .store = keeper {
        console.note(
          """
          without a server, clients and grants of other workspaces were not looked at: servers REFUSE the queries of an \
          address that is another's by those
          """)
      }
      if arguments.has(.json) {
        console.print(json.text)
      } else {
        for lease in json.list("leases") {
          let (address, workspace) = (lease.string("address"), lease.string("workspace"))
          console.print(line: "\(address) is workspace \(workspace)'s for \(lease.number("secondsLeft")) s")
        }
      }
      return .done
    })

  private static let list = Command(
    words: ["lease", "list"], summary: "list the leases of the running server",
    flags: [.anyWorkspace] + Arguments.serverFlags + [.json],
    run: { arguments, console in
      let keeper = try arguments.leaseKeeper()
      let leases = try keeper.list(of: try arguments.anyWorkspace())
      if arguments.has(.json) {
        console.print(JSON.array(leases).text)
      } else {
        var table = Table("ADDRESS", "WORKSPACE", "SECONDS LEFT")
        for lease in leases {
          // That of a pod which was found has no end of its own.
          let left = lease["secondsLeft"]?.isNull == false ? "\(lease.number("secondsLeft"))" : "-"
          table.add(lease.string("address"), lease.string("workspace"), left)
        }
        console.print(table, ifEmpty: "there are no leases")
      }
      return .done
    })

  private static let remove = Command(
    words: ["lease", "remove"], summary: "end leases of a workspace", operands: "ADDR…",
    operandCount: 1...LeaseLimits().maximumAddresses, flags: [.workspace] + Arguments.serverFlags + [.json],
    details: """
      The workspace must be the one that has them: a pod's clean-up that comes late does not end the lease of the
      address's next owner.
      """,
    examples: ["backroad lease remove --workspace acme 10.2.3.4"],
    run: { arguments, console in
      let keeper = try arguments.leaseKeeper()
      let json = try keeper.remove(try arguments.addresses(), of: try arguments.requiredWorkspace())
      let removed = json.number("removed")
      console.print(arguments.has(.json) ? json.text : "\(counted(removed, "lease")) removed\n")
      return .done
    })
}

extension Arguments {
  fileprivate func requiredWorkspace() throws(UsageError) -> WorkspaceName {
    guard let name = try workspace() else { throw UsageError("name the workspace with \(Flag.workspace.name)") }
    return name
  }

  /// The operands as addresses, each once.
  fileprivate func addresses() throws(UsageError) -> [IPAddress] {
    var (addresses, known): ([IPAddress], Set<IPAddress>) = ([], [])
    for text in operands {
      guard let address = IPAddress(text) else {
        throw UsageError("\(shown(text)) is no address; name the pod's own, without a prefix length")
      }
      if known.insert(address).inserted { addresses.append(address) }
    }
    return addresses
  }

  fileprivate func leaseSeconds(_ flag: Flag) throws(UsageError) -> UInt32 {
    let text = value(flag) ?? ""
    let range = LeaseLimits().ttlSeconds
    do throws(TTLText.Failure) {
      let seconds = try TTLText.seconds(text)
      guard range.contains(UInt64(seconds)) else { throw .tooLong }
      return seconds
    } catch {
      guard case .tooLong = error else {
        throw UsageError("\(flag.name) is a time like 90s, 15m, 1h or 1d12h, not \(shown(text))")
      }
      throw UsageError(
        "\(flag.name) is a time from \(range.lowerBound)s to \(range.upperBound / 86_400)d, not \(shown(text))")
    }
  }
}

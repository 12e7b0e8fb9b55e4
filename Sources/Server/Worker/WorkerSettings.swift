import Answering
import Bounds
import Forwarding
import Wire

/// The limits of one worker, and the times it keeps.
struct WorkerSettings: Sendable {
  /// How many batches of one socket are served before the others have their turn.
  var batchesPerTurn = Limits.Clients.batchesPerTurn
  /// How many messages of one connection are answered before the others have their turn.
  var messagesPerTurn = Limits.Clients.messagesPerTurn
  /// How many connections have a turn before other sockets are looked at again.
  var readyPerTurn = Limits.Clients.readyConnectionsPerTurn
  /// How many results of upstreams are made into answers over UDP before other sockets are looked at again.
  var resultsPerTurn = Limits.Clients.resultsPerTurn
  /// How long a client's question may take over all its hops, in milliseconds: less than the five seconds after which
  /// `dig` and most stub resolvers give up, so that they see the SERVFAIL and its reason.
  var deadlineMilliseconds: UInt64 = 4000
  /// How many TCP connections a worker keeps; at the limit whoever has most of them makes room.
  var maximumConnections = Limits.Clients.connections
  /// How many of them one client has at most; its own make room for more.
  var maximumConnectionsOfClient = Limits.Clients.connectionsOfClient
  /// How long no connection is taken after the kernel had no room for one, in milliseconds.
  var acceptPauseMilliseconds: UInt64 = 100
  /// How long a connection may be without a workspace's whole query, in milliseconds (RFC 7766 §6.2.3).
  var idleMilliseconds: UInt64 = 10_000
  /// How many queries of one connection may wait for upstreams at once; no more are read until one is answered.
  var maximumPipelined = Limits.Clients.waitingQuestionsOfConnection
  /// How many octets of answers may wait for a connection's client to read; no more queries are answered until it did.
  var maximumUnsentOctets = Limits.Clients.unsentOctetsOfConnection
  /// How long a stopping worker waits for what is in flight, in milliseconds: longer than a question may take, and less
  /// than the process goes on.
  var stopMilliseconds: UInt64 = 4500
  /// Limits and times of its forwarder, its sockets to upstreams among them.
  var forwarding = ForwardSettings()
  /// The EDNS option that carries a token.
  var tokenOption = Responder.defaultTokenOption
  /// Whether queries are counted by workspace too.
  var countsByWorkspace = false
  /// The load balancers that tell of the true client.
  var proxies = Proxies()
}

/// Tells apart what a worker looks at in every turn: the kind in the upper eight bits of a poller's token, a number in the rest.
enum WaitToken: Equatable {
  /// Another thread left something in the mailbox.
  case mailbox
  case datagrams(Int)
  case listener(Int)
  /// Some of the connections have something to do.
  case connections
  /// Some of the sockets to upstreams have.
  case upstreams

  private static var numberMask: UInt64 { (1 << 56) - 1 }

  var rawValue: UInt64 {
    switch self {
    case .mailbox: 0
    case .datagrams(let index): 1 << 56 | UInt64(index)
    case .listener(let index): 2 << 56 | UInt64(index)
    case .connections: 3 << 56
    case .upstreams: 4 << 56
    }
  }

  init?(rawValue: UInt64) {
    let number = rawValue & Self.numberMask
    switch rawValue >> 56 {
    case 0: self = .mailbox
    case 1: self = .datagrams(Int(number))
    case 2: self = .listener(Int(number))
    case 3: self = .connections
    case 4: self = .upstreams
    default: return nil
    }
  }
}

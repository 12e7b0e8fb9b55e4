import Forwarding
import Glibc
import Synchronization
import SystemIO
import TestKit
import Wire

@testable import Server

/// The clock that the workers look at, and their random octets.
final class SimulatedMachine: Sendable {
  private let nanoseconds: Atomic<UInt64>
  private let generator: Mutex<SeededGenerator>

  init(startsAt start: Instant, seed: UInt64) {
    nanoseconds = Atomic(start.nanoseconds)
    generator = Mutex(SeededGenerator(seed: seed))
  }

  var now: Instant {
    get { Instant(nanoseconds: nanoseconds.load(ordering: .relaxed)) }
    set { nanoseconds.store(newValue.nanoseconds, ordering: .relaxed) }
  }

  var surroundings: WorkerSurroundings {
    WorkerSurroundings(
      clock: { self.now },
      random: { count in
        self.generator.withLock { generator in (0..<count).map { _ in UInt8(truncatingIfNeeded: generator.next()) } }
      })
  }
}

/// A socket of the simulation's side, which closes when nobody holds it any more.
final class SimulatedSocket {
  let socket: Socket

  init(_ socket: consuming Socket) { self.socket = socket }

  /// Sends nothing more, and goes on reading.
  func endSending() { shutdown(socket.raw, Int32(SHUT_WR)) }

  /// Has the connection end by a reset when the socket is closed.
  func resetWhenClosed() {
    var option = linger(l_onoff: 1, l_linger: 0)
    // unsafe: the call reads a local.
    _ = unsafe setsockopt(socket.raw, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
  }
}

/// Everything that happened in a run, as one number: the same in every process for the same seed.
struct Digest {
  private(set) var value: UInt64 = 0xcbf2_9ce4_8422_2325

  mutating func add(_ number: UInt64) {
    value = (value ^ number) &* 0x0000_0100_0000_01b3
    value ^= value >> 29
  }

  mutating func add(_ number: Int) { add(UInt64(bitPattern: Int64(number))) }

  mutating func add(_ octets: some Sequence<UInt8>) {
    for octet in octets { add(UInt64(octet)) }
  }
}

/// Two workers' addresses, and the upstreams' sockets, on ports that were free.
enum Loopback {
  /// A free address for both protocols.
  static func freeAddress(_ host: IPAddress) throws -> SocketAddress {
    for _ in 0..<20 {
      let port = try Socket.tcpServer(SocketAddress(host, port: 0)).localAddress?.port
      let address = SocketAddress(host, port: port ?? 0)
      if (try? Socket.checkIsFree(address)) != nil { return address }
    }
    throw WorkerSimulation.Breach(description: "no port is free on \(host)")
  }

  /// How many of the process's sockets lead from or to one of these addresses.
  static func openSockets(_ addresses: Set<SocketAddress>) -> Int {
    var count = 0
    for descriptor in 0..<Int32(2048) {
      guard let ours = address(of: descriptor, .ours) else { continue }
      if addresses.contains(ours) {
        count += 1
      } else if let peer = address(of: descriptor, .peer), addresses.contains(peer) {
        count += 1
      }
    }
    return count
  }

  private enum End {
    case ours, peer
  }

  private static func address(of descriptor: Int32, _ end: End) -> SocketAddress? {
    var storage = sockaddr_in()
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    // unsafe: the calls fill a local whose length they are given, and do not write beyond.
    let result = unsafe withUnsafeMutablePointer(to: &storage) { pointer in
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
        switch end {
        case .ours: unsafe getsockname(descriptor, address, &length)
        case .peer: unsafe getpeername(descriptor, address, &length)
        }
      }
    }
    guard result == 0, storage.sin_family == sa_family_t(AF_INET) else { return nil }
    return SocketAddress(
      .v4(UInt32(bigEndian: storage.sin_addr.s_addr)), port: UInt16(bigEndian: storage.sin_port))
  }
}

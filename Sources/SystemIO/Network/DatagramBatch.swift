import CLinux
import Glibc
import Wire

/// Where an answer that is not ready yet must go: the client, and the address of ours that it asked.
public struct DatagramPeer: Sendable {
  /// Who asked.
  public let client: SocketAddress
  /// The ancillary data that came with the query on a wildcard socket; sent back, it makes our address the source. Which
  /// way it goes is the routing table's to say.
  fileprivate let packetInfo: [UInt8]
}

/// Room for one batch of datagrams in and their answers out, allocated once for each worker.
///
/// A batch is received whole; then each answer is written with `output()` and `reply(to:length:)`; then `send(on:)`
/// sends them all. Three system calls serve up to `capacity` queries.
@safe public final class DatagramBatch {
  /// How many datagrams a batch has at most.
  public static let capacity = 64
  /// The longest query that is read, in octets. Longer ones are cut by the kernel, and marked.
  public static let inputSize = 4096
  /// The longest answer over UDP, in octets.
  public static let outputSize = Int(EDNS.serverPayloadSize)

  // unsafe: pointers into memory that this object alone allocates and frees; the kernel's structs point into the rest.
  private let inputs: UnsafeMutablePointer<UInt8>
  private let outputs: UnsafeMutablePointer<UInt8>
  private let addresses: UnsafeMutablePointer<sockaddr_storage>
  private let packetInfo: UnsafeMutablePointer<UInt8>
  private let vectors: UnsafeMutablePointer<iovec>
  private let received: UnsafeMutablePointer<cl_message>
  private let replies: UnsafeMutablePointer<cl_message>
  private let packetInfoSize = cl_packet_info_size()
  private var receivedCount = 0
  /// How many answers wait for `send(on:)`.
  public private(set) var replyCount = 0

  /// Allocates everything that a worker's datagrams will ever need.
  public init() {
    let capacity = Self.capacity
    // unsafe: every pointer handed to the kernel's structs below is into these, each large enough for its index.
    unsafe inputs = .allocate(capacity: capacity * Self.inputSize)
    unsafe outputs = .allocate(capacity: capacity * Self.outputSize)
    unsafe addresses = .allocate(capacity: capacity)
    unsafe packetInfo = .allocate(capacity: capacity * packetInfoSize)
    unsafe vectors = .allocate(capacity: 2 * capacity)
    unsafe received = .allocate(capacity: capacity)
    unsafe replies = .allocate(capacity: capacity)
    unsafe inputs.initialize(repeating: 0, count: capacity * Self.inputSize)
    unsafe outputs.initialize(repeating: 0, count: capacity * Self.outputSize)
    unsafe addresses.initialize(repeating: sockaddr_storage(), count: capacity)
    unsafe packetInfo.initialize(repeating: 0, count: capacity * packetInfoSize)
    for index in 0..<capacity {
      unsafe (vectors + index).initialize(
        to: iovec(iov_base: inputs + index * Self.inputSize, iov_len: Self.inputSize))
      unsafe (vectors + capacity + index).initialize(
        to: iovec(iov_base: outputs + index * Self.outputSize, iov_len: 0))
      var message = unsafe cl_message()
      unsafe message.header.msg_iovlen = 1
      unsafe message.header.msg_iov = vectors + index
      unsafe message.header.msg_name = UnsafeMutableRawPointer(addresses + index)
      unsafe (received + index).initialize(to: message)
      unsafe message.header.msg_iov = vectors + capacity + index
      unsafe (replies + index).initialize(to: message)
    }
  }

  deinit {
    // unsafe: frees what `init` allocated; the elements are plain.
    unsafe inputs.deallocate()
    unsafe outputs.deallocate()
    unsafe addresses.deallocate()
    unsafe packetInfo.deallocate()
    unsafe vectors.deallocate()
    unsafe received.deallocate()
    unsafe replies.deallocate()
  }

  /// Takes what waits on a socket.
  ///
  /// - Parameter wildcard: the socket is bound to all addresses, so answers must leave from the one that was asked.
  /// - Returns: how many datagrams came; 0 when none waits or the kernel reports an error of an earlier answer.
  public func receive(on socket: borrowing Socket, wildcard: Bool) -> Int {
    replyCount = 0
    for index in 0..<Self.capacity {
      // unsafe: the index is inside the arrays; the kernel overwrote these fields with what it used.
      unsafe received[index].header.msg_namelen = RawAddress.capacity
      unsafe received[index].header.msg_control =
        wildcard ? UnsafeMutableRawPointer(packetInfo + index * packetInfoSize) : nil
      unsafe received[index].header.msg_controllen = wildcard ? packetInfoSize : 0
    }
    // unsafe: as many messages as there is room for.
    let count = unsafe cl_receive_messages(socket.raw, received, UInt32(Self.capacity))
    receivedCount = max(0, Int(count))
    return receivedCount
  }

  /// A datagram of the batch that was received last.
  @_lifetime(borrow self)
  public func input(_ index: Int) -> Span<UInt8> {
    precondition(index >= 0 && index < receivedCount)
    // unsafe: the kernel wrote this many octets there, at most inputSize, and they stay until the next receive.
    let count = unsafe min(Int(received[index].length), Self.inputSize)
    let span = unsafe Span(_unsafeStart: inputs + index * Self.inputSize, count: count)
    return unsafe _overrideLifetime(span, borrowing: self)
  }

  /// True when the kernel cut the datagram.
  public func isCut(_ index: Int) -> Bool {
    precondition(index >= 0 && index < receivedCount)
    return unsafe received[index].header.msg_flags & Int32(MSG_TRUNC) != 0  // unsafe: the index is inside.
  }

  /// Who sent a datagram; nil for what is not IP.
  public func source(_ index: Int) -> SocketAddress? {
    precondition(index >= 0 && index < receivedCount)
    // unsafe: a whole sockaddr_storage at an index that is inside.
    return unsafe RawAddress.decode(
      UnsafeRawBufferPointer(start: addresses + index, count: MemoryLayout<sockaddr_storage>.size))
  }

  /// What an answer that comes later needs.
  public func peer(_ index: Int) -> DatagramPeer? {
    guard let client = source(index) else { return nil }
    leaveRouteOpen(index)
    // unsafe: the kernel wrote this many octets of ancillary data, at most packetInfoSize.
    let used = unsafe received[index].header.msg_control == nil ? 0 : Int(received[index].header.msg_controllen)
    let info = unsafe UnsafeBufferPointer(start: packetInfo + index * packetInfoSize, count: min(used, packetInfoSize))
    return unsafe DatagramPeer(client: client, packetInfo: Array(info))
  }

  /// The answer leaves by the interface that the routing table says, whichever its query came by.
  private func leaveRouteOpen(_ index: Int) {
    // unsafe: the index is inside; the call changes the ancillary data that the kernel wrote there, whose length it left.
    if unsafe received[index].header.msg_control != nil { unsafe cl_leave_route_open(&received[index].header) }
  }

  /// Room for the next answer.
  @_lifetime(borrow self)
  public func output() -> MutableSpan<UInt8> {
    precondition(replyCount < Self.capacity)
    // unsafe: outputSize octets of the answer that is next, not used by any other until `reply`.
    let span = unsafe MutableSpan(_unsafeStart: outputs + replyCount * Self.outputSize, count: Self.outputSize)
    return unsafe _overrideLifetime(span, borrowing: self)
  }

  /// Makes what was written to `output()` the answer to a datagram of this batch.
  public func reply(to index: Int, length: Int) {
    precondition(index >= 0 && index < receivedCount && length <= Self.outputSize)
    leaveRouteOpen(index)
    // unsafe: both indices are inside; the address and the ancillary data stay until the next receive.
    unsafe replies[replyCount].header.msg_name = received[index].header.msg_name
    unsafe replies[replyCount].header.msg_namelen = received[index].header.msg_namelen
    unsafe replies[replyCount].header.msg_control = received[index].header.msg_control
    unsafe replies[replyCount].header.msg_controllen = received[index].header.msg_controllen
    unsafe vectors[Self.capacity + replyCount].iov_len = length
    replyCount += 1
  }

  /// Sends the answers; one that the kernel refuses is passed over, as a lost datagram would be.
  ///
  /// - Returns: how many were passed over.
  @discardableResult
  public func send(on socket: borrowing Socket) -> Int {
    var sent = 0
    var refused = 0
    while sent < replyCount {
      // unsafe: the rest of the answers, all of them set by `reply`.
      let count = unsafe cl_send_messages(socket.raw, replies + sent, UInt32(replyCount - sent))
      if count > 0 {
        sent += Int(count)
      } else if count != -EINTR {
        sent += 1
        refused += 1
      }
    }
    replyCount = 0
    return refused
  }
}

extension Socket {
  /// Sends an answer that took a while.
  ///
  /// - Returns: false when the kernel refuses it, which is as a lost datagram.
  public func send(_ datagram: Span<UInt8>, to peer: DatagramPeer) -> Bool {
    var address = RawAddress(peer.client)
    var info = peer.packetInfo
    let hasInfo = !info.isEmpty
    // unsafe: every pointer is to a local or to the span, and sendmsg keeps none of them.
    return unsafe datagram.withUnsafeBytes { octets in
      unsafe info.withUnsafeMutableBytes { info in
        unsafe address.withMutablePointer { name, length in
          var vector = unsafe iovec(
            iov_base: UnsafeMutableRawPointer(mutating: octets.baseAddress), iov_len: octets.count)
          return unsafe withUnsafeMutablePointer(to: &vector) { vector in
            var message = unsafe msghdr()
            unsafe message.msg_name = UnsafeMutableRawPointer(name)
            unsafe message.msg_namelen = length.pointee
            unsafe message.msg_iov = vector
            unsafe message.msg_iovlen = 1
            if hasInfo {
              unsafe message.msg_control = info.baseAddress
              unsafe message.msg_controllen = info.count
            }
            let sent = unsafe sendmsg(raw, &message, Int32(MSG_DONTWAIT))
            return sent >= 0
          }
        }
      }
    }
  }
}

import Admin
import Bounds
import Foundation
import Glibc
import Synchronization
import SystemIO
import Testing
import Text
import Wire
import Workspaces

@testable import Server

/// The admin interface's thread: who waits, who goes, and what is said of it.
struct AdminServiceTests {
  // MARK: Who goes away

  /// A peer over a Unix socket that closes is reported as gone, without an error, to who awaits nothing of it.
  @Test func aPeerThatIsGoneIsAFailureWithoutAnError() throws {
    let path = FileManager.default.temporaryDirectory.appendingPathComponent("poll-\(UUID().uuidString)").path
    let server = try Socket.unixServer(path)
    defer { try? FileManager.default.removeItem(atPath: path) }
    func connect() throws -> Socket { try .unixClient(path) }
    let client = try connect()
    var poller = try Poller()
    var accepted: [FileDescriptorBox] = []
    #expect(try server.acceptConnection { (socket) throws(SystemError) in accepted.append(FileDescriptorBox(socket)) })
    try poller.add(accepted[0].socket.raw, [], token: 1)
    #expect(try poller.wait(timeoutMilliseconds: 0) == 0)
    _ = consume client
    #expect(try poller.wait(timeoutMilliseconds: 5000) == 1)
    let events = poller.ready(at: 0).events
    #expect(events.isFailed && events.contains(.hangup) && !events.contains(.error))
    #expect(Poller.Events([.error]).isFailed && Poller.Events([.error, .hangup]).isFailed)
    #expect(!Poller.Events([.readable, .writable]).isFailed)
  }

  private final class FileDescriptorBox {
    let socket: Socket
    init(_ socket: consuming Socket) { self.socket = socket }
  }
}

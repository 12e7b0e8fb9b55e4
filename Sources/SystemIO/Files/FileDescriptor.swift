import Glibc

/// An open file descriptor, closed when its owner goes.
public struct FileDescriptor: ~Copyable, Sendable {
  /// The number, for as long as this lives.
  public let raw: Int32

  /// Takes over an open descriptor.
  init(owning raw: Int32) { self.raw = raw }

  deinit { _ = close(raw) }

  /// Reads what there is, at most `buffer.count` octets; 0 at the end, nil when there is nothing yet.
  public func read(into buffer: inout [UInt8]) throws(SystemError) -> Int? {
    let capacity = buffer.count
    do throws(SystemError) {
      return try checked("read") {
        // unsafe: read writes inside the array, whose length it is given.
        unsafe buffer.withUnsafeMutableBytes { unsafe Glibc.read(raw, $0.baseAddress, capacity) }
      }
    } catch  where error.code == EAGAIN {
      return nil
    }
  }

  /// Writes what fits; how many octets that was, nil when nothing does now.
  public func write(_ octets: ArraySlice<UInt8>) throws(SystemError) -> Int? {
    do throws(SystemError) {
      return try checked("write") {
        // unsafe: send reads inside the slice, whose length it is given.
        unsafe octets.withUnsafeBytes { unsafe Glibc.send(raw, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
      }
    } catch  where error.code == EAGAIN {
      return nil
    }
  }
}

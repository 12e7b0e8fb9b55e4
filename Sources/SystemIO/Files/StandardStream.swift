import Glibc

/// What a process is started with.
public enum StandardStream: Int32, Sendable {
  case output = 1
  case error = 2

  /// Writes all of it, as long as that takes.
  public func write(_ octets: [UInt8]) throws(SystemError) {
    var rest = octets[...]
    while !rest.isEmpty {
      do throws(SystemError) {
        let count = try checked("write", self == .output ? "standard output" : "standard error") {
          // unsafe: reads inside the slice, whose length it is given.
          unsafe rest.withUnsafeBytes { unsafe Glibc.write(rawValue, $0.baseAddress, $0.count) }
        }
        rest = rest.dropFirst(count)
      } catch  where error.code == EAGAIN {
        // Whoever shares the stream has made it non-blocking.
        var waiting = pollfd(fd: rawValue, events: Int16(POLLOUT), revents: 0)
        _ = unsafe poll(&waiting, 1, -1)  // unsafe: the call reads and writes a local.
      }
    }
  }

  /// True when a person sees it as it is written.
  public var isTerminal: Bool { isatty(rawValue) == 1 }

  /// True when standard input is what a person types.
  public static var inputIsTerminal: Bool { isatty(0) == 1 }

  /// Makes a reader that went away an error of the write (EPIPE), and not the end of the process.
  public static func ignoreBrokenPipes() {
    _ = signal(SIGPIPE, SIG_IGN)
  }
}

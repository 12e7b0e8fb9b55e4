import CLinux
import Glibc

/// A thread of the operating system, which runs one function to its end.
public struct Thread: ~Copyable, Sendable {
  private let handle: pthread_t

  /// Starts `run` on a thread of its own.
  public init(name: String, _ run: sending @escaping () -> Void) throws(SystemError) {
    var handle = pthread_t()
    // unsafe: the retained body is handed to the thread, which releases it.
    let body = unsafe Unmanaged.passRetained(ThreadBody(name: name, run)).toOpaque()
    let code = unsafe pthread_create(&handle, nil, runThreadBody, body)
    guard code == 0 else {
      unsafe Unmanaged<ThreadBody>.fromOpaque(body).release()
      throw SystemError("pthread_create", code: code)
    }
    self.handle = handle
  }

  /// Waits for its end.
  public consuming func join() {
    _ = pthread_join(handle, nil)
  }

  /// Lets it go on by itself; nobody waits for its end.
  public consuming func detach() {
    _ = pthread_detach(handle)
  }

  /// Lets other threads go before the calling one and those that it starts, as `nice` does; what cannot be is left.
  public static func giveWay() {
    // 0 is the calling thread. The type's name differs between C libraries, so it is not named here.
    _ = setpriority(.init(PRIO_PROCESS.rawValue), 0, 10)
  }

  /// Lets the calling thread do nothing for a while.
  public static func pause(milliseconds: Int) {
    var time = timespec(tv_sec: milliseconds / 1000, tv_nsec: milliseconds % 1000 * 1_000_000)
    _ = unsafe nanosleep(&time, nil)  // unsafe: the call reads a local.
  }

  /// Binds the calling thread to one core.
  public static func pin(toCore core: Int) throws(SystemError) {
    try check(cl_pin_to_core(UInt32(core)), "sched_setaffinity")
  }
}

private final class ThreadBody {
  let name: String
  let run: () -> Void

  init(name: String, _ run: @escaping () -> Void) {
    self.name = String(name.prefix(15))
    self.run = run
  }
}

/// What a new thread calls: a function, because a closure's context cannot cross `pthread_create`.
private func runThreadBody(_ argument: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
  guard let argument = unsafe argument else { return nil }
  // unsafe: takes over what `Thread.init` retained.
  let body = unsafe Unmanaged<ThreadBody>.fromOpaque(argument).takeRetainedValue()
  _ = unsafe body.name.withCString { unsafe cl_name_thread($0) }
  body.run()
  return nil
}

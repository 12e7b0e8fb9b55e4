import CLinux
import Glibc
import Wire

/// The machine's clock and random numbers, and its memory.
public enum System {
  /// Nanoseconds of the monotonic clock, which no one sets.
  public static func monotonicNanoseconds() -> UInt64 {
    clock(CLOCK_MONOTONIC)
  }

  /// How long this thread has had a core, in nanoseconds.
  public static func threadNanoseconds() -> UInt64 {
    clock(CLOCK_THREAD_CPUTIME_ID)
  }

  /// Seconds since 1970.
  public static func wallClockSeconds() -> UInt64 {
    clock(CLOCK_REALTIME) / 1_000_000_000
  }

  /// Milliseconds since 1970.
  public static func wallClockMilliseconds() -> UInt64 {
    clock(CLOCK_REALTIME) / 1_000_000
  }

  /// Milliseconds since the machine was started, sleep among them; no one sets it.
  public static func bootMilliseconds() -> UInt64 {
    clock(CLOCK_BOOTTIME) / 1_000_000
  }

  /// What tells this start of the machine from every other; empty where the kernel does not say.
  public static var bootID: String {
    let octets = (try? Files.read("/proc/sys/kernel/random/boot_id", maximumSize: 64)) ?? []
    let text = String(decoding: octets.prefix { $0 > 0x20 }, as: UTF8.self)
    return text.count == 36 ? text : ""
  }

  private static func clock(_ id: clockid_t) -> UInt64 {
    var time = timespec()
    // unsafe: the call fills a local.
    _ = unsafe clock_gettime(id, &time)
    // A clock set before 1970 counts as 1970; none comes near the year 2554, where the nanoseconds end.
    return UInt64(max(0, time.tv_sec)) &* 1_000_000_000 &+ UInt64(max(0, time.tv_nsec))
  }

  /// Gives memory back to the kernel that was freed: the C library keeps what a large piece of work has left, in the arena
  /// of the thread that did it.
  public static func returnFreedMemory() {
    cl_return_freed_memory()
  }

  /// Octets from the kernel's generator (getrandom).
  public static func random(count: Int) throws(SystemError) -> [UInt8] {
    var octets = [UInt8](repeating: 0, count: count)
    // unsafe: the call fills the array, whose length it is given.
    let result = unsafe octets.withUnsafeMutableBytes { unsafe cl_random($0.baseAddress, $0.count) }
    try check(result, "getrandom")
    return octets
  }

  /// A random number from the kernel's generator.
  public static func randomNumber() throws(SystemError) -> UInt64 {
    try random(count: 8).reduce(0) { $0 << 8 | UInt64($1) }
  }

  /// A seed for hashes of names, from the kernel's generator.
  public static func hashSeed() throws(SystemError) -> HashSeed {
    HashSeed(try randomNumber(), try randomNumber())
  }

  /// How many cores this process may use.
  public static var coreCount: Int {
    max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))))
  }

  /// Raises how many descriptors this process may have open to the most that it may ask for.
  ///
  /// - Returns: how many that are.
  public static func raiseDescriptorLimit() throws(SystemError) -> Int {
    Int(try check(cl_raise_descriptor_limit(), "getrlimit"))
  }

  /// The machine's name.
  public static var hostName: String {
    var buffer = [CChar](repeating: 0, count: 256)
    // unsafe: the call writes inside the buffer, whose length it is given less one.
    _ = unsafe gethostname(&buffer, buffer.count - 1)
    return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  /// The process's number.
  public static var processID: Int32 { getpid() }
}

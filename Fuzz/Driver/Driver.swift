import FuzzTargets
import Glibc

// One program for all targets: which one is told by BACKROAD_FUZZ, because libFuzzer's own arguments are its own.

#if FUZZ
  /// What libFuzzer calls for each input.
  @_cdecl("LLVMFuzzerTestOneInput")
  public func testOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    // unsafe: libFuzzer's own interface; the octets are copied before anything looks at them.
    target.run(unsafe Array(UnsafeBufferPointer(start: start, count: count)))
    return 0
  }
#else
  import SystemIO

  /// Replays the files that are named: a finding, or a corpus. `--worst` prints what the known slow inputs cost.
  @main
  struct Driver {
    static func main() throws {
      let arguments = CommandLine.arguments.dropFirst()
      if arguments.first == "--worst" { return print(SlowTarget().report(), terminator: "") }
      for path in arguments { target.run(try Files.read(path, maximumSize: 16 << 20)) }
    }
  }
#endif

private let target: any FuzzTarget = chosenTarget()

private func chosenTarget() -> any FuzzTarget {
  // unsafe: reads the environment before any other thread is there.
  let name = unsafe getenv("BACKROAD_FUZZ").map { unsafe String(cString: $0) } ?? "message"
  guard let target = FuzzTargets.named(name) else { fatalError("BACKROAD_FUZZ=\(name) is no target") }
  return target
}

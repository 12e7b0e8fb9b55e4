import FuzzTargets

#if FUZZ
  /// What libFuzzer calls for each input.
  @_cdecl("LLVMFuzzerTestOneInput")
  public func testOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    // unsafe: libFuzzer's own interface; the octets are copied before anything looks at them.
    fuzz(unsafe Array(UnsafeBufferPointer(start: start, count: count)))
    return 0
  }
#else
  import SystemIO

  /// Replays the files that are named: a finding, or a corpus.
  @main
  struct FuzzProxy {
    static func main() throws {
      for path in CommandLine.arguments.dropFirst() {
        fuzz(try Files.read(path, maximumSize: 16 << 20))
      }
    }
  }
#endif

private func fuzz(_ octets: [UInt8]) { ProxyTarget.run(octets) }

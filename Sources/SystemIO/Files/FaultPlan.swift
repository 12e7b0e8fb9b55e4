#if DEBUG
  import Glibc
  import Synchronization

  /// Has one system call of a run fail, so that tests see what becomes of each failure. Not in a release build.
  ///
  /// Calls are counted from 1 in the order in which they are made. A plan is a task's (`withPlan`), or the whole process's
  /// by its environment: `BACKROAD_FAULT=17:5` has the 17th call fail with errno 5, `17:kill` kills the process before it,
  /// `17:killed` after it. `BACKROAD_FAULT_LOG=FILE` gets a line for each call.
  public final class FaultPlan: Sendable {
    /// What becomes of the call.
    public enum Fault: Sendable {
      /// It is not made, and fails with this errno.
      case error(Int32)
      /// The process ends before it, as by a power cut but for what the kernel still has in memory.
      case kill
      /// The process ends after it.
      case killed
      /// This is done first, by somebody else.
      case meddle(@Sendable () -> Void)
    }

    /// Which call fails: by its number, that and all after it, or each of one name.
    private enum Target {
      case number(Int)
      case from(Int)
      case every(String)
    }

    private let target: Target
    private let fault: Fault
    private let log: String?
    private let state = Mutex<(count: Int, calls: [String])>((0, []))

    /// - Parameter number: which call fails; 0 for none.
    public init(failing number: Int = 0, _ fault: Fault = .kill, log: String? = nil) {
      target = .number(number)
      self.fault = fault
      self.log = log
    }

    /// Has a call and all after it fail: nothing is done any more, as if the process had been killed before it.
    public init(stoppingAt number: Int) {
      target = .from(number)
      fault = .error(EIO)
      log = nil
    }

    /// Has somebody else do something right before a call.
    public convenience init(beforeCall number: Int, _ body: @escaping @Sendable () -> Void) {
      self.init(failing: number, .meddle(body))
    }

    /// Has every call of one name fail, as on a kernel that does not know it.
    public init(failingEvery call: String, code: Int32) {
      target = .every(call)
      fault = .error(code)
      log = nil
    }

    /// The plan of the environment.
    private convenience init?(environment: Void) {
      let log = Self.variable("BACKROAD_FAULT_LOG")
      guard let parts = Self.variable("BACKROAD_FAULT")?.split(separator: ":"), parts.count == 2,
        let number = Int(parts[0])
      else {
        guard let log else { return nil }
        self.init(log: log)
        return
      }
      let fault: Fault = parts[1] == "kill" ? .kill : parts[1] == "killed" ? .killed : .error(Int32(parts[1]) ?? EIO)
      self.init(failing: number, fault, log: log)
    }

    private static func variable(_ name: String) -> String? {
      // unsafe: the environment is not changed while the process runs, and the value is copied.
      unsafe getenv(name).map { unsafe String(cString: $0) }
    }

    @TaskLocal private static var ofTask: FaultPlan?
    private static let ofProcess = FaultPlan(environment: ())

    /// Runs `body` with this plan.
    public func run<Result>(_ body: () throws -> Result) rethrows -> Result {
      try Self.$ofTask.withValue(self, operation: body)
    }

    /// The calls that were made, each with what it was about.
    public var calls: [String] { state.withLock { $0.calls } }

    /// Runs a system call as the plan of the moment has it.
    static func perform<Result: SignedInteger>(_ call: String, _ subject: String, _ body: () -> Result) -> Result {
      guard let plan = ofTask ?? ofProcess else { return body() }
      switch plan.next(call, subject) {
      case nil: return body()
      case .error(let code):
        errno = code
        return -1
      case .meddle(let meddle):
        $ofTask.withValue(FaultPlan(), operation: meddle)
        return body()
      case .kill:
        raise(SIGKILL)
        return -1
      case .killed:
        _ = body()
        raise(SIGKILL)
        return -1
      }
    }

    /// Counts a call; what is to become of it.
    private func next(_ call: String, _ subject: String) -> Fault? {
      let count = state.withLock { state in
        state.count += 1
        state.calls.append("\(call) \(subject)")
        return state.count
      }
      if let log, let stream = unsafe fopen(log, "a") {
        unsafe fputs("\(call) \(subject)\n", stream)  // unsafe: the stream was opened in the line above.
        unsafe fclose(stream)  // unsafe: it is not used after.
      }
      switch target {
      case .number(let number): return count == number ? fault : nil
      case .from(let number): return count >= number ? fault : nil
      case .every(let name): return call == name ? fault : nil
      }
    }
  }
#endif

import Answering
import Forwarding
import Glibc
import SystemIO
import Workspaces

/// The workers' threads.
struct Crew: ~Copyable {
  /// How the workers are told things, and what they give back.
  struct Mail: Sendable {
    let mailboxes: [Mailbox]
    let returns: Mailbox.Returns
    /// What each worker counts.
    let counters: [WorkerCounters]

    init(count: Int) throws(SystemError) {
      let returns = try Mailbox.Returns()
      var mailboxes: [Mailbox] = []
      for _ in 0..<count { mailboxes.append(try Mailbox(returns: returns)) }
      self.mailboxes = mailboxes
      self.returns = returns
      counters = (0..<count).map { _ in WorkerCounters() }
    }

    /// Makes every worker answer from `snapshot`.
    ///
    /// - Returns: what nobody answers from any more, for the caller to free.
    func publish(_ snapshot: Snapshot) -> [Snapshot] { mailboxes.flatMap { $0.publish(snapshot) } }

    /// Frees the snapshots that the workers no longer answer from.
    func freeReturned() {
      returns.waker.reset()
      for mailbox in mailboxes { _ = mailbox.takeReturned() }
    }
  }

  private let mail: Mail
  private let ends: Completion

  /// Opens every worker's sockets, and then starts the threads: either all of them serve, or none.
  init(
    _ mail: Mail, _ configuration: ServerConfiguration, _ budget: DescriptorBudget, _ snapshot: Snapshot,
    cache: AnswerCache, _ log: Log
  ) throws(SystemError) {
    let identity = ServerIdentity.running
    let questions = QuestionsInFlight(workers: mail.mailboxes.count)
    let ends = try Completion(count: mail.mailboxes.count)
    var settings = WorkerSettings()
    settings.tokenOption = configuration.tokenOption
    settings.countsByWorkspace = configuration.metricsByWorkspace
    settings.maximumConnections = budget.connections
    settings.forwarding.maximumSockets = budget.sockets
    settings.forwarding.maximumStreams = budget.streams
    settings.proxies = Proxies(configuration.proxies)
    for index in mail.mailboxes.indices {
      let worker = try Worker(
        listen: configuration.listen, snapshot: snapshot, identity: identity, number: index, mailboxes: mail.mailboxes,
        counters: mail.counters[index], cache: cache, questions: questions, settings: settings, log: log)
      let thread = try Thread(name: "worker-\(index)") {
        do throws(SystemError) {
          try worker.run()
        } catch {
          log.note("worker \(index) ended: \(error)")
          // Which ends the process without a lameduck: this worker's clients have no answers.
          kill(getpid(), SIGINT)
        }
        ends.arrive()
      }
      thread.detach()
    }
    self.mail = mail
    self.ends = ends
  }

  /// Tells every worker to finish what is in flight.
  func beginToStop() {
    for mailbox in mail.mailboxes { mailbox.stop() }
  }

  /// Waits until every worker has ended, or the monotonic clock shows a time.
  ///
  /// - Returns: false when one has not: then it is in a computation that it does not come out of.
  func waitForEnd(until deadline: UInt64) -> Bool { ends.wait(until: deadline) }
}

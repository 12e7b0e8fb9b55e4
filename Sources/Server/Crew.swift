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
    func publish(_ snapshot: Snapshot) {
      for mailbox in mailboxes { mailbox.publish(snapshot) }
    }

    /// Frees the snapshots that the workers no longer answer from.
    func freeReturned() {
      returns.waker.reset()
      for mailbox in mailboxes { _ = mailbox.takeReturned() }
    }
  }

  private let mail: Mail
  private let threads: [WorkerThread]

  private final class WorkerThread {
    private var thread: Thread?
    init(_ thread: consuming Thread) { self.thread = consume thread }
    func join() { thread.take()?.join() }
  }

  /// Opens every worker's sockets, and then starts the threads: either all of them serve, or none.
  init(
    _ mail: Mail, _ configuration: ServerConfiguration, _ budget: DescriptorBudget, _ snapshot: Snapshot,
    cache: AnswerCache, _ log: Log
  ) throws(SystemError) {
    let identity = ServerIdentity.running
    let questions = QuestionsInFlight(workers: mail.mailboxes.count)
    var threads: [WorkerThread] = []
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
      threads.append(
        WorkerThread(
          try Thread(name: "worker-\(index)") {
            do throws(SystemError) {
              try worker.run()
            } catch {
              log.note("worker \(index) ended: \(error)")
              kill(getpid(), SIGTERM)
            }
          }))
    }
    self.mail = mail
    self.threads = threads
  }

  /// Lets every worker finish, and waits for them.
  func stop() {
    for mailbox in mail.mailboxes { mailbox.stop() }
    for thread in threads { thread.join() }
  }
}

import Bounds
import Forwarding
import Testing

@testable import Server

@Suite struct DescriptorBudgetTests {
  @Test func whereThereArePlentyEverybodyHasWhatTheyLike() throws {
    let budget = try DescriptorBudget(descriptors: 524_288, workers: 16, listeners: 2, readers: 16)
    #expect(budget.connections == Limits.Clients.connections && budget.sockets == ForwardSettings().maximumSockets)
    #expect(budget.streams == ForwardSettings().maximumStreams && budget.adminConnections == Limits.Admin.connections)
    #expect(!budget.isShort)
  }

  @Test func twoWorkersGoWith256() throws {
    let budget = try DescriptorBudget(descriptors: 256, workers: 2, listeners: 1, readers: 2)
    #expect(budget.isShort)
    #expect(budget.connections >= 16 && budget.sockets >= 32 && budget.streams >= 4 && budget.adminConnections >= 8)
  }

  @Test func withTooFewItDoesNotStart() {
    let needed = 48 + DescriptorBudget.ofReader * 2 + 2 * 6 + 8 + 2 * (16 + 32 + 4)
    #expect(throws: DescriptorBudget.TooFew(needed: needed)) {
      try DescriptorBudget(descriptors: needed - 1, workers: 2, listeners: 1, readers: 2)
    }
    #expect(throws: Never.self) {
      try DescriptorBudget(descriptors: needed, workers: 2, listeners: 1, readers: 2)
    }
  }

  /// Whatever there is, the parts together are no more, and nobody's shrinks as there come to be more.
  @Test(arguments: [1, 2, 7, 64], [1, 3]) func thePartsAreNoMoreThanTheWhole(workers: Int, listeners: Int) {
    var last: DescriptorBudget?
    for descriptors in stride(from: 64, through: 700_000, by: 97) {
      guard
        let budget = try? DescriptorBudget(
          descriptors: descriptors, workers: workers, listeners: listeners, readers: 4)
      else {
        #expect(last == nil)
        continue
      }
      let ofWorker = 4 + 2 * listeners + budget.connections + budget.sockets + budget.streams
      #expect(48 + DescriptorBudget.ofReader * 4 + budget.adminConnections + workers * ofWorker <= descriptors)
      if let last {
        #expect(last.connections <= budget.connections && last.streams <= budget.streams)
        #expect(last.adminConnections <= budget.adminConnections)
      }
      last = budget
    }
    #expect(last?.isShort == false)
  }

  /// What looks at links has a part, which is nobody else's, and takes none where nobody looks.
  @Test func watchingHasItsPart() throws {
    let needed =
      48 + DescriptorBudget.ofReader * 2 + 2 * 6 + 8 + 2 * (16 + 32 + 4) + LinkWatcher.descriptors + 8
      * LinkWatcher.descriptorsOfProbe
    #expect(throws: DescriptorBudget.TooFew(needed: needed)) {
      try DescriptorBudget(descriptors: needed - 1, workers: 2, listeners: 1, readers: 2, watches: true)
    }
    for descriptors in stride(from: needed, through: 700_000, by: 97) {
      let budget = try DescriptorBudget(descriptors: descriptors, workers: 2, listeners: 1, readers: 2, watches: true)
      let ofWorker = 6 + budget.connections + budget.sockets + budget.streams
      let others = 48 + DescriptorBudget.ofReader * 2 + budget.adminConnections + 2 * ofWorker
      let ofWatching = LinkWatcher.descriptors + budget.watched * LinkWatcher.descriptorsOfProbe
      #expect(others + ofWatching <= descriptors)
      #expect((8...Limits.Watching.atOnce).contains(budget.watched))
    }
    #expect(try DescriptorBudget(descriptors: 700_000, workers: 2, listeners: 1, readers: 2).watched == 0)
  }

  /// Probes take nothing of what others have.
  @Test func probesHaveTheirPart() throws {
    func least(_ probes: Bool) -> Int? {
      (1...1000).first {
        (try? DescriptorBudget(descriptors: $0, workers: 1, listeners: 1, readers: 2, probes: probes)) != nil
      }
    }
    #expect(try #require(least(true)) == #require(least(false)) + Probes.descriptors)
  }

  /// Each thread that reads has a poller of its own, those in the place of others too.
  @Test func everyReaderIsCounted() {
    #expect(DescriptorBudget.readers(cores: 2) == 2 + Limits.Building.sparesOfThreads + 4)
    #expect(DescriptorBudget.readers(cores: 1000) == Limits.Building.threads + Limits.Building.sparesOfThreads + 4)
  }
}

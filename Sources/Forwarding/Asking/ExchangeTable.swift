import Bounds
import Wire

/// The questions in flight, and how their places are shared.
///
/// A question is on the account of whoever has fewest places of those that wait for it, so that nobody's question is kept
/// waiting because another who asked the same has used up his share; one that nobody waits for here is on the server's.
struct ExchangeTable {
  /// What becomes of one more question.
  enum Place {
    case room
    /// There is room once this one has given way.
    case inPlaceOf(Exchange)
    case none
  }

  private var byQuestion: [ForwardQuestion: Exchange] = [:]
  private var byNumber: [UInt64: Exchange] = [:]
  private var share: FairShare<UInt32, ClientNetwork, UInt64>

  init(capacity: Int) { share = FairShare(capacity: capacity) }

  var count: Int { byQuestion.count }

  /// All of them, for tests.
  var all: [ForwardQuestion: Exchange] { byQuestion }

  subscript(question: ForwardQuestion) -> Exchange? { byQuestion[question] }

  /// False for one that has ended.
  func holds(_ exchange: Exchange) -> Bool { byNumber[exchange.number] != nil }

  /// True when a question would be less of a burden to `account` than it is to `payer`, on whose account it is.
  func isLighter(_ account: Account, than payer: Account) -> Bool {
    guard let group = account.group, let other = payer.group else { return payer.group == nil }
    guard group == other else { return share.count(of: group) + 1 < share.count(of: other) }
    return share.count(of: account) + 1 < share.count(of: payer)
  }

  func place(for account: Account) -> Place {
    switch share.admission(of: account) {
    case .room: .room
    case .none: .none
    case .inPlaceOf(let number): byNumber[number].map { .inPlaceOf($0) } ?? .none
    }
  }

  mutating func insert(_ exchange: Exchange) {
    byQuestion[exchange.question] = exchange
    byNumber[exchange.number] = exchange
    share.insert(exchange.number, of: exchange.account)
    for target in exchange.targets { target.state.add(exchange) }
  }

  mutating func remove(_ exchange: Exchange) {
    byQuestion[exchange.question] = nil
    byNumber[exchange.number] = nil
    share.remove(exchange.number)
    for target in exchange.targets { target.state.remove(exchange) }
  }

  /// The question is on another's account from now on.
  mutating func charge(_ exchange: Exchange, to account: Account) {
    exchange.account = account
    share.move(exchange.number, to: account)
  }
}

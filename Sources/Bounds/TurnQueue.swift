/// Elements that wait for their turn, each on somebody's account: accounts take turns, and on one account who came first
/// comes first. However many one account has waiting, another's element waits for one of its at a time.
///
/// Every operation is a step or so on average. Used by one thread.
public struct TurnQueue<Account: Hashable & Sendable, Element> {
  private struct Line {
    var elements: [Element]
    var first = 0
  }

  private var lines: [Account: Line] = [:]
  /// Whose turn it is next; each account with elements is there once.
  private var turns: [Account] = []
  private var firstTurn = 0
  /// How many elements wait.
  public private(set) var count = 0

  /// Nobody waits.
  public init() {}

  /// True when nobody waits.
  public var isEmpty: Bool { count == 0 }

  /// Adds one behind those of its account.
  public mutating func append(_ element: Element, of account: Account) {
    count += 1
    if lines[account]?.elements.append(element) == nil {
      lines[account] = Line(elements: [element])
      turns.append(account)
    }
  }

  /// Takes out whose turn it is; nil when nobody waits.
  public mutating func next() -> Element? {
    guard firstTurn < turns.count, let place = lines.index(forKey: turns[firstTurn]) else { return nil }
    let account = turns[firstTurn]
    firstTurn += 1
    let element = lines.values[place].elements[lines.values[place].first]
    lines.values[place].first += 1
    count -= 1
    if lines.values[place].first == lines.values[place].elements.count {
      lines.remove(at: place)
    } else {
      turns.append(account)
      tidy(place)
    }
    if firstTurn * 2 >= turns.count {
      turns.removeFirst(firstTurn)
      firstTurn = 0
    }
    return element
  }

  /// Lets go of a line's elements that were taken: so seldom that each is moved once on average.
  private mutating func tidy(_ place: Dictionary<Account, Line>.Index) {
    guard lines.values[place].first * 2 >= lines.values[place].elements.count else { return }
    lines.values[place].elements.removeFirst(lines.values[place].first)
    lines.values[place].first = 0
  }
}

/// Elements that wait for their turn as in a `TurnQueue`, each once however often it is added.
public struct TurnSet<Account: Hashable & Sendable, Element: Hashable> {
  private var queue = TurnQueue<Account, Element>()
  private var waiting: Set<Element> = []

  /// Nobody waits.
  public init() {}

  /// True when nobody waits.
  public var isEmpty: Bool { waiting.isEmpty }

  /// Adds one behind those of its account; nothing for one that waits already, on whatever account.
  public mutating func insert(_ element: Element, of account: Account) {
    if waiting.insert(element).inserted { queue.append(element, of: account) }
  }

  /// Takes out whose turn it is; nil when nobody waits.
  public mutating func next() -> Element? {
    guard let element = queue.next() else { return nil }
    waiting.remove(element)
    return element
  }
}

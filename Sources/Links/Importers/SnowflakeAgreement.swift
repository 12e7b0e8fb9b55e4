import Text
import Wire

/// Whether what one paste says of an account is all of one account: its locator, its region, its organization's name.
///
/// Parts of two accounts' configs in one link would lead half of the names to the wrong account, which TLS would tell
/// of late and badly.
struct SnowflakeAgreement {
  /// Where something was said.
  struct Place {
    let key: String
    let position: Position

    init(_ key: String, _ position: Position) {
      self.key = key
      self.position = position
    }
  }

  /// What an account is told by.
  private enum Trait: String, CaseIterable {
    case locator = "account"
    case organization = "account name"
    case region
  }

  private struct Fact {
    let trait: Trait
    let value: String
    let key: String
    let place: Place
  }

  private var facts: [Fact] = []

  /// The account as clients are told it: `LOCATOR.REGION.privatelink` or `ORG-ACCOUNT.privatelink`.
  mutating func add(account: String, _ place: Place) {
    var labels = account.split(separator: ".")
    if labels.last == "privatelink" { labels.removeLast() }
    add(labels, of: "privatelink-account-name", place)
  }

  /// A region.
  mutating func add(region: String, _ place: Place) { add(.region, region, of: place.key, place) }

  /// The id of Azure's service or the attachment of Google's, both of which name a region.
  mutating func add(service text: String, _ place: Place) {
    let lower = text.asciiLowercased
    if lower.hasPrefix("projects/"), let range = lower.split(separator: "/").firstIndex(of: "regions") {
      let parts = lower.split(separator: "/")
      if range + 1 < parts.count { add(region: String(parts[range + 1]), place) }
    }
    let labels = lower.split(separator: ".")
    if labels.count >= 3, labels.suffix(2).elementsEqual(["azure", "privatelinkservice"]) {
      add(region: String(labels[labels.count - 3]), place)
    }
  }

  /// A host of the config, as its key says what it is.
  mutating func add(_ host: Name, below parent: Name, of key: String, _ place: Place) {
    var labels = host.textWithoutFinalDot.split(separator: ".").prefix(host.labelCount - parent.labelCount)
    guard let first = labels.first else { return }
    switch key {
    case "privatelink-account-url", "regionless-privatelink-account-url", "allowlist-snowflake-deployment",
      "allowlist-snowflake-deployment-regionless":
      break
    case "privatelink-ocsp-url", "regionless-privatelink-ocsp-url", "allowlist-ocsp-cache",
      "allowlist-ocsp-cache-regionless":
      guard first == "ocsp" else { return }
      labels = labels.dropFirst()
    case "snowsight-privatelink-url", "allowlist-snowsight-deployment":
      guard first == "app", labels.count >= 2 else { return }
      return add(.region, String(labels[1]), of: key, place)
    case "regionless-snowsight-privatelink-url", "allowlist-snowsight-deployment-regionless":
      guard first.hasPrefix("app-"), labels.count == 1 else { return }
      return add(.organization, String(first.dropFirst(4)), of: key, place)
    default: return
    }
    add(Array(labels), of: key, place)
  }

  /// Takes back what a key said.
  mutating func forget(_ key: String) { facts.removeAll { $0.key == key } }

  /// What disagrees, each with the first that said otherwise.
  func problems(file: String) -> [Problem] {
    Trait.allCases.compactMap { trait in
      let said = facts.filter { $0.trait == trait }
      guard let first = said.first, let other = said.first(where: { !Self.same($0.value, first.value) }) else {
        return nil
      }
      return Problem(
        file: file, position: other.place.position,
        "\(quoted(other.place.key)) is of the \(trait.rawValue) \(other.value), and \(quoted(first.place.key)) of the "
          + "\(trait.rawValue) \(first.value); paste the config of one account, whole, as select "
          + "\(SnowflakeKey.function.name) gives it")
    }
  }

  private mutating func add(_ labels: [Substring], of key: String, _ place: Place) {
    guard let first = labels.first else { return }
    guard labels.count >= 2 else { return add(.organization, String(first), of: key, place) }
    add(.locator, String(first), of: key, place)
    add(.region, String(labels[1]), of: key, place)
  }

  private mutating func add(_ trait: Trait, _ value: String, of key: String, _ place: Place) {
    facts.append(Fact(trait: trait, value: value, key: key, place: place))
  }

  /// True for the same name: `_` is `-` in some of the hosts, and Azure leaves the dashes of a region out.
  private static func same(_ a: String, _ b: String) -> Bool {
    let bare = { (text: String) in text.utf8.filter { $0 != 0x2d && $0 != 0x5f } }
    return bare(a) == bare(b)
  }
}

import Bounds
import Fleet
import Text

extension EtcdClient.Failure {
  /// Why there is no answer, and what to do.
  ///
  /// - Parameters:
  ///   - file: what was to be read or changed.
  ///   - prefix: what the store's keys start with.
  func problem(of file: String, prefix: String) -> Problem {
    switch self {
    case .unreachable(let reasons):
      Problem(
        file: file,
        "etcd does not answer, so nothing was changed (\(reasons.joined(separator: "; "))); run it again when it does")
    case .unanswered(let reasons):
      Problem(
        file: file,
        """
        etcd did not say what came of it (\(reasons.joined(separator: "; "))): whether a change was made is not known; run \
        the command again, which changes nothing where it was
        """)
    case .unread(let reasons):
      // What came before it, a change perhaps, is another matter.
      Problem(file: file, "etcd does not answer (\(reasons.joined(separator: "; "))); run it again when it does")
    case .tooLong(let octets, _): Problem(file: file, "etcd's answer is longer than \(octets >> 20) MiB")
    case .refused(let error) where error.isForbidden || error.isUnauthenticated:
      Problem(
        file: file,
        "\(error.message); name a user who may read and write \(prefix)/ with --store-user-file")
    case .refused(let error) where error.isOutOfSpace:
      Problem(
        file: file,
        "etcd's database is full (NOSPACE), and nothing was changed; compact and defragment it, then disarm the alarm")
    case .refused(let error) where error.isTooLarge:
      Problem(
        file: file, "this change is larger than etcd takes at once (1.5 MiB), and nothing was changed; split the zone")
    case .refused(let error): Problem(file: file, "\(error)")
    }
  }
}

extension EtcdClient {
  /// True when the store has the form that this program knows, false when it has none yet.
  ///
  /// - Parameter path: the store, for people.
  /// - Throws: when it has another, or etcd does not answer.
  func hasForm(_ keys: StoreKeys, of path: String) throws(Problem) -> Bool {
    let found: EtcdKeyValue?
    do throws(Failure) {
      found = try ask(.range(.key(keys.octets(of: .format)))).keyValues.first
    } catch {
      throw error.problem(of: path, prefix: keys.prefix)
    }
    guard let found else { return false }
    guard found.value.elementsEqual(StoreKeys.format.utf8) else {
      throw Problem(
        file: path,
        "this store has another form, \(quoted(String(decoding: found.value, as: UTF8.self))); use a Backroad that knows it"
      )
    }
    return true
  }
}

extension EtcdClient {
  /// Reads the key-values of a range in order, a page at a time, all of one moment. A page that is too long is asked for again
  /// with fewer keys: who may write one key may write a long one, and one alone always fits.
  ///
  /// - Parameters:
  ///   - next: where the page behind a key begins.
  ///   - body: takes each; false ends it.
  /// - Returns: the revision that all of it is of.
  func read(
    _ range: KeyRange, keysOnly: Bool, from next: ([UInt8]) -> [UInt8] = { $0 + [0] },
    _ body: (EtcdKeyValue) -> Bool
  ) throws(Failure) -> Int64 {
    var (from, revision, limit) = (range.start, Int64(0), Limits.Fleet.keysOfPage)
    while true {
      let page = EtcdRequest.range(
        .range(from, upTo: range.end ?? range.start + [0]), revision: revision, limit: Int64(limit), keysOnly: keysOnly)
      let answer: Answer
      do throws(Failure) {
        answer = try ask(page, atMost: Limits.Fleet.octetsOfPage)
      } catch .tooLong(_, let keyValues) where limit > 1 {
        limit = max(1, min(keyValues, limit / 2))
        continue
      }
      // Later pages are of the first one's moment.
      if revision == 0 { revision = answer.message.revision }
      guard answer.keyValues.allSatisfy(body), answer.message.more, let last = answer.keyValues.last else {
        return revision
      }
      from = next(last.key)
      limit = min(limit * 2, Limits.Fleet.keysOfPage)
    }
  }
}

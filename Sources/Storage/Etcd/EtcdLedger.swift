import Bounds
import Fleet
import Text

/// Carries out what a `PodLedger` asks the store for, one request after the other, and waits for each answer.
///
/// Nothing is asked before the store was seen to be one of this program's: pods that stand where nobody looks help nobody.
public final class EtcdLedger {
  /// What came of a request.
  public enum Outcome: Sendable {
    /// Etcd's answer, an error of its own among them.
    case answered(EtcdMessage, [EtcdKeyValue])
    /// There was none, and why, for people.
    case failed(String)
  }

  private let address: StoreAddress
  private let keys: StoreKeys
  private let client: EtcdClient
  private var isKnown = false

  /// Asks nothing yet.
  public init(_ address: StoreAddress, _ credentials: StoreCredentials?) {
    self.address = address
    keys = StoreKeys(prefix: address.prefix)
    // A member that is frozen must not cost the leader its lease.
    client = EtcdClient(
      address, credentials, patienceMilliseconds: UInt64(Limits.Kubernetes.patienceMilliseconds),
      answerMilliseconds: UInt64(Limits.Kubernetes.answerMilliseconds))
  }

  /// Asks, until a member answers or the time is up.
  public func carryOut(_ request: LedgerRequest) -> Outcome {
    do throws(EtcdClient.Failure) {
      if !isKnown, let why = try fault() { return .failed(why) }
      isKnown = true
      let answer = try client.ask(try etcdRequest(request))
      return .answered(answer.message, answer.keyValues)
    } catch {
      switch error {
      case .unreachable(let reasons), .unread(let reasons):
        return .failed("etcd does not answer (\(reasons.joined(separator: "; ")))")
      case .unanswered(let reasons):
        return .failed("etcd did not say what came of a request (\(reasons.joined(separator: "; ")))")
      case .tooLong(let octets, _): return .failed("etcd's answer is longer than \(octets >> 20) MiB")
      case .refused(let error):
        var message = EtcdMessage()
        message.error = error
        return .answered(message, [])
      }
    }
  }

  private func etcdRequest(_ request: LedgerRequest) throws(EtcdClient.Failure) -> EtcdRequest {
    do throws(EtcdTransaction.TooLarge) {
      return try request.request()
    } catch {
      throw .unreachable(["\(error)"])
    }
  }

  /// Why pods are not to be written there; nil where they are.
  private func fault() throws(EtcdClient.Failure) -> String? {
    let format = try client.ask(.range(.key(keys.octets(of: .format)))).keyValues.first?.value
    guard let format else {
      return
        "there is no store of Backroad at \(address); make one with backroad workspace add, or backroad store copy"
    }
    guard format.elementsEqual(StoreKeys.format.utf8) else {
      return
        "the store has another form, \(quoted(String(decoding: format, as: UTF8.self))); use a Backroad that knows it"
    }
    return nil
  }
}

/// Why an answer could not be read, or a request not be written.
///
/// After one of the first two a connection is of no use: what it brings next may be part of what was not understood.
public enum HTTPFailure: Error, Hashable, Sendable {
  /// What came is no answer of HTTP/1.1, or one that two readers could take for different ones; the text says why.
  case malformed(String)
  /// The connection ended before the answer did.
  ///
  /// - Parameter beforeAnswer: nothing of the answer had come. A server may end an idle connection while the request is
  ///   on its way (RFC 9112 §9.3.1): who has used the connection before may ask again if asking twice does no harm.
  case cutOff(beforeAnswer: Bool)
  /// The request cannot be sent as it was put together; the text says why.
  case unsendable(String)
}

extension HTTPFailure: CustomStringConvertible {
  /// What is wrong, as part of a sentence.
  public var description: String {
    switch self {
    case .malformed(let why): "not an HTTP/1.1 answer: \(why)"
    case .cutOff(beforeAnswer: true): "the connection ended without an answer"
    case .cutOff(beforeAnswer: false): "the connection ended in the middle of the answer"
    case .unsendable(let why): why
    }
  }
}

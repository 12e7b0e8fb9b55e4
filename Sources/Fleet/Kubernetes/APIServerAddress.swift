import Text

extension StoreAddress.Member {
  /// Where `kubectl proxy` listens if it is not told.
  public static let usualAPIServer = "http://127.0.0.1:8001"

  /// Reads where an API server is asked: `http://HOST:PORT` or `unix:PATH`.
  ///
  /// - Throws: what is wrong with it, and what to write instead.
  public init(apiServer text: String) throws(Problem) {
    do throws(StoreAddress.Mistake) {
      if text.startsSame(as: "unix:") {
        let path = try StoreAddress.socketPath(
          text.dropping(octetsFirst: 5, last: 0), example: "unix:/run/proxy/api.sock")
        self = .unix(path: path)
      } else if text.startsSame(as: "http://") {
        let isOpen = text.utf8.last == UInt8(ascii: "/")
        self = try StoreAddress.member(
          text.dropping(octetsFirst: 7, last: isOpen ? 1 : 0), of: "kubectl proxy", usualPort: 8001)
      } else if text.startsSame(as: "https://") {
        throw StoreAddress.Mistake(
          "Backroad speaks no TLS to the API server: kubectl proxy does; see docs/kubernetes/README.md")
      } else {
        throw StoreAddress.Mistake("\(quoted(text)) is no API server: write http://HOST:PORT, or unix:PATH")
      }
    } catch {
      throw Problem(error.message)
    }
  }
}

/// Who asks etcd, where it wants to know.
public struct StoreCredentials: Hashable, Sendable {
  /// The user's name.
  public var user: String
  /// The password.
  public var password: String

  /// Takes both.
  public init(user: String, password: String) {
    self.user = user
    self.password = password
  }
}

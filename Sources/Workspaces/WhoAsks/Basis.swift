/// By what a query shows whose it is, the strongest first.
///
/// A token is a secret that the client itself shows. A lease was given for this one address, by whoever may ask the
/// admin interface. The other two are what a workspace's file says of everybody's traffic.
public enum Basis: UInt8, CaseIterable, Hashable, Sendable {
  /// A token in an EDNS option.
  case token
  /// A lease of the client's address.
  case lease
  /// The address and port of the server that the query came to.
  case listener
  /// The longest prefix of clients that the client's address is in.
  case clients

  /// True for what no workspace's file can claim over others' heads: a workspace that requires it has its bearers'
  /// queries, whatever other files say of their addresses.
  var isBeyondFiles: Bool { self == .token || self == .lease }

  /// The word for it in `"require"`.
  public var word: String {
    switch self {
    case .token: "token"
    case .lease: "lease"
    case .listener: "listener"
    case .clients: "clients"
    }
  }

  /// What it is of a query, in a sentence.
  public var phrase: String {
    switch self {
    case .token: "the token"
    case .lease: "the lease of the client's address"
    case .listener: "the listening address"
    case .clients: "the client's prefix"
    }
  }
}

/// Some of the kinds of basis.
public struct BasisSet: OptionSet, Hashable, Sendable {
  /// One bit for each kind.
  public let rawValue: UInt8
  /// Takes the bits.
  public init(rawValue: UInt8) { self.rawValue = rawValue }
  /// One kind.
  public init(_ basis: Basis) { rawValue = 1 << basis.rawValue }

  /// The kinds, the strongest first.
  public var all: [Basis] { Basis.allCases.filter { contains(BasisSet($0)) } }

  /// The strongest of them; nil when there is none.
  public var strongest: Basis? { isEmpty ? nil : Basis(rawValue: UInt8(rawValue.trailingZeroBitCount)) }
}

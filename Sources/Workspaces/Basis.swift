/// By what a query shows whose it is, the strongest first.
public enum Basis: UInt8, CaseIterable, Hashable, Sendable {
  /// A token in an EDNS option.
  case token
  /// The address and port of the server that the query came to.
  case listener
  /// A lease of the client's address.
  case lease
  /// The longest prefix of clients that the client's address is in.
  case clients

  /// The word for it in `"require"`.
  public var word: String {
    switch self {
    case .token: "token"
    case .listener: "listener"
    case .lease: "lease"
    case .clients: "clients"
    }
  }

  /// What it is of a query, in a sentence.
  public var phrase: String {
    switch self {
    case .token: "the token"
    case .listener: "the listening address"
    case .lease: "the lease of the client's address"
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

import Testing
import Text
import Wire

@testable import Server

/// What the server says of where it can be reached.
@Suite struct ExposureTests {
  private static let interfaces = ["127.0.0.1", "10.0.0.53", "8.8.4.4", "::1", "fd00::53"]

  /// A listening address, whether it is warned of, and what the log says of all.
  private static let cases = [
    ("127.0.0.1:5300", false, "cannot be reached"), ("10.0.0.53:53", false, "cannot be reached"),
    ("0.0.0.0:53", true, "at the public address 8.8.4.4"), ("8.8.4.4:53", true, "at the public address 8.8.4.4"),
    ("[::]:53", true, "cannot be reached"), ("[2600::1]:53", true, "at the public address 2600::1"),
  ]

  @Test(arguments: cases) func whereItIsReachedIsSaid(listener: String, isWarnedOf: Bool, summary: String) throws {
    let interfaces = Self.interfaces.compactMap { IPAddress($0) }
    let listen = try [#require(SocketAddress(listener, defaultPort: 0))]
    #expect(Exposure.warnings(listen, interfaces: interfaces, own: [], file: nil).isEmpty != isWarnedOf)
    #expect(Exposure.summary(listen, interfaces: interfaces, own: []).contains(summary))
    let own = try [IPPrefix("8.8.4.0/24"), IPPrefix("2600::/16")]
    #expect(Exposure.summary(listen, interfaces: interfaces, own: own).contains("cannot be reached"))
  }
}

import Bounds
import Text
import Wire
import Workspaces

/// The settings of who asks: the token's option, and the load balancers.
extension ServerSettings {
  /// The EDNS options that may carry a token: those for local use (RFC 6891 §9).
  public static let tokenOptions = 65_001...65_534

  static func tokenOption(_ value: JSON?, _ file: String) throws(Problem) -> UInt16? {
    guard let value else { return nil }
    return UInt16(truncatingIfNeeded: try value.expectInt("\"token-option\"", in: tokenOptions, file: file))
  }

  static func proxies(_ value: JSON?, _ file: String) throws(Problem) -> [IPPrefix]? {
    guard let value else { return nil }
    var prefixes: [IPPrefix] = []
    for element in try value.expectArray("\"proxies\"", file: file) {
      let text = try element.expectString("a load balancer's address", file: file)
      do throws(Problem) {
        prefixes.append(try proxy(text))
      } catch {
        throw Problem(file: file, position: element.position, error.message)
      }
    }
    guard prefixes.count <= Limits.Server.proxies else {
      throw Problem(file: file, position: value.position, "more than \(Limits.Server.proxies) load balancers")
    }
    return prefixes
  }

  /// Reads `ADDRESS` or `ADDRESS/LENGTH`.
  public static func proxy(_ text: String) throws(Problem) -> IPPrefix {
    do throws(IPPrefix.TextError) {
      return try IPPrefix(text)
    } catch {
      throw Problem(WorkspaceFile.clientMessage(error, text))
    }
  }
}

import Bounds
import Text
import Wire

/// Reads the lists of an operator's profile, each element with its place.
struct OperatorProfileReader {
  let file: String
  /// What is private.
  let networks: PrivateNetworks

  func principals(_ value: JSON?, _ problems: inout [Problem]) -> [String] {
    texts(value, "\"principals\"", "a principal", &problems) { text throws(Problem) in
      if let principal = AWSPrincipal(text) { return principal.arn }
      throw Problem(
        text.contains("*")
          ? "\(quoted(text)) would allow everybody; write an account's twelve digits, or a role's ARN"
          : "\(quoted(text)) is not a principal; write an account's twelve digits, or an ARN like "
            + "arn:aws:iam::111122223333:role/NAME")
    }
  }

  func environments(_ value: JSON?, _ problems: inout [Problem]) -> [OperatorProfile.Environment] {
    guard let value else { return [] }
    var environments: [OperatorProfile.Environment] = []
    collect(&problems) { (problems) throws(Problem) in
      let members = try value.expectObject("\"environments\"", file: file).members
      try check(members.count, "\"environments\"", value)
      for member in members {
        collect(&problems) { (problems) throws(Problem) in
          let environment = try environment(member, &problems)
          if let other = environments.first(where: { $0.region.isSame(as: environment.region) }) {
            throw Problem(
              file: file, position: member.keyPosition,
              "the environment \(quoted(other.name)) is in \(environment.region) too, so that a link's endpoint does not say "
                + "which it is of; make them one, with the networks of both")
          }
          environments.append(environment)
        }
      }
    }
    return environments
  }

  private func environment(
    _ member: JSON.Member, _ problems: inout [Problem]
  ) throws(Problem) -> OperatorProfile.Environment {
    guard isPlainWord(member.key) else {
      throw Problem(
        file: file, position: member.keyPosition,
        "\(quoted(member.key)) is not an environment's name: use letters, digits and \"-\", at most 63")
    }
    let object = try member.value.expectObject("an environment", file: file)
    problems += object.unknownKeys(known: ["region", "cidrs", "service-regions"], file: file)
    guard let region = object["region"] else {
      throw Problem(
        file: file, position: member.keyPosition,
        "the environment \(quoted(member.key)) has no \"region\", in which its endpoints are made")
    }
    let text = try region.expectString("\"region\"", file: file)
    if let why = AWSRegion.refusal(text) { throw Problem(file: file, position: region.position, why) }
    let networks = texts(object["cidrs"], "\"cidrs\"", "a network", &problems, network)
    let services = object["service-regions"].map { value in
      texts(value, "\"service-regions\"", "a region", &problems) { text throws(Problem) in
        if let why = AWSRegion.refusal(text) { throw Problem(why) }
        return text
      }
    }
    if let services = object["service-regions"], services.asArray?.isEmpty == true {
      throw Problem(
        file: file, position: services.position,
        "\"service-regions\" names no region; name some, or leave it out for services of any region")
    }
    return OperatorProfile.Environment(name: member.key, region: text, networks: networks, serviceRegions: services)
  }

  private func network(_ text: String) throws(Problem) -> IPPrefix {
    let prefix: IPPrefix
    do throws(IPPrefix.TextError) {
      prefix = try IPPrefix(text)
    } catch .hostBitsSet(let meant) {
      throw Problem("\(quoted(text)) has bits set after its length; write \(meant)")
    } catch {
      throw Problem("\(quoted(text)) is not a network; write one like 10.0.1.0/24")
    }
    guard networks.contains(prefix) else {
      throw Problem(
        "\(prefix) is not private, and customers are asked to let it in; write the networks inside, or list it in "
          + "\"own-networks\"")
    }
    return prefix
  }

  private func texts<Value: Equatable>(
    _ value: JSON?, _ list: String, _ what: String, _ problems: inout [Problem],
    _ read: (String) throws(Problem) -> Value
  ) -> [Value] {
    guard let value else { return [] }
    var values: [Value] = []
    collect(&problems) { (problems) throws(Problem) in
      let elements = try value.expectArray(list, file: file)
      try check(elements.count, list, value)
      for element in elements {
        collect(&problems) { (_) throws(Problem) in
          let text = try element.expectString(what, file: file)
          do throws(Problem) {
            let next = try read(text)
            guard !values.contains(next) else { throw Problem("\(quoted(text)) is named twice; remove one") }
            values.append(next)
          } catch {
            throw Problem(file: file, position: element.position, error.message)
          }
        }
      }
    }
    return values
  }

  private func check(_ count: Int, _ list: String, _ value: JSON) throws(Problem) {
    guard count <= Limits.Links.entriesOfProfile else {
      throw Problem(
        file: file, position: value.position,
        "\(list) has more than \(Limits.Links.entriesOfProfile) entries; remove some")
    }
  }

  private func collect(_ problems: inout [Problem], _ body: (inout [Problem]) throws(Problem) -> Void) {
    do throws(Problem) { try body(&problems) } catch { problems.append(error) }
  }

  private func isPlainWord(_ text: String) -> Bool {
    guard let first = text.utf8.first, first != 0x2d, text.utf8.count <= 63 else { return false }
    return text.utf8.allSatisfy { octet in
      (0x61...0x7a).contains(octet | 0x20) || (0x30...0x39).contains(octet) || octet == 0x2d
    }
  }
}

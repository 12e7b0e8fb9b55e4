import Bounds
import Links
import Server
import Storage
import SystemIO
import Text
import Wire
import Workspaces

/// `backroad link add`, `set-endpoint`, `state` and `undo`: what becomes of a link besides imports.
enum LifeCommands {
  static let commands = [add, setEndpoint, state, failover, undo]

  private static let kind = Flag("--kind", "K", help: "what will be imported into it (default: the first import says)")
  private static let service = Flag(
    "--service", "SERVICE", help: "the endpoint service, com.amazonaws.vpce.REGION.vpce-svc-…")

  private static let add = Command(
    words: ["link", "add"], summary: "make a link that is asked for, before its names or its endpoint are known",
    operands: "W NAME", operandCount: 2...2,
    flags: [kind, service, .endpoint, .address, .standby, .failoverAfter, .standbyZoneAddress] + Flag.availability
      + [.isPublic]
      + Arguments.zonesFlags + [.dryRun, .all, .json],
    details: """
      An import into the link adds its names; set-endpoint says where they lead. Until both are there, the
      names that are known are held closed.
      """,
    examples: [
      "backroad link add acme snowflake-prod --kind snowflake \\",
      "  --service com.amazonaws.vpce.us-east-1.vpce-svc-0123456789abcdef0",
    ],
    run: { arguments, console in
      let name = try workspaceName(arguments.operands[0])
      let (endpoint, warnings, said) = try arguments.endpointChoice(arguments.value(.endpoint))
      var choices = said
      choices.profile = try arguments.operatorProfile()
      var link = Link(
        name: try linkName(arguments.operands[1]), kind: try readKind(arguments), service: try readService(arguments),
        main: Link.Route(endpoint: endpoint, hosts: []))
      link.isPublic = choices.isPublic ?? false
      return try LinkChange(name, arguments, console).make { [link, choices] folder in
        try LinkUpdate.addition(of: link, choices: choices, warnings: warnings, in: folder)
      }
    })

  private static let setEndpoint = Command(
    words: ["link", "set-endpoint"], summary: "say where a link's names lead, from now on",
    operands: "W NAME [VPCE[=ADDR,…]]", operandCount: 2...3,
    flags: [.address, .standby, .failoverAfter, .standbyZoneAddress] + Flag.availability + [
      .isPublic, .noPublic, .replace, .takeOver,
    ]
      + Arguments.zonesFlags + [
        .dryRun, .all, .json,
      ],
    details: """
      VPCE is the endpoint's DNS name, with its addresses when they are to be pinned, or addresses alone.
      Addresses that were pinned to the same name stay; NAME= without any empties them. With --standby,
      --failover-after, --no-public or what is said of zones it may be left out: then the endpoint stays.
      """,
    examples: [
      "backroad link set-endpoint acme snowflake-prod \\",
      "  vpce-0a1b2c3d-x7y8z9.vpce-svc-0123456789abcdef0.us-east-1.vpce.amazonaws.com",
    ],
    run: { arguments, console in
      let name = try workspaceName(arguments.operands[0])
      try checkOrder(arguments)
      let operand = arguments.operands.count > 2 ? arguments.operands[2] : nil
      let alone =
        [.address, .standby, .failoverAfter, .standbyZoneAddress] + Flag.availability + [.isPublic, .noPublic]
      guard operand != nil || alone.contains(where: arguments.has) else {
        throw UsageError(
          "what is to change? name the endpoint, VPCE[=ADDR,…], or --address, --standby or --failover-after, or what is to "
            + "be known of zones: --zone-address, --zone-affinity or --no-zone-affinity; or say --public or --no-public"
        )
      }
      let (endpoint, warnings, said) = try arguments.endpointChoice(operand, flag: "VPCE")
      var choices = said
      choices.profile = try arguments.operatorProfile()
      return try LinkChange(name, arguments, console).make { [choices] folder in
        try LinkUpdate.endpoint(endpoint, of: arguments.operands[1], choices: choices, warnings: warnings, in: folder)
      }
    })

  private static let back = Flag("--back", help: "lead the names back to the endpoint")

  private static let failover = Command(
    words: ["link", "failover"], summary: "have a link's names lead to its standby, or back",
    operands: "W NAME…", operandCount: 2...Int.max, flags: [back] + Arguments.zonesFlags + [.dryRun, .all, .json],
    details: """
      The link must have a standby: link set-endpoint W NAME --standby VPCE. Links that share names are moved
      together. link undo takes it back too.
      """,
    examples: ["backroad link failover acme snowflake-prod", "backroad link failover acme snowflake-prod --back"],
    run: { arguments, console in
      let name = try workspaceName(arguments.operands[0])
      let links = Array(arguments.operands.dropFirst())
      let isBack = arguments.has(back)
      return try LinkChange(name, arguments, console).make { folder in
        try LinkFailover.plan(links, isBack: isBack, in: folder)
      }
    })

  private static let state = Command(
    words: ["link", "state"], summary: "keep with a link what AWS says of its endpoint",
    operands: "W NAME [FILE|-]", operandCount: 2...3, flags: Arguments.zonesFlags + [.dryRun, .all, .json],
    details: """
      Reads the JSON that describe-vpc-endpoints prints, from a file or standard input: from outside it cannot
      be seen whether an endpoint was accepted. link list shows the state.
      """,
    examples: [
      "aws ec2 describe-vpc-endpoints --vpc-endpoint-ids vpce-0a1b2c3d | backroad link state acme snowflake-prod"
    ],
    run: { arguments, console in
      let name = try workspaceName(arguments.operands[0])
      let link = arguments.operands[1]
      let path = arguments.operands.count > 2 ? arguments.operands[2] : "-"
      let input = try readInput(
        path, "the output of describe-vpc-endpoints", maximumOctets: Limits.Links.pasteOctets, console)
      let endpoints = try DescribedEndpoint.read(input, file: inputName(path))
      let seen = CloudState.time(System.wallClockSeconds())
      return try LinkChange(name, arguments, console).make { folder in
        let endpoint = try DescribedEndpoint.find(for: folder.link(link), among: endpoints, file: inputName(path))
        return try LinkUpdate.state(endpoint, of: link, seen: seen, in: folder)
      }
    })

  private static let undo = Command(
    words: ["link", "undo"], summary: "take back the last change of a workspace's links", operands: "W",
    operandCount: 1...1, flags: Arguments.zonesFlags + [.dryRun, .all, .json],
    details: """
      The last import, link add, set-endpoint, failover or remove. Undoing once more does it again. What was changed by
      hand since is not overwritten: then nothing is taken back, and what differs is said.
      """,
    run: { arguments, console in
      let name = try workspaceName(arguments.operands[0])
      return try LinkChange(name, arguments, console).make(tellsCustomer: false) { folder in
        try LinkUpdate.undo(in: folder)
      }
    })

  /// Refuses a link and its workspace in the other's place, where that is what it is.
  private static func checkOrder(_ arguments: Arguments) throws {
    let (first, second) = (arguments.operands[0], arguments.operands[1])
    guard let other = WorkspaceName(second), WorkspaceName(first) != nil else { return }
    let names = (try? arguments.store().workspaceNames()) ?? []
    guard !names.contains(where: { $0.description == first }), names.contains(other) else { return }
    throw UsageError(
      "\(shown(second)) is the workspace, and comes first: backroad link set-endpoint \(word: second) \(word: first) …")
  }

  private static func readKind(_ arguments: Arguments) throws(UsageError) -> String {
    guard let text = arguments.value(kind) else { return Link.undecidedKind }
    guard ImportCommands.kinds.contains(text) else {
      throw unknown("kind", text, among: ImportCommands.kinds, command: "backroad link add")
    }
    return text
  }

  private static func readService(_ arguments: Arguments) throws(UsageError) -> String? {
    guard let text = arguments.value(service) else { return nil }
    guard let service = VPCEndpointService(text) else {
      throw UsageError(
        "\(service.name): \(shown(text)) is not the name of an endpoint service: com.amazonaws.vpce.REGION.vpce-svc-…")
    }
    return service.text
  }
}

extension Arguments {
  /// What a person says of any change of a link, and what the configuration says to be private. What is wrong with that is
  /// for `check` to tell.
  var linkChoices: LinkChoices {
    var choices = LinkChoices()
    choices.replaces = has(.replace)
    choices.takesOver = has(.takeOver)
    choices.networks = PrivateNetworks(own: (try? configurationFile())?.ownNetworks ?? [])
    return choices
  }

  /// What an endpoint's argument and `--address` say, which may both be left out, with what else is said of the link.
  ///
  /// - Parameters:
  ///   - argument: the endpoint's.
  ///   - flag: what the argument is called, for errors.
  func endpointChoice(
    _ argument: String?, flag: String = Flag.endpoint.name
  ) throws -> (endpoint: Endpoint?, warnings: [Problem], choices: LinkChoices) {
    var (choices, warnings) = (linkChoices, [Problem]())
    choices.isPublic = try choice(.isPublic, or: .noPublic)
    try readStandby(into: &choices, &warnings)
    try readZones(into: &choices)
    guard argument != nil || has(.address) else { return (nil, warnings, choices) }
    for text in values(.address).flatMap({ $0.split(separator: ",", omittingEmptySubsequences: false) }) {
      do throws(Problem) { _ = try Endpoint.read(nil, addresses: [String(text)]) } catch {
        throw UsageError(error.message)
      }
    }
    let given = try Endpoint.read(argument, addresses: values(.address), flag: flag)
    choices.emptiesPins = given.emptiesPins
    return (given.endpoint, given.warnings + warnings, choices)
  }

  /// Reads what `--standby` and `--failover-after` say.
  private func readStandby(
    into choices: inout LinkChoices, _ warnings: inout [Problem]
  ) throws {
    switch value(.standby) {
    case nil: break
    case "none": choices.standby = .none
    case let text?:
      let given = try Endpoint.read(text, flag: Flag.standby.name)
      (choices.standby, choices.emptiesPinsOfStandby) = (.this(given.endpoint), given.emptiesPins)
      warnings += given.warnings
    }
    switch value(.failoverAfter) {
    case nil: break
    case "off": choices.failover = .none
    case let text?:
      choices.failover = .this(try readFlag(.failoverAfter) { () throws(Problem) in try FailoverRule(text) })
    }
  }

  /// Reads what is said of availability zones.
  private func readZones(into choices: inout LinkChoices) throws {
    choices.zonal = try zonalAddresses(.zoneAddress)
    choices.zonalOfStandby = try zonalAddresses(.standbyZoneAddress)
    choices.zoneAffinity = try choice(.zoneAffinity, or: .noZoneAffinity)
  }

  /// What one of two flags says that mean opposite things; nil where neither stands.
  private func choice(_ yes: Flag, or no: Flag) throws(UsageError) -> Bool? {
    guard !has(yes) || !has(no) else {
      throw UsageError("\(yes.name) and \(no.name) say opposite things; leave one out")
    }
    return has(yes) ? true : has(no) ? false : nil
  }

  private func zonalAddresses(_ flag: Flag) throws(UsageError) -> ZonalAddresses {
    do throws(Problem) {
      return try ZonalAddresses(values(flag), flag: flag.name)
    } catch { throw UsageError(error.message) }
  }

  /// What is said of an import whatever its kind is.
  func linkRequest() throws -> LinkRequest {
    let (endpoint, warnings, choices) = try endpointChoice(value(.endpoint))
    var request = LinkRequest(try linkName(value(.link) ?? ""), endpoint: endpoint)
    request.warnings = warnings + (pasted?.warnings ?? []).map { Problem(file: pasted?.file, severity: .warning, $0) }
    request.choices = choices
    request.choices.profile = try operatorProfile()
    request.ttlSeconds = try ttlSeconds()
    request.answer = try answer()
    request.ports = try ports()
    request.prune = has(.prune)
    request.service = pasted?.service?.text
    return request
  }
}

import Bounds
import Text
import Wire

/// What a config says of the endpoint, and of storage that needs one of its own.
extension SnowflakeReading {
  /// What the importer made of the input.
  ///
  /// - Throws: everything that is wrong with it.
  func draft(notes exportNotes: [String]) throws(Problems) -> LinkDraft {
    guard errors.isEmpty else { throw Problems(errors.shortened) }
    var draft = options.link.draft(
      kind: "snowflake", account: accountSaid, service: service?.value.text, hosts: hosts
    )
    if let stage = options.stage, !stageHosts.isEmpty {
      draft.link.stage = Link.Route(endpoint: stage, hosts: stageHosts)
    }
    draft.givenKeys = givenKeys
    draft.isPrimary = options.isPrimary
    draft.leftOut = leftOut
    draft.warnings += warnings.shortened
    draft.notes = exportNotes + notes.shortened
    draft.nextSteps = nextSteps.shortened
    if !accountForms.isEmpty {
      let forms = accountForms.joined(separator: ", or to ")
      draft.nextSteps.insert("set the account in your connector to \(forms)", at: 0)
    }
    draft.proof = accountURL ?? hosts.first { !$0.name.isWildcard }?.name
    return draft
  }

  /// True where the input is of another account or service than a link.
  func isOfAnother(than link: Link) -> Bool {
    let said = Link(
      name: link.name, kind: link.kind, account: accountSaid, service: service?.value.text,
      main: Link.Route(endpoint: nil, hosts: []))
    return link.difference(from: said) != nil
  }

  /// The account that the input is of.
  private var accountSaid: String? { account ?? accountAsBefore ?? accountOfURL }

  /// The host of the account's URL, the one with its region before the others.
  private var accountURL: Name? { accountURLs.first }

  /// The hosts of the account's URLs, those with a region before the others.
  private var accountURLs: [Name] {
    ClientRedirect.accountKeys.compactMap { key in
      hosts.first { $0.sources.contains(Link.Source(key: key)) }?.name
    }
  }

  /// The forms of the account's name that connectors take: `LOCATOR.REGION.privatelink`, `ORG-ACCOUNT.privatelink`.
  private var accountForms: [String] {
    var forms = account.map { [$0] } ?? []
    for form in (accountURLs + accountURLsAsBefore).compactMap(accountName) where !forms.contains(form) {
      forms.append(form)
    }
    return forms
  }

  /// The account's name as its URL has it.
  private var accountOfURL: String? { accountURL.flatMap(accountName) }

  /// The account as the link has it, when the input names one of the hosts that it has of that account: one of the two
  /// forms of an account's name is no other account.
  private var accountAsBefore: String? {
    guard let old, accountURLs.contains(where: { url in old.main.hosts.contains { $0.name == url } }) else {
      return nil
    }
    return old.account
  }

  /// The hosts of the account's URLs that the link has already, where the input is of the same account.
  private var accountURLsAsBefore: [Name] {
    guard let old, accountAsBefore != nil, !options.link.choices.replaces else { return [] }
    return ClientRedirect.accountKeys.compactMap { key in
      old.main.hosts.first { $0.sources.contains(Link.Source(key: key)) }?.name
    }
  }

  /// All of an account's host before the vendor's domain, and `privatelink`.
  private func accountName(_ url: Name) -> String? {
    guard let zone = SnowflakeKey.parent(of: url) else { return nil }
    let labels = url.labels.prefix(url.labelCount - zone.labelCount + 1)
    return Name(labels: labels)?.textWithoutFinalDot
  }

  /// Holds the endpoint against the service that the config names.
  mutating func checkEndpoint() throws(Problem) {
    guard let name = options.link.endpoint?.name else { return }
    let shown = name.textWithoutFinalDot
    if SnowflakeKey.parents.contains(where: { name.isSubdomain(of: $0) }) {
      throw Problem(
        "--endpoint: \(quoted(shown)) is one of Snowflake's own names, and would lead to itself; give the "
          + "endpoint's DNS name, vpce-…, or addresses with --address")
    }
    guard let endpoint = options.link.endpoint?.vpcEndpoint else { return }
    if let other = leftOut.first(where: { $0.what.lowercased().contains("pls") || $0.what.lowercased().contains("gcp") }
    ) {
      throw Problem(
        file: file, position: other.position,
        "the config is not of AWS (\(other.what)), and \(shown) is an endpoint of AWS; give the private endpoint's "
          + "address with --address")
    }
    // What no account of Snowflake has for an endpoint is refused with the link.
    guard endpoint.isEndpointService else { return }
    let known = options.link.choices.replaces ? nil : old?.service.flatMap { VPCEndpointService($0) }
    guard let (service, position) = service ?? known.map({ ($0, Position(line: 1, column: 1)) }) else {
      warnings.append(
        Problem(
          file: file, severity: .warning,
          "the \(isList ? "list" : "config") has no privatelink-vpce-id, so that the endpoint could not be checked against it"
            + "; paste the output of \(SnowflakeKey.function.name) too"))
      return
    }
    guard service.id == endpoint.service else {
      throw Problem(
        file: file, position: position,
        "the config is for the service \(service.id), and the endpoint \(shown) is of \(endpoint.service); "
          + "give the endpoint of this account's service, or the config of that account")
    }
    guard service.region == endpoint.region else {
      throw Problem(
        file: file, position: position,
        "the config is for the region \(service.region), and the endpoint \(shown) names \(endpoint.region); "
          + "give the endpoint of \(service.region): its name has its service's region")
    }
  }

  /// Takes a storage host: with an endpoint for the stages it becomes a zone of its own name, and otherwise it is told
  /// what it needs. It never leads to Snowflake's endpoint.
  mutating func storage(_ item: SourceText, _ key: String, _ entry: ExportEntry) throws(Problem) {
    let isStage = key == "privatelink-internal-stage" || key == "\(SnowflakeKey.listPrefix)stage"
    namesStage = namesStage || isStage
    guard let name = storageHost(item.string) else {
      let mayBeNamed = options.stage != nil && options.stageHosts.isEmpty && item.octets.has(".s3.")
      let remedy = mayBeNamed ? "; if it is your stage's, say so with --stage-host NAME" : ""
      warnings.append(
        Problem(
          file: file, position: item.position(0), severity: .warning,
          "\(quoted(item.string)) is not of the shape that storage has (sfc-…-customer-stage.s3.REGION.amazonaws.com, or "
            + "an Azure storage account); it was left out\(remedy)"))
      leftOut.append(Plan.LeftOut(entry.key, why: "not of the shape that storage has", position: entry.position))
      return
    }
    let shown = name.textWithoutFinalDot
    let service = shown.hasSuffix(".core.windows.net") ? "Blob storage" : "S3"
    if isStage {
      if options.stage != nil, !options.stageHosts.isEmpty, !options.stageHosts.contains(name) {
        let why = "\(shown) is none of those that --stage-host names"
        leftOut.append(Plan.LeftOut(entry.key, why: why, position: entry.position))
        return
      }
      if options.stage != nil, let host = Link.Host(name: name, zone: name, sources: [Link.Source(key: key)]) {
        stageHosts.append(host)
        givenKeys.insert(key)
        return
      }
      let why = "\(shown) needs an endpoint of \(service), not this one"
      leftOut.append(Plan.LeftOut(entry.key, why: why, position: entry.position))
      nextSteps.append(
        "the internal stage \(shown) still needs an endpoint of \(service): "
          + "\(command("snowflake", link: options.link.name)) --stage-endpoint VPCE CONFIG")
    } else {
      let why = "\(shown) needs an endpoint of \(service) of its own"
      leftOut.append(Plan.LeftOut(entry.key, why: why, position: entry.position))
      nextSteps.append(
        "the storage volume \(shown) still needs an endpoint of \(service): "
          + "\(command("hosts", link: "\(options.link.name)-storage")) --endpoint VPCE "
          + shellOperands([shown]))
    }
  }

  private func command(_ kind: String, link: String) -> String {
    importCommand(kind, workspace: workspace?.name ?? "W", link: link)
  }

  /// The host of `sfc-….s3.REGION.amazonaws.com`, of a Blob host, or of an Azure storage account's resource id.
  private func storageHost(_ text: String) -> Name? {
    guard text.utf8.count <= Limits.Links.hostTextOctets else { return nil }
    if text.asciiLowercased.startsSame(as: "/subscriptions/") {
      let parts = text.utf8.split(separator: 0x2f).map { String(decoding: $0, as: UTF8.self) }
      guard let last = parts.last, parts.dropLast().last?.asciiLowercased.isSame(as: "storageaccounts") == true else {
        return nil
      }
      return storageHost("\(last).blob.core.windows.net")
    }
    guard SnowflakeKey.refusalByShape(text) == nil, case .host(let name, _) = HostText.read(text), !name.isWildcard
    else {
      return nil
    }
    return Self.isBlob(name) || regionOfS3(name) != nil ? name : nil
  }

  private static func isBlob(_ name: Name) -> Bool {
    let labels = name.textWithoutFinalDot.split(separator: ".")
    return labels.count == 5 && labels.dropFirst().elementsEqual(["blob", "core", "windows", "net"])
  }

  /// The region of a stage's bucket in S3; nil when the name is none: any other bucket may be anybody's, and leads there
  /// only when a person names it.
  private func regionOfS3(_ name: Name) -> String? {
    let labels = name.textWithoutFinalDot.split(separator: ".").map { String($0) }
    guard labels.count >= 5, labels[1] == "s3", labels[3] == "amazonaws" else { return nil }
    let isStage = labels[0].hasPrefix("sfc-") && labels[0].hasSuffix("-customer-stage")
    guard isStage || options.stageHosts.contains(name) else { return nil }
    let ending = labels[4...].joined(separator: ".")
    return ["com", "com.cn", "eu"].contains(ending) ? labels[2] : nil
  }

  /// Holds the stages' endpoint against where the storage is.
  mutating func checkStage() throws(Problem) {
    guard let stage = options.stage else { return }
    guard let host = stageHosts.first else {
      // What is there and was left out is told of already.
      guard !namesStage else { return }
      warnings.append(
        Problem(
          file: file, severity: .warning,
          "the config has no privatelink-internal-stage, so that nothing leads to the --stage-endpoint; an administrator "
            + "sets ENABLE_INTERNAL_STAGES_PRIVATELINK to true"))
      return
    }
    let names = Set(stageHosts.map(\.name)).sorted()
    guard names.count == 1 || !options.stageHosts.isEmpty else {
      let shown = names.prefix(5).map(\.textWithoutFinalDot).joined(separator: ", ")
      throw Problem(
        file: file,
        "the config names \(names.count) hosts of storage (\(shown)), and an account has one internal stage; say with "
          + "--stage-host NAME which are to lead to the --stage-endpoint")
    }
    for name in names {
      notes.append("\(name.textWithoutFinalDot) is taken for the internal stage's storage, and leads to \(stage.text)")
      if Self.isBlob(name), options.stageHosts.isEmpty {
        warnings.append(
          Problem(
            file: file, severity: .warning,
            "\(name.textWithoutFinalDot) is the config's word alone: whose a storage account is cannot be seen by its name; "
              + "say with --stage-host that it is your stage's"))
      }
    }
    guard let endpoint = stage.vpcEndpoint, let region = regionOfS3(host.name) else { return }
    guard endpoint.service == "s3" else {
      throw Problem(
        "\(stageCalled) \(quoted(stage.text)) is an endpoint of \(endpoint.service), not of S3; give "
          + "bucket.vpce-….s3.\(region).vpce.amazonaws.com with --stage-endpoint")
    }
    guard endpoint.region == region else {
      throw Problem(
        "\(stageCalled) \(quoted(stage.text)) is in \(endpoint.region), and the stage in \(region); give the "
          + "endpoint of S3 in \(region) with --stage-endpoint")
    }
  }
}

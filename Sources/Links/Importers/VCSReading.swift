import Bounds
import Text
import Wire

/// A Git server's hosts while they are read.
struct VCSReading {
  let options: VCSImport.Options
  /// Where the hosts will lead: as is said, or as the link has it; nil for nowhere yet.
  let endpoint: Endpoint?
  private var hosts: [Link.Host] = []
  private var errors: [Problem] = []
  private var notes: [String] = []
  private var service: String?
  private var usesSSH = false
  /// Ports that stand with the hosts, of SSH and of HTTPS.
  private var ports: (ssh: Set<Int>, web: Set<Int>) = ([], [])

  /// The start of another command line for the link.
  private let command: (String) -> String

  init(options: VCSImport.Options, endpoint: Endpoint?, in workspace: WorkspaceFolder) {
    self.options = options
    command = { options.link.command($0, in: workspace) }
    self.endpoint = endpoint
  }

  /// Reads the input and the options; what is wrong is told of by `draft`.
  mutating func read(_ input: VCSImport.Input) {
    switch input {
    case .hosts(let items, let file):
      read(items, file: file)
      if hosts.isEmpty, errors.isEmpty, options.registry == nil, options.pages == nil {
        errors.append(
          Problem(
            "no hosts: name the server's as arguments or with --from FILE; for Git over SSH alone no name is needed: "
              + "clients use the endpoint's own name as host"))
      }
    case .form(let form, let file):
      do throws(Problem) { try read(form, file: file) } catch { errors.append(error) }
    }
    add(options.registry, "registry", flag: "--registry")
    addPages()
    if options.product == nil, let product = options.effectiveProduct {
      notes.append("the server is \(product.title), as the flags say")
    }
  }

  private mutating func read(_ items: [HostsImport.Item], file: String?) {
    for item in items where errors.count <= Limits.Links.remarks {
      guard hosts.count < Limits.Links.hosts else {
        errors.append(
          Problem(
            file: file, position: item.position,
            "more than \(Limits.Links.hosts) hosts in one link; import the rest into another --link"))
        break
      }
      do throws(Problem) {
        add(try host(item.text, at: item.position, file: file), "host")
      } catch { errors.append(error) }
    }
  }

  /// Adds a server's host, and with subdomain isolation all that is below it.
  private mutating func add(_ name: Name, _ key: String) {
    append(name, zone: name.isWildcard ? name.parent ?? name : name, key)
    guard options.subdomains else { return }
    if name.isWildcard {
      notes.append("\(name.textWithoutFinalDot) is what --subdomains adds to its host; name the host")
      return
    }
    append(name.prefixed(by: [0x2a]), zone: name, "subdomains")
    let list = VCSImport.subdomains.joined(separator: ", ")
    let shown = name.textWithoutFinalDot
    notes.append(
      "*.\(shown) covers what subdomain isolation puts below the host (\(list)), and whatever else is asked for there")
  }

  private mutating func append(_ name: Name?, zone: Name, _ key: String) {
    if let name, let host = Link.Host(name: name, zone: zone, sources: [Link.Source(key: key)]) { hosts.append(host) }
  }

  private mutating func add(_ text: String?, _ key: String, flag: String) {
    guard let text else { return }
    do throws(Problem) {
      let name = try host(text, at: nil, file: nil, flag: flag)
      guard !name.isWildcard else { throw Problem("\(flag): \(quoted(text)) is a pattern; name one host") }
      append(name, zone: name, key)
    } catch { errors.append(error) }
  }

  /// Adds the domain of GitLab Pages: itself, and a pattern for the hosts of all groups.
  private mutating func addPages() {
    guard let text = options.pages else { return }
    do throws(Problem) {
      let name = try host(text, at: nil, file: nil, flag: "--pages")
      let domain = name.isWildcard ? name.parent ?? name : name
      append(domain, zone: domain, "pages")
      append(domain.prefixed(by: [0x2a]), zone: domain, "pages")
      notes.append("*.\(domain.textWithoutFinalDot) covers the Pages of every group and user")
    } catch { errors.append(error) }
  }

  /// A host as a person named it, that no vendor has for everybody.
  private mutating func host(
    _ text: String, at position: Position?, file: String?, flag: String? = nil
  ) throws(Problem) -> Name {
    let (bare, isSSH) = VCSImport.bareHost(text)
    let prefix = flag.map { "\($0): " } ?? ""
    let refuse = { (why: String) in Problem(file: file, position: position, "\(prefix)\(quoted(bare)) \(why)") }
    if let placeholder = Placeholder.found(in: bare) {
      throw refuse("still holds the placeholder \(quoted(placeholder)); write the host's own name")
    }
    if let service = VPCEndpointService(bare) {
      throw refuse("is the name of the service \(service.id); write the host that Git clients use")
    }
    guard case .host(let name, let changes) = HostText.read(bare) else {
      if case .none(let why) = HostText.read(bare) { throw refuse("\(why); write the host's name: git.corp.example") }
      throw refuse("is no host")
    }
    let own = name.isWildcard ? name.parent ?? name : name
    if let port = HostText.port(bare) {
      if isSSH { ports.ssh.insert(port) } else { ports.web.insert(port) }
    }
    if (try? VPCEndpointName(own)) != nil {
      throw refuse("is a VPC endpoint, which goes to --endpoint; write the host that Git clients use")
    }
    if let vendor = VendorDomain.of(own), let remedy = vendor.remedy(command) {
      throw refuse("is \(vendor.vendor)'s public service, which no private link of this kind leads to; \(remedy)")
    }
    if PublicDomain.isRegistered(own) {
      let zone = own.textWithoutFinalDot
      let hosts = flag == "--pages" ? [zone, "*.\(zone)"] : name.isWildcard ? ["*.\(zone)"] : [zone]
      throw refuse(
        "would hide every other name of that domain; use \(command("hosts")) --zone \(word: zone) "
          + "--miss forward \(shellOperands(hosts))")
    }
    if let why = PublicDomain.refusalOfHost(own) { throw Problem(file: file, position: position, prefix + why) }
    let isCut = !bare.isSame(as: text)
    let taken = changes.filter { $0 != "the port" }
    if !taken.isEmpty || isCut {
      let what = (isCut ? ["the user and path"] : []) + taken
      notes.append("\(name.textWithoutFinalDot), without \(what.joined(separator: ", "))")
    }
    usesSSH = usesSSH || isSSH
    return name
  }
}

extension VCSReading {
  /// Takes a form's hosts, and holds what else it says against the endpoint.
  private mutating func read(_ form: VCSForm, file: String) throws(Problem) {
    if let refusal = form.refusalOfType() { throw refusal }
    notes.append("the form of a link to a Git server")
    let items = try form.hosts()
    read(items, file: file)
    if let (value, position) = try form.service() {
      service = value.text
      try check(value, at: position, form: form, file: file)
    }
    guard items.isEmpty, errors.isEmpty, options.registry == nil, options.pages == nil else { return }
    guard service != nil else {
      throw Problem(file: file, "the form is not filled in: it says neither a service nor a host; ask for both")
    }
    notes.append("the form names no host, so that Git goes over SSH alone, which needs no names")
  }

  private func check(
    _ service: VPCEndpointService, at position: Position, form: VCSForm, file: String
  ) throws(Problem) {
    if let region = form.region(), !region.string.asciiLowercased.isSame(as: service.region) {
      throw Problem(
        file: file, position: region.position(0),
        "the form says the region \(quoted(region.string)), and its service is in \(service.region); ask which is right, "
          + "and correct the form")
    }
    guard let endpoint = endpoint?.vpcEndpoint else { return }
    guard endpoint.service == service.id else {
      throw Problem(
        file: file, position: position,
        "the form is for the service \(service.id), and the endpoint is of \(endpoint.service); give the endpoint of this "
          + "form's service with --endpoint, or that service's form")
    }
    guard endpoint.region == service.region else {
      throw Problem(
        file: file, position: position,
        "the form's service is in \(service.region), and the endpoint's name says \(endpoint.region); an endpoint's name "
          + "has its service's region: give that one with --endpoint")
    }
  }

  /// What the importer made of the input.
  ///
  /// - Throws: everything that is wrong with it.
  mutating func draft() throws(Problems) -> LinkDraft {
    guard errors.isEmpty else { throw Problems(errors.shortened) }
    var draft = options.link.draft(kind: VCSImport.kind, service: service, hosts: hosts)
    // A port that is said is that of its protocol; the other protocol keeps its usual one.
    if options.link.ports == nil, !(ports.ssh.isEmpty && ports.web.isEmpty) {
      let usual = LinkKind.named(VCSImport.kind)?.ports ?? []
      let ssh = ports.ssh.isEmpty ? Set(usual.prefix(1)) : ports.ssh
      let all = ssh.union(ports.web.isEmpty ? Set(usual.dropFirst()) : ports.web).sorted()
      if all != usual {
        draft.link.statedPorts = all
        notes.append("the ports are those that stand with the hosts: \(draft.link.portsText); --port says others")
      }
    }
    draft.givenKeys = Set(hosts.flatMap { $0.sources.map(\.key) }).intersection(["registry", "pages"])
    draft.warnings += HostsImport.bareWildcards(hosts).shortened
    draft.notes = notes.shortened
    draft.nextSteps = nextSteps
    draft.proof = hosts.first { !$0.name.isWildcard }?.name
    return draft
  }

  private var nextSteps: [String] {
    var steps: [String] = []
    if options.effectiveProduct == .github, !options.subdomains, !hosts.isEmpty {
      steps.append(
        "if subdomain isolation is on at the server: \(command(VCSImport.kind)) --product github --subdomains "
          + shellOperands([hosts.first { !$0.name.isWildcard }?.name.textWithoutFinalDot ?? "HOST"]))
    }
    let host = endpoint?.name?.textWithoutFinalDot ?? endpoint?.addresses.first?.description ?? "ENDPOINT"
    let known = usesSSH ? "; with the server's name known_hosts stays as it is" : ""
    steps.append("Git over SSH alone needs no names: ssh://git@\(host)/GROUP/REPOSITORY.git works without them\(known)")
    return steps
  }
}

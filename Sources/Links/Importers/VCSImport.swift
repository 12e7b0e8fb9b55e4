import Bounds
import Text
import Wire

/// What a Git server is, where its names depend on it.
public enum VCSProduct: String, CaseIterable, Sendable {
  case github
  case gitlab
  case bitbucket
  case azureDevOps = "azure-devops"

  /// As its vendor calls what a customer installs.
  var title: String {
    switch self {
    case .github: "GitHub Enterprise Server"
    case .gitlab: "GitLab"
    case .bitbucket: "Bitbucket Data Center"
    case .azureDevOps: "Azure DevOps Server"
    }
  }
}

/// `import vcs`: a Git server inside a customer's network.
public enum VCSImport {
  /// The kind of these links.
  public static let kind = "vcs"

  /// What GitHub Enterprise Server puts below its host with subdomain isolation.
  static let subdomains = [
    "assets", "avatars", "codeload", "gist", "media", "pages", "raw", "render", "reply", "uploads",
  ]

  /// What is read: hosts that are named, or a form.
  public enum Input: Sendable {
    case hosts([HostsImport.Item], file: String?)
    case form(VCSForm, file: String)
  }

  /// What a person says besides the hosts.
  public struct Options: Sendable {
    /// What is said of a link of any kind.
    public var link: LinkRequest
    /// What the server is; nil when it is not said.
    public var product: VCSProduct?
    /// True for GitHub's subdomain isolation: all that is below the hosts leads to the server too.
    public var subdomains = false
    /// The host of GitLab's container registry.
    public var registry: String?
    /// The domain of GitLab Pages, below which each group has a host.
    public var pages: String?

    /// Takes what must be said.
    public init(_ link: LinkRequest) { self.link = link }

    /// What the server is: as it is said, or as what else is said has it.
    var effectiveProduct: VCSProduct? {
      product ?? (subdomains ? .github : registry != nil || pages != nil ? .gitlab : nil)
    }

    /// Why these do not go together; nil when they do.
    public var contradiction: String? {
      let product = effectiveProduct
      if subdomains, product != .github {
        return
          "--subdomains is for the subdomain isolation of GitHub Enterprise Server; leave it out, or say --product github"
      }
      guard registry != nil || pages != nil, product != .gitlab else { return nil }
      let flag = registry != nil ? "--registry" : "--pages"
      return product == .github
        ? "\(flag) is GitLab's; what GitHub has below its host comes with --subdomains"
        : "\(flag) is GitLab's; leave it out, or say --product gitlab"
    }
  }

  /// Reads a file: a form as customers send it, or hosts, one or more a line.
  ///
  /// - Throws: when it is not text, too large, or neither.
  public static func read(_ bytes: [UInt8], file: String) throws(Problem) -> Input {
    let text = try plainText(bytes, file: file)
    if let form = try VCSForm(text, file: file) { return .form(form, file: file) }
    let items = try HostsImport.items(text.octets, file: file).filter { $0.leftOut == nil }
    if let item = items.first(where: { !$0.addresses.isEmpty || $0.endpoint != nil }) {
      throw Problem(
        file: file, position: item.position,
        "\(quoted(item.text)) has beside it where it leads, and a Git server's hosts lead to the link's endpoint: say that with "
          + "--endpoint or --address, and take it out of the list")
    }
    return .hosts(items, file: file)
  }

  /// Text with the spaces and quotes that mail programs put in read as plain ones.
  private static func plainText(_ bytes: [UInt8], file: String) throws(Problem) -> SourceText {
    let isWide = bytes.starts(with: [0xff, 0xfe]) || bytes.starts(with: [0xfe, 0xff])
    if isWide || bytes.prefix(Limits.Links.pasteOctets).contains(where: { $0 < 0x20 && !isSpace($0) }) {
      let what = isWide ? "UTF-16 text; save it as UTF-8" : "not plain text; save the mail or the list as text, UTF-8"
      throw Problem(file: file, "the input is \(what)")
    }
    let function = ExportedFunction(name: "", heading: "", keys: [], knows: { _ in false })
    var reader = ExportReader(function: function, file: file)
    return try reader.cleaned(bytes)
  }

  /// Plans an import; nothing is written.
  ///
  /// - Throws: everything that is wrong with the hosts, or that stands in their way in the workspace.
  public static func plan(_ input: Input, options: Options, in workspace: WorkspaceFolder) throws(Problems) -> Plan {
    if let why = options.contradiction { throw Problems([Problem(why)]) }
    let old = workspace.existingLink(options.link.name, ofKind: kind)
    var reading = VCSReading(options: options, endpoint: options.link.endpoint ?? old?.main.endpoint, in: workspace)
    reading.read(input)
    return try LinkUpdate.plan(reading.draft(), for: options.link, in: workspace)
  }

  /// The host of what people copy from their Git clients: `git@HOST:GROUP/REPOSITORY.git`, `ssh://git@HOST:22/…`,
  /// `https://USER:TOKEN@HOST/…`. The user and the token are not looked at, and not shown.
  ///
  /// - Returns: the host, with its scheme and port where there is one, and whether it was one of SSH.
  static func bareHost(_ text: String) -> (host: String, isSSH: Bool) {
    let octets = Array(text.utf8.prefix(Limits.Links.hostTextOctets + 1))
    let scheme = octets.indices.first { octets[$0...].starts(with: "://".utf8) }.map { $0 + 3 }
    let start = scheme ?? 0
    let end = octets[start...].firstIndex { $0 == 0x2f || $0 == 0x3f || $0 == 0x23 } ?? octets.count
    let authority = octets[start..<end]
    guard let at = authority.lastIndex(of: 0x40) else {
      let isSSH = octets.starts(with: "ssh://".utf8)
      return (text, isSSH)
    }
    var host = authority[(at + 1)...]
    // Without a scheme the colon starts the path, as scp has it.
    if scheme == nil, let colon = host.firstIndex(of: 0x3a) { host = host[..<colon] }
    let isSSH = scheme == nil || octets.starts(with: "ssh".utf8)
    return (String(decoding: octets[..<start] + host, as: UTF8.self), isSSH)
  }
}

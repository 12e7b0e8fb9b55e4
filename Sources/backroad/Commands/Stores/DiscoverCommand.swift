import Fleet
import Server
import Text

/// `backroad discover kubernetes`.
enum DiscoverCommand {
  private static let api = Flag(
    "--api", "URL|unix:PATH",
    help: "the API server without TLS: kubectl proxy (default: \(StoreAddress.Member.usualAPIServer))")

  static let kubernetes = Command(
    words: ["discover", "kubernetes"],
    summary: "find a cluster's pods, and write whose clients they are into the store",
    flags: [.store, .storeUserFile, .config, api],
    details: """
      Lists and watches pods and namespaces through "kubectl proxy", and writes a leased key for each pod's
      address into the store, which is in etcd. There may be several; one leads. SIGTERM ends it, and lets
      the next lead. Which pods are whose clients is in docs/kubernetes.
      """,
    examples: [
      "backroad discover kubernetes --store etcd:http://127.0.0.1:2379",
      "backroad discover kubernetes --store etcd:unix:/run/etcd/etcd.sock:1 --api unix:/run/proxy/api.sock",
    ],
    run: { arguments, _ in
      let file = arguments.hasOwnConfiguration ? try arguments.configurationFile() : ServerSettings()
      guard let store = try arguments.storeAddress(over: file) else {
        throw UsageError("pods are written into a store in etcd, not into a folder; name it with --store etcd:…")
      }
      let member = try readFlag(api) { () throws(Problem) in
        try StoreAddress.Member(apiServer: arguments.value(api) ?? StoreAddress.Member.usualAPIServer)
      }
      try KubernetesDiscovery.run(api: member, store: store, try arguments.storeCredentials(over: file))
      return .done
    })
}

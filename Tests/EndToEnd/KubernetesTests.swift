import Foundation
import Testing

extension EndToEnd {
  /// The manifests of docs/kubernetes, and its image.
  @Suite struct Kubernetes {
    private static let folder = Lab.repository.appendingPathComponent("docs/kubernetes")
    /// `Tests/run` puts it there.
    private static let validator = Lab.repository.appendingPathComponent(
      ".build/kubernetes-validate/bin/kubernetes-validate"
    ).path

    private static func manifests() throws -> [String: String] {
      var texts: [String: String] = [:]
      for name in try FileManager.default.contentsOfDirectory(atPath: folder.path) where name.hasSuffix(".yaml") {
        texts[name] = try String(contentsOf: folder.appendingPathComponent(name), encoding: .utf8)
      }
      return texts
    }

    /// The `backroad.json` of the ConfigMap.
    private static func configuration() throws -> String {
      let text = try #require(try manifests()["namespace.yaml"])
      let lines = text.components(separatedBy: "  backroad.json: |\n")[1].components(separatedBy: "\n")
      return lines.map { String($0.dropFirst(4)) }.joined(separator: "\n")
    }

    /// What a manifest's container of Backroad is started with.
    private static func words(of manifest: String) throws -> [String] {
      try words(ofText: #require(try manifests()[manifest]))
    }

    private static func words(ofText text: String) throws -> [String] {
      let container = try #require(
        text.components(separatedBy: "image: registry.example/backroad:1\n").dropFirst().first)
      let lines = try #require(container.components(separatedBy: "          args:\n").dropFirst().first)
      return lines.components(separatedBy: "\n").prefix { $0.hasPrefix("            ") }.compactMap { line in
        let word = line.drop { $0 == " " }
        return word.hasPrefix("- ") ? String(word.dropFirst(2)) : nil
      }
    }

    private func validate(_ lab: Lab, _ files: [String], version: String) throws -> Outcome {
      guard FileManager.default.isExecutableFile(atPath: Self.validator) else {
        throw LabError("kubernetes-validate is not there; Tests/run installs it into .build")
      }
      return try lab.run(Self.validator, ["--strict", "--quiet", "-k", version] + files)
    }

    /// The oldest that has all that is used, and a newer one.
    @Test(arguments: ["1.30.0", "1.34.0"]) func everyManifestIsOneOfKubernetes(_ version: String) throws {
      try Lab.run { lab in
        let names = try Self.manifests().keys.sorted()
        #expect(names.count == 8)
        let outcome = try validate(
          lab, names.map { Self.folder.appendingPathComponent($0).path }, version: version)
        #expect(outcome.status == 0, "\(outcome.output)\(outcome.errors)")
        // What has a slip in it is told.
        let server = try #require(try Self.manifests()["server.yaml"])
        try lab.write(server.replacingOccurrences(of: "maxSurge:", with: "maxSurges:"), to: "slip.yaml")
        #expect(try validate(lab, ["slip.yaml"], version: version).status != 0)
      }
    }

    /// Pods and namespaces, to get, list and watch.
    @Test func theRoleReadsPodsAndNamespacesAndNothingElse() throws {
      let texts = try Self.manifests()
      let rule = """
        rules:
          - apiGroups: [""]
            resources: ["pods", "namespaces"]
            verbs: ["get", "list", "watch"]
        ---
        """
      #expect(try #require(texts["discovery.yaml"]).contains(rule))
      let all = texts.values.joined()
      #expect(all.components(separatedBy: "verbs:").count == 2)
      #expect(all.components(separatedBy: "ClusterRole\n").count == 3, "the role, and the binding's reference")
      // The token is in one container.
      #expect(all.components(separatedBy: "/var/run/secrets/kubernetes.io/serviceaccount").count == 2)
      #expect(all.components(separatedBy: "serviceAccountToken:").count == 2)
    }

    /// Whatever runs in Backroad's namespace is without root, rights and a place to write.
    @Test func everyContainerIsConfined() throws {
      for (name, text) in try Self.manifests() where !["connector.yaml", "coredns.yaml"].contains(name) {
        func count(_ line: String) -> Int { text.components(separatedBy: line).count - 1 }
        let containers = count(" image: ")
        #expect(count("drop: [\"ALL\"]") == containers, "\(name)")
        #expect(count("readOnlyRootFilesystem: true") == containers, "\(name)")
        #expect(count("allowPrivilegeEscalation: false") == containers, "\(name)")
        #expect(count("runAsNonRoot: true") == count("\n  template:"), "\(name)")
        #expect(count("type: RuntimeDefault") == count("\n  template:"), "\(name)")
        #expect(!text.contains("hostNetwork") && !text.contains("privileged: true"), "\(name)")
      }
    }

    /// Whoever answers is asked no more before it ends, and answers on while nodes notice.
    @Test func everyServerHasItsProbesAndItsLameduck() throws {
      let texts = try Self.manifests()
      let configuration = try #require(texts["namespace.yaml"])
      let lameduck = try #require(configuration.firstMatch(of: /"lameduck": (\d+)/).flatMap { Int($0.1) })
      let port = try #require(configuration.firstMatch(of: /"probes": "0\.0\.0\.0:(\d+)"/)?.1)
      for name in ["server.yaml", "node-local.yaml", "git-sync.yaml"] {
        let text = try #require(texts[name])
        for (probe, path) in [("readinessProbe", "/readyz"), ("livenessProbe", "/healthz")] {
          let lines = "\(probe):\n            httpGet:\n              path: \(path)\n              port: probes\n"
          #expect(text.contains(lines), "\(name): \(probe)")
        }
        #expect(text.contains("- name: probes\n              containerPort: \(port)\n"), "\(name)")
        let grace = try #require(text.firstMatch(of: /terminationGracePeriodSeconds: (\d+)/).flatMap { Int($0.1) })
        // Five seconds for what is in flight, and some for the sidecars.
        #expect(grace >= lameduck + 10, "\(name)")
        let period = try #require(text.firstMatch(of: /readyz\n.*\n +periodSeconds: (\d+)\n +failureThreshold: (\d+)/))
        #expect(try #require(Int(period.1)) * #require(Int(period.2)) * 2 < lameduck, "\(name): noticed in time")
      }
    }

    @Test func theConfigurationOfTheManifestIsRight() throws {
      let configuration = try Self.configuration()
      #expect(configuration.contains("\"listen\""))
      try Lab.run { lab in
        try lab.workspace("acme", clients: ["10.1.0.0/16"])
        try lab.write(configuration, to: "backroad.json")
        let outcome = try lab.run(Lab.backroad(), ["check"])
        #expect(outcome.status == 0, "\(outcome.output)\(outcome.errors)")
      }
    }

    /// What the manifests' containers are started with is understood, and what is named there is mounted.
    @Test func everyCommandOfTheManifestsIsOneOfBackroads() throws {
      try Lab.run { lab in
        var commands: Set<String> = []
        for (name, text) in try Self.manifests() where text.contains("image: registry.example/backroad:1\n") {
          let words = try Self.words(ofText: text)
          let command = words.prefix { !$0.hasPrefix("-") }
          commands.insert(command.joined(separator: " "))
          let help = try lab.run(Lab.backroad(), command + ["--help"])
          #expect(help.status == 0, "\(name): \(command)")
          let container = try #require(text.components(separatedBy: "image: registry.example/backroad:1\n").last)
          for word in words.dropFirst(command.count) {
            let parts = word.split(separator: "=", maxSplits: 1)
            #expect(
              help.output.contains("  \(parts[0]) ") || help.output.contains("  \(parts[0])\n"), "\(name): \(word)")
            guard parts.count == 2, let slash = parts[1].firstIndex(of: "/"), !parts[1].contains("//") else { continue }
            let path = parts[1][slash...]
            let mounts = container.matches(of: /mountPath: (\S+)/).map(\.1)
            #expect(mounts.contains { path == $0 || path.hasPrefix($0 + "/") }, "\(name): \(word) in \(mounts)")
          }
        }
        #expect(commands == ["serve", "discover kubernetes"])
      }
    }

    /// Every command that the page names is one.
    @Test func everyCommandOfThePageIsOneOfBackroads() throws {
      let page = try String(contentsOf: Self.folder.appendingPathComponent("README.md"), encoding: .utf8)
      let commands = Set(page.matches(of: /`backroad ([a-z]+(?: [a-z]+)?)[^`]*`/).map { String($0.1) })
      #expect(commands.count >= 2)
      try Lab.run { lab in
        for command in commands {
          let words = command.split(separator: " ").map(String.init)
          let help = try lab.run(Lab.backroad(), words + ["--help"])
          #expect(help.status == 0, "backroad \(command)")
        }
      }
    }

    /// The image's root file system has all that the program needs, and no more than that.
    @Test func theImagesRootFileSystemRuns() throws {
      try Lab.run { lab in
        let root = lab.folder.appendingPathComponent("root").path
        let made = try lab.run(Self.folder.appendingPathComponent("rootfs").path, [Container.program(), root])
        #expect(made.status == 0, "\(made.errors)")
        // Swift finds a program's arguments in /proc.
        let script = "mount --rbind /proc \"$0/proc\" && exec chroot \"$0\" /usr/local/bin/backroad version"
        let outcome = try lab.run(
          "/usr/bin/unshare", ["--user", "--map-root-user", "--mount", "sh", "-c", script, root])
        #expect(outcome.status == 0 && outcome.output.hasPrefix("Backroad "), "\(outcome.output)\(outcome.errors)")
        #expect(!FileManager.default.fileExists(atPath: root + "/bin/sh"))
        // A folder that has something in it is not written to.
        #expect(
          try lab.run(Self.folder.appendingPathComponent("rootfs").path, [Container.program(), root]).status == 1)
      }
    }

    /// As a container runs it: by the manifest's configuration and words, as the first process and as nobody in particular, on
    /// a root file system that nothing can be written to, on port 53 without a capability.
    @Test func theImageServesAsAContainerDoes() throws {
      try Lab.run { lab in
        let container = try Container(in: lab, configuration: Self.configuration(), zones: "/zones/current")
        try lab.workspace("acme", clients: ["127.0.0.1"], zones: ["corp.example": "www A 10.1.0.1\n"])
        // As git-sync leaves a checkout.
        try container.copy("zones", to: "zones/checkout")
        try container.link("zones/current", to: "checkout")
        try container.start(try Self.words(of: "git-sync.yaml"))
        try eventually("it is ready", within: 20) { try container.probe("/readyz") == 200 }
        for flag in ["+notcp", "+tcp"] {
          let answer = try container.inside("dig", ["@127.0.0.1", flag, "+short", "www.corp.example"])
          #expect(answer.output == "10.1.0.1\n", "\(answer.output)\(answer.errors)")
        }
        let status = try container.status()
        #expect(status.capabilities == "0000000000000000" && status.privileges == "1", "\(status)")
        #expect(status.root.contains("ro"), "\(status)")
        // The first process of a container gets the signals that it waits for, and no others.
        container.signal(SIGTERM)
        try eventually("it is in its lameduck", within: 5) { try container.probe("/readyz") == 503 }
        #expect(try container.inside("dig", ["@127.0.0.1", "+short", "www.corp.example"]).output == "10.1.0.1\n")
        #expect(try container.probe("/healthz") == 200)
        container.signal(SIGTERM)
        let outcome = try container.end()
        #expect(outcome.status == 0, "\(outcome.errors)")
      }
    }

    /// With Swift's libraries linked into the program, as the Containerfile and `Tests/run --long` build it.
    @Test func theImageIsSmall() throws {
      try Lab.run { lab in
        let program = try Container.program()
        guard try !lab.run("ldd", [program]).output.contains("libswiftCore") else { return }
        let root = lab.folder.appendingPathComponent("root").path
        #expect(try lab.run(Self.folder.appendingPathComponent("rootfs").path, [program, root]).status == 0)
        let files = try lab.run("find", [root, "-type", "f", "-printf", "%s %P\\n"]).output.split(separator: "\n")
        let octets = files.compactMap { Int($0.prefix { $0.isNumber }) }.reduce(0, +)
        #expect(octets < 32 << 20, "\(files)")
        #expect(files.count <= 12, "\(files)")
      }
    }
  }
}

import Admin
import Forwarding
import Links
import Server
import Storage
import SystemIO
import Text
import Wire
import Workspaces

extension WorkspaceSetting {
  /// What the configuration says: what it grants, where the server listens, and whom it asks. What flags of a running server
  /// say otherwise is not known here.
  ///
  /// - Parameter problems: gets what is wrong with the settings together.
  init(_ settings: ServerSettings, _ problems: inout [Problem]) {
    var configuration = ServerConfiguration()
    do throws(Problem) {
      configuration = try ServerSettings().configuration(
        over: settings, interfaces: System.interfaceAddresses, resolvConf: [])
    } catch {
      problems.append(error)
    }
    self.init(
      serverRules: configuration.serverRules,
      // Where the file does not say where the server listens, flags may, so nothing is said of that.
      own: OwnAddresses(settings.listen ?? [], interfaces: System.interfaceAddresses), grants: settings.grants,
      networks: PrivateNetworks(own: settings.ownNetworks ?? []),
      // Whoever wrote the files should not be able to make the look slow.
      seed: (try? System.hashSeed()) ?? .known)
  }
}

/// Why what a command has changed is not served: the workspace was broken before, or is by the configuration's word.
struct Unserved {
  /// The errors for which no server loads the workspace; empty where one does.
  let errors: [Problem]

  /// Looks at a workspace as a change leaves it. What is wrong with the configuration itself is for `check` to tell.
  init(_ folder: WorkspaceFolder, _ arguments: Arguments) {
    var ignored: [Problem] = []
    let settings = (try? arguments.configurationFile(&ignored)) ?? ServerSettings()
    let loaded = folder.source.map { Workspace.loadLinked($0, in: WorkspaceSetting(settings, &ignored)) }
    errors = loaded?.workspace == nil ? loaded?.problems.filter { $0.severity == .error } ?? [] : []
  }

  var isEmpty: Bool { errors.isEmpty }

  /// For a person, who has one thing to mend at a time.
  var warning: Problem? {
    guard let first = errors.first else { return nil }
    let rest = errors.count > 1 ? " (and \(errors.count - 1) more, which backroad check tells)" : ""
    return Problem(severity: .warning, "not served until this is mended: \(first)\(rest)")
  }

  /// For programs: each error with its place.
  var json: JSON { .array(errors.map(\.json)) }
}

import Bounds
import Text
import Wire
import Workspaces
import Zones

/// Whether what a plan would write can be read by those who read it later: the server, and the next command.
///
/// Readers have limits that no writer meets by itself, and a file that is refused when it is read would keep its workspace
/// from being changed at all. So a plan is made of what was read back, and of nothing else.
enum PlanCheck {
  /// Refuses more hosts, links or zones than a workspace may have together. What is there already stays as it is: only
  /// what adds to it is refused.
  static func sums(_ link: Link, _ links: [Link], zones: Int, in workspace: WorkspaceFolder) throws(Problems) {
    func refuse(_ message: String) -> Problems {
      Problems([Problem(file: workspace.shown(link.path), message + "; put some into another workspace")])
    }
    guard links.count <= Limits.Links.linksOfWorkspace else {
      throw refuse("more than \(Limits.Links.linksOfWorkspace) links in one workspace")
    }
    guard links.reduce(0, { $0 + $1.hostCount }) <= Limits.Links.hostsOfWorkspace else {
      throw refuse("more than \(Limits.Links.hostsOfWorkspace) hosts in all links of the workspace")
    }
    let written = workspace.zones.count { !workspace.isGenerated($0.path) }
    guard zones + written <= Limits.Links.zonesOfWorkspace else {
      throw refuse("more than \(Limits.Links.zonesOfWorkspace) zones in one workspace")
    }
  }

  /// Reads every file that a plan writes, as it will be read.
  static func readBack(_ files: [FileChange], link: Link?, over workspace: WorkspaceFolder) throws(Problems) {
    var problems: [Problem] = []
    for file in files {
      guard let content = file.content else { continue }
      problems += Self.problems(of: content, file.path, link, workspace).filter { $0.severity == .error }
      guard problems.count < Limits.Links.remarks else { break }
    }
    guard !problems.isEmpty else { return }
    throw Problems(
      problems + [Problem("nothing is written, because what would be could not be read again: see the line above")])
  }

  private static func problems(
    of content: [UInt8], _ path: String, _ link: Link?, _ workspace: WorkspaceFolder
  ) -> [Problem] {
    let shown = workspace.shown(path)
    if path == WorkspaceFile.fileName {
      // What was wrong before is not for a link to mend.
      let before = errors(ofSettings: workspace.files[path] ?? [], shown)
      return before.isEmpty ? errors(ofSettings: content, shown) : []
    }
    guard path.utf8.count <= Limits.Links.pathOctets else {
      return [Problem(file: shown, "the file's name is longer than file systems take; give the host a shorter name")]
    }
    if let link, path == link.path {
      do throws(Problem) {
        let read = try LinkFileReader.read(content, name: link.name, file: shown)
        return read == link ? [] : [Problem(file: shown, "this link would be read as another one")]
      } catch {
        return [error]
      }
    }
    do throws(NameTextError) {
      let apex = try Name(path.dropLast(WorkspaceSource.zoneSuffix.count))
      return Zone.check(MasterFile.parse(content, file: shown, origin: apex), apex: apex).problems
    } catch {
      return [Problem(file: shown, "the file's name is not a zone's: it has \(error)")]
    }
  }

  private static func errors(ofSettings bytes: [UInt8], _ file: String) -> [Problem] {
    do throws(Problems) {
      _ = try WorkspaceFile(bytes, file: file)
      return []
    } catch {
      return error.all
    }
  }
}

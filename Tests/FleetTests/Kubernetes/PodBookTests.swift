import Fleet
import Testing
import Wire
import Workspaces

/// Whose a pod's address is.
@Suite struct PodBookTests {
  private static let none = ResourceVersion("")
  private static let x = IPAddress.v4(0x0a02_0304)

  /// A book whose lists were whole once, of namespaces by their annotations.
  private static func book(_ namespaces: Namespace...) -> PodBook {
    var book = PodBook()
    book.setAll(namespaces, version: Self.none)
    book.setAll([] as [Pod], version: Self.none)
    return book
  }

  private static func namespace(
    _ name: String, _ workspace: String? = nil, podsChoose: String? = nil, uid: String? = nil, version: Int = 1
  ) -> Namespace {
    var namespace = Namespace()
    (namespace.name, namespace.uid, namespace.workspace) = (name, uid ?? "ns-\(name)", workspace)
    (namespace.podsChoose, namespace.version) = (podsChoose, ResourceVersion("\(version)"))
    return namespace
  }

  private static func pod(
    _ uid: String, in namespace: String = "jobs", name: String? = nil, at version: Int, _ addresses: [IPAddress] = [x],
    label: String? = nil
  ) -> Pod {
    var pod = Pod()
    (pod.uid, pod.namespace, pod.name) = (uid, namespace, name ?? "pod-\(uid)")
    (pod.version, pod.addresses, pod.label) = (ResourceVersion("\(version)"), addresses, label)
    pod.hasRunningContainer = true
    return pod
  }

  private static func identity(_ workspace: String, _ uid: String, in namespace: String = "jobs") throws -> PodIdentity
  {
    PodIdentity(
      workspace: try #require(WorkspaceName(workspace)), uid: uid, namespace: namespace, name: "pod-\(uid)")
  }

  @Test func theNamespacesAnnotationDecides() throws {
    var book = Self.book(Self.namespace("jobs", "acme"))
    book.set(Self.pod("a", at: 2, label: "globex"))
    #expect(book.wanted == [Self.x: try Self.identity("acme", "a")])
    #expect(book.takeChanges() == [.grant(Self.x, try Self.identity("acme", "a"))])
  }

  @Test func thePodsLabelCountsOnlyWhereItsNamespaceSaysSo() throws {
    var book = Self.book(Self.namespace("jobs", podsChoose: "true"), Self.namespace("closed"))
    book.set(Self.pod("a", at: 2, label: "globex"))
    book.set(Self.pod("b", in: "closed", at: 3, [.v4(7)], label: "globex"))
    book.set(Self.pod("c", at: 4, [.v4(8)]))
    #expect(book.wanted == [Self.x: try Self.identity("globex", "a")])
    book.set(Self.namespace("jobs", podsChoose: "yes", version: 5))
    #expect(book.wanted == [:])
  }

  /// An annotation that names none closes the namespace: the label does not come in its place.
  @Test func anAnnotationThatIsNoNameIsNobodys() {
    var book = Self.book(Self.namespace("jobs", "No Name", podsChoose: "true"))
    book.set(Self.pod("a", at: 2, label: "globex"))
    #expect(book.wanted == [:])
  }

  @Test func aPodOnItsNodesNetworkIsNobodys() {
    var book = Self.book(Self.namespace("jobs", "acme"))
    var pod = Self.pod("a", at: 2)
    pod.isOnHostNetwork = true
    book.set(pod)
    #expect(book.wanted == [:])
  }

  @Test func aFinishedPodIsNobodys() {
    var book = Self.book(Self.namespace("jobs", "acme"))
    book.set(Self.pod("a", at: 2))
    var pod = Self.pod("a", at: 3)
    pod.isFinished = true
    book.set(pod)
    #expect(book.wanted == [:])
    book.set(Self.pod("a", at: 2))
    #expect(book.wanted == [:], "an older word of it does not bring it back")
  }

  @Test func aPodThatIsBeingDeletedAsksUntilItsContainersAreGone() {
    var book = Self.book(Self.namespace("jobs", "acme"))
    var pod = Self.pod("a", at: 2)
    pod.isBeingDeleted = true
    book.set(pod)
    #expect(book.wanted.count == 1)
    (pod.hasRunningContainer, pod.version) = (false, ResourceVersion("3"))
    book.set(pod)
    #expect(book.wanted == [:])
  }

  @Test func bothFamiliesAreGranted() {
    var book = Self.book(Self.namespace("jobs", "acme"))
    book.set(Self.pod("a", at: 2, [Self.x, .v6(0xfd00 << 112 | 4)]))
    #expect(book.wanted.count == 2)
    book.removePod(uid: "a")
    #expect(book.wanted == [:])
  }

  /// The next pod has the address before anybody said that the former is gone.
  @Test func theDropComesBeforeTheGrant() throws {
    var book = Self.book(Self.namespace("jobs", "acme"), Self.namespace("other", "globex"))
    book.set(Self.pod("a", at: 2))
    _ = book.takeChanges()
    book.set(Self.pod("b", in: "other", at: 3))
    let globex = try Self.identity("globex", "b", in: "other")
    #expect(book.takeChanges() == [.drop(Self.x), .grant(Self.x, globex)])
    // The former one still says that it has it.
    book.set(Self.pod("a", at: 4))
    #expect(book.wanted == [Self.x: globex])
    // The newer one goes: the former does not get it back.
    book.removePod(uid: "b")
    book.set(Self.pod("a", at: 6))
    #expect(book.wanted == [:])
  }

  @Test func anotherUidUnderTheSameNameIsAnotherPod() throws {
    var book = Self.book(Self.namespace("jobs", "acme"))
    book.set(Self.pod("a", name: "db-0", at: 2))
    _ = book.takeChanges()
    var next = Self.pod("b", name: "db-0", at: 3, [])
    book.set(next)
    #expect(book.takeChanges() == [.drop(Self.x)])
    (next.addresses, next.version) = ([Self.x], ResourceVersion("4"))
    book.set(next)
    #expect(book.wanted[Self.x]?.uid == "b")
    // A late word of the former, and a late end of it.
    book.set(Self.pod("a", name: "db-0", at: 9))
    book.removePod(uid: "a")
    #expect(book.wanted[Self.x]?.uid == "b")
  }

  @Test func duplicateAndReorderedEventsChangeNothing() {
    var book = Self.book(Self.namespace("jobs", "acme"))
    book.set(Self.pod("a", at: 5))
    _ = book.takeChanges()
    book.set(Self.pod("a", at: 5))
    book.set(Self.pod("a", at: 4, []))
    book.set(Self.namespace("jobs", "globex", version: 0))
    #expect(book.takeChanges() == [])
    book.removePod(uid: "a")
    book.set(Self.pod("a", at: 6))
    #expect(book.wanted == [:], "what was deleted stays so")
  }

  /// Versions that are no numbers are in the order in which they come.
  @Test func opaqueVersionsGoByTheOrderOfTheStream() {
    var book = Self.book(Self.namespace("jobs", "acme"))
    var pod = Self.pod("a", at: 0)
    pod.version = ResourceVersion("zz")
    book.set(pod)
    (pod.version, pod.addresses) = (ResourceVersion("aa"), [])
    book.set(pod)
    #expect(book.wanted == [:])
    pod.addresses = [Self.x]
    book.set(pod)
    #expect(book.wanted == [:], "the same version")
  }

  @Test func whatIsNotInTheListIsGone() {
    var book = Self.book(Self.namespace("jobs", "acme"))
    book.set(Self.pod("a", at: 2))
    book.set(Self.pod("b", at: 3, [.v4(7)]))
    book.setAll([Self.pod("b", at: 3, [.v4(7)])], version: Self.none)
    #expect(book.wanted.keys.map { $0 } == [.v4(7)])
    book.setAll([] as [Namespace], version: Self.none)
    #expect(book.wanted == [:])
  }

  /// What was added and gone again while nobody watched is in no list; a late word of it does not bring it back.
  @Test func whatIsNoNewerThanTheListWasInIt() {
    var book = Self.book(Self.namespace("jobs", "acme"))
    book.setAll([] as [Pod], version: ResourceVersion("10"))
    book.set(Self.pod("a", at: 9))
    #expect(book.wanted == [:])
    book.set(Self.pod("b", at: 11))
    #expect(book.wanted.count == 1)
  }

  @Test func nothingIsGrantedBeforeBothListsAreWhole() {
    var book = PodBook()
    book.setAll([Self.pod("a", at: 2)], version: Self.none)
    book.set(Self.namespace("jobs", "acme"))
    #expect(book.wanted == [:] && !book.isWhole)
    book.setAll([Self.namespace("jobs", "acme")], version: Self.none)
    #expect(book.wanted.count == 1 && book.isWhole)
    book.forgetAll()
    #expect(book.wanted == [:] && !book.isWhole)
    #expect(book.takeChanges().count == 2)
  }

  @Test func twoPodsOfOneListWithOneAddressAreNobodysUntilOneIsLeft() {
    var book = Self.book(Self.namespace("jobs", "acme"), Self.namespace("other", "globex"))
    book.setAll([Self.pod("a", at: 2), Self.pod("b", in: "other", at: 3)], version: Self.none)
    #expect(book.wanted == [:] && book.contested == 1)
    book.removePod(uid: "a")
    #expect(book.wanted[Self.x]?.uid == "b" && book.contested == 0)
  }

  /// Who was known to have it lost it to whoever the list has anew.
  @Test func aListsNewPodHasTheAddressOfAKnownOne() {
    var book = Self.book(Self.namespace("jobs", "acme"), Self.namespace("other", "globex"))
    book.set(Self.pod("a", at: 2))
    book.setAll([Self.pod("a", at: 2), Self.pod("b", in: "other", at: 3)], version: Self.none)
    #expect(book.wanted[Self.x]?.uid == "b")
  }

  @Test func aNamespaceThatChangesHandsDropsFirst() throws {
    var book = Self.book(Self.namespace("jobs", "acme"))
    book.set(Self.pod("a", at: 2))
    _ = book.takeChanges()
    book.set(Self.namespace("jobs", "globex", version: 3))
    #expect(book.takeChanges() == [.drop(Self.x), .grant(Self.x, try Self.identity("globex", "a"))])
    book.removeNamespace(uid: "ns-jobs", name: "jobs")
    #expect(book.takeChanges() == [.drop(Self.x)])
    book.set(Self.namespace("jobs", "globex", version: 2))
    #expect(book.wanted == [:], "a late word of a namespace that is gone")
    book.set(Self.namespace("jobs", "acme", uid: "another", version: 5))
    #expect(book.wanted.count == 1)
  }

  @Test func tooManyPodsAreNobodysAndNoFormerOwners() {
    var book = PodBook(mostPods: 1)
    book.setAll([Self.namespace("jobs", "acme")], version: Self.none)
    book.setAll([Self.pod("a", at: 2)], version: Self.none)
    #expect(book.wanted.count == 1)
    book.set(Self.pod("b", at: 3))
    #expect(book.wanted == [:] && book.podCount == 1 && book.leftOut == 1)
  }
}

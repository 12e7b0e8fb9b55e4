import Bounds

/// A follower's times and limits. The times are the design's; tests make some of them shorter.
public struct FollowSettings: Hashable, Sendable {
  /// How long a connection may take to be made.
  public var connecting = Duration.seconds(3)
  /// How long an answer may go without bringing an octet. A member without a quorum says so after seven seconds.
  public var answering = Duration.seconds(8)
  /// How often the canary is put.
  public var canaryEvery = Duration.seconds(15)
  /// Within what time of its put, or of the last event before it, the canary must come by the watch.
  public var canaryWithin = Duration.seconds(10)
  /// For how long the replica's lease is granted, in seconds.
  public var leaseSeconds: Int64 = 30
  /// How often the lease is kept alive.
  public var keepAliveEvery = Duration.seconds(10)
  /// The shortest time between two puts of what the replica says of itself.
  public var presenceEvery = Duration.seconds(1)
  /// How often what is known is compared with what the store has.
  public var compareEvery = Duration.seconds(3600)
  /// The wait before a first further try, and the longest; each wait is twice the one before it, and between half of it and
  /// all of it is waited.
  public var shortestWait = Duration.milliseconds(100)
  /// The longest wait between two tries.
  public var longestWait = Duration.seconds(4)

  /// The most keys of a page; fewer where their values are large.
  public var pageKeys = Limits.Following.keysOfPage
  /// How many octets a page is to have, about.
  public var pageOctets = Limits.Following.octetsOfPage
  /// The most octets of a page that are kept; a page with more is asked for again in smaller parts.
  public var maximumPageOctets = Limits.Following.heldOctetsOfPage
  /// The most events of one revision.
  public var maximumEvents = Limits.Following.eventsOfRevision
  /// The most octets of one revision's keys and values.
  public var maximumEventOctets = Limits.Following.octetsOfRevision
  /// The most files of one workspace in the store.
  public var maximumFiles = Limits.Following.filesOfWorkspace
  /// The most octets of one workspace's files in the store.
  public var maximumWorkspaceOctets = Limits.Following.octetsOfWorkspace
  /// How many differences a comparison mends one by one; with more, everything is loaded anew.
  public var maximumMends = Limits.Following.mendsOfComparison

  /// The design's times and limits.
  public init() {}
}

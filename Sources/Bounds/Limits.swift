/// Every limit of what outsiders may make the server keep, read or build, in one place.
///
/// docs/limits.md is the same table for people. A limit is checked where data enters, and holds for sums too: what many
/// small things of one workspace come to. Times, and what a protocol itself bounds (the 255 octets of a name, the 65,535
/// of a message), are where they are used.
public enum Limits {
  /// Files of a workspace's folder.
  public enum Files {
    /// The largest file that is read, in octets.
    public static let octets = 64 << 20
    /// The most octets that are read of one workspace.
    public static let octetsOfWorkspace = 1 << 30
    /// How often a workspace is read again that changes while it is read.
    public static let readings = 20
    /// How long reading a workspace may take a core, all repetitions together, in milliseconds; and, for what it has:
    public static let readingMilliseconds = 250
    /// How much longer for each entry of a folder, in microseconds.
    public static let readingMicrosecondsOfEntry = 100
    /// How much longer for each MiB of its files, in milliseconds.
    public static let readingMillisecondsOfMebibyte = 4
    /// The most entries that a workspace's folder may have, sub-folders and all.
    public static let entriesOfFolder = 100_000
  }

  /// Reading and building workspaces while the server runs. What is being built at one time comes from `threads` files
  /// of a small workspace, as many of a middling one, `sparesOfThreads` more of each where some had been held up, and one
  /// workspace beyond that, so that memory has a bound.
  public enum Building {
    /// The most octets of a workspace's files that count as small: its building is never behind a larger one's.
    public static let smallOctets = 64 << 10
    /// The most octets that count as middling; one workspace at a time is built beyond it.
    public static let middlingOctets = 1 << 20
    /// The most threads that build small and middling workspaces: one for each core up to this.
    public static let threads = 64
    /// How many threads more there may be for small, for middling and for larger workspaces while some are held up.
    public static let sparesOfThreads = 16
    /// The most reloads that are asked for and not done; further ones are refused.
    public static let requests = 64
    /// The most problems that are kept of one reload.
    public static let problemsOfReload = 10_000
    /// The most lines that the log has of one reading of a workspace.
    public static let linesOfReport = 20
    /// The most names in one line of the log.
    public static let namesOfLine = 20
    /// The most events of one folder that are taken in one second; a folder with more is left alone for a while.
    public static let eventsOfFolder = 1000
    /// The most entries of a folder that is looked at because the kernel does not watch it; a larger one is read instead.
    public static let entriesOfLook = 1000
    /// How long such a look may take a core, in milliseconds; a folder that takes longer is read instead.
    public static let lookMilliseconds = 10
  }

  /// Text of any kind.
  public enum Text {
    /// The most combining marks on one character (UAX #15, Stream-Safe Text Format); a text or a folder's entry with
    /// more is refused.
    public static let marks = 30
    /// The longest message of a problem, and the longest name of its file, in characters; what is longer is cut.
    public static let messageCharacters = 500
    /// The widest cell of a table, in characters; what is wider is cut.
    public static let cellCharacters = 120
    /// The longest remark below a row of a table, in characters: two domain names with every octet escaped fit; what is
    /// longer is cut.
    public static let remarkCharacters = 2500
  }

  /// JSON of any kind.
  public enum JSON {
    /// The deepest nesting of arrays and objects that is read.
    public static let depth = 32
    /// The largest file that is read, in octets, unless the caller asks for another.
    public static let octets = 1 << 20
    /// The longest key of an object, in octets: a domain name with every octet escaped fits.
    public static let keyOctets = 1024
    /// How many problems of a file are told of before reading stops.
    public static let problems = 100
  }

  /// Zones, as text and as the image that look-ups run on.
  public enum Zones {
    /// The longest master file that is read, in octets.
    public static let fileOctets = 64 << 20
    /// The most records that one file may hold.
    public static let records = 1_000_000
    /// The longest item (name, string, number) in octets: a record's data in hex or as `\DDD` escapes fits.
    public static let tokenOctets = 4 * 65_536
    /// The most items in one entry.
    public static let tokensOfEntry = 65_600
    /// How many problems of a file are told of before reading stops.
    public static let problems = 100
    /// The most records that may share an owner and a type.
    public static let recordsOfSet = 100
    /// The most types that one name may have records of.
    public static let typesOfName = 100
    /// The most octets that one set may take in a response, owners compressed, so that it fits a message with its
    /// question and OPT.
    public static let octetsOfSet = 65_000
    /// The most names that one workspace's zones may have together, and that one file may name.
    public static let nodesOfImage = 4_000_000
    /// The most octets that one workspace's names and records may take, made ready to be answered from.
    public static let octetsOfImage = 512 << 20
    /// The most zones of one workspace.
    public static let zonesOfWorkspace = 65_535
    /// The most records that one workspace's zone files may hold together, equal ones counted each.
    public static let recordsOfWorkspace = 4_000_000
  }

  /// `workspace.json`.
  public enum Workspaces {
    /// The most client prefixes of one workspace.
    public static let clients = 65_536
    /// The most availability zones of `"client-zones"` in one workspace.
    public static let clientZones = 8
    /// The most networks of all of them together.
    public static let clientZoneNetworks = 256
    /// The most octets that the zones take once more for each of them, all together.
    public static let octetsOfZonalImages = 32 << 20
    /// The most forwarding rules of one workspace.
    public static let rules = 4096
    /// The most upstreams of one rule.
    public static let upstreamsOfRule = 16
    /// The most upstreams of all rules of one workspace together.
    public static let upstreams = 8192
    /// The most search domains of one workspace, and as many of the server.
    public static let searchDomains = 32
    /// How many networks a workspace or the server may call its own.
    public static let ownNetworks = 64
    /// How wide such an IPv4 network may be, as the length of its prefix, and all of a list together: the Internet's registries
    /// gave nobody a wider one.
    public static let ownLength4 = 8
    /// The same of IPv6.
    public static let ownLength6 = 16
    /// The most tokens of one workspace.
    public static let tokens = 64
    /// The most listening addresses of one workspace.
    public static let listeners = 256
    /// How many problems of one workspace are told of, all files together.
    public static let problems = 1000
    /// The most characters of a token's comment.
    public static let commentCharacters = 200
    /// How many claims that meet another workspace's are told of each workspace that makes them anew; the rest is counted.
    public static let conflictsTold = 20
  }

  /// Links, and what is pasted to make them.
  public enum Links {
    /// The largest paste, in octets.
    public static let pasteOctets = 1 << 20
    /// How many wrappings of a paste are taken off before giving up: each form stands at most once inside another.
    public static let pasteLayers = 6
    /// The most hosts that one link may have.
    public static let hosts = 10_000
    /// The most ports that one link may be stated to have.
    public static let portsOfLink = 64
    /// The most hosts that all links of one workspace may have together.
    public static let hostsOfWorkspace = 50_000
    /// The most links of one workspace.
    public static let linksOfWorkspace = 1000
    /// The most links of one workspace that servers fail over by themselves, and the most names of its links that are moved
    /// within an hour.
    public static let failoversOfWorkspace = 64
    /// How often the zones of a workspace are worked out to see which of its links can be failed over together, and how many
    /// links of a change are looked at for whether each could be alone.
    public static let failoverAttempts = 4
    /// How often within an hour a server moves a link by itself, there and back.
    public static let movesOfLink = 6
    /// The most zones that a workspace may have once links are put into it, those written by hand among them.
    public static let zonesOfWorkspace = 50_000
    /// The largest file of what the last change of a workspace's links was, in octets; a larger change cannot be taken back.
    public static let undoOctets = 8 << 20
    /// The longest path of a file that is written, in octets: what file systems take (NAME_MAX).
    public static let pathOctets = 255
    /// The most warnings, notes, steps or errors of one plan that are told of; the rest is not shown.
    public static let remarks = 100
    /// The most lines of a list of a plan that are shown, unless all are asked for; how many more there are is said.
    public static let planLines = 40
    /// The longest text that may be a host, in octets: a URL with one.
    public static let hostTextOctets = 2048
    /// The longest name of a field of a form that customers fill in, in octets; what is longer is none.
    public static let formFieldOctets = 200
    /// The longest argument that may be an endpoint, in octets: a name with its addresses.
    public static let endpointOctets = 4096
    /// The longest reason why something of a paste was left out, in characters; what is longer is cut.
    public static let reasonCharacters = 500
    /// How many hosts `doctor` asks for at the same time.
    public static let questionsAtOnce = 16
    /// How long `doctor` asks in all, in seconds, unless `--timeout` says otherwise; what is left then counts as not asked.
    public static let lookSeconds = 120
    /// How long `doctor --wait` looks again and again, in seconds, at most.
    public static let waitSeconds = 86_400
    /// The most principals, environments, networks or regions that a list of the operator's profile may have.
    public static let entriesOfProfile = 64
    /// The most addresses that one endpoint may have: an availability zone rarely gives more than two.
    public static let addressesOfEndpoint = 64
  }

  /// Watching the endpoints of links. `WatchSettings` has what a test may change.
  public enum Watching {
    /// The most look-ups and connections a second, of all workspaces together.
    public static let probesPerSecond = 500
    /// The most of one workspace.
    public static let probesPerSecondOfWorkspace = 20
    /// The most of one workspace to one address.
    public static let probesPerSecondOfAddress = 5
    /// The most that are under way at once, if there are descriptors enough; asking for endpoints' names may have as many
    /// UDP sockets and TCP connections to upstreams.
    public static let atOnce = 128
    /// Of those one workspace has one in so many at most.
    public static let partOfWorkspace = 4
    /// The most pairs of address and port of one endpoint that are connected to.
    public static let pairsOfEndpoint = 64
    /// The most lines of the log of one workspace's links in a minute; how many more there were is said.
    public static let linesOfWorkspace = 20
    /// The most lines of the log of all links together in a minute.
    public static let lines = 600
  }

  /// Leases and their journal. `LeaseLimits` has what a test may change.
  public enum Leases {
    /// The most leases, of all workspaces together.
    public static let count = 1_000_000
    /// The most addresses of one request.
    public static let addressesOfRequest = 1000
    /// The most addresses of one request where leases are kept in etcd: what one transaction compares, but for the store's form.
    public static let addressesOfTransaction = 127
    /// For how long leases of a store count without contact to it, in seconds: ten minutes.
    public static let secondsWithoutContact = 600
    /// How long a server waits for the store with a change of leases, in milliseconds: longer than an election.
    public static let patienceMilliseconds = 8000
    /// How long one member of the store may take for an answer then, in milliseconds.
    public static let answerMilliseconds = 2500
    /// The longest time of a lease, in seconds: thirty days.
    public static let seconds: UInt64 = 2_592_000
    /// The largest journal that is read, and written, in octets: the most leases with the longest names, twice, fit.
    public static let journalOctets = 512 << 20
    /// The longest line of the journal, in octets.
    public static let lineOctets = 192
    /// How many of a workspace's leases are looked at for the address that may have been meant by another.
    public static let looks = 10_000
    /// How many damaged stretches of a journal are told of; the last stands for all further ones.
    public static let damages = 100
  }

  /// What servers of a fleet are told by their store.
  public enum Fleet {
    /// The longest status line and header fields of an answer together, interim answers' and trailers among them, in
    /// octets.
    public static let headOctets = 16 << 10
    /// The most header fields and trailers of an answer.
    public static let headFields = 64
    /// The most interim answers (1xx) before one.
    public static let interimAnswers = 8
    /// The longest line with the size of a chunk, in octets.
    public static let chunkLineOctets = 256
    /// The deepest nesting of arrays and objects that is read as it comes.
    public static let depth = 64
    /// The longest key of an object that is kept, in octets.
    public static let keyOctets = 1024
    /// The longest number that is kept, in octets.
    public static let numberOctets = 64
    /// The longest string that is kept, in octets: what etcd takes of a value (1.5 MiB) in base64.
    public static let stringOctets = 2 << 20
    /// The longest token that etcd gives for a user and a password, in octets.
    public static let tokenOctets = 8192
    /// The most leases that an answer may list.
    public static let leases = 1_000_000
    /// The most operations of one transaction, as etcd has it (`--max-txn-ops`): those of success, those of failure, and
    /// the comparisons, each.
    public static let operationsOfTransaction = 128
    /// How many octets of files one transaction of several that add a workspace has, about; etcd takes 1.5 MiB.
    public static let octetsOfTransaction = 1 << 20
    /// The most members of a cluster that are told of, and the most that an address may name.
    public static let members = 32
    /// The most addresses that are told of one member.
    public static let addressesOfMember = 16
    /// The longest prefix of a store's keys, in octets.
    public static let prefixOctets = 255
    /// The longest name of a replica, in octets.
    public static let nameOctets = 128
    /// The longest path of a Unix socket, in octets: what the kernel takes.
    public static let socketPathOctets = 107
    /// How long a command waits for the store, in milliseconds: longer than an election, which takes some seconds.
    public static let patienceMilliseconds = 30_000
    /// How long one member may take for an answer, in milliseconds: without a quorum it says so after seven seconds.
    public static let answerMilliseconds = 10_000
    /// How long one member may take to be connected to, in milliseconds.
    public static let connectMilliseconds = 2000
    /// How often a command asks each member before it gives up.
    public static let rounds = 3
    /// The largest answer that a command takes, in octets: a workspace of the largest size, in base64.
    public static let answerOctets = 192 << 20
    /// The longest record of a replica that is read, in octets.
    public static let replicaOctets = 16 << 10
    /// How long `backroad replicas` waits until all have what was in the store when it began, in milliseconds.
    public static let replicasWaitMilliseconds = 5000
    /// The most keys of a page.
    public static let keysOfPage = 1000
    /// The largest answer that is taken of a page, in octets; one that is larger is asked for again, with fewer keys.
    public static let octetsOfPage = 8 << 20
    /// The largest file with a user and a password, in octets.
    public static let credentialsOctets = 4096
    /// How many changes of a workspace are looked at for one whose answer was lost.
    public static let changesLookedBack = 64
    /// The most octets that are read of a connection before others have their turn.
    public static let readOctets = 64 << 10
    /// The most octets that wait for the other end of a connection to take them: two of etcd's largest requests.
    public static let unsentOctets = 4 << 20
    /// The most names of hosts that are looked up at a time, each by a thread.
    public static let lookups = 4
    /// How long a look-up may take, in milliseconds, before the host is taken to be where it was found the last time.
    public static let lookupMilliseconds = 1000
    /// How long one of several addresses of a host may be silent, in milliseconds, before the next one is tried.
    public static let addressMilliseconds = 500
  }

  /// Following a fleet's store. `FollowSettings` has what a test may change.
  public enum Following {
    /// The most keys of a page of a load.
    public static let keysOfPage = 1000
    /// How many octets of keys and values a page of a load is to have, about.
    public static let octetsOfPage = 1 << 20
    /// The most octets of a page that are kept; one with more is asked for again, with fewer keys. One key always fits.
    public static let heldOctetsOfPage = 8 << 20
    /// The most events of one revision: the pods of a discovery whose lease has run out are one.
    public static let eventsOfRevision = 200_000
    /// The most octets of one revision's keys and values; with more, everything is loaded anew.
    public static let octetsOfRevision = 32 << 20
    /// The most files of one workspace in the store.
    public static let filesOfWorkspace = 60_000
    /// The most octets of one workspace's files in the store.
    public static let octetsOfWorkspace = 64 << 20
    /// How many octets may wait for the mirror before no more is read of the store, while all of it is read.
    public static let octetsToMirror = 16 << 20
    /// How many workspaces and addresses a comparison loads one by one; with more differences, everything is loaded anew.
    public static let mendsOfComparison = 100
    /// The most strange keys that one change or page tells of.
    public static let strangeKeys = 100
  }

  /// Asking upstreams; for each worker unless it says otherwise. `ForwardSettings` has what a test may change.
  public enum Forwarding {
    /// The most questions in flight: 1000 a second that all take 3.5 s fit.
    public static let exchanges = 4096
    /// The most clients' questions that wait for them.
    public static let waiters = 16_384
    /// The most that one client may have waiting, of IPv6 one /64.
    public static let waitersOfClient = 512
    /// The most UDP sockets to upstreams.
    public static let sockets = 8192
    /// The most TCP connections to upstreams.
    public static let streams = 64
    /// The most TCP connections to one upstream.
    public static let streamsOfUpstream = 2
    /// The most questions at once on one connection to an upstream.
    public static let questionsOfStream = 64
    /// How often sockets of upstreams are read in a turn beyond once each; what is left stays in the kernel.
    public static let readsPerTurn = 64
    /// The most records of one set that are taken from an upstream.
    public static let recordsOfSet = 100
    /// The most records of an upstream's message that are looked at.
    public static let recordsOfAnswer = 1000
    /// The most octets that a kept answer has.
    public static let octetsOfAnswer = 65_535
    /// The most upstreams of which something is remembered; who brought most of them gives way.
    public static let upstreams = 4096
    /// The most probes at once to upstreams of one owner's rules: the server's, or a workspace's.
    public static let probesAtOnce = 64
    /// The most probes a second to upstreams of one owner's rules in the long run.
    public static let probesPerSecond = 16
    /// How many upstreams that nobody asks any more are still counted.
    public static let formerUpstreams = 4096
    /// The most notices that wait for one worker; who misses one asks once the worker that asked counts as dead.
    public static let notices = 8192
    /// How many queries to upstreams one client's question may cost (CAMP; Unbound CVE-2026-50045): four for each hop of
    /// the longest chain, and eight for any of them as long as others need less.
    public static let queriesOfQuestion = 32
  }

  /// What clients may have of a worker. `WorkerSettings` has what a test may change.
  public enum Clients {
    /// How many batches of 64 datagrams of one socket are answered before the others have their turn.
    public static let batchesPerTurn = 8
    /// How many messages of one connection are answered before the others have their turn.
    public static let messagesPerTurn = 32
    /// How many connections have a turn before other sockets are looked at again.
    public static let readyConnectionsPerTurn = 8
    /// How many results of upstreams are made into answers over UDP before other sockets are looked at again.
    public static let resultsPerTurn = 128
    /// The most questions of one connection that wait for upstreams; no more are answered until one is.
    public static let waitingQuestionsOfConnection = 64
    /// The most TCP connections, if there are descriptors enough; at the limit whoever has most makes room.
    public static let connections = 512
    /// Of so many connections one at most may be of nobody's clients.
    public static let strangersPart = 8
    /// The most TCP connections of one client; its own make room for more.
    public static let connectionsOfClient = 128
    /// How many octets of answers may wait for a connection's client to read them, and one answer more; no more
    /// queries are answered until it did.
    public static let unsentOctetsOfConnection = 64 << 10
    /// How many refusals a second explain themselves over UDP to one prefix of nobody's clients.
    public static let explanationsPerSecondOfPrefix = 5
    /// How many refusals at once explain themselves to one prefix that was quiet.
    public static let explanationBurstOfPrefix = 20
    /// How many refusals a second explain themselves over UDP to all of nobody's clients together.
    public static let explanationsPerSecond = 100
    /// How many refusals at once explain themselves to all of nobody's clients after a quiet time.
    public static let explanationBurst = 200
    /// How many prefixes are told apart for that; those that share a bucket share its refusals.
    public static let explanationBuckets = 1024
    /// How many clients are counted at once for late answers; to more nothing late is sent in that second.
    public static let lateAnswerClients = 4096
  }

  /// Lines of the log that wait for standard error to be read.
  public enum Log {
    /// The most lines; beyond that they are dropped and counted.
    public static let lines = 4096
    /// The most octets of them together.
    public static let octets = 1 << 20
    /// The longest line in octets; what is longer is cut.
    public static let lineOctets = 4096
  }

  /// The server's own configuration.
  public enum Server {
    /// The largest `backroad.json`, in octets: grants for 100,000 workspaces fit.
    public static let configurationOctets = 16 << 20
    /// The most worker threads.
    public static let workers = 1024
    /// The most addresses to listen on.
    public static let listeners = 256
    /// The most prefixes of load balancers: every datagram's source is compared with each.
    public static let proxies = 64
    /// How many name servers of resolv.conf the C library uses; further ones are ignored.
    public static let nameServersOfResolvConf = 3
  }

  /// The admin interface.
  public enum Admin {
    /// The most connections; at the limit one that nothing is done for makes room, and without such a new one is sent
    /// away.
    public static let connections = 32
    /// The most connections of probes, which have a listener of their own.
    public static let connectionsOfProbes = 16
    /// The most names that requests may come under.
    public static let hosts = 64
    /// The largest token file, in octets.
    public static let tokenFileOctets = 4096
    /// The longest answer that a command reads, in octets.
    public static let answerOctets = 256 << 20
    /// How many rows one answer lists unless `limit` says otherwise.
    public static let rowsUsually = 1000
    /// How many rows one answer lists at most.
    public static let rows = 10_000
    /// The most octets of one workspace's links that an answer lists; those that do not fit are told of instead.
    public static let octetsOfLinks = 4 << 20
    /// The most entries of a folder of links that is listed.
    public static let entriesOfLinks = 2000
    /// The most broken workspaces and upstreams that `status` lists; the counts are of all.
    public static let problemsOfStatus = 100
    /// The most workspaces with series of their own, the first by their names; the rest is `_other`.
    public static let workspacesOfMetrics = 1000
    /// The most upstreams with series of their own; the rest is `_other`.
    public static let upstreamsOfMetrics = 100
  }

  /// What the discovery of pods is told by an API server.
  public enum Kubernetes {
    /// The most pods that are kept: as many as Kubernetes is made for.
    public static let pods = 150_000
    /// The most namespaces that are kept.
    public static let namespaces = 20_000
    /// How many deleted objects are remembered, so that a late word of one does not bring it back.
    public static let tombstones = 20_000
    /// The most addresses of one pod: it has one of each family.
    public static let addressesOfPod = 4
    /// The longest name, namespace or uid, in octets.
    public static let nameOctets = 253
    /// The longest version, in octets.
    public static let versionOctets = 64
    /// The longest string of any kind that is kept while an object is read, in octets.
    public static let fieldOctets = 4096
    /// The longest object that is read, in octets; of most of it nothing is kept.
    public static let objectOctets = 16 << 20
    /// The most pages of one list.
    public static let pages = 2000
    /// How many failures are told of at once.
    public static let notices = 20
    /// How long the store's members together may take for one answer, in milliseconds: less than the leader's lease.
    public static let patienceMilliseconds = 10_000
    /// How long one of them may, in milliseconds.
    public static let answerMilliseconds = 3000
  }
}

import Wire

/// The data of an SOA record (RFC 1035 §3.3.13).
public struct StartOfAuthority: Hashable, Sendable {
  /// MNAME: the zone's primary server.
  public var primary: Name
  /// RNAME: the mailbox of who is responsible, its `@` written as a dot.
  public var mailbox: Name
  /// Grows, by serial arithmetic (RFC 1982), with every change of the zone.
  public var serial: UInt32
  /// How often a secondary asks whether the zone has changed.
  public var refreshSeconds: UInt32
  /// How long a secondary waits after it could not ask.
  public var retrySeconds: UInt32
  /// How long a secondary answers without having been able to ask.
  public var expireSeconds: UInt32
  /// MINIMUM: how long a negative answer may be kept, together with the record's own TTL (RFC 2308 §4).
  public var minimumSeconds: UInt32

  /// Takes the fields in the order in which they stand in the data.
  public init(
    primary: Name, mailbox: Name, serial: UInt32, refreshSeconds: UInt32, retrySeconds: UInt32, expireSeconds: UInt32,
    minimumSeconds: UInt32
  ) {
    self.primary = primary
    self.mailbox = mailbox
    self.serial = serial
    self.refreshSeconds = refreshSeconds
    self.retrySeconds = retrySeconds
    self.expireSeconds = expireSeconds
    self.minimumSeconds = minimumSeconds
  }

  /// Reads record data in uncompressed wire form; nil when it is not that of an SOA.
  public init?(data: [UInt8]) {
    guard RecordData.isValid(data, for: .soa), let primary = RecordData.name(in: data),
      let mailbox = RecordData.name(in: data, at: primary.wire.count)
    else { return nil }
    func number(_ index: Int) -> UInt32 {
      data.suffix(20).dropFirst(4 * index).prefix(4).reduce(0) { $0 << 8 | UInt32($1) }
    }
    self.init(
      primary: primary, mailbox: mailbox, serial: number(0), refreshSeconds: number(1), retrySeconds: number(2),
      expireSeconds: number(3), minimumSeconds: number(4))
  }

  /// Record data in uncompressed wire form.
  public var data: [UInt8] {
    let numbers = [serial, refreshSeconds, retrySeconds, expireSeconds, minimumSeconds]
    return primary.wire + mailbox.wire
      + numbers.flatMap { number in (0..<4).map { UInt8(truncatingIfNeeded: number >> (24 - 8 * UInt32($0))) } }
  }
}

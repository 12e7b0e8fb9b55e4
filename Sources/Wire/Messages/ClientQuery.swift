/// A question as a client sends it: recursion desired, with EDNS.
public enum ClientQuery {
  /// The message.
  ///
  /// - Parameter option: an EDNS option's number and data; nil for none.
  public static func message(
    id: UInt16, _ name: Name, _ type: RecordType, class: RecordClass = .internet,
    option: (code: UInt16, data: [UInt8])? = nil
  ) -> [UInt8] {
    var options: [UInt8] = []
    if let option {
      options = bigEndian(option.code) + bigEndian(UInt16(truncatingIfNeeded: option.data.count)) + option.data
    }
    var octets = bigEndian(id) + bigEndian(Flags.recursionDesired.rawValue) + [0, 1, 0, 0, 0, 0, 0, 1]
    octets += name.wire + bigEndian(type.rawValue) + bigEndian(`class`.rawValue)
    octets += [0] + bigEndian(RecordType.opt.rawValue) + bigEndian(EDNS.serverPayloadSize) + [0, 0, 0, 0]
    return octets + bigEndian(UInt16(truncatingIfNeeded: options.count)) + options
  }

  private static func bigEndian(_ value: UInt16) -> [UInt8] {
    [UInt8(truncatingIfNeeded: value >> 8), UInt8(truncatingIfNeeded: value)]
  }
}

import Wire

/// A section's records of class IN by owner and type, each in the order of the message: building it and finding records
/// is a step for each, whoever chose their names.
struct OwnedRecords {
  private struct Key: Hashable {
    let owner: Name
    let type: RecordType
  }

  private var views: [Key: [RecordView]] = [:]
  private var types: [Name: [RecordType]] = [:]
  private var owners: [RecordType: [Name]] = [:]

  init() {}

  /// - Parameter maximumOctets: how many octets the owners' names may come to: two of a message may stand for a name of
  ///   255, and each name is looked up several times.
  init(_ records: [RecordView], in response: Response, maximumOctets: Int) throws(Unusable) {
    // Owners are mostly pointers to a few places, whose names are read once each.
    var names: [Int: Name] = [:]
    var octets = 0
    for view in records where view.class == .internet {
      let place = Self.start(ofName: view.ownerOffset, response.octets)
      let owner: Name
      if let known = names[place] {
        owner = known
      } else {
        owner = try Self.name(at: view.ownerOffset, response.octets)
        octets += owner.wire.count
        guard octets <= maximumOctets else { throw .tooLarge }
        names[place] = owner
      }
      let key = Key(owner: owner, type: view.type)
      if views[key] == nil {
        types[owner, default: []].append(view.type)
        owners[view.type, default: []].append(owner)
      }
      views[key, default: []].append(view)
    }
  }

  private static func name(at offset: Int, _ octets: [UInt8]) throws(Unusable) -> Name {
    do throws(WireError) {
      return try MessageReader(octets.span).name(at: offset)
    } catch {
      throw .damaged
    }
  }

  /// Where a name stands that is a pointer, or where it begins.
  private static func start(ofName offset: Int, _ octets: [UInt8]) -> Int {
    octets[offset] >= 0xc0 ? Int(octets.span.bigEndian16(at: offset) & 0x3fff) : offset
  }

  /// The records of an owner and type.
  subscript(owner: Name, type: RecordType) -> [RecordView] { views[Key(owner: owner, type: type)] ?? [] }

  /// The types at an owner, in the order in which they first come.
  func types(of owner: Name) -> [RecordType] { types[owner] ?? [] }

  /// The owners that have records of a type, in the order in which they first come.
  func owners(of type: RecordType) -> [Name] { owners[type] ?? [] }
}

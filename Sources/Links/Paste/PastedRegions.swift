import Text

extension PastedField {
  /// The region of AWS that the value is, in lower case; nil for another word, as buckets and hosts are called alike.
  var region: String? {
    var text = value.asciiLowercased
    if text.last == "." { text.removeLast() }
    let parts = text.split(separator: "-").map { String($0) }
    let sides = ["north", "south", "east", "west", "central", "northeast", "northwest", "southeast", "southwest"]
    guard AWSRegion.isRegion(text), parts[0].utf8.count == 2 || parts[0] == "eusc",
      sides.contains(parts[parts.count - 2])
    else { return nil }
    return text
  }

  /// True for a label that says of its value that it is a region.
  fileprivate var namesRegion: Bool { label.split { !$0.isLetter }.contains("region") }
}

/// What a paste says of regions and ids beside its hosts.
extension PastedReader {
  /// What lines beside the hosts say of them.
  func flagsOfFields(_ kind: PastedKind) -> [PastedReading.Flag] {
    fields.compactMap { field in
      let words = Set(field.label.split { !$0.isLetter })
      if kind == .databricks, words.isSuperset(of: ["workspace", "id"]),
        field.value.allSatisfy({ $0.isASCII && $0.isNumber })
      {
        return PastedReading.Flag("--workspace-id", field.value)
      }
      guard field.namesRegion else { return nil }
      if let region = field.region { return PastedReading.Flag("--region", region) }
      guard field.value.utf8.filter({ $0 == 0x2d }).count >= 2,
        field.value.allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-") })
      else { return nil }
      return PastedReading.Flag("--region", field.value.asciiLowercased)
    }
  }

  /// Tells of the regions that the text has: of buckets the only one is theirs, another than the service's is likely wrong,
  /// and none is passed over in silence.
  func tellRegions(_ reading: inout PastedReading, _ items: [PastedHost]) {
    let named = unique(regions.map(\.value))
    let isSaid = reading.flags.contains { $0.name == "--region" }
    switch reading.kind {
    case .s3:
      guard !isSaid, let region = named.first, let place = regions.first?.line else { return }
      guard named.count == 1 else {
        reading.notes.append(
          "the regions \(named.joined(separator: ", ")) stand in the text; --region says the buckets'")
        return
      }
      reading.flags.append(PastedReading.Flag("--region", region))
      reading.notes.append("the buckets' region is \(region), as line \(place) has it; --region says another")
    case .databricks:
      guard !isSaid else { return }
      reading.notes += named.map { region in
        "the region \(region) stands in the text too, and was left out; if it is the workspace's, say --region \(word: region)"
      }
    default: warnOfRegions(&reading, items)
    }
  }

  /// Warns of a line that says another region than the service's and the hosts'.
  private func warnOfRegions(_ reading: inout PastedReading, _ items: [PastedHost]) {
    let labels = items.flatMap { $0.operand.split(whereSeparator: { ".:/".contains($0) }).map { String($0) } }
    let ofHosts = labels.compactMap { PastedField(label: "", value: $0).region }
    let known = unique(services.map(\.region) + ofHosts)
    guard let first = known.first else { return }
    for field in regions where field.namesRegion && !known.contains(field.value) {
      let place = field.line.map { "line \($0)" } ?? "the text"
      reading.warnings.append(
        "\(place) says the region \(field.value), and what it is of is in \(first); ask which is right")
    }
    reading.warnings = unique(reading.warnings)
  }
}

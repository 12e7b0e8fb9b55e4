import TestKit
import Testing
import Text
import Wire

@testable import Zones

/// Names as numbers, and that a line of a zone costs what it says and not what it stands for.
@Suite struct NameTreeTests {
  /// Two names are one number where they are equal, whatever their case, and are in order as names are.
  @Test(arguments: Seeds.all) func namesAreNumbers(seed: UInt64) throws {
    var random = SplitMix64(state: seed)
    var tree = NameTree()
    var numbers: [Name: NameTree.Index] = [.root: NameTree.root]
    var known: [Name] = [.root]
    for _ in 0..<2000 {
      let below = known.randomElement(using: &random) ?? .root
      let name = random.name(below: below.wire.count < 120 ? below : .root, labels: 0...3)
      let number = tree.insert(name.wire.span, below: NameTree.root)
      #expect(numbers[name, default: number] == number)
      if numbers.updateValue(number, forKey: name) == nil { known.append(name) }
      #expect(tree[number] == name && tree.find(name.lowercased) == number)
      #expect(tree.labelCount(of: number) == name.labelCount && tree.length(of: number) == name.wire.count)
      #expect(tree[tree.parent(of: number)] == name.parent ?? .root)
    }
    let ordered = tree.inOrder(from: NameTree.root).map { tree[$0] }
    #expect(ordered == ordered.sorted() && ordered.count == tree.count)
    let top = try #require(numbers.keys.sorted().first { $0.labelCount == 1 })
    let below = tree.inOrder(from: numbers[top] ?? 0).map { tree[$0] }
    #expect(below == ordered.filter { $0.isSubdomain(of: top) })
  }

  @Test func namesThatAreMissingAreFoundAsFarAsTheyAreThere() throws {
    var tree = NameTree()
    let zone = exampleCom
    let example = tree.insert(zone.wire.span, below: NameTree.root)
    let missing = name("a.b.example.com.")
    let found = tree.find(missing.wire.span, below: NameTree.root)
    #expect(found == (name: example, missing: 2))
    #expect(tree.find(name("b.example.com.")) == nil)
    #expect(tree.wildcard(below: example) == nil)
    let star = name("*.example.com.")
    let wildcard = tree.insert(star.wire.span, below: NameTree.root)
    #expect(tree.wildcard(below: example) == wildcard && tree.isWildcard(wildcard) && !tree.isWildcard(example))
  }

  /// A short line below a long origin stands for a name of 255 octets; what is kept of it is as short as the line.
  @Test(arguments: ["A 1.1.1.1", "MX 1 #", "NS #", "SRV 1 2 3 #", "NAPTR 1 2 \"\" \"\" \"\" #", "SOA # # 1 1 1 1 1"])
  func whatIsKeptIsAsShortAsTheText(_ data: String) throws {
    let origin = "$ORIGIN \(Array(repeating: "a", count: 118).joined(separator: ".")).example.com.\n"
    var text = "$TTL 1\n" + origin
    for number in 100..<1100 { text += "\(number) \(data.replacing("#", with: "\(number)"))\n" }
    let parsed = MasterFile.parse(Array(text.utf8), file: "f", origin: exampleCom)
    #expect(parsed.problems == [])
    #expect(parsed.list.keptOctets < 2 * text.utf8.count + 1000)
    #expect(parsed.list.names.count == 118 + 3 + 1000)
    #expect(
      parsed.records.reduce(0) { $0 + 12 + $1.record.data.count } == parsed.list.octets)
  }

  /// Names that stand between others count, those of refused records too: each takes memory.
  @Test func tooManyNamesOfAFileAreRefused() {
    let text = Array("$TTL 1\na.b.c A 10.0.0.1\nd.e.f A x\n$ORIGIN g.h\n@ A 10.0.0.2\n".utf8)
    // The root, com and example.com, three of each of two lines, and the origin.
    let all = MasterFileParser.parse(text, file: "f", origin: exampleCom, within: ZoneAllowance(names: 11))
    #expect(all.records.count == 2 && all.problems.count == 1)
    let fewer = MasterFileParser.parse(text, file: "f", origin: exampleCom, within: ZoneAllowance(names: 10))
    #expect(fewer.records.count == 1)
    #expect(fewer.problems.last?.description == "f:4:12: more than 10 names: split the zone")
  }

  /// How many records come is guessed from the length of the text; what a text of comments had reserved is given back.
  @Test func whatWasGuessedIsGivenBack() throws {
    let names = (0..<100).map { "n\($0) A 10.0.0.1\n" }.joined()
    let text = Array(("$TTL 1\n" + names + String(repeating: "; a comment\n", count: 100_000)).utf8)
    let list = MasterFile.parse(text, file: "f", origin: exampleCom).list
    #expect(list.count == 100 && list.entries.capacity < 300)
    #expect(list.names.slotCount == 256)
    for number in 0..<100 { #expect(list.names.find(name("N\(number).example.com.")) == list.entries[number].owner) }
  }

  /// Data that is cut at origins is in the same order as whole: as octets, names in lower case (RFC 4034 §6.2).
  @Test(arguments: Seeds.all) func dataIsComparedAsIfItWereWhole(seed: UInt64) throws {
    var random = SplitMix64(state: seed)
    let labels = ["a", "B", "b", "aa", "long-label-0", "Long-Label-0"]
    var text = "$TTL 1\n"
    for _ in 0..<120 {
      let origin = (0..<Int.random(in: 0...3, using: &random)).compactMap { _ in labels.randomElement(using: &random) }
      text += "$ORIGIN \(origin.joined(separator: "."))\(origin.isEmpty ? "" : ".")long-origin.example.com.\n"
      let target = (0..<Int.random(in: 0...2, using: &random)).compactMap { _ in labels.randomElement(using: &random) }
      let name = target.isEmpty ? "@" : target.joined(separator: ".")
      text += "example.com. MX \(Int.random(in: 1...2, using: &random)) \(name)\n"
    }
    let list = MasterFile.parse(Array(text.utf8), file: "f", origin: exampleCom).list
    #expect(list.count == 120)
    let whole = list.entries.map { list.data(of: $0).map { Wire.lowercased($0) } }
    for (index, a) in list.entries.enumerated() {
      for (other, b) in list.entries.enumerated() {
        let expected = whole[index] == whole[other] ? 0 : whole[index].lexicographicallyPrecedes(whole[other]) ? -1 : 1
        #expect(list.compareData(a, b).signum() == expected, "seed \(seed): \(whole[index]) \(whole[other])")
      }
    }
  }

  /// The names between an owner and the apex have none of their own in the image: they are ends of the owner's.
  @Test func emptyNonTerminalsShareAName() throws {
    let deep = Array(repeating: "x", count: 110).joined(separator: ".")
    let zone = try ZoneImageTests.zone((0..<100).map { "\(deep).\($0) A 1.1.1.1\n" }.joined())
    let image = try ZoneImage([(zone, .nxdomain)])
    // A node, and a slot in a table that is half full at worst.
    let names = 100 * 111
    #expect(image.byteCount < names * (16 + 16 * 4 / 3) + 100 * 400)
    var hashes = NameHashes()
    let view = image.view
    for number in [0, 57, 99] {
      var name: Name? = try Name("\(deep).\(number).example")
      while let next = name, next.labelCount > 0 {
        hashes.fill(next.wire.span, seed: view.seed)
        let outcome = view.lookup(next.wire.span, hashes).outcome
        #expect(outcome == .exact)
        let other = try #require(next.parent?.prefixed(by: Array("y".utf8)))
        hashes.fill(other.wire.span, seed: view.seed)
        let otherOutcome = view.lookup(other.wire.span, hashes).outcome
        #expect(otherOutcome == (next.labelCount == 1 ? .noZone : .missing))
        name = next.parent
      }
    }
  }
}

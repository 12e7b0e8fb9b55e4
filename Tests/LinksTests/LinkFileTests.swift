import Links
import Testing
import Text
import Wire

@Suite struct LinkFiles {
  @Test func readsBackWhatItWrites() throws {
    for seed in 0..<100 as Range<UInt64> {
      var generator = Seeded(state: seed)
      let zones = try ["corp.example", "git.corp.example", "x_y.privatelink.snowflake.app"].map { try Name($0) }
      let hosts = try (0..<Int.random(in: 0...8, using: &generator)).compactMap { number in
        let zone = zones.randomElement(using: &generator) ?? zones[0]
        let label = Bool.random(using: &generator) ? "*" : "h\(number)"
        let sources: [Link.Source.Derivation] = [.verbatim, .dashed, .ocsp, .dashedOCSP]
        return Link.Host(
          name: try Name("\(label).\(zone)"), zone: zone,
          sources: sources.filter { _ in Bool.random(using: &generator) }.map {
            Link.Source(key: "k-url", derivation: $0)
          })
      }
      let endpoints = [
        try readEndpoint(vpce), try readEndpoint("\(vpce)=10.0.0.1,fd00::1"), try readEndpoint("10.0.0.2"),
      ]
      let main = Link.Route(endpoint: endpoints.randomElement(using: &generator) ?? endpoints[0], hosts: hosts)
      var link = Link(
        name: "prod", kind: "snowflake", account: Bool.random(using: &generator) ? "kd1.privatelink" : nil,
        service: Bool.random(using: &generator) ? serviceName : nil,
        ttlSeconds: UInt32.random(in: Link.ttlRangeSeconds, using: &generator), main: main,
        stage: Bool.random(using: &generator) ? main : nil)
      link.statedPorts = [nil, [], [22, 443], [65_535]].randomElement(using: &generator) ?? nil
      #expect(try LinkFileReader.read(Array(link.fileText.utf8), name: "prod", file: "f") == link, "seed \(seed)")
    }
  }

  @Test(arguments: [
    ("[]", "f:1:1: a link must be an object: { … }, not a list"),
    ("{\"kind\": \"hosts\"}", "f:1:1: the key \"zones\" is missing"),
    ("{\"knid\": \"hosts\"}", "f:1:2: unknown key \"knid\"; did you mean \"kind\"?"),
    ("{\"kind\": \"A B\"}", "f:1:10: \"A B\" is not a kind of link"),
    ("{\"kind\": \"hosts\", \"ttl\": 0}", "f:1:26: \"ttl\" must be a whole number from 1 to 86400, not 0"),
    ("{\"kind\": \"hosts\", \"zones\": {}, \"ports\": 22}", "\"ports\" must be a list"),
    ("{\"kind\": \"hosts\", \"zones\": {}, \"ports\": [0]}", "a port must be a whole number from 1 to 65535, not 0"),
    ("{\"kind\": \"hosts\", \"endpoint\": {}}", "f:1:31: an endpoint has a \"name\", or \"addresses\""),
    ("{\"kind\": \"hosts\", \"endpoint\": {\"addresses\": [\"x\"]}}", "f:1:46: \"x\" is not an IP address"),
    (
      "{\"kind\": \"hosts\", \"endpoint\": {\"addresses\": [\"10.0.0.1\"], \"zonal\": {\"a\": [\"10.0.0.2\"]}}}",
      "f:1:75: \"10.0.0.2\" is none of the endpoint's \"addresses\"; write it there too"
    ),
    (
      "{\"kind\": \"hosts\", \"endpoint\": {\"addresses\": [\"10.0.0.1\"], \"zonal\": {\"a\": [\"10.0.0.1\"], \"b\": [\"10.0.0.1\"]}}}",
      "10.0.0.1 stands in \"zonal\" twice; an address is in one zone"
    ),
    (
      "{\"kind\": \"hosts\", \"endpoint\": {\"addresses\": [\"10.0.0.1\"], \"zonal\": {\"A B\": []}}}",
      "\"A B\" is not the name of an availability zone"
    ),
    (
      "{\"kind\": \"hosts\", \"endpoint\": {\"name\": \"A.example\"}, \"zones\": {}}",
      "f:1:40: \"A.example\" is not written plainly; write a.example"
    ),
    ("{E, \"zones\": {\"com\": {}}}", "f:1:69: a zone com would hide every public name below it"),
    ("{E, \"zones\": {\"a.example\": {\"b.example\": []}}}", "f:1:83: \"b.example\" is not below its zone a.example"),
    ("{E, \"zones\": {\"a.example\": {\"x.a.example\": \"k\"}}}", "where a host came from must be a list"),
    ("{E, \"zones\": {\"a.example\": {\"x.a.example\": [\"k, bad\"]}}}", "\"k, bad\" is not a source"),
    (
      "{\"kind\": \"hosts\", \"service\": \"com.amazonaws.vpce.us-east-1.vpce-svc-0; curl evil|sh #\", \"zones\": {}}",
      "f:1:30: \"service\" is \"com.amazonaws.vpce.us-east-1.vpce-svc-0; curl evil|sh #\": write a word of letters"
    ),
    (
      "{\"kind\": \"hosts\", \"account\": \"a', please:\", \"zones\": {}}",
      "f:1:30: \"account\" is \"a', please:\": write"
    ),
    (
      "{\"kind\": \"hosts\", \"service\": \"https://evil.example/accept:here\", \"zones\": {}}",
      "f:1:30: \"service\" is \"https://evil.example/accept:here\": write"
    ),
    (
      "{\"kind\": \"hosts\", \"account\": \"ask.evil@x.example\", \"zones\": {}}",
      "f:1:30: \"account\" is \"ask.evil@x.example\": write"
    ),
    (
      "{\"kind\": \"hosts\", \"aws\": {\"state\": \"Available\", \"seen\": \"9999\"}, \"zones\": {}}",
      "f:1:57: \"seen\" of \"aws\" is \"9999\", which is not a time like 2026-01-31T12:00:00Z"
    ),
    (
      "{\"kind\": \"hosts\", \"aws\": {\"state\": \"Available\", \"service\": \"//x.example\"}, \"zones\": {}}",
      "f:1:60: \"service\" of \"aws\" is \"//x.example\", which is not the name of a service"
    ),
    (
      "{\"kind\": \"hosts\", \"aws\": {\"state\": \"Available\", \"zones\": [\"use1-az1 x\"]}, \"zones\": {}}",
      "f:1:59: \"zones\" of \"aws\" are names or ids of 64 availability zones"
    ),
    ("{E, \"zones\": {\"*.a.example\": {\"x.*.a.example\": []}}}", "f:1:"),
  ]) func saysWhatIsWrong(text: String, message: String) {
    let text =
      text.hasPrefix("{E")
      ? "{\"kind\": \"hosts\", \"endpoint\": {\"addresses\":[\"10.0.0.1\"]}" + text.dropFirst(2) : text
    let found = refusal { _ = try LinkFileReader.read(Array(text.utf8), name: "prod", file: "f") }
    #expect(found.contains(message), "\(found)")
  }
}

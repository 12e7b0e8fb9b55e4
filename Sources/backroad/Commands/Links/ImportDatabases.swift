import Links
import Text

extension ImportCommands {
  private static let noRecords = Flag(
    "--no-records", help: "make no names: clients use the endpoint's own name as host")
  private static let region = Flag("--region", "R", help: "the buckets' region (default: as the endpoint's name says)")

  /// `backroad import postgres`.
  static let postgres = relational(.postgres, "PostgreSQL")
  /// `backroad import mysql`.
  static let mysql = relational(.mysql, "MySQL")

  private static func relational(_ kind: DatabaseImport.Kind, _ title: String) -> Command {
    Command(
      words: ["import", kind.rawValue], summary: "make a link of a \(title) database of RDS or Aurora",
      operands: "[HOST…]", operandCount: 0...Int.max,
      flags: flags(beside: [noRecords]),
      details: """
        Each name, of an instance, a cluster, its reader or a proxy, leads to the endpoint, and no other of AWS
        does. A server of the customer's own is for "import hosts".
        """,
      examples: [
        "backroad import \(kind.rawValue) --workspace acme --link db --endpoint 10.1.2.3 \\",
        "  prod.cluster-c1a2b3d4e5f6.us-east-1.rds.amazonaws.com",
      ],
      run: { arguments, console in try run(kind, arguments, console) })
  }

  /// `backroad import redshift`.
  static let redshift = Command(
    words: ["import", "redshift"], summary: "make a link of a Redshift cluster",
    operands: "HOST|HOST:PORT/DB|jdbc:redshift://…", operandCount: 1...1,
    flags: flags(beside: []),
    details: """
      The name of a cluster, a workgroup or a managed endpoint leads to the endpoint, and no other of AWS does.
      """,
    examples: [
      "backroad import redshift --workspace acme --link dwh --endpoint 10.1.2.3 \\",
      "  jdbc:redshift://dwh.c1a2b3d4e5f6.us-east-1.redshift.amazonaws.com:5439/prod",
    ],
    run: { arguments, console in try run(.redshift, arguments, console) })

  private static func run(
    _ kind: DatabaseImport.Kind, _ arguments: Arguments, _ console: Console
  ) throws -> ExitStatus {
    var options = DatabaseImport.Options(kind, try arguments.linkRequest())
    options.hasNoRecords = arguments.has(noRecords)
    guard options.hasNoRecords || !arguments.operands.isEmpty else {
      throw UsageError("no hosts; name them as arguments, or say \(noRecords.name)")
    }
    let items = arguments.operands.map { HostsImport.Item($0) }
    return try LinkChange(try arguments.workspace(), arguments, console).make { folder in
      try DatabaseImport.plan(items, options: options, in: folder)
    }
  }

  /// `backroad import s3`.
  static let s3 = Command(
    words: ["import", "s3"], summary: "make a link of buckets behind an S3 interface endpoint",
    operands: "BUCKET…", operandCount: 1...Int.max,
    flags: flags(beside: [region]),
    details: """
      Each bucket's name in its region leads to the endpoint; the region's other buckets stay public. The
      endpoint's name may stand with "bucket." or "*." before it, or without.
      """,
    examples: [
      "backroad import s3 --workspace acme --link lake \\",
      "  --endpoint vpce-0a1b2c3d-x7y8z9.s3.us-east-1.vpce.amazonaws.com=10.1.2.3 acme-lake",
    ],
    run: { arguments, console in
      var options = S3Import.Options(try arguments.linkRequest())
      options.region = arguments.value(region)
      let buckets = arguments.operands
      return try LinkChange(try arguments.workspace(), arguments, console).make { folder in
        try S3Import.plan(buckets, options: options, in: folder)
      }
    })
}

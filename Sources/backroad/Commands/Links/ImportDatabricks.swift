import Links
import Text

extension ImportCommands {
  private static let workspaceID = Flag(
    "--workspace-id", "N", help: "the id of the Databricks workspace, the URL's o=: adds the host of its data plane")
  private static let region = Flag(
    "--region", "R", help: "the workspace's region (default: as the endpoint's name says)")
  private static let backEnd = Flag(
    "--back-end", help: "a link of clusters to the region's relay, which has an endpoint of its own")

  /// `backroad import databricks`.
  static let databricks = Command(
    words: ["import", "databricks"], summary: "make a link of a Databricks workspace",
    operands: "URL", operandCount: 1...1,
    flags: flags(beside: [workspaceID, region, backEnd]),
    details: """
      The URL is the workspace's, or its host alone: dbc-….cloud.databricks.com on AWS,
      adb-….azuredatabricks.net on Azure, ….gcp.databricks.com on Google Cloud. Its host leads to the
      endpoint, and no other name of Databricks does.
      """,
    examples: [
      "backroad import databricks --workspace acme --link databricks \\",
      "  --endpoint vpce-0a1b2c3d-x7y8z9.vpce-svc-0123456789abcdef0.us-east-1.vpce.amazonaws.com=10.1.2.3 \\",
      "  https://dbc-a1b2c3d4-e5f6.cloud.databricks.com/?o=1234567890123456",
      "backroad import databricks --workspace acme --link databricks --address 10.1.2.3 adb-1234567890123456.7.azuredatabricks.net",
    ],
    run: { arguments, console in
      var options = DatabricksImport.Options(try arguments.linkRequest())
      options.workspaceID = arguments.value(workspaceID)
      options.region = arguments.value(region)
      options.isBackEnd = arguments.has(backEnd)
      let url = arguments.operands[0]
      return try LinkChange(try arguments.workspace(), arguments, console).make { folder in
        try DatabricksImport.plan(url, options: options, in: folder)
      }
    })
}

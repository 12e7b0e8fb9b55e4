// swift-tools-version: 6.2
import PackageDescription

// Every module: warnings are errors, memory safety is strict, and lifetimes of borrowed spans are checked.
let strict: [SwiftSetting] = [
  .strictMemorySafety(),
  .treatAllWarnings(as: .error),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableExperimentalFeature("Lifetimes"),
  // Public functions of one module are inlined into the next: the query path crosses five.
  .unsafeFlags(["-cross-module-optimization"], .when(configuration: .release)),
]

// Tests: optimizing them in a release build takes minutes and speeds up nothing that counts.
let tests: [SwiftSetting] = strict + [.unsafeFlags(["-Onone"], .when(configuration: .release))]

// Dependencies point one way; docs/architecture.md draws them.
let package = Package(
  name: "backroad",
  products: [
    .executable(name: "backroad", targets: ["backroad"])
  ],
  targets: [
    .target(name: "CLinux"),
    .target(name: "SystemIO", dependencies: ["CLinux", "Wire", "Bounds"], swiftSettings: strict),
    .target(name: "Bounds", swiftSettings: strict),
    .target(name: "Text", dependencies: ["Bounds"], swiftSettings: strict),
    .target(name: "Wire", swiftSettings: strict),
    .target(name: "Zones", dependencies: ["Wire", "Text", "Bounds"], swiftSettings: strict),
    .target(name: "Forwarding", dependencies: ["Wire", "Bounds"], swiftSettings: strict),
    .target(
      name: "Workspaces", dependencies: ["Zones", "Forwarding", "Wire", "Text", "Bounds"], swiftSettings: strict),
    .target(
      name: "Fleet", dependencies: ["Workspaces", "Forwarding", "Wire", "Text", "Bounds"], swiftSettings: strict),
    .target(name: "Links", dependencies: ["Workspaces", "Zones", "Wire", "Text", "Bounds"], swiftSettings: strict),
    .target(
      name: "Storage", dependencies: ["Fleet", "Workspaces", "Wire", "Text", "Bounds", "SystemIO"],
      swiftSettings: strict),
    .target(
      name: "Answering", dependencies: ["Workspaces", "Zones", "Forwarding", "Wire", "Text", "Bounds"],
      swiftSettings: strict),
    .target(name: "Admin", dependencies: ["Wire", "Text", "Bounds"], swiftSettings: strict),
    .target(
      name: "Server",
      dependencies: [
        "Admin", "Answering", "Storage", "Fleet", "Links", "Workspaces", "Zones", "Forwarding", "Wire", "Text",
        "Bounds",
        "SystemIO",
      ],
      swiftSettings: strict),
    .executableTarget(
      name: "backroad",
      dependencies: [
        "Server", "Admin", "Storage", "Fleet", "Links", "Workspaces", "Zones", "Forwarding", "Wire", "Text", "Bounds",
        "SystemIO",
      ],
      swiftSettings: strict),

    // The fuzzer: it replays files unless it is built with -DFUZZ; Fuzz/run does that.
    .target(
      name: "FuzzTargets",
      dependencies: ["Answering", "Links", "Fleet", "Workspaces", "Zones", "Forwarding", "Wire", "Text", "SystemIO"],
      path: "Fuzz/Targets", swiftSettings: strict),
    .executableTarget(
      name: "FuzzDriver", dependencies: ["FuzzTargets", "SystemIO"], path: "Fuzz/Driver", swiftSettings: strict),
    .testTarget(name: "FuzzTests", dependencies: ["FuzzTargets"], swiftSettings: strict),

    // What several test targets share; no product depends on it.
    .target(
      name: "TestKit", dependencies: ["Answering", "Workspaces", "Zones", "Forwarding", "Wire", "Text"],
      path: "Tests/TestKit", swiftSettings: tests),
    .testTarget(name: "BoundsTests", dependencies: ["Bounds"], swiftSettings: strict),
    .testTarget(name: "TextTests", dependencies: ["Text", "Bounds"], swiftSettings: strict),
    .testTarget(name: "AdminTests", dependencies: ["Admin", "Wire", "Text", "TestKit"], swiftSettings: tests),
    .testTarget(name: "WireTests", dependencies: ["Wire", "TestKit"], swiftSettings: tests),
    .testTarget(
      name: "ZonesTests", dependencies: ["Zones", "Wire", "Text", "Bounds", "TestKit"], exclude: ["MasterFiles"],
      swiftSettings: strict),
    // Counts allocations in the test bundle.
    .target(name: "CAllocationCount", path: "Tests/CAllocationCount"),
    .testTarget(
      name: "AllocationTests", dependencies: ["Answering", "Workspaces", "Wire", "TestKit", "CAllocationCount"],
      swiftSettings: strict),
    .testTarget(
      name: "AnsweringTests",
      dependencies: ["Answering", "Workspaces", "Zones", "Forwarding", "Wire", "Text", "Bounds", "TestKit"],
      swiftSettings: tests),
    // libldns judges the wire format; nothing but this test target leads to it, so products build without it.
    .systemLibrary(name: "CLdns", path: "Tests/CLdns", pkgConfig: "ldns", providers: [.apt(["libldns-dev"])]),
    .testTarget(
      name: "JudgeTests", dependencies: ["Answering", "Wire", "TestKit", "CLdns"], swiftSettings: tests),
    .testTarget(
      name: "WorkspacesTests", dependencies: ["Workspaces", "Zones", "Forwarding", "Wire", "Text", "Bounds"],
      swiftSettings: strict),
    .testTarget(
      name: "StorageTests", dependencies: ["Storage", "Fleet", "Workspaces", "Wire", "Text", "Bounds", "SystemIO"],
      swiftSettings: strict),
    .testTarget(
      name: "ServerTests",
      dependencies: [
        "Server", "Admin", "Answering", "Storage", "Fleet", "Links", "Workspaces", "Forwarding", "Wire", "Text",
        "Bounds",
        "SystemIO", "TestKit",
      ],
      swiftSettings: strict),
    .testTarget(
      name: "CommandTests",
      dependencies: ["backroad", "Links", "Server", "Workspaces", "Forwarding", "Wire", "SystemIO", "Text", "Bounds"],
      swiftSettings: strict),
    .testTarget(
      name: "FleetTests",
      dependencies: ["Fleet", "Workspaces", "Forwarding", "Wire", "Text", "Bounds", "TestKit"],
      exclude: ["Recorded"], swiftSettings: tests),
    .testTarget(
      name: "ForwardingTests", dependencies: ["Forwarding", "Bounds", "TestKit"], swiftSettings: strict),
    .testTarget(
      name: "LinksTests", dependencies: ["Links", "Workspaces", "Zones", "Wire", "Text", "Bounds", "TestKit"],
      exclude: ["Fixtures"],
      swiftSettings: strict
    ),
    // The real program and its peers: Foundation to start them, nothing of Backroad's own to judge them by.
    .testTarget(
      name: "EndToEndTests", dependencies: ["TestKit"], path: "Tests/EndToEnd", exclude: ["Fixtures"],
      swiftSettings: strict),
  ],
  swiftLanguageModes: [.v6]
)

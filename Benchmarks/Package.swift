// swift-tools-version: 6.2
// SPDX-License-Identifier: Apache-2.0

import PackageDescription

/// The settings of the parent package.
let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .enableUpcomingFeature("InferIsolatedConformances"),
    .treatAllWarnings(as: .error),
]

let package = Package(
    name: "cairn-benchmarks",
    platforms: [.macOS(.v26)],
    dependencies: [
        .package(name: "cairn", path: ".."),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        // Without its traits, which pull in a malloc of its own.
        .package(url: "https://github.com/ordo-one/benchmark", from: "1.38.1", traits: []),
    ],
    targets: [
        // What is measured. Both front ends run these same bodies.
        .target(
            name: "Workloads", dependencies: [.product(name: "CairnModules", package: "cairn")],
            swiftSettings: strict),
        // Runs one workload under callgrind; see `gate`.
        .executableTarget(
            name: "WorkloadRunner", dependencies: ["Workloads"], swiftSettings: strict),
        // How the catalog fares with millions of blocks; see its README section.
        .executableTarget(
            name: "CatalogScale", dependencies: [.product(name: "CairnModules", package: "cairn")],
            swiftSettings: strict),
        // Look-ups and announcements in a simulated DHT of 10,000 peers; see its README section.
        .executableTarget(
            name: "DHTSimulation", dependencies: [.product(name: "CairnModules", package: "cairn")],
            swiftSettings: strict),
        // Provider records of many blocks sent to DHT servers in one process; see its README section.
        .executableTarget(
            name: "ProvideThroughput",
            dependencies: [
                .product(name: "CairnModules", package: "cairn"),
                .product(name: "Logging", package: "swift-log"),
            ], swiftSettings: strict),
        // Provider records a second that DHT servers take; see its README section.
        .executableTarget(
            name: "DHTThroughput", dependencies: [.product(name: "CairnModules", package: "cairn")],
            swiftSettings: strict),
        // One stream between two hosts on sockets, and idle connections; see its README section.
        .executableTarget(
            name: "HostThroughput",
            dependencies: [
                .product(name: "CairnModules", package: "cairn"),
                .product(name: "Logging", package: "swift-log"),
            ], swiftSettings: strict),
        // Puts to and reads from an S3 server; see `s3`.
        .executableTarget(
            name: "S3Throughput", dependencies: [.product(name: "CairnModules", package: "cairn")],
            swiftSettings: strict),
        // `swift package benchmark`: wall time and the rest of what ordo-one/benchmark measures.
        .executableTarget(
            name: "Micro",
            dependencies: ["Workloads", .product(name: "Benchmark", package: "benchmark")],
            path: "Benchmarks/Micro", swiftSettings: strict,
            plugins: [.plugin(name: "BenchmarkPlugin", package: "benchmark")]),
    ]
)

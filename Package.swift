// swift-tools-version: 6.2
// SPDX-License-Identifier: Apache-2.0

import PackageDescription

/// Every target compiles with the same strict settings.
let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .enableUpcomingFeature("InferIsolatedConformances"),
    .enableExperimentalFeature("Lifetimes"),
    .treatAllWarnings(as: .error),
]

/// Floors 0 to 2 also mark every use of a pointer or raw view with `unsafe`.
let memorySafe: [SwiftSetting] = strict + [.strictMemorySafety()]

let crypto: Target.Dependency = .product(name: "Crypto", package: "swift-crypto")
let grdb: Target.Dependency = .product(name: "GRDB", package: "GRDB.swift")
let sqlite: Target.Dependency = .product(name: "GRDBSQLite", package: "GRDB.swift")
let argumentParser: Target.Dependency = .product(
    name: "ArgumentParser", package: "swift-argument-parser")
let deque: Target.Dependency = .product(name: "DequeModule", package: "swift-collections")
let yams: Target.Dependency = .product(name: "Yams", package: "Yams")
let cryptoExtras: Target.Dependency = .product(name: "CryptoExtras", package: "swift-crypto")
let logging: Target.Dependency = .product(name: "Logging", package: "swift-log")
let x509: Target.Dependency = .product(name: "X509", package: "swift-certificates")
let asn1: Target.Dependency = .product(name: "SwiftASN1", package: "swift-asn1")
let lifecycle: Target.Dependency = .product(
    name: "ServiceLifecycle", package: "swift-service-lifecycle")
let signals: Target.Dependency = .product(
    name: "UnixSignals", package: "swift-service-lifecycle")
let nio: [Target.Dependency] = ["NIOCore", "NIOPosix", "NIOHTTP1", "NIOTLS", "NIOWebSocket"].map {
    .product(name: $0, package: "swift-nio")
}
let httpClient: Target.Dependency = .product(
    name: "AsyncHTTPClient", package: "async-http-client")
let nioSSL: Target.Dependency = .product(name: "NIOSSL", package: "swift-nio-ssl")

func module(
    _ name: String, _ dependencies: [Target.Dependency] = [], settings: [SwiftSetting] = strict
) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: settings)
}

func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .testTarget(
        name: name + "Tests", dependencies: dependencies + ["TestSupport"], swiftSettings: strict)
}

let package = Package(
    name: "cairn",
    platforms: [.macOS(.v26)],
    products: [
        .executable(name: "cairn", targets: ["cairn"]),
        // What Benchmarks/ measures. No promise to anybody else.
        .library(
            name: "CairnModules",
            targets: [
                "Multiformats", "FileIO", "IPLD", "UnixFS", "CAR", "BlockStore", "ObjectStore",
                "S3", "PackStore", "Catalog", "Pipeline", "Libp2p", "Libp2pNIO", "KademliaDHT",
                "KademliaSimulation", "Provide",
            ]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-asn1", from: "1.7.4"),
        .package(url: "https://github.com/apple/swift-certificates", from: "1.21.1"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    ],
    targets: [
        // Floor 0: formats and the fence around system calls.
        module("Multiformats", [crypto], settings: memorySafe),
        .systemLibrary(name: "CLinux"),
        module("FileIO", ["CLinux"], settings: memorySafe),

        // Floor 1: codecs. Bytes in, values out.
        module("IPLD", ["Multiformats"], settings: memorySafe),
        module("UnixFS", ["Multiformats", "IPLD"], settings: memorySafe),
        module("CAR", ["Multiformats", "IPLD"], settings: memorySafe),

        // Floor 2: stores.
        .systemLibrary(
            name: "CZstd", pkgConfig: "libzstd",
            providers: [.apt(["libzstd-dev"]), .brew(["zstd"])]),
        module("BlockStore", ["Multiformats", "IPLD"], settings: memorySafe),
        module("ObjectStore", ["FileIO"], settings: memorySafe),
        // The only one below floor 4 that sees SwiftNIO, and shows none of it: see decision 0015.
        module(
            "S3", ["FileIO", "ObjectStore", crypto, httpClient, nioSSL] + nio,
            settings: memorySafe),
        module(
            "PackStore",
            ["Multiformats", "IPLD", "CAR", "FileIO", "BlockStore", "ObjectStore", "CZstd"],
            settings: memorySafe),
        module(
            "Catalog", ["Multiformats", "FileIO", "BlockStore", grdb, sqlite], settings: memorySafe),
        module(
            "Repository",
            [
                "Multiformats", "IPLD", "FileIO", "BlockStore", "ObjectStore", "S3", "PackStore",
                "Catalog", yams,
            ], settings: memorySafe),

        // Floor 3: work.
        module("Pipeline", [deque]),
        module(
            "Ingest",
            [
                "Multiformats", "IPLD", "UnixFS", "CAR", "FileIO", "BlockStore", "PackStore",
                "Catalog", "Repository", "Pipeline",
            ]),
        module(
            "Lifecycle",
            [
                "Multiformats", "IPLD", "UnixFS", "CAR", "FileIO", "BlockStore", "ObjectStore",
                "PackStore", "Catalog", "Repository", "Pipeline", "Ingest",
            ]),
        module(
            "Schedule",
            [
                "FileIO", "Multiformats", "UnixFS", "BlockStore", "PackStore", "Catalog",
                "Repository", "Pipeline", "Ingest", "Lifecycle", lifecycle, signals, logging,
            ]),
        module(
            "Bench",
            [
                "Multiformats", "IPLD", "UnixFS", "FileIO", "BlockStore", "PackStore", "Catalog",
                "Repository", "Pipeline", "Ingest",
            ]),

        // Floor 4: the network. Protocols are values without I/O; sockets are in Libp2pNIO alone.
        .systemLibrary(
            name: "CSecp256k1", pkgConfig: "libsecp256k1",
            providers: [.apt(["libsecp256k1-dev"]), .brew(["secp256k1"])]),
        .systemLibrary(
            name: "COpenSSL", pkgConfig: "libcrypto",
            providers: [.apt(["libssl-dev"]), .brew(["openssl@3"])]),
        module(
            "Libp2p",
            [
                "Multiformats", "CSecp256k1", "COpenSSL", crypto, cryptoExtras, asn1, logging,
            ]),
        module(
            "Libp2pNIO",
            ["Multiformats", "Pipeline", "Libp2p", crypto, x509, asn1, nioSSL, logging] + nio),
        module("KademliaDHT", ["Multiformats", "IPLD", "Libp2p", crypto, grdb, logging]),
        // Thousands of DHT peers in one thread; for tests and Benchmarks/, not in the program.
        module("KademliaSimulation", ["Multiformats", "Libp2p", "KademliaDHT"]),
        module(
            "Bitswap",
            ["Multiformats", "IPLD", "BlockStore", "Pipeline", "Libp2p", deque, logging]),
        module("Discovery", ["Multiformats", "FileIO", "Libp2p", logging] + nio),
        module(
            "Provide",
            [
                "Multiformats", "IPLD", "UnixFS", "FileIO", "BlockStore", "PackStore", "Catalog",
                "Repository", "Libp2p", "KademliaDHT", logging,
            ]),

        // Floor 5: surfaces.
        module(
            "Node",
            [
                "Multiformats", "IPLD", "FileIO", "BlockStore", "Catalog", "Repository", "Pipeline",
                "Libp2p", "Libp2pNIO", "KademliaDHT", "Bitswap", "Discovery", "Provide", deque,
                logging, lifecycle, signals,
            ] + nio),
        .executableTarget(
            name: "cairn",
            dependencies: [
                "Multiformats", "IPLD", "UnixFS", "CAR", "FileIO", "BlockStore", "PackStore",
                "Catalog", "Repository", "Pipeline", "Ingest", "Lifecycle", "Schedule", "Bench",
                "Libp2p", "Provide", "Node", argumentParser, logging, lifecycle, signals,
            ], swiftSettings: strict),

        // Tests mirror the modules; TestSupport holds seeds, generators, contracts and faults.
        .target(
            name: "TestSupport",
            dependencies: ["Multiformats", "IPLD", "UnixFS", "BlockStore", "ObjectStore"],
            path: "Tests/TestSupport", swiftSettings: strict),
        tests("Multiformats", ["Multiformats"]),
        tests("FileIO", ["FileIO"]),
        tests("IPLD", ["IPLD", "Multiformats"]),
        tests("UnixFS", ["UnixFS", "IPLD", "Multiformats"]),
        tests("CAR", ["CAR", "IPLD", "Multiformats"]),
        tests(
            "PackStore",
            ["PackStore", "BlockStore", "ObjectStore", "CAR", "IPLD", "Multiformats", "FileIO"]),
        tests(
            "S3",
            [
                "S3", "ObjectStore", "FileIO", "Multiformats", "IPLD", "BlockStore", "PackStore",
                "Catalog",
                "Repository", "Lifecycle", crypto, httpClient, nioSSL, x509, asn1,
            ] + nio),
        tests("Catalog", ["Catalog", "BlockStore", "Multiformats", grdb]),
        tests("Repository", ["Repository"]),
        tests("Pipeline", ["Pipeline", "FileIO"]),
        tests(
            "Ingest",
            [
                "Ingest", "Repository", "Lifecycle", "UnixFS", "IPLD", "Multiformats", "FileIO",
                "BlockStore", "Catalog", "PackStore", "Pipeline",
            ]),
        tests(
            "Lifecycle",
            [
                "Lifecycle", "Ingest", "Repository", "UnixFS", "IPLD", "Multiformats", "FileIO",
                "BlockStore", "ObjectStore", "Catalog", "PackStore", "Pipeline",
            ]),
        tests("Libp2p", ["Libp2p", "Multiformats", crypto]),
        tests(
            "Libp2pNIO",
            ["Libp2pNIO", "Libp2p", "Multiformats", crypto, x509, asn1, nioSSL, logging] + nio),
        tests(
            "KademliaDHT",
            ["KademliaDHT", "KademliaSimulation", "Libp2p", "IPLD", "Multiformats", logging]),
        tests("Bitswap", ["Bitswap", "Libp2p", "IPLD", "UnixFS", "BlockStore", "Multiformats"]),
        tests("Discovery", ["Discovery", "Libp2p", "Multiformats", "FileIO", logging] + nio),
        tests(
            "Provide",
            [
                "Provide", "KademliaDHT", "Libp2p", "Catalog", "BlockStore", "PackStore",
                "Repository", "UnixFS", "IPLD", "Multiformats", "FileIO", logging,
            ]),
        tests(
            "Node",
            [
                "Node", "Libp2p", "Repository", "BlockStore", "IPLD", "Multiformats", "Catalog",
                "PackStore", "Provide", logging,
            ]),
        tests(
            "Schedule",
            [
                "Schedule", "Lifecycle", "Ingest", "Repository", "BlockStore", "Catalog",
                "PackStore", "UnixFS", "IPLD", "Multiformats", "FileIO",
            ]),
        tests("Bench", ["Bench", "FileIO", "Ingest", "Pipeline"]),
        tests("cairn", ["Multiformats", "Catalog"]),
        // The command line beside Kubo and libipld; see Scripts/peers.
        tests("Interop", []),
    ]
)

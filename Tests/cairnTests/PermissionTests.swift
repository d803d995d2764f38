// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// The command line as a user who may not do all: nothing that is refused is taken for damaged or
/// lost, and the error names the path and what to do.
@Suite(.enabled("nobody else to be: not run as root, or no setpriv") { StrangerBench.isPossible })
struct PermissionTests {
    @Test func `a pack that may not be read is neither bad nor lost`() async throws {
        let stranger = try await StrangerBench()
        for pack in [stranger.leaves, stranger.nodes] {
            try stranger.setPermissions(0, of: pack)
            let name = URL(filePath: pack).lastPathComponent
            for arguments in [
                ["verify"], ["get", "--quiet", stranger.root, "-o", stranger.bench.path("out")],
                ["repair", "--yes"],
            ] {
                let outcome = try await stranger.run(arguments)
                #expect(outcome.status == 1, "\(arguments)")
                let text = outcome.text + outcome.errors
                #expect(text.contains("packs/hot/\(name): Permission denied"), "\(text)")
                #expect(text.contains("check its owner and permissions"), "\(text)")
                #expect(!text.contains("(block"), "\(text)")
                #expect(!outcome.errors.contains("run `cairn repair`"), "\(outcome.errors)")
            }
            let status = try #require(
                try await stranger.run(["status", "--json"]).objects().first)
            #expect(status["quarantinedBlocks"] as? Int == 0)
            #expect(status["incompleteSnapshots"] as? Int == 0)
            try stranger.setPermissions(0o600, of: pack)
        }
        try await stranger.expectWhole()
    }

    @Test func `a folder of packs that may not be read stops all that needs it`() async throws {
        let stranger = try await StrangerBench()
        let folder = stranger.bench.repository.appending(path: "packs/hot").path
        try stranger.setPermissions(0, of: folder)
        for arguments in [
            ["verify"], ["get", "--quiet", stranger.root, "-o", stranger.bench.path("out")],
            ["repair", "--yes"], ["gc"], ["ingest", "--quiet", stranger.source],
        ] {
            let outcome = try await stranger.run(arguments)
            #expect(outcome.status == 1, "\(arguments): \(outcome.text)")
            #expect(outcome.errors.contains("packs/hot: Permission denied"), "\(outcome.errors)")
            #expect(outcome.errors.contains("check its owner and perm"), "\(outcome.errors)")
        }
        try stranger.setPermissions(0o700, of: folder)
        try await stranger.expectWhole()
    }

    @Test func `another user's repository is refused with its path, whole or in part`() async throws
    {
        let stranger = try await StrangerBench()
        try stranger.give(stranger.bench.repository.path, to: 0)
        let refused = try await stranger.run(["status"])
        #expect(refused.status == 1)
        #expect(refused.errors.contains(stranger.bench.repository.path), "\(refused.errors)")
        #expect(refused.errors.contains("check its owner and perm"), "\(refused.errors)")
        try stranger.give(stranger.bench.repository.path, to: StrangerBench.id)
        // As after a command run by root, which makes files that others may not write.
        for name in ["catalog.sqlite", "catalog.sqlite-wal", "catalog.sqlite-shm"] {
            let path = stranger.bench.repository.appending(path: name).path
            guard FileManager.default.fileExists(atPath: path) else { continue }
            try FileManager.default.setAttributes(
                [.ownerAccountID: 0, .groupOwnerAccountID: 0], ofItemAtPath: path)
        }
        let ingest = try await stranger.run(["ingest", "--quiet", stranger.source])
        #expect(ingest.status == 1)
        #expect(ingest.errors.contains("catalog.sqlite"), "\(ingest.errors)")
        #expect(ingest.errors.contains("owner and permissions"), "\(ingest.errors)")
        try stranger.give(stranger.bench.repository.path, to: StrangerBench.id)
        try await stranger.expectWhole()
    }
}

/// A repository of the user `nobody`, and commands that run as that user.
struct StrangerBench {
    /// Whether this process can run others as another user.
    static var isPossible: Bool { getuid() == 0 && (try? Command.named("setpriv")) != nil }

    /// The number of `nobody`, and of its group.
    static let id = 65_534

    let bench: Bench
    let source: String
    let root: String
    let leaves: String
    let nodes: String

    init() async throws {
        bench = try Bench()
        source = try bench.write(
            InputTree(
                .directory([
                    ("a", InputTree(.file(.noise(seed: 1, count: 300_000)))), ("b", .text("b")),
                ])))
        root = try await bench.ingest(source)
        let packs = try bench.packs().sorted { try Self.size($0) > Self.size($1) }
        try #require(packs.count == 2)
        (leaves, nodes) = (packs[0], packs[1])
        try give(bench.repository.path, to: Self.id)
        // Where `get` writes.
        try FileManager.default.setAttributes(
            [.posixPermissions: 0o777], ofItemAtPath: bench.directory.url.path)
    }

    private static func size(_ path: String) throws -> Int {
        try Data(contentsOf: URL(filePath: path)).count
    }

    /// Runs `cairn` as `nobody`.
    func run(_ arguments: [String]) async throws -> Command.Outcome {
        var setpriv = try Command.named("setpriv")
        setpriv.environment = bench.cairn.environment
        setpriv.environment["HOME"] = bench.directory.url.path
        return try await setpriv.run(
            [
                "--reuid=\(Self.id)", "--regid=\(Self.id)", "--clear-groups",
                bench.cairn.executable.path,
            ]
                + arguments)
    }

    func setPermissions(_ bits: Int, of path: String) throws {
        try FileManager.default.setAttributes([.posixPermissions: bits], ofItemAtPath: path)
    }

    /// Makes a user the owner of a directory and of all in it.
    func give(_ path: String, to owner: Int) throws {
        let files = FileManager.default
        let names = files.enumerator(atPath: path)?.compactMap { $0 as? String } ?? []
        for name in [""] + names {
            try files.setAttributes(
                [.ownerAccountID: owner, .groupOwnerAccountID: owner],
                ofItemAtPath: name.isEmpty ? path : path + "/" + name)
        }
    }

    /// Expects that all is there and sound, as for a user who may do all.
    func expectWhole() async throws {
        let verify = try await run(["verify", "--quiet"])
        #expect(verify.status == 0, "\(verify.errors)")
        let back = bench.path("back")
        defer { try? FileManager.default.removeItem(atPath: back) }  // not there: told below
        let get = try await run(["get", "--quiet", root, "-o", back])
        #expect(get.status == 0, "\(get.errors)")
        try await bench.expectEqual(source, back)
    }
}

// SPDX-License-Identifier: Apache-2.0

import BlockStore
import Catalog
import FileIO
import Foundation
import IPLD
import Ingest
import Lifecycle
import Multiformats
import PackStore
import Repository
import TestSupport
import Testing
import UnixFS

/// A small repository that is damaged again and again, each time from the same beginning, and
/// what it held before.
struct DamagedStore: Sendable {
    let directory: TemporaryDirectory
    /// The repository as it was made.
    private let whole: URL
    /// The one that is damaged.
    let url: URL
    let source: URL
    /// What was stored, by CID.
    let blocks: [CID: [UInt8]]
    let root: CID
    let snapshotID: String

    /// Ingests `tree`; chunks are small, so that files have several leaves and nodes of nodes.
    init(_ tree: InputTree = Self.tree, preserving: Bool = false) async throws {
        directory = try TemporaryDirectory()
        whole = directory.url.appending(path: "whole")
        url = directory.url.appending(path: "repository")
        source = directory.url.appending(path: "source")
        try tree.write(to: source)
        var overrides = DAGOverrides()
        overrides.chunker = try ChunkerSpec(parsing: "size-16384")
        overrides.maxLinks = 4
        if preserving {
            overrides.rawLeaves = false
            overrides.preserveMode = true
            overrides.preserveMtime = true
        }
        var options = try IngestOptions(
            dag: try DAGOptions(profile: .standard, overrides: overrides), selection: .standard)
        options.spillDirectory = directory.url.path
        let repository = try await Repository.open(whole.path, creating: true)
        let result = try await IngestRun(repository: repository, options: options)
            .run([.path(source.path)])
        root = try #require(result.roots.first).cid
        snapshotID = try #require(result.snapshot).id
        var blocks: [CID: [UInt8]] = [:]
        for pack in try await repository.catalog.packs() {
            let index = try await repository.packs.index(of: pack.id, tier: .hot)
            for (ordinal, entry) in index.blocks.enumerated() {
                blocks[entry.cid] = try await repository.packs.block(
                    in: pack.id, tier: .hot, ordinal: ordinal, expecting: entry.cid
                ).bytes
            }
        }
        self.blocks = blocks
        try await (repository.catalog as? SQLiteCatalog)?.close()
    }

    static var tree: InputTree {
        InputTree(
            .directory([
                ("a", InputTree(.file(.noise(seed: 1, count: 150_000)))), ("b", .text("b")),
                (
                    "c",
                    InputTree(
                        .directory([
                            ("d", .text("d")), ("e", InputTree(.file(.fill(7, count: 40_000)))),
                            ("f", InputTree(.symlink(target: "../b"))),
                        ]))
                ),
            ]))
    }

    /// Makes the repository whole again.
    func reset() throws {
        try? FileManager.default.removeItem(at: url)  // the first time there is none
        try FileManager.default.copyItem(at: whole, to: url)
    }

    func open() async throws -> Repository { try await Repository.open(url.path, creating: false) }

    /// The file names of the packs, oldest first: leaves and nodes.
    func packs() throws -> [URL] {
        let folder = url.appending(path: "packs/hot")
        return try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
            .filter { $0.hasSuffix(".car.zst") }.map { folder.appending(path: $0) }
    }

    /// Changes the bytes of a file.
    func damage(_ file: URL, _ change: (inout [UInt8]) -> Void) throws {
        var bytes = [UInt8](try Data(contentsOf: file))
        change(&bytes)
        // Written anew: an open file must keep what it had.
        try FileManager.default.removeItem(at: file)
        try Data(bytes).write(to: file)
    }

    /// Reads every block in both ways there are; each must be right or an error.
    ///
    /// Returns how many came.
    func expectNeverServed(
        _ repository: Repository, _ what: String, at location: SourceLocation = #_sourceLocation
    ) async throws -> Int {
        var count = 0
        for (cid, bytes) in blocks {
            do {
                let block = try await repository.blocks.block(cid)
                #expect(block.bytes == bytes, "\(cid) after \(what)", sourceLocation: location)
                count += 1
            } catch is BlockStoreError {
                continue
            } catch let error as CatalogError {
                #expect(error.code == .corrupt, "\(what): \(error)", sourceLocation: location)
            }
        }
        return count
    }

    /// Expects that everything is there and sound, by a verification of all.
    func expectWhole(
        _ repository: Repository, _ what: String, at location: SourceLocation = #_sourceLocation
    ) async throws {
        let report = try await Lifecycle.Verify(repository).run()
        #expect(
            report.findings.isEmpty, "\(what): \(report.findings)", sourceLocation: location)
        #expect(report.quarantinedBlockCount == 0, "\(what)", sourceLocation: location)
        #expect(report.snapshotCount == 1, "\(what)", sourceLocation: location)
        let count = try await expectNeverServed(repository, what, at: location)
        #expect(count == blocks.count, "\(what)", sourceLocation: location)
    }

    /// Plans and carries out a repair; replaces the catalog first if it is of no use.
    func repair(
        _ options: Repair.Options = Repair.Options()
    ) async throws -> (Repository, RepairPlan, RepairReport) {
        let repository: Repository
        if let fault = try await CatalogFault.find(at: url.path) {
            repository = try await fault.replace(at: url.path) { _, _ in }
        } else {
            repository = try await open()
        }
        let repair = Repair(repository, options: options)
        let plan = try await repair.plan()
        return (repository, plan, try await repair.run(plan))
    }
}

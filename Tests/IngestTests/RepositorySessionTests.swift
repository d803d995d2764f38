// SPDX-License-Identifier: Apache-2.0

import BlockStore
import Catalog
import FileIO
import Foundation
import IPLD
import Ingest
import Multiformats
import PackStore
import Repository
import TestSupport
import Testing
import UnixFS

/// Runs work in sessions, which hold what they count as present, and whose death shows.
struct RepositorySessionTests {
    private let scene: Scene

    init() throws { scene = try Scene() }

    private func files() throws -> [String] {
        let path = scene.path("repository/sessions").path
        guard FileManager.default.fileExists(atPath: path) else { return [] }
        return try FileManager.default.contentsOfDirectory(atPath: path)
    }

    private func lockFile(_ id: String) -> String {
        scene.path("repository/sessions/\(id).lock").path
    }

    /// Seals a pack with one block, as a run does.
    private func seal(_ block: Block, in session: RepositorySession) async throws -> SealedPack {
        try await BlockingPool.shared.run {
            var writer = try session.beginPack(kind: .leaves)
            let frame = FrameBuilder(compression: .default)
            try frame.append(block)
            try writer.append(try frame.finish())
            return try writer.finish().seal()
        }
    }

    private func block(_ text: String) throws -> Block {
        let bytes = Array(text.utf8)
        return Block(cid: try CIDBuilder().cid(codec: .raw, hashing: bytes.span), bytes: bytes)
    }

    @Test func `a file that no session has is removed, that of a living one is not`() async throws {
        let repository = try await scene.repository()
        let other = try await scene.repository()
        try await repository.withSession(.ingest) { session async throws in
            // As a process leaves it that is killed before it tells the catalog of its session.
            let left = lockFile(PackID.make().description)
            #expect(FileManager.default.createFile(atPath: left, contents: nil))
            #expect(try await other.endDeadSessions().map(\.id) == [session.id])
            #expect(try files() == ["\(session.id).lock"])
        }
        #expect(try files().isEmpty)
    }

    @Test func `a session lives for others until it ends`() async throws {
        let repository = try await scene.repository()
        let other = try await scene.repository()
        let id = try await repository.withSession(.ingest) { session in
            let alive = try await other.endDeadSessions()
            #expect(alive.map(\.id) == [session.id])
            #expect(alive.first?.kind == "ingest")
            return session.id
        }
        #expect(try await other.endDeadSessions().isEmpty)
        #expect(try await other.catalog.sessions().isEmpty)
        #expect(!FileManager.default.fileExists(atPath: lockFile(id)))
    }

    @Test func `a session that throws or is cancelled ends as well`() async throws {
        let repository = try await scene.repository()
        struct Failure: Error {}
        await #expect(throws: Failure.self) {
            try await repository.withSession(.import) { _ in throw Failure() }
        }
        // Unstructured: cancelled and awaited here.
        let task = Task {
            try await repository.withSession(.import) { _ in
                try await Task.sleep(for: .seconds(600))
            }
        }
        while try await repository.catalog.sessions().isEmpty { await Task.yield() }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        #expect(try await repository.catalog.sessions().isEmpty)
        #expect(try files().isEmpty)
    }

    @Test(arguments: [false, true])
    func `a session without a lock is dead, and commits nothing any more`(
        _ hasFile: Bool
    ) async throws {
        let repository = try await scene.repository()
        let other = try await scene.repository()
        try await repository.withSession(.ingest) { session in
            try FileManager.default.removeItem(atPath: lockFile(session.id))
            if hasFile {
                _ = FileManager.default.createFile(atPath: lockFile(session.id), contents: nil)
            }
            #expect(try await other.endDeadSessions().isEmpty)
            #expect(try files().isEmpty)
            let sealed = try await seal(try block("late"), in: session)
            let error = await #expect(throws: CatalogError.self) {
                try await repository.commit(sealed, in: session)
            }
            #expect(error?.code == .sessionEnded)
        }
    }

    @Test func `what a living session has sealed is not taken in, what a dead one has is`()
        async throws
    {
        let repository = try await scene.repository()
        let other = try await scene.repository()
        let sealed = try block("sealed")
        try await repository.withSession(.ingest) { session in
            _ = try await seal(sealed, in: session)
            try await other.salvage()
            #expect(try await !other.blocks.contains(sealed.cid))
        }
        try await other.salvage()
        #expect(try await other.blocks.block(sealed.cid) == sealed)
        #expect(try await other.catalog.packs().allSatisfy { $0.sessionID != nil })
    }

    @Test func `the file of a doomed pack is not taken in again`() async throws {
        let repository = try await scene.repository()
        let dead = try block("dead")
        try await repository.blocks.put([dead])
        let pack = try #require(try await repository.catalog.packs().first)
        let all = PackBlocks(id: pack.id, blocks: .all(count: 1))
        _ = try await repository.catalog.condemn([all], liveCaches: [])
        let generation = try await repository.catalog.roots().generation
        #expect(try await repository.catalog.sweep([pack.id], ifRootGeneration: generation))
        try await repository.catalog.releaseCondemned()
        try await repository.salvage()
        #expect(try await repository.catalog.packs().isEmpty)
        #expect(try await !repository.blocks.contains(dead.cid))
    }

    @Test
    func `a run leaves packs that live by their blocks, and a snapshot by its session's name`()
        async throws
    {
        try scene.write(.random(seed: 31))
        let result = try await scene.ingest()
        let repository = try await scene.repository()
        #expect(try await repository.catalog.packs().allSatisfy { $0.sessionID == nil })
        #expect(try await repository.catalog.sessions().isEmpty)
        #expect(try files().isEmpty)
        #expect(PackID(try #require(result.snapshot).id) != nil)
    }

    /// Why blocks do not count as present.
    enum Absence: CaseIterable { case condemned, quarantined, cached }

    @Test(arguments: Absence.allCases)
    func `a run stores again what is not durable, and then can do without the old copy`(
        _ absence: Absence
    ) async throws {
        try scene.write(.random(seed: 32))
        let root = try #require(try await scene.ingest().roots.first).cid
        let repository = try await scene.repository()
        let packs = try await repository.catalog.packs()
        let all = packs.map { PackBlocks(id: $0.id, blocks: .all(count: $0.blockCount)) }
        switch absence {
        case .condemned: _ = try await repository.catalog.condemn(all, liveCaches: [])
        case .quarantined: try await repository.catalog.quarantine(all)
        case .cached:
            for pack in packs { try await repository.catalog.setTier(pack.id, to: .cache) }
        }
        let second = try await scene.ingest()
        #expect(second.roots.first?.cid == root)
        #expect(second.counts.unchangedFiles == 0)
        #expect(second.counts.newBlocks == packs.reduce(-1) { $0 + $1.blockCount })
        // Without the stat cache's word: blocks of the first run are gone.
        try await repository.catalog.forget(packs: packs.map(\.id))
        try await scene.expectStored(root)
    }

    @Test func `a collection that keeps a source's root leaves its stat cache to the next run`()
        async throws
    {
        try scene.write(.random(seed: 33))
        var later = scene
        later.change = { $0.clock = Scene.tomorrow }
        let first = try await later.ingest()
        let catalog = try await scene.repository().catalog
        let sources = try await catalog.statCaches()
        #expect(sources.map { SourceRow.cid(in: $0.row) } == first.roots.map(\.cid))
        try await scene.repository().blocks.put([try block("dead")])
        let dead = try #require(try await catalog.packs().last)
        let all = PackBlocks(id: dead.id, blocks: .all(count: 1))
        _ = try await catalog.condemn([all], liveCaches: sources)
        #expect(try await later.ingest().counts.filesRead == 0)
        let generation = try await catalog.roots().generation
        #expect(try await catalog.sweep([dead.id], ifRootGeneration: generation))
        try await catalog.releaseCondemned()
        #expect(try await later.ingest().counts.filesRead == 0)
        _ = try await catalog.condemn([], liveCaches: [])
        #expect(try await later.ingest().counts.unchangedFiles == 0)
    }
}

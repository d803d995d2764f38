// SPDX-License-Identifier: Apache-2.0

import BlockStore
import Catalog
import IPLD
import Ingest
import Lifecycle
import Multiformats
import Repository
import TestSupport
import Testing

/// Collections beside sessions that count dead blocks as present (promise P7).
struct SessionTests {
    /// Dead blocks, of which a session counts one as present before they are condemned.
    private struct Race {
        let scene: CollectionScene
        let wanted: Block
        let other: Block

        init() async throws {
            scene = try await CollectionScene()
            wanted = try CollectionScene.leaf("wanted")
            other = try CollectionScene.leaf("other")
            try await scene.store([wanted, other], kind: .leaves)
        }

        /// Runs a collection that begins while a session is running, and `body` in that session as
        /// soon as blocks are condemned.
        func collect(
            during body: @Sendable () async throws -> Void
        ) async throws -> CollectionReport {
            var options = CollectionOptions()
            options.repackBelow = 1
            options.keepsUnfinished = .zero
            let collection = GarbageCollection(scene.repository, options: options)
            return try await SessionTests.collect(
                collection, in: scene.repository,
                before: {
                    let key = Array(wanted.cid.multihashBytes)
                    let found = try await scene.repository.catalog.durablePlaces(of: [key])
                    #expect(found[0] != nil)
                }, during: body)
        }
    }

    /// Runs a collection while a session is running: `before` in the session, then the collection,
    /// and `body` as soon as blocks are condemned.
    private static func collect(
        _ collection: GarbageCollection, in repository: Repository,
        before: @Sendable () async throws -> Void = {},
        during body: @Sendable () async throws -> Void
    ) async throws -> CollectionReport {
        try await withThrowingTaskGroup(of: CollectionReport.self) { group in
            try await repository.withSession(.ingest) { _ in
                try await before()
                group.addTask { try await collection.run() }
                while collection.progress.phase != .waitingForSessions
                    || collection.progress.sessions.isEmpty
                {
                    await Task.yield()
                }
                try await body()
            }
            return try #require(try await group.next())
        }
    }

    @Test func `a dead block that a running session counted on is spared when its root comes`()
        async throws
    {
        let race = try await Race()
        let report = try await race.collect {
            let key = Array(race.wanted.cid.multihashBytes)
            // Whoever asks from now on must store it again.
            let now = try await race.scene.repository.catalog.durablePlaces(of: [key])
            #expect(now[0] == nil)
            let root = try CollectionScene.node([race.wanted.cid])
            try await race.scene.store([root], kind: .nodes)
            try await race.scene.snapshot([root.cid])
        }
        #expect(report.sparedBlockCount == 1)
        let blocks = race.scene.repository.blocks
        #expect(try await blocks.block(race.wanted.cid) == race.wanted)
        try await race.scene.expectSound()
        try await race.scene.collect()
        #expect(
            try await blocks.contains([race.wanted.cid, race.other.cid]) == [true, false])
    }

    @Test func `what a session counted on that ended without a snapshot is freed`() async throws {
        let race = try await Race()
        let report = try await race.collect {}
        #expect(report.sparedBlockCount == 0)
        #expect(report.deletedPackCount == 1)
        #expect(try await race.scene.repository.blocks.contains(race.wanted.cid) == false)
        try await race.scene.expectSound()
    }

    @Test func `a pack that moves to another tier before it is rewritten is left alone`()
        async throws
    {
        let scene = try await TierScene()
        let repository = try await scene.repository()
        let blocks = try await scene.store(packs: 1, in: repository)
        let pack = try #require(try await repository.catalog.packs().first)
        let (snapshot, record) = try CollectionScene.snapshot(of: [blocks[0].cid])
        try await repository.blocks.put([record])
        try await repository.catalog.add(snapshot)
        var options = CollectionOptions()
        options.repackBelow = 1
        options.keepsUnfinished = .zero
        let collection = GarbageCollection(repository, options: options)
        let report = try await Self.collect(
            collection, in: repository,
            during: {
                let other = try await scene.repository()
                let moved = try await TierMove(other).run {
                    try await Tiering(other).plan(moving: [pack.id], to: .cold)
                }
                #expect(moved.failures == [] && moved.doneCount == 1)
            })
        #expect(report.damage.isEmpty && report.rewrittenPackCount == 0)
        let action = report.plan.packs.first { $0.pack.id == pack.id }?.action
        #expect(action == .leave(.moved))
        let after = try await scene.repository()
        #expect(try await after.catalog.pack(pack.id)?.tier == .cold)
        for block in blocks { #expect(try await after.blocks.block(block.cid) == block) }
        #expect(try await Verify(after).run().findings.isEmpty)
    }

    @Test func `a collection that may not wait gives up, and condemns nothing`() async throws {
        let race = try await Race()
        try await race.scene.repository.withSession(.ingest) { _ in
            let error = try await #require(throws: CollectionError.self) {
                try await race.scene.collect { $0.wait = .zero }
            }
            #expect(error.code == .sessions)
            #expect(error.message.contains("ingest"))
            let catalog = race.scene.repository.catalog
            #expect(try await catalog.condemned().isEmpty)
            let key = Array(race.wanted.cid.multihashBytes)
            #expect(try await catalog.durablePlaces(of: [key])[0] != nil)
        }
        #expect(try await race.scene.collect().deletedPackCount == 1)
    }

    @Test func `a second collection does not begin while one is running`() async throws {
        let race = try await Race()
        _ = try await race.collect {
            let error = try await #require(throws: CollectionError.self) {
                try await race.scene.collect()
            }
            #expect(error.code == .running)
        }
    }

    @Test func `cancelled while it waits, a collection leaves nothing condemned`() async throws {
        let race = try await Race()
        let scene = race.scene
        try await scene.repository.withSession(.ingest) { _ in
            let collection = GarbageCollection(scene.repository)
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    await #expect(throws: CancellationError.self) { try await collection.run() }
                }
                while collection.progress.phase != .waitingForSessions
                    || collection.progress.sessions.isEmpty
                {
                    await Task.yield()
                }
                group.cancelAll()
                try await group.waitForAll()
            }
            #expect(try await scene.repository.catalog.condemned().isEmpty)
        }
    }

    @Test func `what a run without a snapshot stored is left alone until it is old`() async throws {
        let scene = try await CollectionScene()
        let block = try CollectionScene.leaf("of a run that broke off")
        try await scene.repository.withSession(.ingest) { session in
            let sealed = try await SessionPack.seal([block], in: session)
            try await scene.repository.commit(sealed, in: session)
        }
        let young = try await scene.collect { $0.keepsUnfinished = .seconds(3600) }
        #expect(young.left.map(\.reason) == [.unfinished])
        switch try await KeepSearch(scene.repository).reason(for: block.cid) {
        case .session(_, let isAlive, _): #expect(!isAlive)
        case let reason: Issue.record("\(reason)")
        }
        #expect(try await scene.collect().deletedPackCount == 1)
    }

    @Test(arguments: 0..<4)
    func `an ingest beside collections ends whole, whatever dies meanwhile`(
        _ number: Int
    ) async throws {
        let seed = SeededGenerator.runSeed &+ UInt64(number)
        let scene = try await CollectionScene()
        // Much of each tree's content is in the others, too: it is drawn from a few seeds.
        var snapshots: [String] = []
        for name in ["a", "b", "c"] {
            let path = try scene.write(
                .random(seed: seed &* 31 &+ UInt64(name.utf8.first ?? 0)), as: name)
            let result = try await scene.ingest(path)
            snapshots.append(try #require(result.snapshot).id)
        }
        let source = try scene.write(.random(seed: seed &* 31 &+ 7), as: "source")
        for id in snapshots.dropFirst() {
            _ = try await scene.repository.catalog.removeSnapshot(id)
        }
        async let ingested = scene.ingest(source) { $0.usesStatCache = false }
        async let collected = scene.collect()
        let (result, _) = (try await ingested, try await collected)
        _ = try await scene.reachable(try #require(result.roots.first).cid)
        try await scene.expectSound()
        _ = try await scene.repository.catalog.removeSnapshot(snapshots[0])
        async let again = scene.ingest(source)
        async let last = scene.collect()
        let (second, _) = (try await again, try await last)
        #expect(second.roots == result.roots, "seed \(seed)")
        let live = try await scene.reachable(try #require(second.roots.first).cid)
        try await scene.collect()
        try await scene.expectSound()
        // What is left: the DAG, without what CIDs hold themselves, and two records.
        let stored = Set(live.filter { $0.inlineBlock == nil }.map(\.multihashBytes)).count
        #expect(
            try await scene.repository.catalog.totals().blockCount == stored + 2, "seed \(seed)")
    }
}

// SPDX-License-Identifier: Apache-2.0

import BlockStore
import Catalog
import Foundation
import IPLD
import Lifecycle
import Multiformats
import PackStore
import Repository
import Synchronization
import TestSupport
import Testing

/// Moves beside reads, writes and other moves; each repository value stands for a process.
struct TierConcurrencyTests {
    @Test func `reads and writes go on while packs move to and fro`() async throws {
        let scene = try await TierScene()
        let repository = try await scene.repository()
        let blocks = try await scene.store(packs: 6, in: repository)
        let progress = Progress()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for reader in 0..<3 {
                let other = try await scene.repository()
                group.addTask {
                    var generator = SeededGenerator(seed: UInt64(reader))
                    while !progress.isOver.load(ordering: .relaxed) {
                        let wanted = blocks.shuffled(using: &generator).prefix(8)
                        let found = Mutex<[Int: Block]>([:])
                        try await other.blocks.forEachBlock(wanted.map(\.cid)) { index, block in
                            found.withLock { $0[index] = block }
                        }
                        #expect(found.withLock { $0.count } == wanted.count)
                        let one = try #require(wanted.first)
                        #expect(try await other.blocks.block(one.cid) == one)
                        progress.readCount.add(1, ordering: .relaxed)
                    }
                }
            }
            let writer = try await scene.repository()
            group.addTask {
                var number = 0
                while !progress.isOver.load(ordering: .relaxed) {
                    let bytes = Array("written \(number)".utf8)
                    let cid = try CIDBuilder().cid(codec: .raw, hashing: bytes.span)
                    try await writer.blocks.put([Block(cid: cid, bytes: bytes)])
                    number += 1
                    if number > 200 { break }
                }
            }
            for _ in 0..<6 {
                let ids = Set(try await repository.catalog.packs().map(\.id))
                let there = try await TierMove(repository).run {
                    try await Tiering(repository).plan(moving: ids, to: .cold)
                }
                #expect(there.failures == [])
                #expect(try await repository.recallAll().failures == [])
            }
            progress.isOver.store(true, ordering: .relaxed)
            try await group.waitForAll()
        }
        #expect(progress.readCount.load(ordering: .relaxed) > 0)
        #expect(try await scene.repository().holds(blocks))
        #expect(try scene.files("cold").isEmpty)
        #expect(try await repository.catalog.doomedPacks().isEmpty)
    }

    @Test func `of two moves at once one waits for another time`() async throws {
        let scene = try await TierScene()
        let repository = try await scene.repository()
        _ = try await scene.store(packs: 4, in: repository)
        let outcomes = try await withThrowingTaskGroup(of: Int?.self) { group in
            for _ in 0..<3 {
                let other = try await scene.repository()
                group.addTask {
                    do { return try await other.moveByRules().doneCount } catch let error
                        as TierError where error.code == .busy
                    { return nil }
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(outcomes.compactMap { $0 }.reduce(0, +) == 4)
        #expect(try await repository.packCounts() == [.cold: 4])
    }

    @Test func `a pack that is removed while it is copied leaves no copy`() async throws {
        let scene = try await TierScene()
        let repository = try await scene.repository()
        _ = try await scene.store(packs: 1, in: repository)
        let pack = try #require(try await repository.catalog.packs().first)
        let report = try await TierMove(repository).run {
            let plan = try await Tiering(repository).plan()
            // GC comes between the plan and the step.
            #expect(try await repository.catalog.removePack(pack.id, ifVersion: pack.version))
            return plan
        }
        #expect(report.doneCount == 0)
        #expect(report.skippedCount == 1)
        #expect(report.failures == [])
        #expect(try scene.files("cold").isEmpty)
        let isMoved = try await repository.catalog.move(
            pack.id, from: .hot, to: .cold, atMilliseconds: 0)
        #expect(!isMoved)
    }
}

/// What the tasks of one test tell each other.
private final class Progress: Sendable {
    let isOver = Atomic(false)
    let readCount = Atomic(0)
}

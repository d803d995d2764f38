// SPDX-License-Identifier: Apache-2.0

import BlockStore
import Catalog
import Foundation
import IPLD
import Lifecycle
import Multiformats
import Repository
import Synchronization
import TestSupport
import Testing
import UnixFS

/// Pins in a repository: what they keep is durable there.
struct PinsTests {
    private let directory: TemporaryDirectory
    private let repository: Repository

    init() async throws {
        directory = try TemporaryDirectory()
        repository = try await Repository.open(
            directory.url.appending(path: "repository").path, creating: true)
    }

    /// Blocks of a small tree, the root last.
    private func blocks(_ text: String = "leaf") throws -> [Block] {
        var options = DAGCase.Options()
        options.cidVersion = 1
        options.rawLeaves = true
        let made = Mutex<[Block]>([])
        _ = try TreeImporter(options) { block in made.withLock { $0.append(block) } }
            .importRoot(
                .folder(["a": .text(text), "b": .text(text), "d": .folder(["c": .text("c")])]))
        return made.withLock { $0 }
    }

    private func durable(_ blocks: [Block]) async throws -> Int {
        try await repository.catalog.durablePlaces(of: blocks.map { Array($0.cid.multihashBytes) })
            .count { $0 != nil }
    }

    @Test func `what only the cache has is durable once it is pinned`() async throws {
        let blocks = try blocks()
        let root = try #require(blocks.last).cid
        try await repository.blocks.put(blocks, into: .cache)
        #expect(try await durable(blocks) == 0)
        let added = try await Pins(repository).add(root)
        // Both files are one block.
        #expect(added.blockCount == 4 && added.storedAgainCount == 4)
        #expect(try await durable(blocks) == blocks.count)
        let again = try await Pins(repository).add(root)
        #expect(again.blockCount == 4 && again.storedAgainCount == 0)
    }

    @Test func `a direct pin makes the one block durable`() async throws {
        let blocks = try blocks()
        let root = try #require(blocks.last)
        try await repository.blocks.put(blocks, into: .cache)
        #expect(try await Pins(repository).add(root.cid, isRecursive: false).blockCount == 1)
        #expect(try await durable([root]) == 1)
        #expect(try await durable(blocks) == 1)
    }

    @Test func `what a collection has condemned is stored again`() async throws {
        let blocks = try blocks()
        let root = try #require(blocks.last).cid
        try await repository.blocks.put(blocks)
        let condemned = try await repository.catalog.packs().map {
            PackBlocks(id: $0.id, blocks: .all(count: $0.blockCount))
        }
        _ = try await repository.catalog.condemn(condemned, liveCaches: [])
        #expect(try await durable(blocks) == 0)
        let added = try await Pins(repository).add(root)
        #expect(added.storedAgainCount == 4)
        #expect(try await durable(blocks) == blocks.count)
    }

    @Test func `pins and records are roots, expired pins are none`() async throws {
        let blocks = try blocks()
        let root = try #require(blocks.last).cid
        try await repository.blocks.put(blocks)
        let before = try await repository.catalog.roots().generation
        let pin = try await Pins(repository).add(root, name: "kept").pin
        let (generation, roots) = try await repository.catalog.roots()
        #expect(generation > before)
        #expect(roots.contains { $0.cid == root.bytes && $0.isRecursive })
        #expect(roots.contains { $0.cid == pin.recordCID && !$0.isRecursive })
        try await Pins(repository).remove([pin])
        let left = try await repository.catalog.roots().roots
        #expect(!left.contains { $0.cid == root.bytes } && left.count == 1)
        _ = try await Pins(repository).add(root, expiresAtMilliseconds: 1)
        #expect(try await !repository.catalog.roots().roots.contains { $0.cid == root.bytes })
        #expect(try await Pins(repository).list().isEmpty)
        #expect(try await Pins(repository).list(includingExpired: true).count == 1)
    }

    @Test func `the pin of a session that was given up is not taken in`() async throws {
        let root = try #require(try blocks().last)
        let session = "01a00000-0000-7000-8000-000000000000"
        try await repository.catalog.begin(
            Session(
                id: session, kind: "pin", startedAtMilliseconds: 1, host: "box", processID: 1))
        try await repository.catalog.abandon([session])
        let pin = Pin(
            id: "p", cid: root.cid.bytes, isRecursive: true, createdAtMilliseconds: 1)
        let change = RootChange(id: session, madeAtMilliseconds: 1, action: .pin(pin))
        try await repository.apply(records: [try RootChangeBlock.encode(change)])
        #expect(try await repository.catalog.pins().isEmpty)
    }

    @Test(arguments: [
        RootChange.Action.pin(
            Pin(
                id: "p", cid: [1, 0x55, 0, 0], isRecursive: true, name: "ü",
                createdAtMilliseconds: 7, expiresAtMilliseconds: -9)),
        .pin(Pin(id: "p", cid: [1, 0x55, 0, 0], isRecursive: false, createdAtMilliseconds: 7)),
        .unpin([.init(id: "a", recordCID: [1, 2]), .init(id: "b", recordCID: [])]),
        .forget([.init(id: "", recordCID: [0xff])]),
        .tag(.init(id: "s", recordCID: [3]), tags: [], revision: 1),
        .tag(.init(id: "s", recordCID: [3]), tags: ["x", "\u{0}"], revision: .max),
    ])
    func `a record reads as it was written`(_ action: RootChange.Action) throws {
        let change = RootChange(id: "c", madeAtMilliseconds: 7, action: action)
        let block = try RootChangeBlock.encode(change)
        var expected = change
        expected.recordCID = block.cid.bytes
        if case .pin(var pin) = action {
            pin.recordCID = block.cid.bytes
            expected.action = .pin(pin)
        }
        #expect(RootChangeBlock.decode(block) == expected)
        // No other block is taken for one, and no cut trips the decoder.
        #expect(SnapshotBlock.decode(block) == nil)
        for count in block.bytes.indices {
            let cut = Block(cid: block.cid, bytes: Array(block.bytes.prefix(count)))
            #expect(RootChangeBlock.decode(cut) == nil)
        }
    }
}

// SPDX-License-Identifier: Apache-2.0

import BlockStore
import Catalog
import IPLD
import Multiformats
import PackStore
import Repository

/// Looks for the blocks that snapshots lack, nearest place first, and stores what it finds.
struct Healing {
    /// Walks over the snapshots: behind a lost node that was found, others may be lost.
    private static let roundLimit = 64
    /// Bytes of blocks that go into one pack.
    private static let batchByteCount = 32 << 20

    private let repair: Repair
    private let repository: Repository
    private var sources: SourceFiles
    private var batch: [Block] = []
    private var batchByteCount = 0
    /// Blocks found and stored.
    private(set) var blockCount = 0
    /// Where they came from.
    private(set) var origins = RepairReport.Origins()

    init(_ repair: Repair) async throws {
        self.repair = repair
        repository = repair.repository
        sources = try await SourceFiles(repair.repository)
    }

    /// Heals what can be healed.
    ///
    /// - Returns: what is still lost.
    mutating func run() async throws -> SnapshotLosses {
        var losses = try await walk()
        for _ in 0..<Self.roundLimit where !losses.cids.isEmpty {
            let before = blockCount
            var wanted = Set(losses.cids.map { Array($0.multihashBytes) })
            try await searchCatalog(losses.content, &wanted)
            try await searchStore(losses.cids, &wanted)
            try await searchSources(losses.content, &wanted)
            try await searchPeers(losses.cids, &wanted)
            try await flush()
            if blockCount == before { break }
            losses = try await walk()
        }
        return losses
    }

    private func walk() async throws -> SnapshotLosses {
        repair.report("walking the snapshots")
        let health = try await PackHealth(repository, unreadable: [])
        return try await SnapshotLosses(repository, health)
    }

    /// Makes the records of snapshots anew from the catalog's rows, which are right if the CID says so.
    private mutating func searchCatalog(
        _ content: [LostContent], _ wanted: inout Set<[UInt8]>
    ) async throws {
        for content in content where content.rootIndex == nil && wanted.contains(content.key) {
            guard let row = try await repository.catalog.snapshot(matching: content.snapshotID)
            else { continue }
            let block = try SnapshotBlock.encode(row)
            if block.cid == content.cid { try await found(block, &wanted, \.catalog) }
        }
    }

    /// Looks where the catalog says, which finds copies in other tiers, then in all packs: the
    /// catalog names one place of a block only.
    private mutating func searchStore(_ cids: [CID], _ wanted: inout Set<[UInt8]>) async throws {
        repair.report("looking for \(wanted.count) blocks in packs and their copies")
        for cid in cids {
            try Task.checkCancellation()
            do {
                try await found(try await repository.blocks.block(cid), &wanted, \.store)
            } catch let error as BlockStoreError {
                guard error.code != .failed else { throw error }
            }
        }
        for pack in try await repository.catalog.packs() where !wanted.isEmpty {
            try Task.checkCancellation()
            let index: PackIndex
            do {
                index = try await repository.packs.index(of: pack.id, tier: pack.tier)
            } catch is PackError {
                continue  // what is sound in it has been taken out
            }
            for (ordinal, block) in index.blocks.enumerated()
            where wanted.contains(Array(block.cid.multihashBytes)) {
                do {
                    try await found(
                        try await repository.packs.block(
                            in: pack.id, tier: pack.tier, ordinal: ordinal, expecting: block.cid),
                        &wanted, \.store)
                } catch is PackError { continue }  // bad here, too
            }
        }
    }

    private mutating func searchSources(
        _ content: [LostContent], _ wanted: inout Set<[UInt8]>
    ) async throws {
        for (index, content) in content.enumerated() where wanted.contains(content.key) {
            try Task.checkCancellation()
            if index % 64 == 0 {
                repair.report("looking for \(wanted.count) blocks in the sources")
            }
            switch try await sources.find(content) {
            case .nothing: break
            case .block(let block): try await found(block, &wanted, \.source)
            case .stored(let count):
                wanted.remove(content.key)
                blockCount += count
                origins.source += count
            }
        }
    }

    private mutating func searchPeers(_ cids: [CID], _ wanted: inout Set<[UInt8]>) async throws {
        guard let peer = repair.options.peer else { return }
        for cid in cids where wanted.contains(Array(cid.multihashBytes)) {
            try Task.checkCancellation()
            repair.report("asking peers for \(wanted.count) blocks")
            let block: Block?
            do { block = try await peer(cid) } catch let error as CancellationError {
                throw error
            } catch {
                continue  // whoever asks peers learns only that they did not have it
            }
            guard let block else { continue }
            let named = Block(cid: cid, bytes: block.bytes)
            do { try named.verify() } catch { continue }  // a wrong answer is as good as none
            try await found(named, &wanted, \.peer)
        }
    }

    private mutating func found(
        _ block: Block, _ wanted: inout Set<[UInt8]>,
        _ origin: WritableKeyPath<RepairReport.Origins, Int>
    ) async throws {
        guard wanted.remove(Array(block.cid.multihashBytes)) != nil else { return }
        batch.append(block)
        batchByteCount += block.bytes.count
        blockCount += 1
        origins[keyPath: origin] += 1
        if batchByteCount >= Self.batchByteCount { try await flush() }
    }

    private mutating func flush() async throws {
        guard !batch.isEmpty else { return }
        try await repository.blocks.put(batch)
        batch = []
        batchByteCount = 0
    }
}

extension LostContent {
    fileprivate var key: [UInt8] { Array(cid.multihashBytes) }
}

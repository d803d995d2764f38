// SPDX-License-Identifier: Apache-2.0

import BlockStore
import Catalog
import Multiformats
import PackStore
import Repository

extension CollectionRun {
    /// Leaves packs as they are that hold a dead copy of a block which is lost, or bad, where it is
    /// counted on: what heals it must not go.
    ///
    /// The catalog names one place of each block, so all indexes of packs that would go are looked
    /// at; only if something is lost.
    func keepCopiesOfLost() async throws {
        let going = plan.packs.indices.filter {
            plan.packs[$0].action == .delete || plan.packs[$0].action == .rewrite
        }
        guard !going.isEmpty else { return }
        var wanted = marking.lost
        for multihash in try await badLiveBlocks() { wanted.insert(multihash) }
        guard wanted.count > searchedLossCount else { return }
        searchedLossCount = wanted.count
        for index in going {
            try Task.checkCancellation()
            let record = plan.packs[index].pack
            let number = marking.table.number(of: record.id)
            let live = number.map { marking.table.live(in: $0) }
            let entries = try await entries(of: record)
            let isCopy = entries.enumerated().contains { ordinal, cid in
                live?.contains(ordinal) != true && wanted.contains(Array(cid.multihashBytes))
            }
            if isCopy { plan.packs[index].action = .leave(.heals) }
        }
    }

    /// The multihashes of blocks that are in quarantine where a root reaches them.
    private func badLiveBlocks() async throws -> [[UInt8]] {
        var multihashes: [[UInt8]] = []
        for bad in try await repository.catalog.quarantined() {
            guard let number = marking.table.number(of: bad.id) else { continue }
            let record = marking.table.packs[number].record
            guard record.tier != .cache, bad.blocks.count == record.blockCount else { continue }
            var live = bad.blocks
            live.formIntersection(marking.table.live(in: number))
            if live.isEmpty { continue }
            let entries = try await entries(of: record)
            for (ordinal, cid) in entries.enumerated() where live.contains(ordinal) {
                multihashes.append(Array(cid.multihashBytes))
            }
        }
        return multihashes
    }

    private func entries(of record: PackRecord) async throws -> [CID] {
        let index: PackIndex
        do { index = try await packs.index(of: record.id, tier: record.tier) } catch let error
            as PackError
        {
            throw CollectionError(
                .unreadable,
                "\(error), so whether it holds what heals another is not known; nothing was freed. Run `cairn repair`",
                cause: error)
        }
        guard index.blocks.count == record.blockCount else {
            throw CollectionError(
                .unreadable,
                "pack \(record.id) holds \(index.blocks.count) blocks, the catalog says \(record.blockCount); run `cairn reindex`"
            )
        }
        return index.blocks.map(\.cid)
    }
}

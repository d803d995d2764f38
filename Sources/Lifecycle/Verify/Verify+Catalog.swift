// SPDX-License-Identifier: Apache-2.0

import BlockStore
import Catalog
import Multiformats
import PackStore
import Repository

extension Verify {
    /// Keys that are looked up together.
    private static let batchCount = 4096
    /// Faults of the catalog's file that are told; more say nothing more.
    private static let fileFaultLimit = 20

    /// Whether the catalog's file is sound, as far as time allows.
    func checkCatalogFile(_ pace: ReadPace) async throws {
        let faults = try await withThrowingTaskGroup(of: [String]?.self) { group in
            group.addTask { [repository] in
                try await repository.catalog.faults(limit: Self.fileFaultLimit)
            }
            group.addTask {
                while !pace.isOver { try await Task.sleep(for: .milliseconds(50)) }
                return nil
            }
            defer { group.cancelAll() }
            return try await group.next() ?? nil
        }
        guard let faults else { return note("the catalog's file was not checked: no time") }
        for fault in faults { find(.damagedCatalog(fault)) }
    }

    /// Whether the catalog says of the pack what the pack says of itself, and finds each of its
    /// blocks, here or in another pack.
    func checkCatalog(of pack: PackRecord, _ result: PackVerification) async throws {
        let index: PackIndex
        do {
            index = try await repository.packs.index(of: pack.id, tier: pack.tier)
        } catch is PackError {
            return  // a damaged index is among the damage found
        }
        try await checkRecord(pack, index)
        var start = 0
        while start < index.blocks.count {
            try Task.checkCancellation()
            let end = min(start + Self.batchCount, index.blocks.count)
            try await checkPlaces(of: index.blocks[start..<end], in: index)
            start = end
        }
    }

    private func checkRecord(_ pack: PackRecord, _ index: PackIndex) async throws {
        let differences = [
            ("kind", "\(index.kind)", "\(pack.kind)"),
            ("blocks", "\(index.blocks.count)", "\(pack.blockCount)"),
            ("bytes", "\(index.byteCount)", "\(pack.byteCount)"),
        ].filter { $0.1 != $0.2 }
        for (what, pack, catalog) in differences {
            find(.wrongRecord(index.id, "\(what): the pack says \(pack), the catalog \(catalog)"))
        }
    }

    private func checkPlaces(of blocks: ArraySlice<PackBlock>, in index: PackIndex) async throws {
        let places = try await repository.catalog.places(
            of: blocks.map { Array($0.cid.multihashBytes) })
        var missing: [CID] = []
        var elsewhere: [PackID: [(cid: CID, ordinal: UInt32)]] = [:]
        for (block, place) in zip(blocks, places) {
            guard let place else {
                missing.append(block.cid)
                continue
            }
            if place.packID != index.id {
                elsewhere[place.packID, default: []].append((block.cid, place.ordinal))
            } else if !index.holds(block.cid, at: place.ordinal) {
                find(.misplacedBlock(index.id, block.cid, at: index.id))
            }
        }
        // Asked after the look-up: a pack that a collection has removed meanwhile took them along.
        if !missing.isEmpty, try await repository.catalog.pack(index.id) != nil {
            for cid in missing { find(.uncataloguedBlock(index.id, cid)) }
        }
        for (id, places) in elsewhere {
            guard let other = try await otherIndex(id) else { continue }
            for (cid, ordinal) in places where !other.holds(cid, at: ordinal) {
                find(.misplacedBlock(index.id, cid, at: id))
            }
        }
    }

    /// The index of another pack; nil if it cannot be read, which is told when that pack is
    /// checked, or if it was removed meanwhile.
    private func otherIndex(_ id: PackID) async throws -> PackIndex? {
        guard let record = try await repository.catalog.pack(id) else { return nil }
        do { return try await repository.packs.index(of: id, tier: record.tier) } catch is PackError
        {
            return nil
        }
    }

    /// The ordinals of the pack's blocks that cannot be had from it.
    func badOrdinals(of pack: PackRecord, _ result: PackVerification) async throws -> [Int] {
        let isIndexSound = !result.damage.contains { $0.place == .index }
        if isIndexSound { return result.badOrdinals }
        // Only the catalog still knows ordinals: bad are all but those of blocks found sound.
        let found = try await repository.packs.recoverIndex(of: pack.id, tier: pack.tier)
        var bad = Array(repeating: true, count: pack.blockCount)
        var start = 0
        while start < found.blocks.count {
            let end = min(start + Self.batchCount, found.blocks.count)
            let places = try await repository.catalog.places(
                of: found.blocks[start..<end].map { Array($0.cid.multihashBytes) })
            for case let place? in places where place.packID == pack.id {
                if bad.indices.contains(Int(place.ordinal)) { bad[Int(place.ordinal)] = false }
            }
            start = end
        }
        return bad.indices.filter { bad[$0] }
    }
}

extension PackIndex {
    /// Whether the block at `ordinal` is the one of `cid`.
    fileprivate func holds(_ cid: CID, at ordinal: UInt32) -> Bool {
        blocks.indices.contains(Int(ordinal))
            && blocks[Int(ordinal)].cid.multihashBytes == cid.multihashBytes
    }
}

// SPDX-License-Identifier: Apache-2.0

import BlockStore
import Catalog
import IPLD
import Multiformats
import PackStore
import Repository

extension Verify {
    /// Whether every block of every snapshot can be had, and each snapshot is the one that its
    /// record tells of.
    func checkSnapshots() async throws {
        let health = try await PackHealth(repository, unreadable: unreadablePacks)
        for snapshot in try await repository.catalog.snapshots(limit: nil) {
            try Task.checkCancellation()
            try await checkRecord(of: snapshot)
        }
        let losses = try await SnapshotLosses(repository, health)
        count(snapshots: losses.snapshotCount)
        for content in losses.content { find(.lostContent(content)) }
        // What was lost when it was last looked, and is there again, is no longer marked.
        for (id, count) in try await repository.catalog.lostBlockCounts()
        where losses.blockCounts[id] == nil && count > 0 && !losses.isPartial {
            try await repository.catalog.setLostBlockCount(0, ofSnapshot: id)
        }
        for (id, count) in losses.blockCounts {
            try await repository.catalog.setLostBlockCount(count, ofSnapshot: id)
        }
    }

    private func checkRecord(of snapshot: SnapshotRecord) async throws {
        guard let cid = try? CID(snapshot.recordCID) else {  // told as what it is
            return find(.wrongSnapshot(snapshot.id, "the catalog holds no CID of its record"))
        }
        if let root = snapshot.roots.first(where: { (try? CID($0.cid)) == nil }) {  // as above
            return find(.wrongSnapshot(snapshot.id, "the catalog holds no CID of \(root.name)"))
        }
        do {
            let block = try await repository.blocks.block(cid)
            guard var record = SnapshotBlock.decode(block) else {
                return find(.wrongSnapshot(snapshot.id, "block \(cid) is no record of a snapshot"))
            }
            // Tags change after the run.
            record.tags = snapshot.tags
            if record != snapshot {
                find(.wrongSnapshot(snapshot.id, "the catalog differs from the record \(cid)"))
            }
        } catch let error as BlockStoreError {
            if (error.cause as? PackError)?.isDenied == true { return }  // its pack is told
            guard error.code != .failed else { throw error }
            // Lost, which is told with what else is lost of it, unless the catalog has the CID wrong.
            if let other = try await record(ofSnapshot: snapshot.id) {
                find(.wrongSnapshot(snapshot.id, "its record is \(other), not \(cid)"))
            }
        }
    }

    /// The CID of the record that some pack holds of a snapshot.
    private func record(ofSnapshot id: String) async throws -> CID? {
        for pack in try await repository.catalog.packs()
        where pack.kind == .nodes && pack.tier != .cache {
            do {
                let index = try await repository.packs.index(of: pack.id, tier: pack.tier)
                let blocks = try await repository.recordBlocks(in: index, tier: pack.tier)
                if let block = blocks.first(where: { SnapshotBlock.decode($0)?.id == id }) {
                    return block.cid
                }
            } catch is PackError { continue }  // told as damage
        }
        return nil
    }

    /// Packs that this run found missing or unreadable; one that it may not read is neither.
    private var unreadablePacks: Set<PackID> {
        Set(
            progress.findings.compactMap { finding in
                switch finding {
                case .missingPack(let id, _): id
                case .unreadablePack(let id, _, let error): error.isDenied ? nil : id
                default: nil
                }
            })
    }
}

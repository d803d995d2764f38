// SPDX-License-Identifier: Apache-2.0

import BlockStore
import Catalog
import Multiformats
import Repository

/// What is lost of the snapshots: found by one walk over all of them, named by a second one that
/// enters only what is incomplete.
struct SnapshotLosses {
    /// Paths that are named; a lost directory may lead to the same lost blocks by many.
    private static let namedLimit = 100_000

    /// What is lost, in the order of the snapshots and of their DAGs.
    private(set) var content: [LostContent] = []
    /// How many different blocks of each snapshot are lost; those that are whole are left out.
    private(set) var blockCounts: [String: Int] = [:]
    /// How many snapshots were walked.
    private(set) var snapshotCount = 0
    /// The blocks that are lost, each once.
    private(set) var cids: [CID] = []
    /// Whether some of it is not known: nodes were met that this process may not read.
    private(set) var isPartial = false

    /// Walks the DAGs of all snapshots.
    ///
    /// - Throws: `CatalogError`; `BlockStoreError` if a tier fails otherwise than by a bad block.
    init(_ repository: Repository, _ health: PackHealth) async throws {
        let snapshots = try await repository.catalog.snapshots(limit: nil)
        snapshotCount = snapshots.count
        var walk = DAGWalk(repository, health)
        for snapshot in snapshots {
            for root in Self.roots(of: snapshot) { try await walk.walk(root) }
        }
        isPartial = walk.isPartial
        let records = try await Self.lostRecords(of: snapshots, repository, health)
        guard !walk.lost.isEmpty || !records.isEmpty else { return }
        var known: Set<[UInt8]> = []
        for snapshot in snapshots {
            if let record = records[snapshot.id] {
                content.append(LostContent(record: record, of: snapshot.id))
                cids.append(record)
                blockCounts[snapshot.id] = 1
            }
            let roots = Self.roots(of: snapshot)
            guard roots.contains(where: { walk.isIncomplete($0) }) else { continue }
            // Forgotten meanwhile, its blocks may be gone with every right.
            guard try await repository.catalog.snapshot(matching: snapshot.id) != nil else {
                continue
            }
            var blocks: Set<[UInt8]> = []
            for (index, root) in snapshot.roots.enumerated() {
                guard let cid = Self.cid(root) else { continue }
                for (names, child) in try await walk.lost(below: cid, limit: Self.namedLimit) {
                    let key = Array(child.cid.multihashBytes)
                    blocks.insert(key)
                    if known.insert(key).inserted { cids.append(child.cid) }
                    if content.count < Self.namedLimit {
                        content.append(
                            LostContent(snapshot, root: index, names: names, child))
                    }
                }
            }
            blockCounts[snapshot.id, default: 0] += blocks.count
        }
    }

    /// The CIDs of the snapshots' own records that cannot be had, by the snapshots' ids.
    private static func lostRecords(
        of snapshots: [SnapshotRecord], _ repository: Repository, _ health: PackHealth
    ) async throws -> [String: CID] {
        var records: [(id: String, cid: CID)] = []
        for snapshot in snapshots {
            // What is no CID is told as a wrong snapshot.
            if let cid = try? CID(snapshot.recordCID) { records.append((snapshot.id, cid)) }
        }
        let places = try await repository.catalog.places(
            of: records.map { Array($0.cid.multihashBytes) })
        var lost: [String: CID] = [:]
        for (record, place) in zip(records, places) {
            if place.map({ health.isBad($0) }) ?? true { lost[record.id] = record.cid }
        }
        return lost
    }

    private static func roots(of snapshot: SnapshotRecord) -> [CID] {
        snapshot.roots.compactMap { cid($0) }
    }

    /// The root's CID; nil if the catalog holds none, which is told as a wrong snapshot.
    private static func cid(_ root: SnapshotRecord.Root) -> CID? { try? CID(root.cid) }
}

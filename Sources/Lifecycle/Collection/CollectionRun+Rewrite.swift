// SPDX-License-Identifier: Apache-2.0

import BlockStore
import Catalog
import FileIO
import Multiformats
import PackStore
import Repository

extension CollectionRun {
    /// Copies what lives in packs that are mostly dead, or small, into new packs, and removes the old
    /// ones.
    func rewriteSparse() async throws {
        let groups = plan.copyGroups(nowMilliseconds: repository.clock.milliseconds)
        if groups.isEmpty { return }
        let byteCount = groups.joined().reduce(Int64(0)) { $0 + plan.packs[$1].liveByteCount }
        board.begin(.rewriting, packs: groups.joined().count, bytes: byteCount)
        // The session names the new packs, so that nobody takes a sealed one for a crash's.
        try await repository.withSession(.collect) { session in
            // First what frees space: a merge alone does not.
            for group in groups where !isMerge(group) { try await rewriteSound(group, in: session) }
            for group in groups where isMerge(group) {
                do { try await rewriteSound(group, in: session) } catch let error as PackError {
                    guard error.code == .noSpace else { throw error }
                    for index in group { plan.packs[index].action = .leave(.noRoom) }
                }
            }
        }
    }

    private func isMerge(_ group: [Int]) -> Bool {
        group.allSatisfy { plan.packs[$0].action == .merge && plan.packs[$0].deadBlockCount == 0 }
    }

    /// Rewrites a group, without those of its packs that turn out to be damaged.
    private func rewriteSound(_ group: [Int], in session: RepositorySession) async throws {
        var group = group
        while !group.isEmpty {
            try Task.checkCancellation()
            do {
                return try await rewrite(group, in: session)
            } catch let error as PackError {
                let damaged = group.firstIndex { plan.packs[$0].pack.id == error.pack }
                guard let damaged else { throw error }
                let pack = plan.packs[group[damaged]].pack
                if error.code == .notFound, try await !isStill(pack) {
                    plan.packs[group[damaged]].action = .leave(.moved)
                    group.remove(at: damaged)
                    continue
                }
                // Its blocks stay where they are.
                plan.packs[group[damaged]].action = .leave(.damaged)
                report.damage.append("\(error)")
                group.remove(at: damaged)
            }
        }
    }

    /// Whether a pack is where the plan says.
    private func isStill(_ pack: PackRecord) async throws -> Bool {
        try await repository.catalog.pack(pack.id)?.tier == pack.tier
    }

    private func rewrite(_ group: [Int], in session: RepositorySession) async throws {
        let plans = group.map { plan.packs[$0] }
        let first = plans[0].pack
        let live = plans.map { plan in
            marking.table.number(of: plan.pack.id).map { marking.table.live(in: $0) }
                ?? .all(count: plan.pack.blockCount)
        }
        let sources = zip(plans, live).map { plan, live in
            RewriteSource(pack: plan.pack.id, tier: plan.pack.tier) { live.contains($0) }
        }
        let (board, rate) = (board, rate)
        let finished = try await packs.rewrite(sources, compression: compression) {
            try session.beginPack(kind: first.kind, tier: first.tier)
        } onBytes: { byteCount in
            try Task.checkCancellation()
            rate?.take(byteCount)
            board.update { $0.doneByteCount += Int64(byteCount) }
        }
        guard let finished else { return }
        let sealed = try await seal(finished)
        guard try await replace(group, live, by: sealed) else { return }
        for plan in plans {
            note(gone: plan)
            if plan.action == .merge {
                report.mergedPackCount += 1
            } else {
                report.rewrittenPackCount += 1
            }
        }
        report.newPackCount += 1
        report.rewrittenByteCount += sealed.storedByteCount
        board.update { $0.donePackCount += plans.count }
        try await repository.removeDoomed()
    }

    private func seal(_ pack: FinishedPack) async throws -> SealedPack {
        try await BlockingPool.background.run {
            do { return try pack.seal() } catch {
                pack.abandon()
                throw error
            }
        }
    }

    /// Puts the new pack in the place of the old ones in the catalog.
    ///
    /// - Returns: false if a root that came meanwhile needs a block that was left behind; the new
    ///   pack is then one more with copies, which the next collection removes.
    private func replace(
        _ group: [Int], _ copied: [BlockBitmap], by pack: SealedPack
    ) async throws -> Bool {
        let record = PackRecord(
            id: pack.id, kind: pack.kind, tier: pack.tier, blockCount: pack.blockCount,
            byteCount: pack.byteCount, storedByteCount: pack.storedByteCount,
            createdAtMilliseconds: pack.createdAtMilliseconds)
        let blocks = pack.blocks.enumerated().map { ordinal, block in
            NewBlock(multihash: Array(block.cid.multihashBytes), ordinal: UInt32(ordinal))
        }
        let ids = group.map { plan.packs[$0].pack.id }
        while true {
            let isDone = try await repository.catalog.commitRewrite(
                record, blocks: blocks, replacing: ids, ifRootGeneration: generation)
            if isDone { return true }
            try await lookAgain()
            for (index, copied) in zip(group, copied) {
                guard let number = marking.table.number(of: plan.packs[index].pack.id),
                    marking.table.live(in: number) != copied
                else { continue }
                try await repository.commit(pack)
                for index in group { plan.packs[index].action = .leave(.needed) }
                return false
            }
        }
    }

    private var compression: Compression {
        repository.config.compression.flatMap(Compression.init) ?? .default
    }
}

// SPDX-License-Identifier: Apache-2.0

import BlockStore
import Catalog
import FileIO
import PackStore
import Repository

extension CollectionRun {
    /// Counts what is dead in each pack, and decides what is done about it.
    ///
    /// Only the indexes of packs that are partly dead are read.
    /// - Parameter listed: the packs that may be touched, by their numbers in the table.
    func makePlan(of listed: Range<Int>) async throws -> CollectionPlan {
        var plan = CollectionPlan()
        var candidates: [Int] = []
        var whole: [PackRecord] = []
        let alive = Set(try await repository.endDeadSessions().map(\.id))
        let now = repository.clock.milliseconds
        board.begin(.planning, packs: listed.count)
        for number in listed {
            try Task.checkCancellation()
            let record = marking.table.packs[number].record
            board.update { $0.donePackCount += 1 }
            // Those who read from peers bound the cache themselves.
            if record.tier == .cache { continue }
            let live = marking.table.live(in: number)
            let count = live.population
            plan.liveBlockCount += count
            if count == record.blockCount {
                plan.wholePackCount += 1
                // What is damaged is for repair to deal with.
                let isFree = reasonToLeave(record, alive: alive, now: now) == nil
                if isFree, quarantined[record.id] == nil { whole.append(record) }
                continue
            }
            let bytes = count == 0 ? 0 : try await byteCount(of: live, in: record)
            var action = PackPlan.Action.delete
            if let reason = reasonToLeave(record, alive: alive, now: now) {
                action = .leave(reason)
            } else if count > 0 {
                candidates.append(plan.packs.count)
                action = .rewrite
            }
            plan.packs.append(
                PackPlan(
                    pack: record, liveBlockCount: count, liveByteCount: bytes, action: action))
        }
        let written = plan.chooseRewrites(among: candidates, options)
        plan.chooseMerges(whole: whole, written: written, nowMilliseconds: now, options)
        return plan
    }

    /// Why a pack must not be touched, dead or not.
    private func reasonToLeave(
        _ record: PackRecord, alive: Set<String>, now: Int64
    ) -> PackPlan.Reason? {
        guard let session = record.sessionID else { return nil }
        if alive.contains(session) { return .session }
        // A clock that was set back makes a pack seem young, and leaves it alone for longer.
        let age = Duration.milliseconds(now - record.createdAtMilliseconds)
        return age < options.keepsUnfinished ? .unfinished : nil
    }

    private func byteCount(of live: BlockBitmap, in record: PackRecord) async throws -> Int64 {
        let index: PackIndex
        do { index = try await packs.index(of: record.id, tier: record.tier) } catch let error
            as PackError
        {
            guard error.code == .notFound else {
                throw CollectionError(
                    .unreadable, "\(error); nothing was freed. Run `cairn repair`", cause: error)
            }
            throw CollectionError.moved(record.id)
        }
        guard index.blocks.count == live.count else {
            throw CollectionError(
                .unreadable,
                "pack \(record.id) holds \(index.blocks.count) blocks, the catalog says \(live.count); run `cairn reindex`"
            )
        }
        var byteCount: Int64 = 0
        for (ordinal, block) in index.blocks.enumerated() where live.contains(ordinal) {
            byteCount += Int64(block.byteCount)
        }
        return byteCount
    }
}

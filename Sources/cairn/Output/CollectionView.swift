// SPDX-License-Identifier: Apache-2.0

import BlockStore
import Catalog
import Lifecycle
import Repository

/// What `cairn gc` prints.
struct CollectionView {
    let isDryRun: Bool
    let quiet: Bool
    let json: Bool

    /// The progress on one line.
    static func text(_ progress: CollectionProgress) -> String {
        switch progress.phase {
        case .waitingForOther: "waiting for another gc"
        case .marking:
            "marking: \(Figures.count(progress.reachedCount, "block")) live, \(Figures.count(progress.readBlockCount)) read"
        case .planning:
            "planning: \(Figures.count(progress.donePackCount)) of \(Figures.count(progress.packCount, "pack"))"
        case .waitingForSessions:
            "waiting for "
                + (progress.sessions.first.map {
                    "\($0.kind) on \($0.host), process \($0.processID), since \(Figures.time(milliseconds: $0.startedAtMilliseconds))"
                } ?? "sessions")
                + (progress.sessions.count > 1 ? " and \(progress.sessions.count - 1) more" : "")
        case .sweeping:
            "sweeping: \(Figures.count(progress.donePackCount)) of \(Figures.count(progress.packCount, "pack"))"
        case .rewriting:
            "rewriting: \(Figures.bytes(progress.doneByteCount)) of \(Figures.bytes(progress.byteCount))"
        case .deleting: "deleting files"
        }
    }

    /// Says that nothing is to be done.
    func show(notDue reading: Watermark.Reading, _ watermark: Watermark) {
        if json {
            return Console.line(
                JSON.object([
                    ("event", "summary"), ("due", false), ("measured", .integer(reading.byteCount)),
                    ("limit", .integer(reading.limit)),
                ]).text)
        }
        guard !quiet else { return }
        Console.error("nothing to do: \(watermark.text(reading))")
    }

    /// Says what was freed, or would be.
    func show(_ report: CollectionReport, _ cache: CacheTier.Report, _ elapsed: Duration) {
        for damage in report.damage { Console.error(damage) }
        if json {
            if isDryRun { for plan in report.plan.packs { Console.line(object(plan).text) } }
            return Console.line(summary(report, cache, elapsed).text)
        }
        guard !quiet else { return }
        if isDryRun {
            for plan in report.plan.packs { Console.line(line(plan)) }
            Console.error(forecast(report, elapsed))
            return note(cache)
        }
        Console.error(
            "freed \(Figures.count(report.freedBlockCount, "block")) and \(Figures.bytes(max(report.freedStoredByteCount, 0))): \(Figures.count(report.deletedPackCount, "pack")) deleted, \(Figures.count(report.rewrittenPackCount)) rewritten\(merged(report.mergedPackCount)) into \(Figures.count(report.newPackCount)) (\(Figures.bytes(report.rewrittenByteCount)) written) in \(Figures.duration(elapsed)); \(Figures.count(report.liveBlockCount, "block")) live"
        )
        notes(report)
        note(cache)
    }

    private func note(_ cache: CacheTier.Report) {
        guard cache.evictedPackCount > 0 else { return }
        Console.error(
            "  \(Figures.count(cache.evictedPackCount, "pack")) of the cache \(isDryRun ? "would go" : "gone") by age or size, \(Figures.bytes(cache.evictedByteCount))"
        )
    }

    private func forecast(_ report: CollectionReport, _ elapsed: Duration) -> String {
        let totals = totals(report)
        return
            "would free \(Figures.count(totals.blocks, "block")) and about \(Figures.bytes(totals.stored)): \(Figures.count(totals.deleted, "pack")) deleted, \(Figures.count(totals.rewritten)) rewritten\(merged(totals.merged)) (about \(Figures.bytes(totals.written)) written); \(Figures.count(report.liveBlockCount, "block")) live; looked for \(Figures.duration(elapsed))"
    }

    private func merged(_ count: Int) -> String {
        count == 0 ? "" : " and \(Figures.count(count)) small ones merged"
    }

    private struct Totals {
        var (deleted, rewritten, merged, blocks) = (0, 0, 0, 0)
        var (stored, written): (Int64, Int64) = (0, 0)
    }

    private func totals(_ report: CollectionReport) -> Totals {
        var totals = Totals()
        for plan in report.plan.packs {
            switch plan.action {
            case .delete: totals.deleted += 1
            case .rewrite:
                totals.rewritten += 1
                totals.written += plan.liveStoredByteCount
            case .merge:
                totals.merged += 1
                totals.written += plan.liveStoredByteCount
            case .leave: continue
            }
            totals.blocks += plan.deadBlockCount
            totals.stored += plan.deadStoredByteCount
        }
        return totals
    }

    private func notes(_ report: CollectionReport) {
        for left in report.left {
            Console.error(
                "  \(Figures.count(left.blocks, "dead block")) of \(Figures.bytes(left.bytes)) \(left.blocks == 1 ? "stays" : "stay") in \(Figures.count(left.packs, "pack")): \(left.reason.text)"
            )
        }
        if report.sparedBlockCount > 0 {
            Console.error(
                "  \(Figures.count(report.sparedBlockCount, "block")) saved by snapshots or pins that came meanwhile"
            )
        }
        if report.lackingCount > 0 {
            Console.error(
                "  \(Figures.count(report.lackingCount, "block")) of incomplete snapshots missing, the first is \(report.lacking.first.map { "\($0)" } ?? "?")"
            )
        }
        if report.undecodableCount > 0 {
            Console.error(
                "  \(Figures.count(report.undecodableCount, "block")) of imported archives kept whose links cannot be read, the first is \(report.undecodable.first.map { "\($0)" } ?? "?")"
            )
        }
    }

    private func line(_ plan: PackPlan) -> String {
        "\(plan.pack.id) \(plan.pack.tier) \(plan.pack.kind) \(Figures.bytes(plan.pack.storedByteCount)): \(Figures.percent(plan.liveShare)) live, \(Figures.count(plan.deadBlockCount, "dead block")) of \(Figures.bytes(plan.deadByteCount)): \(plan.action.text)"
    }

    private func object(_ plan: PackPlan) -> JSON {
        .object([
            ("event", "pack"), ("pack", .string("\(plan.pack.id)")),
            ("tier", .string("\(plan.pack.tier)")), ("kind", .string("\(plan.pack.kind)")),
            ("storedBytes", .integer(plan.pack.storedByteCount)),
            ("liveBlocks", .count(plan.liveBlockCount)),
            ("liveBytes", .integer(plan.liveByteCount)),
            ("deadBlocks", .count(plan.deadBlockCount)),
            ("deadBytes", .integer(plan.deadByteCount)),
            ("action", .string(plan.action.word)),
            ("reason", .text(plan.action.reason?.word)),
        ])
    }

    private func summary(
        _ report: CollectionReport, _ cache: CacheTier.Report, _ elapsed: Duration
    ) -> JSON {
        let totals = totals(report)
        let done: [(String, JSON)] =
            isDryRun
            ? [
                ("freedBlocks", .count(totals.blocks)), ("freedBytes", .integer(totals.stored)),
                ("deletedPacks", .count(totals.deleted)),
                ("rewrittenPacks", .count(totals.rewritten)),
                ("mergedPacks", .count(totals.merged)),
                ("rewrittenBytes", .integer(totals.written)),
            ]
            : [
                ("freedBlocks", .count(report.freedBlockCount)),
                ("freedBytes", .integer(report.freedStoredByteCount)),
                ("deletedPacks", .count(report.deletedPackCount)),
                ("rewrittenPacks", .count(report.rewrittenPackCount)),
                ("mergedPacks", .count(report.mergedPackCount)),
                ("newPacks", .count(report.newPackCount)),
                ("rewrittenBytes", .integer(report.rewrittenByteCount)),
                ("sparedBlocks", .count(report.sparedBlockCount)),
            ]
        let left = report.left.map { left in
            JSON.object([
                ("reason", .string(left.reason.word)), ("packs", .count(left.packs)),
                ("blocks", .count(left.blocks)), ("bytes", .integer(left.bytes)),
            ])
        }
        return .object(
            [
                ("event", "summary"), ("due", true), ("dryRun", .bool(isDryRun)),
                ("roots", .count(report.rootCount)), ("liveBlocks", .count(report.liveBlockCount)),
                ("readBlocks", .count(report.readBlockCount)),
            ] + done + [
                ("left", .array(left)), ("missingBlocks", .count(report.lackingCount)),
                ("damagedPacks", .count(report.damage.count)),
                ("evictedPacks", .count(cache.evictedPackCount)),
                ("evictedBytes", .integer(cache.evictedByteCount)), ("seconds", .seconds(elapsed)),
            ])
    }
}

extension PackPlan.Action {
    fileprivate var word: String {
        switch self {
        case .delete: "delete"
        case .rewrite: "rewrite"
        case .merge: "merge"
        case .leave: "leave"
        }
    }

    fileprivate var reason: PackPlan.Reason? {
        if case .leave(let reason) = self { reason } else { nil }
    }

    fileprivate var text: String { reason.map { "left: \($0.text)" } ?? word }
}

extension PackPlan.Reason {
    fileprivate var word: String {
        switch self {
        case .threshold: "threshold"
        case .session: "session"
        case .unfinished: "unfinished"
        case .tier: "tier"
        case .limit: "limit"
        case .enough: "enough"
        case .damaged: "damaged"
        case .needed: "needed"
        case .moved: "moved"
        case .heals: "heals"
        case .noRoom: "no-room"
        }
    }

    fileprivate var text: String {
        switch self {
        case .threshold: "too much of the pack lives (--repack-below)"
        case .session: "a running session stored it"
        case .unfinished: "a run without a snapshot stored it not long ago (--keep-unfinished)"
        case .tier: "packs of this tier are not rewritten (--repack-cold)"
        case .limit: "enough is rewritten (--max-repack)"
        case .enough: "enough is freed without it (--until)"
        case .damaged: "what lives in the pack is damaged; run `cairn repair`"
        case .moved: "the pack went to another tier meanwhile"
        case .needed: "a snapshot or pin that came meanwhile needs some of it"
        case .heals: "the pack holds a copy of a block that is lost elsewhere; run `cairn repair`"
        case .noRoom: "the disk has no room to merge the pack with others"
        }
    }
}

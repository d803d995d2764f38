// SPDX-License-Identifier: Apache-2.0

import Lifecycle

/// What `cairn repair` prints.
enum RepairOutput {
    /// A step, for programs.
    static func json(_ step: RepairStep) -> JSON {
        var fields: [(String, JSON)] = [
            ("event", "step"), ("kind", .string(step.kind)), ("text", .string("\(step)")),
        ]
        if let pack = step.pack { fields.append(("pack", .string("\(pack)"))) }
        return .object(fields)
    }

    /// The summary, for programs; without a report nothing was done.
    static func json(
        _ plan: RepairPlan, _ report: RepairReport?, _ isWhole: Bool, _ elapsed: Duration
    ) -> JSON {
        var fields: [(String, JSON)] = [
            ("event", "summary"), ("done", .bool(report != nil)), ("sound", .bool(isWhole)),
            ("faults", .count(plan.report.findingCount)), ("steps", .count(plan.steps.count)),
            ("leftAlone", .array(plan.leftAlone.map { .string($0) })),
        ]
        let losses = report?.losses ?? plan.losses
        fields.append(("lostBlocks", .count(Set(losses.map(\.cid)).count)))
        fields.append(
            ("incompleteSnapshots", .count((report?.lostBlockCounts ?? plan.lostBlockCounts).count))
        )
        if let report {
            fields += [
                ("healedBlocks", .count(report.healedBlockCount)),
                ("healedFromStore", .count(report.healedFrom.store)),
                ("healedFromCatalog", .count(report.healedFrom.catalog)),
                ("healedFromSource", .count(report.healedFrom.source)),
                ("healedFromPeers", .count(report.healedFrom.peer)),
                ("healedPacks", .count(report.healedPackCount)),
                ("rewrittenPacks", .count(report.rewrittenPackCount)),
                ("rewrittenBlocks", .count(report.rewrittenBlockCount)),
                ("forgottenPacks", .count(report.forgottenPackCount)),
                ("droppedSnapshots", .array(report.droppedSnapshots.map { .string($0) })),
                ("setAside", .array(report.setAside.map { .string($0) })),
                ("failures", .array(report.failures.map { .string($0) })),
            ]
        }
        fields.append(("seconds", .seconds(elapsed)))
        return .object(fields)
    }

    /// What was done, for people.
    static func lines(_ report: RepairReport) -> [String] {
        var lines: [String] = []
        if report.healedPackCount > 0 {
            lines.append(
                "put sound copies from other tiers in the place of \(Figures.count(report.healedPackCount, "pack"))"
            )
        }
        if report.rewrittenPackCount > 0 {
            lines.append(
                "rewrote \(Figures.count(report.rewrittenPackCount, "pack")) with \(Figures.count(report.rewrittenBlockCount, "sound block"))"
            )
        }
        if report.healedBlockCount > 0 {
            let from = report.healedFrom
            lines.append(
                "healed \(Figures.count(report.healedBlockCount, "block")): \(Figures.count(from.store + from.catalog)) from packs, copies and the catalog, \(Figures.count(from.source)) from the sources, \(Figures.count(from.peer)) from peers"
            )
        }
        if report.forgottenPackCount > 0 {
            lines.append(
                "took \(Figures.count(report.forgottenPackCount, "missing pack")) out of the catalog"
            )
        }
        for id in report.droppedSnapshots { lines.append("forgot the incomplete snapshot \(id)") }
        for path in report.setAside { lines.append("kept the damaged pack as \(path)") }
        for (id, count) in report.lostBlockCounts.sorted(by: { $0.key < $1.key }) {
            lines.append("snapshot \(id) lacks \(Figures.count(count, "block"))")
        }
        for failure in report.failures { lines.append("failed: \(failure)") }
        return lines
    }
}

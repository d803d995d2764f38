// SPDX-License-Identifier: Apache-2.0

import Lifecycle

/// What `cairn verify` prints, and `cairn repair` with it.
enum VerifyOutput {
    /// For the terminal, while it runs.
    static func progress(_ report: VerifyReport) -> String {
        "checked \(Figures.bytes(report.checkedStoredByteCount)) of \(Figures.bytes(report.storedByteCount))"
    }

    /// A fault, for programs.
    static func json(_ finding: VerifyFinding) -> JSON {
        var fields: [(String, JSON)] = [
            ("event", "fault"), ("kind", .string(finding.kind)), ("text", .string("\(finding)")),
        ]
        if let pack = finding.pack { fields.append(("pack", .string("\(pack)"))) }
        if let cid = finding.cid { fields.append(("cid", .string("\(cid)"))) }
        if case .lostContent(let content) = finding { fields += Self.fields(content) }
        return .object(fields)
    }

    /// Where content of a snapshot is lost.
    static func fields(_ content: LostContent) -> [(String, JSON)] {
        var fields: [(String, JSON)] = [
            ("snapshot", .string(content.snapshotID)), ("path", .string(content.path)),
        ]
        if let offset = content.offset { fields.append(("offset", .integer(offset))) }
        if let count = content.byteCount { fields.append(("bytes", .integer(count))) }
        return fields
    }

    /// The summary, for programs.
    static func json(_ report: VerifyReport, _ elapsed: Duration) -> JSON {
        let coverage = report.coverage
        return .object([
            ("event", "summary"), ("packs", .count(report.checkedPackCount)),
            ("packsDue", .count(report.packCount)),
            ("blocks", .count(report.checkedBlockCount)),
            ("bytes", .integer(report.checkedByteCount)),
            ("storedBytes", .integer(report.checkedStoredByteCount)),
            ("snapshots", .count(report.snapshotCount)),
            ("faults", .count(report.findingCount)),
            ("quarantinedBlocks", .count(report.quarantinedBlockCount)),
            ("seconds", .seconds(elapsed)),
            (
                "coverage",
                .object([
                    ("packs", .count(coverage.packCount)),
                    ("storedBytes", .integer(coverage.storedByteCount)),
                    ("neverChecked", .count(coverage.uncheckedPackCount)),
                    (
                        "within",
                        .array(
                            coverage.spans.map {
                                .object([
                                    ("days", .count($0.days)), ("packs", .count($0.packCount)),
                                    ("storedBytes", .integer($0.storedByteCount)),
                                ])
                            })
                    ),
                ])
            ),
            ("notes", .array(report.notes.map { .string($0) })),
        ])
    }

    /// The summary, for people.
    static func lines(_ report: VerifyReport, _ elapsed: Duration) -> [String] {
        let seconds = max(Figures.seconds(elapsed), 1e-6)
        let speed = Figures.bytes(Int(Double(report.checkedByteCount) / seconds))
        let packs =
            report.checkedPackCount < report.packCount
            ? "\(Figures.count(report.checkedPackCount)) of \(Figures.count(report.packCount, "pack"))"
            : Figures.count(report.checkedPackCount, "pack")
        let verdict =
            report.findingCount == 0 ? "all sound" : Figures.count(report.findingCount, "fault")
        var lines = report.notes
        lines.append(
            "checked \(packs), \(Figures.count(report.checkedBlockCount, "block")), \(Figures.bytes(report.checkedByteCount)) in \(Figures.duration(elapsed)) (\(speed)/s): \(verdict)"
        )
        if report.unnamedFindingCount > 0 {
            lines.append("\(Figures.count(report.unnamedFindingCount)) faults more are not named")
        }
        if report.quarantinedBlockCount > 0 {
            lines.append(
                "in quarantine: \(Figures.count(report.quarantinedBlockCount, "block")); run `cairn repair`"
            )
        }
        if report.coverage.storedByteCount > 0 { lines.append(coverage(report.coverage)) }
        return lines
    }

    private static func coverage(_ coverage: VerifyReport.Coverage) -> String {
        let whole = Double(coverage.storedByteCount)
        let spans = coverage.spans.map {
            "\($0.days) d \(Figures.percent(Double($0.storedByteCount) / whole))"
        }
        let never =
            coverage.uncheckedPackCount > 0
            ? "; \(Figures.count(coverage.uncheckedPackCount, "pack")) never" : ""
        return "of the store, found sound within: \(spans.joined(separator: ", "))\(never)"
    }
}

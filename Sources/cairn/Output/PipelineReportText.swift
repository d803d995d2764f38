// SPDX-License-Identifier: Apache-2.0

import Catalog
import Ingest
import Multiformats
import Schedule

/// What a run of a pipeline did, for people and for programs.
struct PipelineReportText {
    let report: RunReport

    init(_ report: RunReport) { self.report = report }

    /// One line, fit for a mail.
    var line: String {
        let record = report.record
        let time = Figures.duration(report.duration)
        var parts: [String] = []
        switch record.state {
        case .done: parts.append("\(record.pipeline): done in \(time)")
        case .skippedInputs:
            parts.append(
                "\(record.pipeline): done in \(time), but \(Figures.count(Int(record.skipped), "input")) skipped"
            )
        case .overlapped: return "\(record.pipeline): not run: \(record.error ?? "")"
        case .cancelled: parts.append("\(record.pipeline): CANCELLED after \(time)")
        default:
            parts.append("\(record.pipeline): FAILED after \(time): \(record.error ?? "")")
        }
        if let result = report.result {
            parts.append(
                "\(Figures.count(Int(record.files), "file")), \(Figures.bytes(record.bytes)), \(Figures.bytes(record.newBytes)) new"
            )
            if let root = result.roots.first { parts.append("root \(root.cid)") }
            if let snapshot = record.snapshotID { parts.append("snapshot \(snapshot)") }
        }
        parts += report.steps.filter { !$0.hasFailed }.map { "\($0.name): \($0.text)" }
        return Self.oneLine(parts.joined(separator: "; "))
    }

    private static func oneLine(_ text: String) -> String {
        text.split(whereSeparator: \.isNewline).joined(separator: ", ")
    }

    /// The report as an object.
    var json: JSON {
        .object(
            [("event", "run")] + RunRecordText(report.record).fields + [
                (
                    "steps",
                    .array(
                        report.steps.map {
                            .object([
                                ("name", .string($0.name)), ("failed", .bool($0.hasFailed)),
                                ("text", .string($0.text)),
                            ])
                        })
                ), ("warnings", .strings(report.warnings)),
                ("ingest", report.result.map { RunSummary($0).json } ?? .null),
            ])
    }
}

/// A run from the history, for people and for programs.
struct RunRecordText {
    let record: RunRecord

    init(_ record: RunRecord) { self.record = record }

    private var duration: Duration? {
        record.finishedAtMilliseconds.map {
            .milliseconds(max(0, $0 - record.startedAtMilliseconds))
        }
    }

    /// The record's properties, without the steps.
    var fields: [(String, JSON)] {
        func time(_ milliseconds: Int64?) -> JSON {
            .text(milliseconds.map { Figures.time(milliseconds: $0) })
        }
        return [
            ("id", .string(record.id)), ("pipeline", .string(record.pipeline)),
            ("file", .string(record.path)), ("trigger", .string(record.trigger)),
            ("planned", time(record.planned.map { $0 * 1000 })),
            ("missed", .count(record.missedCount)),
            ("started", time(record.startedAtMilliseconds)),
            ("finished", time(record.finishedAtMilliseconds)),
            ("seconds", duration.map { .seconds($0) } ?? .null),
            ("state", .string(record.state.rawValue)),
            ("exitCode", record.exitCode.map { .count($0) } ?? .null),
            ("error", .text(record.error)), ("snapshot", .text(record.snapshotID)),
            ("root", .text(root)), ("files", .integer(record.files)),
            ("bytes", .integer(record.bytes)), ("newBytes", .integer(record.newBytes)),
            ("storedBytes", .integer(record.storedBytes)), ("skipped", .integer(record.skipped)),
            ("host", .string(record.host)), ("processID", .count(record.processID)),
        ]
    }

    private var root: String? {
        record.root.map { bytes in
            (try? CID(bytes)).map { "\($0)" } ?? "(damaged CID)"  // shown, so that it is noticed
        }
    }

    /// The record as an object.
    var json: JSON { .object(fields + [("steps", .strings(record.steps))]) }

    /// The record on a line, and its error on a second.
    var lines: [String] {
        let time = Figures.time(milliseconds: record.startedAtMilliseconds)
        var line = "\(time)  \(record.pipeline)  \(record.state.rawValue)"
        if let code = record.exitCode { line += " (\(code))" }
        if let duration { line += "  \(Figures.duration(duration))" }
        if record.state == .done || record.state == .skippedInputs {
            line +=
                "  \(Figures.count(Int(record.files), "file")), \(Figures.bytes(record.bytes)), \(Figures.bytes(record.newBytes)) new"
        }
        if record.skipped > 0 { line += ", \(Figures.count(Int(record.skipped))) skipped" }
        if record.missedCount > 0 {
            line += "  after \(Figures.count(record.missedCount, "missed time"))"
        }
        if let snapshot = record.snapshotID { line += "  \(snapshot)" }
        return [line] + (record.error.map { ["  \($0)"] } ?? [])
    }
}

// SPDX-License-Identifier: Apache-2.0

import Catalog
import FileIO

/// The last run of a pipeline and the size of its store, in the text format of Prometheus, for the
/// node exporter's textfile collector.
///
/// <https://prometheus.io/docs/instrumenting/exposition_formats/>. Every sample has the label
/// `pipeline`, because the collector refuses two files with the same sample.
struct MetricsFile: Sendable {
    let record: RunRecord
    let lastSuccessMilliseconds: Int64?
    let totals: CatalogTotals

    private struct Family {
        let name: String
        let help: String
        var samples: [(labels: [(String, String)], value: String)]
    }

    /// The file's content.
    var text: String {
        (runFamilies + storeFamilies).map { family in
            var lines = [
                "# HELP \(family.name) \(family.help)", "# TYPE \(family.name) gauge",
            ]
            for sample in family.samples {
                let labels = ([("pipeline", record.pipeline)] + sample.labels).map {
                    "\($0.0)=\"\(Self.escaped($0.1))\""
                }
                lines.append(
                    "\(family.name){\(labels.joined(separator: ","))} \(sample.value)")
            }
            return lines.joined(separator: "\n") + "\n"
        }.joined()
    }

    private func family(_ name: String, _ help: String, _ value: String) -> Family {
        Family(name: "cairn_pipeline_\(name)", help: help, samples: [([], value)])
    }

    private var runFamilies: [Family] {
        let isSuccess = record.state == .done || record.state == .skippedInputs
        let (started, finished) = (
            record.startedAtMilliseconds,
            record.finishedAtMilliseconds ?? record.startedAtMilliseconds
        )
        var families = [
            family("success", "Whether the last run ended well.", isSuccess ? "1" : "0"),
            family("exit_code", "The exit code of the last run.", "\(record.exitCode ?? 1)"),
            family(
                "start_timestamp_seconds", "When the last run began.", Self.seconds(started)),
            family("end_timestamp_seconds", "When the last run ended.", Self.seconds(finished)),
            family(
                "duration_seconds", "How long the last run took.",
                Self.seconds(max(0, finished - started))),
            family("files", "Files that the last run found.", "\(record.files)"),
            family("bytes", "Bytes of those files.", "\(record.bytes)"),
            family(
                "new_bytes", "Bytes of blocks that were not stored before the last run.",
                "\(record.newBytes)"),
            family(
                "stored_bytes", "Bytes that the last run wrote into packs.",
                "\(record.storedBytes)"),
            family(
                "skipped_inputs", "Inputs that the last run could not read.", "\(record.skipped)"),
        ]
        if let lastSuccessMilliseconds {
            families.append(
                family(
                    "last_success_timestamp_seconds", "When the last run that went well ended.",
                    Self.seconds(lastSuccessMilliseconds)))
        }
        if let snapshot = record.snapshotID {
            families.append(
                Family(
                    name: "cairn_pipeline_snapshot_info", help: "The snapshot of the last run.",
                    samples: [([("snapshot", snapshot)], "1")]))
        }
        return families
    }

    private var storeFamilies: [Family] {
        let groups = totals.groups.map { group in
            ([("tier", "\(group.tier)"), ("kind", "\(group.kind)")], group)
        }
        return [
            Family(
                name: "cairn_pipeline_store_bytes", help: "Bytes of packs in the repository.",
                samples: groups.map { ($0, "\($1.storedByteCount)") }),
            Family(
                name: "cairn_pipeline_store_packs", help: "Packs in the repository.",
                samples: groups.map { ($0, "\($1.packCount)") }),
            family(
                "store_snapshots", "Snapshots in the repository.", "\(totals.snapshotCount)"),
        ]
    }

    /// Milliseconds as seconds, exactly.
    private static func seconds(_ milliseconds: Int64) -> String {
        let rest = String(milliseconds % 1000)
        return "\(milliseconds / 1000)." + String(repeating: "0", count: 3 - rest.count) + rest
    }

    private static func escaped(_ text: String) -> String {
        var result = ""
        for character in text {
            switch character {
            case "\\": result += "\\\\"
            case "\"": result += "\\\""
            case "\n": result += "\\n"
            default: result.append(character)
            }
        }
        return result
    }

    /// Puts the file in place of the old one, which readers see whole until then; blocks.
    ///
    /// - Throws: `IOError`.
    func write(to path: String) throws {
        let slash = path.lastIndex(of: "/")
        let folder = slash.map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
        let name = slash.map { String(path[path.index(after: $0)...]) } ?? path
        let directory = try Directory(folder)
        // The collector reads what ends in ".prom" alone.
        let temporary = Array(".\(name).\(record.id)".utf8)
        let file = try directory.createFile(temporary)
        do {
            try file.writeAll(Array(text.utf8))
            try file.setPermissions(0o644)
            try file.synchronize()
            try directory.rename(temporary, to: Array(name.utf8))
        } catch {
            try? directory.remove(temporary)  // the first error is the one to tell
            throw error
        }
    }
}

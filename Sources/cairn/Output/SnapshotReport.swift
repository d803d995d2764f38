// SPDX-License-Identifier: Apache-2.0

import Catalog
import Multiformats

/// A snapshot for people and for programs.
struct SnapshotReport {
    private let snapshot: SnapshotRecord

    init(_ snapshot: SnapshotRecord) { self.snapshot = snapshot }

    /// When the run started, as shown.
    var time: String { Figures.time(milliseconds: snapshot.startedAtMilliseconds) }

    /// The sources on one line.
    var sources: String { snapshot.sources.map { Escape.name($0) }.joined(separator: " ") }

    /// How long the run took; a clock that was set back in between tells nothing.
    private var duration: Duration? {
        let milliseconds = snapshot.finishedAtMilliseconds - snapshot.startedAtMilliseconds
        return milliseconds >= 0 ? .milliseconds(milliseconds) : nil
    }

    /// All that is known, a fact a line.
    var lines: [String] {
        var facts = [
            ("id", snapshot.id), ("started", time),
            ("finished", Figures.time(milliseconds: snapshot.finishedAtMilliseconds)),
            ("took", duration.map { Figures.duration($0) } ?? "unknown"), ("host", snapshot.host),
        ]
        facts += snapshot.sources.map { ("source", Escape.name($0)) }
        facts += snapshot.roots.map {
            ("root", [Self.text($0.cid), Escape.name($0.name)].joined(separator: " "))
        }
        facts.append(("parent", snapshot.parentID ?? "none"))
        facts.append(
            ("tags", snapshot.tags.isEmpty ? "none" : snapshot.tags.joined(separator: ", ")))
        facts += snapshot.options.map { ("option", "\($0.key) \(Escape.name($0.value))") }
        facts += Self.counts(snapshot.counts).map { name, value, isBytes in
            (
                name,
                isBytes
                    ? "\(Figures.bytes(value)) (\(Figures.count(value)) B)" : Figures.count(value)
            )
        }
        facts.append(("record", Self.text(snapshot.recordCID)))
        return facts.map { "\($0.0): \($0.1)" }
    }

    private static func counts(
        _ counts: SnapshotRecord.Counts
    ) -> [(name: String, value: Int64, isBytes: Bool)] {
        [
            ("files", counts.files, false), ("directories", counts.directories, false),
            ("symlinks", counts.symlinks, false), ("bytes", counts.bytes, true),
            ("blocks", counts.blocks, false), ("new blocks", counts.newBlocks, false),
            ("new bytes", counts.newBytes, true), ("stored bytes", counts.storedBytes, true),
            ("skipped", counts.skipped, false),
        ]
    }

    /// The same for programs.
    var json: JSON {
        let counts = snapshot.counts
        return .object([
            ("id", .string(snapshot.id)),
            ("started", .string(time)),
            ("finished", .string(Figures.time(milliseconds: snapshot.finishedAtMilliseconds))),
            ("seconds", duration.map { .seconds($0) } ?? .null),
            ("sources", .array(snapshot.sources.map { .string($0) })),
            (
                "roots",
                .array(
                    snapshot.roots.map {
                        .object([
                            ("name", .string($0.name)), ("cid", .string(Self.text($0.cid))),
                        ])
                    })
            ),
            ("parent", .text(snapshot.parentID)), ("host", .string(snapshot.host)),
            ("tags", .array(snapshot.tags.map { .string($0) })),
            ("options", .object(snapshot.options.map { ($0.key, .string($0.value)) })),
            ("files", .integer(counts.files)), ("directories", .integer(counts.directories)),
            ("symlinks", .integer(counts.symlinks)), ("bytes", .integer(counts.bytes)),
            ("blocks", .integer(counts.blocks)), ("newBlocks", .integer(counts.newBlocks)),
            ("newBytes", .integer(counts.newBytes)),
            ("storedBytes", .integer(counts.storedBytes)), ("skipped", .integer(counts.skipped)),
            ("record", .string(Self.text(snapshot.recordCID))),
        ])
    }

    /// A CID in text form.
    static func text(_ cid: [UInt8]) -> String {
        (try? CID(cid)).map { "\($0)" } ?? "(damaged CID)"  // shown, so that it is noticed
    }
}

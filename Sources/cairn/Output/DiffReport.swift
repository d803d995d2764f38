// SPDX-License-Identifier: Apache-2.0

import Lifecycle
import Multiformats
import Repository
import UnixFS

/// An entry that has changed, for people and for programs.
struct DiffReport {
    typealias Diff = TreeDiff<RepositoryBlocks>

    private let entry: Diff.Entry

    init(_ entry: Diff.Entry) { self.entry = entry }

    /// "M  a/b (3 B → 5 B)".
    var line: String {
        let kind = (entry.new ?? entry.old)?.kind
        var line = "\(Self.letter(entry.change))  \(TreePath.text(entry.path))"
        if kind == .directory { line += "/" }
        switch entry.change {
        case .added, .removed:
            if let count = (entry.new ?? entry.old)?.byteCount {
                line += " (\(Figures.bytes(count)))"
            }
        case .modified: line += " (\(Self.size(entry.old)) → \(Self.size(entry.new)))"
        case .type:
            line += " (\(entry.old?.kind.rawValue ?? "") → \(entry.new?.kind.rawValue ?? ""))"
        case .metadata: break
        }
        return line
    }

    private static func size(_ entry: TreeEntry?) -> String {
        (entry?.byteCount).map { Figures.bytes($0) } ?? "-"
    }

    private static func letter(_ change: Diff.Change) -> String {
        switch change {
        case .added: "+"
        case .removed: "-"
        case .modified: "M"
        case .metadata: "U"
        case .type: "T"
        }
    }

    /// The same for programs.
    var json: JSON {
        .object([
            ("change", .string(entry.change.rawValue)),
            ("path", .string(TreePath.text(entry.path))),
            ("old", Self.json(entry.old)), ("new", Self.json(entry.new)),
        ])
    }

    private static func json(_ entry: TreeEntry?) -> JSON {
        guard let entry else { return .null }
        return .object([
            ("type", .string(entry.kind.rawValue)), ("cid", .string("\(entry.cid)")),
            ("size", entry.byteCount.map { .count($0) } ?? .null),
            ("mode", entry.metadata.mode.map { .count($0) } ?? .null),
            ("mtime", entry.metadata.mtime.map { .integer($0.seconds) } ?? .null),
        ])
    }

    /// Sums in words.
    static func lines(_ totals: Diff.Totals) -> [String] {
        if totals.isEmpty { return ["nothing has changed"] }
        var lines: [String] = []
        for (counts, one, many) in [
            (totals.files, "file", "files"), (totals.directories, "directory", "directories"),
        ] where !counts.isEmpty {
            let parts = Diff.Change.allCases.compactMap { change in
                counts[change].map { "\(Figures.count($0)) \(words(change))" }
            }
            let sum = counts.values.reduce(0, +)
            lines.append("\(sum == 1 ? one : many): " + parts.joined(separator: ", "))
        }
        lines.append(
            "bytes: \(Figures.bytes(totals.newByteCount)) new or changed, were \(Figures.bytes(totals.oldByteCount))"
        )
        return lines
    }

    private static func words(_ change: Diff.Change) -> String {
        switch change {
        case .metadata: "with other metadata"
        case .type: "of another type"
        case .added, .removed, .modified: change.rawValue
        }
    }

    /// Sums for programs.
    static func json(_ totals: Diff.Totals) -> JSON {
        func counts(_ counts: [Diff.Change: Int]) -> JSON {
            .object(Diff.Change.allCases.map { ($0.rawValue, .count(counts[$0] ?? 0)) })
        }
        return .object([
            ("event", "summary"), ("files", counts(totals.files)),
            ("directories", counts(totals.directories)), ("newBytes", .count(totals.newByteCount)),
            ("oldBytes", .count(totals.oldByteCount)),
        ])
    }
}

/// Paths in trees, for people and for programs.
enum TreePath {
    /// "a/b"; "." for the root.
    static func text(_ path: [[UInt8]]) -> String {
        path.isEmpty ? "." : path.map { Escape.name($0) }.joined(separator: "/")
    }
}

// SPDX-License-Identifier: Apache-2.0

import Ingest
import Multiformats
import Pipeline
import Synchronization

/// Tells the user how an ingest or an import goes and what came of it: a live line on a
/// terminal, plain lines on a pipe, JSON lines, or the roots alone.
final class RunReporter: Sendable {
    private let verb: String
    private let quiet: Bool
    private let json: Bool
    private let live: Bool

    init(verb: String, quiet: Bool, json: Bool) {
        self.verb = verb
        self.quiet = quiet
        self.json = json
        live = !quiet && !json && Console.errorIsTerminal
    }

    /// An input was left out.
    func skipped(_ input: SkippedInput) {
        if json {
            Console.line(
                JSON.object([
                    ("event", "skipped"), ("path", .string(input.path)),
                    ("reason", .string("\(input.reason)")),
                ]).text)
        } else {
            clearLine()
            Console.error("skipped \(input)")
        }
    }

    /// Runs `body` and reports on its progress meanwhile; when it is cancelled or fails, says what
    /// was kept.
    func watching<Result: Sendable>(
        _ counters: IngestCounters, report: @escaping @Sendable () -> PipelineReport,
        _ body: @escaping @Sendable () async throws -> Result
    ) async throws -> Result {
        try await withThrowingTaskGroup(of: Result?.self) { group in
            group.addTask { try await body() }
            group.addTask {
                try await self.tick(counters, report)
                return nil
            }
            defer { group.cancelAll() }
            do {
                while let finished = try await group.next() {
                    if let finished {
                        clearLine()
                        return finished
                    }
                }
                throw CancellationError()
            } catch {
                clearLine()
                sayWhatWasKept(counters.counts)
                throw error
            }
        }
    }

    private func tick(
        _ counters: IngestCounters, _ report: @escaping @Sendable () -> PipelineReport
    ) async throws {
        var ticks = 0
        while true {
            try await Task.sleep(for: .milliseconds(200))
            ticks += 1
            let (counts, report) = (counters.counts, report())
            if json {
                if ticks % 5 == 0 { Console.line(progress(counts, report).text) }
            } else if live {
                let line = ProgressLine(counts, report, columns: Console.columns)
                Console.status("\r\u{1B}[K" + line.text)
            } else if !quiet, ticks % 50 == 0 {
                Console.error(ProgressLine(counts, report, columns: 200).text)
            }
        }
    }

    private func clearLine() {
        if live { Console.status("\r\u{1B}[K") }
    }

    private func sayWhatWasKept(_ counts: IngestCounts) {
        guard counts.newBlocks > 0, verb == "ingested" || verb == "imported" else { return }
        let text =
            "kept \(Figures.count(counts.sealedBlocks, "block")) in \(Figures.count(counts.sealedPacks, "sealed pack")); what else was written is salvaged by the next run"
        if json {
            Console.line(
                JSON.object([
                    ("event", "stopped"), ("sealedBlocks", .count(counts.sealedBlocks)),
                    ("sealedPacks", .count(counts.sealedPacks)),
                ]).text)
        } else {
            Console.error(text)
        }
    }

    private func progress(_ counts: IngestCounts, _ report: PipelineReport) -> JSON {
        .object([
            ("event", "progress"), ("files", .count(counts.files)),
            ("bytes", .count(counts.bytes + counts.unchangedBytes)),
            ("bytesFound", .count(counts.bytesFound)),
            ("blocks", .count(counts.blocks)), ("newBlocks", .count(counts.newBlocks)),
            ("storedBytes", .count(counts.storedBytes)), ("seconds", .seconds(report.elapsed)),
            ("bottleneck", .text(report.bottleneck?.name)),
        ])
    }

    /// Prints the result.
    func finish(_ result: IngestResult, notes: [String]) {
        if json {
            for note in notes {
                Console.line(JSON.object([("event", "note"), ("text", .string(note))]).text)
            }
            return Console.line(RunSummary(result).json.text)
        }
        if !quiet { for note in notes { Console.error("note: \(note)") } }
        for root in result.roots {
            let name = String(decoding: root.name, as: UTF8.self)
            let showsName = !quiet && result.roots.count > 1
            Console.line(showsName ? "\(root.cid) \(Escape.name(name))" : "\(root.cid)")
        }
        if !quiet { for line in RunSummary(result).lines(verb: verb) { Console.error(line) } }
    }
}

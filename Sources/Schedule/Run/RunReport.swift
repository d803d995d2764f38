// SPDX-License-Identifier: Apache-2.0

public import Catalog
public import Ingest

/// What a run of a pipeline did, whatever came of it.
public struct RunReport: Sendable {
    /// One thing that a run does after its ingest.
    public struct Step: Hashable, Sendable {
        /// What it is: "retention", "gc" and so on.
        public let name: String
        /// What it did, in words.
        public let text: String
        /// Whether it failed.
        public let hasFailed: Bool
    }

    /// The record as it is kept in the history.
    public var record: RunRecord
    /// What the ingest gave; nil if it did not end well.
    public var result: IngestResult?
    /// The numbers of the ingest, as far as it came.
    public var counts = IngestCounts()
    /// The inputs that were left out because of errors, the first of them.
    public var skipped: [SkippedInput] = []
    /// Remarks on inputs without content.
    public var notes: [String] = []
    /// What was done after the ingest.
    public var steps: [Step] = []
    /// What went wrong beside the outcome itself: metrics or history that could not be written.
    public var warnings: [String] = []

    /// The exit code of promise P9.
    public var exitCode: Int32 { Int32(record.exitCode ?? 1) }

    /// How long it took.
    public var duration: Duration {
        let end = record.finishedAtMilliseconds ?? record.startedAtMilliseconds
        return .milliseconds(max(0, end - record.startedAtMilliseconds))
    }

    package init(_ record: RunRecord) { self.record = record }
}

/// The exit codes of runs.
public enum RunExit {
    /// All was done.
    public static let done: Int32 = 0
    /// Something failed, or took longer than its budget.
    public static let failed: Int32 = 1
    /// All was done but for inputs that were skipped.
    public static let skippedInputs: Int32 = 3
    /// Another run of the pipeline is still going.
    public static let stillRunning: Int32 = 75
    /// The run was cancelled.
    public static let cancelled: Int32 = 130
}

/// Why a run ended early.
struct RunFailure: Error, CustomStringConvertible {
    let description: String
    var state = RunRecord.State.failed
}

// SPDX-License-Identifier: Apache-2.0

/// The history of the pipelines: what ran when, and what came of it.
///
/// The packs do not tell of it, so it is lost with the catalog; nothing else depends on it. Throws
/// as ``Catalog`` does.
public protocol RunStore: Sendable {
    /// Records that a run has begun, or how it stands; a record of the same id is replaced.
    ///
    /// Of each pipeline the newest ``RunRecord/historyLimit`` are kept.
    func record(_ run: RunRecord) async throws

    /// Runs that fit, newest first.
    func runs(_ filter: RunFilter) async throws -> [RunRecord]

    /// The last run of each pipeline that has ended, by the pipeline's name.
    func lastRuns() async throws -> [RunRecord]

    /// Records that a planned time was dealt with, whether a run came of it or not.
    ///
    /// - Parameter planned: seconds since 1970 (UTC).
    func setPlanned(_ planned: Int64, of pipeline: String) async throws

    /// The last planned time of a pipeline that was dealt with, in seconds since 1970 (UTC).
    func lastPlanned(of pipeline: String) async throws -> Int64?
}

/// One run of a pipeline.
public struct RunRecord: Hashable, Sendable {
    /// Runs of one pipeline that are kept: years of hourly ones.
    public static let historyLimit = 20_000

    /// How a run stands.
    public enum State: String, CaseIterable, Hashable, Sendable {
        /// It is going, or its process died.
        case running
        /// All was done.
        case done
        /// All was done but for inputs that could not be read.
        case skippedInputs = "skipped-inputs"
        /// Something failed.
        case failed
        /// It took longer than its budget.
        case timedOut = "timed-out"
        /// It was cancelled.
        case cancelled
        /// Its process died.
        case died
        /// It was due while another run was going, and left out.
        case overlapped
        /// It was due while nobody could run it, and left out.
        case missed
    }

    /// A UUIDv7 in text form.
    public var id: String
    /// The pipeline's name.
    public var pipeline: String
    /// The file that declared it.
    public var path: String
    /// What began it: "manual" or "schedule".
    public var trigger: String
    /// For when it was planned, in seconds since 1970 (UTC).
    public var planned: Int64?
    /// Planned times before it that came to nothing.
    public var missedCount = 0
    /// When it began, in milliseconds since 1970 (UTC).
    public var startedAtMilliseconds: Int64
    /// When it ended, likewise.
    public var finishedAtMilliseconds: Int64?
    /// How it stands.
    public var state = State.running
    /// What the program's exit code was, or would have been.
    public var exitCode: Int?
    /// What went wrong.
    public var error: String?
    /// The snapshot that came of it.
    public var snapshotID: String?
    /// The root of its first source, in binary form.
    public var root: [UInt8]?
    /// Regular files.
    public var files: Int64 = 0
    /// Bytes of those.
    public var bytes: Int64 = 0
    /// Bytes of blocks that were not stored before.
    public var newBytes: Int64 = 0
    /// Bytes that went into packs.
    public var storedBytes: Int64 = 0
    /// Inputs that were left out because of errors.
    public var skipped: Int64 = 0
    /// What the steps after the ingest did, a line each.
    public var steps: [String] = []
    /// The machine.
    public var host: String
    /// The process on it.
    public var processID: Int

    /// A run that begins.
    public init(
        id: String, pipeline: String, path: String, trigger: String, planned: Int64? = nil,
        startedAtMilliseconds: Int64, host: String, processID: Int
    ) {
        self.id = id
        self.pipeline = pipeline
        self.path = path
        self.trigger = trigger
        self.planned = planned
        self.startedAtMilliseconds = startedAtMilliseconds
        self.host = host
        self.processID = processID
    }
}

/// Which runs are wanted.
public struct RunFilter: Hashable, Sendable {
    /// Of this pipeline alone.
    public var pipeline: String?
    /// In one of these states; empty for any.
    public var states: [RunRecord.State] = []
    /// That began at or after this time, in milliseconds since 1970 (UTC).
    public var since: Int64?
    /// So many at most.
    public var limit: Int?

    /// All runs.
    public init() {}
}

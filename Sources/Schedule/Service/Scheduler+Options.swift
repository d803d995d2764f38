// SPDX-License-Identifier: Apache-2.0

public import Catalog

extension Scheduler {
    /// How a scheduler goes about its work.
    public struct Options: Sendable {
        /// Makes the jitter; the same seed gives the same times.
        public var seed: UInt64 = 0
        /// Runs that go at the same time at most; others that are due wait.
        ///
        /// Default 2: a long import does not hold up the nightly run, and memory stays bounded.
        public var width = 2
        /// Whether runs that are going may end by themselves when the scheduler stops; otherwise
        /// they are cancelled, and what they committed stays.
        public var finishesRuns = false

        /// The defaults.
        public init() {}
    }

    /// What a scheduler tells.
    public enum Event: Sendable {
        /// A pipeline is in the timetable; its next start in seconds since 1970 (UTC).
        case scheduled(pipeline: String, next: Int64?)
        /// A run begins.
        case began(pipeline: String, planned: Int64)
        /// A run has ended.
        case ended(RunReport)
        /// A run was left out.
        case leftOut(RunRecord)
        /// A file, or the history, is no good.
        case problem(String)
        /// All is in place; how many pipelines there are.
        case ready(pipelines: Int)
    }
}

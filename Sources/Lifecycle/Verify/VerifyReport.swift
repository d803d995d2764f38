// SPDX-License-Identifier: Apache-2.0

import BlockStore
import Catalog

/// What a verification checked and found.
public struct VerifyReport: Sendable {
    /// Packs to check.
    public var packCount = 0
    /// Bytes of their files.
    public var storedByteCount: Int64 = 0
    /// Packs checked.
    public var checkedPackCount = 0
    /// Blocks that are what their CIDs say.
    public var checkedBlockCount = 0
    /// Bytes of those blocks.
    public var checkedByteCount: Int64 = 0
    /// Bytes of the files of the packs checked.
    public var checkedStoredByteCount: Int64 = 0
    /// Snapshots whose DAGs were walked.
    public var snapshotCount = 0
    /// Blocks in quarantine at the end.
    public var quarantinedBlockCount = 0
    /// The faults; lost content is named up to a number, and counted beyond it.
    public var findings: [VerifyFinding] = []
    /// Faults beyond those named.
    public var unnamedFindingCount = 0
    /// What was left out, in words.
    public var notes: [String] = []
    /// How much of the store was checked how lately.
    public var coverage = Coverage()

    /// All faults.
    public var findingCount: Int { findings.count + unnamedFindingCount }
}

extension VerifyReport {
    /// How much of a store was found sound within some spans of time.
    public struct Coverage: Hashable, Sendable {
        /// One span.
        public struct Span: Hashable, Sendable {
            /// How many days back it reaches.
            public let days: Int
            /// Packs found sound within it.
            public let packCount: Int
            /// Bytes of their files.
            public let storedByteCount: Int64
        }

        /// Bytes of the files of all packs.
        public private(set) var storedByteCount: Int64 = 0
        /// All packs.
        public private(set) var packCount = 0
        /// A day, a week, a month, a quarter, a year.
        public private(set) var spans: [Span] = []
        /// Packs that were never checked.
        public private(set) var uncheckedPackCount = 0

        private static let days = [1, 7, 30, 90, 365]

        init() {}

        /// What `packs` say at a time in milliseconds since 1970.
        init(_ packs: [PackRecord], atMilliseconds now: Int64) {
            packCount = packs.count
            storedByteCount = packs.reduce(0) { $0 + $1.storedByteCount }
            uncheckedPackCount = packs.count { $0.verifiedAtMilliseconds == nil }
            spans = Self.days.map { days in
                let since = now - Int64(days) * 86_400_000
                let within = packs.filter { ($0.verifiedAtMilliseconds ?? .min) >= since }
                return Span(
                    days: days, packCount: within.count,
                    storedByteCount: within.reduce(0) { $0 + $1.storedByteCount })
            }
        }
    }
}

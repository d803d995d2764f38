// SPDX-License-Identifier: Apache-2.0

public import Ingest

/// What is to be measured, and where.
public struct BenchPlan: Sendable {
    /// How long single measurements take.
    public struct Effort: Hashable, Sendable {
        /// How long each core rate is measured at least, alone and on all cores.
        var coreBudget: Duration
        /// The size of the files that reading and writing are measured with, in bytes.
        var probeByteCount: Int
        /// How many bytes of a corpus are compressed to find its rates.
        var sampleByteCount: Int
        /// Levels of zstd to measure.
        var levels: [Int]
        /// How many commits, and how many look-up calls, the catalog is measured with.
        var catalogCommits: Int
        var catalogLookups: Int

        /// For figures to rely on.
        public static let full = Effort(
            coreBudget: .milliseconds(400), probeByteCount: 512 << 20, sampleByteCount: 16 << 20,
            levels: [1, 3, 6, 9], catalogCommits: 24, catalogLookups: 64)
        /// For a first look.
        public static let short = Effort(
            coreBudget: .milliseconds(100), probeByteCount: 128 << 20, sampleByteCount: 8 << 20,
            levels: [1, 3], catalogCommits: 8, catalogLookups: 16)
        /// For the least that works, as in tests.
        static let tiny = Effort(
            coreBudget: .milliseconds(5), probeByteCount: 8 << 20, sampleByteCount: 1 << 20,
            levels: [1], catalogCommits: 2, catalogLookups: 4)
    }

    /// One thing to ingest.
    public enum Source: Hashable, Sendable {
        /// A corpus of so many bytes, which is made for the occasion.
        case corpus(Corpus, byteCount: Int)
        /// A file or directory of the user's.
        case path(String)

        /// How it is named in results.
        public var name: String {
            switch self {
            case .corpus(let corpus, _): corpus.rawValue
            case .path(let path): path
            }
        }

        /// Whether it is measured the second time that it is ingested.
        public var isRepeated: Bool {
            if case .corpus(.unchanged, _) = self { true } else { false }
        }
    }

    /// What is ingested, in this order.
    public var sources: [Source]
    /// What corpora are made from.
    public var seed: UInt64
    /// How often each source is ingested, at least once.
    public var runs: Int
    /// How it is ingested.
    public var options: IngestOptions
    /// The directory in which corpora are made.
    public var dataDirectory: String
    /// The directory in which repositories are made.
    public var storeDirectory: String
    /// How long single measurements take.
    public var effort: Effort

    /// A plan with each property given.
    public init(
        sources: [Source], seed: UInt64, runs: Int, options: IngestOptions, dataDirectory: String,
        storeDirectory: String, effort: Effort
    ) {
        precondition(!sources.isEmpty && runs > 0, "\(sources.count) sources, \(runs) runs")
        self.sources = sources
        self.seed = seed
        self.runs = runs
        self.options = options
        self.dataDirectory = dataDirectory
        self.storeDirectory = storeDirectory
        // Nobody waits a minute for ceilings that a corpus of a few megabytes is held against.
        let largest =
            sources.map { source in
                if case .corpus(_, let byteCount) = source { byteCount } else { Int.max }
            }.max() ?? 0
        self.effort = largest < 16 << 20 ? .tiny : effort
    }
}

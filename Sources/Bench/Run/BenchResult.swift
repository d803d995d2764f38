// SPDX-License-Identifier: Apache-2.0

public import Ingest
public import Pipeline

/// One ingest that was timed.
public struct RunRecord: Sendable {
    /// From the start of the run until all was durable, in seconds.
    public var seconds: Double
    /// The CPU time that the process took meanwhile, in seconds.
    public var cpuSeconds: Double
    /// The most memory that was resident, in bytes; nil where the system does not tell.
    public var peakByteCount: Int?
    /// The numbers of the run.
    public var counts: IngestCounts
    /// What each stage did.
    public var report: PipelineReport
    /// How it went on.
    public var timeline: Timeline
}

/// What was measured of one source.
public struct SourceResult: Sendable {
    /// How it is named: a corpus, or a path.
    public var name: String
    /// What it is, in a few words.
    public var summary: String
    /// Files, directories and bytes that it has.
    public var size: CorpusCounts
    /// What it costs at least.
    public var cost: CorpusCost
    /// The runs in their order.
    public var runs: [RunRecord]
    /// What had to be done.
    public var work: Work

    /// The run of median time; of an even number, the faster of the two in the middle.
    public var typical: RunRecord {
        let sorted = runs.sorted { $0.seconds < $1.seconds }
        return sorted[(sorted.count - 1) / 2]
    }

    /// The least and the most seconds that a run took.
    public var spread: ClosedRange<Double> {
        let seconds = runs.map(\.seconds)
        return (seconds.min() ?? 0)...(seconds.max() ?? 0)
    }

    /// The most memory of all runs, in bytes.
    public var peakByteCount: Int? { runs.compactMap(\.peakByteCount).max() }

    /// The least time in which this machine could have done it.
    public var limit: Limit { Limit(work) }

    /// The limit's part of the median time: 1 is as fast as can be.
    public var shareOfLimit: Double { limit.total / typical.seconds }

    /// What twice the cores would buy.
    public var moreCores: WhatIf { WhatIf(work, cores: 2) }

    /// What a disk of twice the rate would buy.
    public var fasterDisk: WhatIf { WhatIf(work, disk: 2) }
}

/// All that a benchmark found.
public struct BenchResult: Sendable {
    /// The machine.
    public var system: SystemFacts
    /// What was measured, and how.
    public var plan: BenchPlan
    /// What the machine can do.
    public var ceilings: Ceilings
    /// What it did.
    public var sources: [SourceResult]
}

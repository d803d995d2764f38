// SPDX-License-Identifier: Apache-2.0

import Pipeline

/// How a run went on, in evenly spaced samples, at most twice ``Timeline/sampleLimit`` of them.
public struct Timeline: Hashable, Sendable {
    /// What had been done at some point of a run.
    public struct Sample: Hashable, Sendable {
        /// Seconds since the run began.
        public var seconds: Double
        /// Bytes read until then.
        public var bytes: Int
        /// Bytes stored until then.
        public var storedBytes: Int
        /// Seconds of work of each stage until then, all of its workers together.
        public var busySeconds: [Double]
    }

    /// What went on between two samples.
    public struct Interval: Hashable, Sendable {
        /// Seconds from the start of the run to the middle of the interval.
        public var seconds: Double
        /// Bytes read per second.
        public var readRate: Double
        /// Bytes stored per second.
        public var storeRate: Double
        /// The share of their time that the workers of each stage worked, 0 to 1.
        public var utilisation: [Double]
    }

    /// Samples that are kept before every other one is dropped.
    static let sampleLimit = 256

    /// The stages in the order of ``Sample/busySeconds``.
    public private(set) var stages: [String] = []
    private var widths: [Int] = []
    /// The samples, the first at 0.
    public private(set) var samples: [Sample] = []
    /// Until when the next sample is too early, in seconds.
    private var spacing = 0.0

    init() {}

    /// Takes a sample, unless the last was only just taken.
    mutating func add(_ report: PipelineReport, isLast: Bool = false) {
        guard !report.stages.isEmpty else { return }
        let seconds = report.elapsed.inSeconds
        if samples.isEmpty {
            stages = report.stages.map(\.name)
            widths = report.stages.map(\.width)
            let zero = stages.map { _ in 0.0 }
            samples.append(Sample(seconds: 0, bytes: 0, storedBytes: 0, busySeconds: zero))
        }
        let last = samples[samples.count - 1].seconds
        guard seconds > last, isLast || seconds - last >= spacing else { return }
        samples.append(
            Sample(
                seconds: seconds, bytes: Self.bytes(of: "read", report),
                storedBytes: Self.bytes(of: "store", report),
                busySeconds: report.stages.map { $0.busy.inSeconds }))
        guard samples.count > 2 * Self.sampleLimit else { return }
        samples = samples.enumerated().filter { $0.offset.isMultiple(of: 2) }.map(\.element)
        spacing = seconds / Double(samples.count)
    }

    private static func bytes(of stage: String, _ report: PipelineReport) -> Int {
        report.stages.first { $0.name == stage }?.bytes ?? 0
    }

    /// What went on between the samples, joined to `count` intervals at most.
    public func intervals(atMost count: Int) -> [Interval] {
        guard let end = samples.last, samples.count > 1, count > 0 else { return [] }
        let step = end.seconds / Double(count)
        var from = samples[0]
        var intervals: [Interval] = []
        for sample in samples.dropFirst()
        where sample.seconds - from.seconds >= step * 0.999 || sample == end {
            let elapsed = sample.seconds - from.seconds
            guard elapsed > 0 else { continue }
            intervals.append(
                Interval(
                    seconds: (sample.seconds + from.seconds) / 2,
                    readRate: Double(sample.bytes - from.bytes) / elapsed,
                    storeRate: Double(sample.storedBytes - from.storedBytes) / elapsed,
                    utilisation: zip(zip(sample.busySeconds, from.busySeconds), widths).map {
                        min(1, max(0, ($0.0 - $0.1) / elapsed / Double($1)))
                    }))
            from = sample
        }
        return intervals
    }
}

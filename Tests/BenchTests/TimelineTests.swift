// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Bench
@testable import Pipeline

/// What is kept of how a run went on.
struct TimelineTests {
    /// Two workers that read a megabyte a second and were busy half of the time, and one that
    /// stores a quarter of it.
    private func report(at milliseconds: Int) -> PipelineReport {
        PipelineReport(
            stages: [
                StageReport(
                    name: "read", width: 2, items: 0, bytes: 1000 * milliseconds,
                    busy: .milliseconds(milliseconds), inputWait: .zero, outputWait: .zero),
                StageReport(
                    name: "store", width: 1, items: 0, bytes: 250 * milliseconds, busy: .zero,
                    inputWait: .zero, outputWait: .zero),
            ], elapsed: .milliseconds(milliseconds))
    }

    private func timeline(samples: Int) -> Timeline {
        var timeline = Timeline()
        for time in 1...samples {
            timeline.add(report(at: time), isLast: time == samples)
        }
        return timeline
    }

    @Test func `rates and utilisation are those between samples`() throws {
        let intervals = timeline(samples: 40).intervals(atMost: 10)
        #expect(intervals.count == 10)
        for interval in intervals {
            #expect(abs(interval.readRate - 1e6) < 1)
            #expect(abs(interval.storeRate - 0.25e6) < 1)
            #expect(abs(try #require(interval.utilisation.first) - 0.5) < 1e-6)
        }
        #expect(abs(try #require(intervals.first).seconds - 0.002) < 1e-9)
    }

    @Test(arguments: [1, 500, 10_000])
    func `memory is bounded however long the run, and the end is kept`(_ count: Int) throws {
        let timeline = timeline(samples: count)
        #expect(timeline.samples.count <= 2 * Timeline.sampleLimit + 1)
        #expect(timeline.samples.last?.bytes == 1000 * count)
        #expect(timeline.samples.first?.seconds == 0)
        #expect(timeline.samples.map(\.seconds) == timeline.samples.map(\.seconds).sorted())
    }

    @Test func `a run without samples has no intervals`() {
        #expect(Timeline().intervals(atMost: 10).isEmpty)
    }
}

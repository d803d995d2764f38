// SPDX-License-Identifier: Apache-2.0

/// What the workers of one stage did, summed over them.
public struct StageReport: Hashable, Sendable {
    /// The stage's name.
    public let name: String
    /// How many workers it has.
    public let width: Int
    /// Items done; what an item is, the stage's description says.
    public let items: Int
    /// Bytes done.
    public let bytes: Int
    /// Time spent working.
    public let busy: Duration
    /// Time spent waiting for input.
    public let inputWait: Duration
    /// Time spent waiting for room in the next stage.
    public let outputWait: Duration

    /// The share of the workers' time that was work, 0 to 1.
    public func utilisation(over elapsed: Duration) -> Double {
        elapsed > .zero ? min(1, (busy / elapsed) / Double(width)) : 0
    }
}

/// What a run of a pipeline did.
public struct PipelineReport: Hashable, Sendable {
    /// The stages in the order in which they were added.
    public let stages: [StageReport]
    /// Wall-clock time from start to end, or until now.
    public let elapsed: Duration

    /// The stage that the others wait for: the one whose workers were busiest.
    ///
    /// A stage at 95 % holds the run up; when none is above half, the machine waits for something
    /// outside, such as a disk that syncs.
    public var bottleneck: StageReport? {
        stages.max { $0.utilisation(over: elapsed) < $1.utilisation(over: elapsed) }
    }
}

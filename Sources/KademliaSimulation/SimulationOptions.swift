// SPDX-License-Identifier: Apache-2.0

public import KademliaDHT

/// What a simulated network is like.
public struct SimulationOptions: Sendable {
    /// Peers, all of them servers.
    ///
    /// Default 10,000.
    public var peerCount = 10_000
    /// The share of peers in the first routing tables that never answer.
    ///
    /// Default 5 %.
    public var deadShare = 0.05
    /// The share of live peers that leave, unannounced, within an hour.
    ///
    /// Default 5 %.
    public var leavingPerHour = 0.05
    /// The share of those that come back as they were, with their records.
    ///
    /// The others are replaced by new peers that know nothing. Default one half.
    public var returningShare = 0.5
    /// How long those that come back are away, on average.
    ///
    /// Default 2 h.
    public var meanAbsence = Duration.seconds(2 * 3600)
    /// How often a peer looks up its own point and one other of its table.
    ///
    /// Default 1 h, and so far less than real peers, which look up a point of every bucket each 10
    /// min.
    public var refreshInterval = Duration.seconds(3600)
    /// A round trip takes the sum of both ends' shares, each evenly drawn from this range.
    public var latencyShare = Duration.milliseconds(5)...Duration.milliseconds(100)
    /// How long it takes to give a peer up.
    ///
    /// Default 5 s.
    public var timeout = Duration.seconds(5)
    /// The constants of look-ups.
    public var lookup = LookupOptions()
    /// What all chance comes from.
    public var seed: UInt64 = 1

    /// The defaults.
    public init() {}
}

/// Messages that were sent, answers not counted.
public struct MessageCounts: Hashable, Sendable {
    /// FIND_NODE and GET_PROVIDERS.
    public var lookup = 0
    /// Of those, the ones that were not answered.
    public var unanswered = 0
    /// ADD_PROVIDER.
    public var records = 0
    /// Streams that carried ADD_PROVIDERs.
    public var streams = 0
    /// Look-ups that the above were part of.
    public var lookups = 0

    /// All zero.
    public init() {}

    /// What came on top of `earlier`.
    public func since(_ earlier: MessageCounts) -> MessageCounts {
        var counts = self
        counts.lookup -= earlier.lookup
        counts.unanswered -= earlier.unanswered
        counts.records -= earlier.records
        counts.streams -= earlier.streams
        counts.lookups -= earlier.lookups
        return counts
    }
}

/// The generator xoshiro256**, seeded by SplitMix64: the same numbers on every machine.
struct SimulationGenerator: RandomNumberGenerator {
    private var state: (UInt64, UInt64, UInt64, UInt64)

    init(seed: UInt64) {
        var seed = seed
        func next() -> UInt64 {
            seed &+= 0x9e37_79b9_7f4a_7c15
            var mixed = seed
            mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
            mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
            return mixed ^ (mixed >> 31)
        }
        state = (next(), next(), next(), next())
    }

    mutating func next() -> UInt64 {
        func rotated(_ value: UInt64, _ count: UInt64) -> UInt64 {
            value << count | value >> (64 - count)
        }
        let result = rotated(state.1 &* 5, 7) &* 9
        let shifted = state.1 << 17
        state.2 ^= state.0
        state.3 ^= state.1
        state.1 ^= state.2
        state.0 ^= state.3
        state.2 ^= shifted
        state.3 = rotated(state.3, 45)
        return result
    }

    /// A time until an event that happens once per `mean`, on average, at any time alike.
    mutating func interval(mean: Duration) -> Duration {
        // 2^53 steps, none of them zero.
        let uniform = (Double(next() >> 11) + 0.5) / 9_007_199_254_740_992
        return mean * -naturalLogarithm(uniform)
    }
}

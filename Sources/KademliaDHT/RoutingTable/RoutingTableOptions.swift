// SPDX-License-Identifier: Apache-2.0

/// The constants of a routing table; the defaults are those of the public network.
public struct RoutingTableOptions: Hashable, Sendable {
    /// k: peers of a bucket.
    ///
    /// Default 20.
    public var bucketSize: Int
    /// Peers that each bucket remembers to fill gaps with.
    ///
    /// Default 20; 0 remembers none.
    public var replacementCount: Int
    /// Limits per IP group; nil, for local networks, takes all.
    ///
    /// Default as ``DiversityLimits``.
    public var diversity: DiversityLimits?
    /// After how long without a sign of life a peer is pinged.
    ///
    /// Default 43 min: at α = 10 of k = 20 every peer of a bucket has then been asked with a
    /// probability of 95 % (go-libp2p).
    public var graceTime: Duration
    /// How often each part of the key space is looked up.
    ///
    /// Default 10 min.
    public var refreshInterval: Duration
    /// The largest prefix length that is refreshed by itself: there is no preimage for longer ones.
    ///
    /// Default 15, and at most that.
    public var maximumRefreshPrefixLength: Int

    /// Sets all.
    public init(
        bucketSize: Int = 20, replacementCount: Int = 20,
        diversity: DiversityLimits? = DiversityLimits(), graceTime: Duration = .seconds(43 * 60),
        refreshInterval: Duration = .seconds(10 * 60), maximumRefreshPrefixLength: Int = 15
    ) {
        precondition(
            bucketSize > 0 && replacementCount >= 0
                && (0...15).contains(maximumRefreshPrefixLength),
            "buckets of \(bucketSize), \(replacementCount) replacements, refreshed up to "
                + "\(maximumRefreshPrefixLength)")
        self.bucketSize = bucketSize
        self.replacementCount = replacementCount
        self.diversity = diversity
        self.graceTime = graceTime
        self.refreshInterval = refreshInterval
        self.maximumRefreshPrefixLength = maximumRefreshPrefixLength
    }
}

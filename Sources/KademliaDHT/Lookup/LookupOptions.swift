// SPDX-License-Identifier: Apache-2.0

/// The constants of look-ups; the defaults are those of the public network.
public struct LookupOptions: Hashable, Sendable {
    /// k: how many of the nearest peers are looked for.
    ///
    /// Default 20.
    public var resultCount: Int
    /// α: requests in flight at most.
    ///
    /// Default 10.
    public var concurrency: Int
    /// β: a look-up has converged when so many of the nearest peers have answered.
    ///
    /// Default 3.
    public var resiliency: Int
    /// Requests of one look-up at most, so that peers that make up ever nearer peers get nowhere.
    ///
    /// Look-ups in a network of 10,000 take about 60. Default 300.
    public var maximumRequestCount: Int
    /// Peers that a look-up remembers at most, the nearest.
    ///
    /// Default 1,000.
    public var maximumCandidateCount: Int

    /// Sets all.
    public init(
        resultCount: Int = 20, concurrency: Int = 10, resiliency: Int = 3,
        maximumRequestCount: Int = 300, maximumCandidateCount: Int = 1_000
    ) {
        precondition(
            resultCount > 0 && concurrency > 0 && resiliency > 0 && maximumRequestCount > 0
                && maximumCandidateCount >= 2 * resultCount,
            "look-up of \(resultCount), \(concurrency), \(resiliency)")
        self.resultCount = resultCount
        self.concurrency = concurrency
        self.resiliency = resiliency
        self.maximumRequestCount = maximumRequestCount
        self.maximumCandidateCount = maximumCandidateCount
    }
}

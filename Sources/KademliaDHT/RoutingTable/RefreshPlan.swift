// SPDX-License-Identifier: Apache-2.0

/// Which parts of the key space one refresh of a routing table looks up, step by step.
///
/// First this peer's own point; then each common prefix length (CPL) that has not been looked up
/// within the interval, up to the longest that peers have. At the first CPL c whose bucket is still
/// empty afterwards the network is likely too small for more: it goes on to 2(c + 1) and stops.
public struct RefreshPlan: Sendable {
    /// One look-up.
    public enum Step: Hashable, Sendable {
        /// At this peer's own point.
        case own
        /// At a random point that shares exactly so many bits with this peer's.
        case prefixLength(Int)
    }

    private var next: Int?
    private var isLimited = false
    private var last: Int
    private let isForced: Bool

    /// Plans a refresh; `isForced` looks up all CPLs, however fresh.
    public init(of table: RoutingTable, isForced: Bool = false) {
        last = table.options.maximumRefreshPrefixLength
        self.isForced = isForced
    }

    /// The next step, given what the table is after the steps before; nil at the end.
    ///
    /// The driver tells the table of each CPL it looked up by
    /// ``RoutingTable/noteRefreshed(prefixLength:now:)``.
    public mutating func nextStep(_ table: RoutingTable, now: Duration) -> Step? {
        guard let first = next else {
            next = 0
            return .own
        }
        // Longer ones than any peer has are found by the walk to this peer's own point.
        let longest = table.longestPrefixLength ?? -1
        var length = first
        while true {
            // The one before has been looked up by now, if that was due.
            if length > 0 { limit(at: length - 1, table) }
            guard length <= min(last, longest) else { break }
            if isForced || table.needsRefresh(prefixLength: length, now: now) {
                next = length + 1
                return .prefixLength(length)
            }
            length += 1
        }
        next = length
        return nil
    }

    private mutating func limit(at length: Int, _ table: RoutingTable) {
        guard !isLimited, table.count(prefixLength: length) == 0 else { return }
        isLimited = true
        last = min(2 * (length + 1), last)
    }
}

extension RoutingTable {
    /// Whether nobody looked up points of this CPL within the interval.
    public func needsRefresh(prefixLength: Int, now: Duration) -> Bool {
        guard refreshes.indices.contains(prefixLength) else { return false }
        guard let last = refreshes[prefixLength] else { return true }
        return now - last >= options.refreshInterval
    }

    /// Notes that a look-up at a point of this CPL has ended well; any look-up counts.
    public mutating func noteRefreshed(prefixLength: Int, now: Duration) {
        if refreshes.indices.contains(prefixLength) { refreshes[prefixLength] = now }
    }
}

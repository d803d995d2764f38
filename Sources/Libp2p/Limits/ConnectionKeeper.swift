// SPDX-License-Identifier: Apache-2.0

package import Multiformats

/// When connections are closed to keep their number down.
public struct ConnectionWaterMarks: Hashable, Sendable {
    /// How many are left after trimming.
    ///
    /// Default 32, as in Kubo.
    public var low: Int
    /// More than this many begin a trimming.
    ///
    /// Default 96, as in Kubo.
    public var high: Int
    /// How long a connection is safe after it was made.
    ///
    /// Default 20 s.
    public var grace: Duration

    /// Sets all.
    public init(low: Int = 32, high: Int = 96, grace: Duration = .seconds(20)) {
        precondition(0 < low && low <= high, "water marks \(low), \(high)")
        self.low = low
        self.high = high
        self.grace = grace
    }
}

/// Which connections there are and which of them to close when there are too many.
///
/// A value; time is passed in as the duration since an arbitrary start.
package struct ConnectionKeeper: Sendable {
    private struct Connection {
        var peer: PeerID
        var isInbound: Bool
        var opened: Duration
        var lastUsed: Duration
        var streamCount = 0
    }

    /// When to trim.
    package var waterMarks: ConnectionWaterMarks
    private var connections: [UInt64: Connection] = [:]
    private var tags: [PeerID: Set<String>] = [:]

    /// No connections yet.
    package init(_ waterMarks: ConnectionWaterMarks = ConnectionWaterMarks()) {
        self.waterMarks = waterMarks
    }

    /// How many connections there are.
    package var count: Int { connections.count }

    /// Adds a connection.
    package mutating func opened(_ id: UInt64, to peer: PeerID, isInbound: Bool, now: Duration) {
        connections[id] = Connection(
            peer: peer, isInbound: isInbound, opened: now, lastUsed: now)
    }

    /// Forgets a connection.
    package mutating func closed(_ id: UInt64) { connections[id] = nil }

    /// Counts a stream on a connection.
    package mutating func streamOpened(on id: UInt64, now: Duration) {
        connections[id]?.streamCount += 1
        connections[id]?.lastUsed = now
    }

    /// Uncounts a stream.
    package mutating func streamClosed(on id: UInt64, now: Duration) {
        connections[id]?.streamCount -= 1
        connections[id]?.lastUsed = now
    }

    /// Keeps connections to `peer` from being closed while a tag is held.
    package mutating func protect(_ peer: PeerID, tag: String) {
        tags[peer, default: []].insert(tag)
    }

    /// Gives up a tag.
    package mutating func unprotect(_ peer: PeerID, tag: String) {
        tags[peer]?.remove(tag)
        if tags[peer]?.isEmpty == true { tags[peer] = nil }
    }

    /// Whether any tag is held.
    package func isProtected(_ peer: PeerID) -> Bool { tags[peer] != nil }

    /// The connections to close so that as many as the low water mark are left, worst first: those
    /// without streams before those with, inbound before outbound, idle the longest before others.
    ///
    /// None while there are no more than the high water mark, and never protected or fresh ones.
    ///
    /// - Complexity: O(n log n) when above the high water mark, else O(1).
    package func excess(now: Duration) -> [UInt64] {
        guard connections.count > waterMarks.high else { return [] }
        let closable = connections.filter { _, connection in
            now - connection.opened >= waterMarks.grace && tags[connection.peer] == nil
        }
        return closable.sorted { Self.isWorse($0.value, $1.value) }
            .prefix(connections.count - waterMarks.low)
            .map(\.key)
    }

    private static func isWorse(_ left: Connection, _ right: Connection) -> Bool {
        if (left.streamCount == 0) != (right.streamCount == 0) { return left.streamCount == 0 }
        if left.isInbound != right.isInbound { return left.isInbound }
        return left.lastUsed < right.lastUsed
    }
}

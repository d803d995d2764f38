// SPDX-License-Identifier: Apache-2.0

package import Multiformats

/// Remembers where dialling failed, and for how long not to try again: 5 s + n² s after the n-th
/// failure in a row, up to 5 minutes, as go-libp2p does.
///
/// A value; time is passed in as the duration since an arbitrary start.
package struct DialBackOff: Sendable {
    /// What the wait is counted for.
    package struct Key: Hashable, Sendable {
        let peer: PeerID
        let address: Multiaddr

        /// One peer at one of its addresses.
        package init(_ peer: PeerID, at address: Multiaddr) {
            self.peer = peer
            self.address = address
        }
    }

    private struct Entry {
        var failures: Int
        var end: Duration
    }

    /// The wait after one failure without its square.
    package static let base = Duration.seconds(5)
    /// The longest wait.
    package static let maximum = Duration.seconds(300)

    private let capacity: Int
    private var entries: [Key: Entry] = [:]

    /// Remembers at most `capacity` addresses, about 200 B each; when full, those whose wait is
    /// over are dropped, then those whose wait ends first.
    package init(capacity: Int = 4096) {
        precondition(capacity > 0, "room for \(capacity) addresses")
        self.capacity = capacity
    }

    /// How many addresses are remembered.
    package var count: Int { entries.count }

    /// Whether `key` is not to be dialled yet.
    package func isActive(_ key: Key, now: Duration) -> Bool {
        entries[key].map { $0.end > now } ?? false
    }

    /// Notes a failure, and how long to wait from now on.
    package mutating func failed(_ key: Key, now: Duration) {
        if entries[key] == nil, entries.count >= capacity { makeRoom(now: now) }
        var entry = entries[key] ?? Entry(failures: 0, end: now)
        // A failure long after the last wait's end starts anew.
        if now - entry.end > Self.maximum { entry.failures = 0 }
        entry.failures += 1
        entry.end = now + Self.wait(after: entry.failures)
        entries[key] = entry
    }

    /// Forgets the failures.
    package mutating func succeeded(_ key: Key) { entries[key] = nil }

    /// How long to wait after so many failures in a row.
    package static func wait(after failures: Int) -> Duration {
        let capped = min(failures, 18)  // 18² is over the maximum
        return min(base + .seconds(capped * capped), maximum)
    }

    private mutating func makeRoom(now: Duration) {
        entries = entries.filter { $0.value.end > now }
        let excess = entries.count - (capacity - max(1, capacity / 8))
        guard excess > 0 else { return }
        let first = entries.sorted { $0.value.end < $1.value.end }.prefix(excess)
        for (key, _) in first { entries[key] = nil }
    }
}

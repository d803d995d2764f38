// SPDX-License-Identifier: Apache-2.0

/// Values that others put, the best one of each key.
///
/// In memory only: who has a name puts its record again every few hours, and hardly anybody puts
/// keys, as peer IDs hold the common ones whole.
package struct ValueTable: Sendable {
    /// How long a value is kept, unless it ends before.
    package static let lifetime = Duration.seconds(48 * 3600)

    private struct Entry: Sendable {
        let value: DHTValue
        let group: IPGroup?
        let expiresAt: Duration
    }

    private let countLimit: Int
    private let byteCountLimit: Int
    private var entries: [RecordKey: Entry] = [:]
    /// Values by the IP group that they count to.
    private var groupCounts: [IPGroup: Int] = [:]
    /// Bytes of all values.
    package private(set) var byteCount = 0

    /// Makes an empty table for `countLimit` values of `byteCountLimit` bytes in all.
    ///
    /// The defaults are guesses: 2,048 values and 8 MiB; a record of a name takes 200 to 500 bytes.
    package init(countLimit: Int = 2_048, byteCountLimit: Int = 8 << 20) {
        self.countLimit = countLimit
        self.byteCountLimit = byteCountLimit
    }

    /// The number of values, expired ones included.
    package var count: Int { entries.count }

    /// Keeps a value that came from `group`, to which the values of its key count from the first on.
    ///
    /// Where there is no room, others give way: those that expired, then those of the group that has
    /// the most, so that one network fills no table that others need; among them the one that
    /// expires first.
    /// - Throws: ``ServerRefusal`` with `expired`, `olderValue` or `full`.
    /// - Complexity: O(n) in the values for each that gives way.
    package mutating func add(
        _ value: DHTValue, from group: IPGroup? = nil, now: Duration
    ) throws(ServerRefusal) {
        let latest = now + Self.lifetime
        let expiresAt = min(latest, value.validUntil ?? latest)
        guard expiresAt > now else { throw .expired }
        if let known = self.value(of: value.key, now: now), !value.replaces(known) {
            throw .olderValue
        }
        guard countLimit > 0, value.bytes.count <= byteCountLimit else { throw .full }
        let group = remove(value.key)?.group ?? group
        if let group { groupCounts[group, default: 0] += 1 }
        while count >= countLimit || byteCount + value.bytes.count > byteCountLimit,
            let next = keyThatGivesWay(now: now)
        {
            remove(next)
        }
        entries[value.key] = Entry(value: value, group: group, expiresAt: expiresAt)
        byteCount += value.bytes.count
    }

    /// The value of a key, if there is one that has not expired.
    package func value(of key: RecordKey, now: Duration) -> DHTValue? {
        guard let known = entries[key], known.expiresAt > now else { return nil }
        return known.value
    }

    private func keyThatGivesWay(now: Duration) -> RecordKey? {
        func share(_ entry: Entry) -> Int {
            entry.expiresAt <= now ? .max : entry.group.flatMap { groupCounts[$0] } ?? 0
        }
        return entries.min { left, right in
            let (one, other) = (share(left.value), share(right.value))
            return one != other ? one > other : left.value.expiresAt < right.value.expiresAt
        }?.key
    }

    @discardableResult
    private mutating func remove(_ key: RecordKey) -> Entry? {
        guard let entry = entries.removeValue(forKey: key) else { return nil }
        byteCount -= entry.value.bytes.count
        if let group = entry.group {
            let count = groupCounts[group, default: 0] - 1
            groupCounts[group] = count > 0 ? count : nil
        }
        return entry
    }
}

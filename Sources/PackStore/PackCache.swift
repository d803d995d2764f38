// SPDX-License-Identifier: Apache-2.0

/// Values by key, of which the least recently used go first when they cost too much together.
///
/// Entries are linked in the order of their last use, by their index in one array.
struct PackCache<Key: Hashable, Value> {
    private struct Entry {
        var key: Key
        var value: Value?
        var cost: Int
        var newer: Int
        var older: Int
    }

    private static var none: Int { -1 }

    private let costLimit: Int
    private var entries: [Entry] = []
    private var free: [Int] = []
    private var places: [Key: Int] = [:]
    private var newest = -1
    private var oldest = -1
    /// What all values cost together.
    private(set) var cost = 0

    /// Makes an empty cache whose values cost at most `costLimit` together.
    init(costLimit: Int) { self.costLimit = costLimit }

    /// How many values there are.
    var count: Int { places.count }

    /// The value of `key`, which is then the most recently used.
    ///
    /// - Complexity: O(1).
    mutating func value(_ key: Key) -> Value? {
        guard let place = places[key] else { return nil }
        unlink(place)
        link(place)
        return entries[place].value
    }

    /// Keeps `value`, unless it alone costs more than the limit.
    ///
    /// - Complexity: O(1), and O(values removed).
    mutating func insert(_ value: Value, for key: Key, cost valueCost: Int) {
        remove(key)
        guard valueCost <= costLimit else { return }
        while cost > costLimit - valueCost { remove(entries[oldest].key) }
        let entry = Entry(
            key: key, value: value, cost: valueCost, newer: Self.none, older: Self.none)
        let place: Int
        if let reused = free.popLast() {
            entries[reused] = entry
            place = reused
        } else {
            place = entries.count
            entries.append(entry)
        }
        places[key] = place
        cost += valueCost
        link(place)
    }

    /// Forgets `key`.
    ///
    /// - Complexity: O(1).
    mutating func remove(_ key: Key) {
        guard let place = places.removeValue(forKey: key) else { return }
        unlink(place)
        cost -= entries[place].cost
        entries[place].value = nil
        free.append(place)
    }

    /// Forgets the keys for which `isGone` holds.
    ///
    /// - Complexity: O(values).
    mutating func removeAll(where isGone: (Key) -> Bool) {
        for key in places.keys.filter(isGone) { remove(key) }
    }

    private mutating func link(_ place: Int) {
        entries[place].older = newest
        entries[place].newer = Self.none
        if newest != Self.none { entries[newest].newer = place }
        newest = place
        if oldest == Self.none { oldest = place }
    }

    private mutating func unlink(_ place: Int) {
        let (newer, older) = (entries[place].newer, entries[place].older)
        if newer != Self.none { entries[newer].older = older } else { newest = older }
        if older != Self.none { entries[older].newer = newer } else { oldest = newer }
    }
}

// SPDX-License-Identifier: Apache-2.0

import Multiformats

/// Which multihashes were noted lately, by 64 bits of a seeded hash of each: the last `limit`, and
/// up to as many before them.
///
/// May say so of one that was not, one time in 2^46; takes 4 MiB with a limit of 131,072.
struct RecentHashes {
    private let limit: Int
    private var newer: Set<Int> = []
    private var older: Set<Int> = []

    init(limit: Int) { self.limit = limit }

    /// Whether `key` was noted.
    func contains(_ key: Multihash) -> Bool {
        let hash = key.hashValue
        return newer.contains(hash) || older.contains(hash)
    }

    /// Notes `key`, in place of those that were noted longest ago.
    mutating func insert(_ key: Multihash) {
        if newer.count >= limit {
            swap(&newer, &older)
            newer.removeAll(keepingCapacity: true)
        }
        newer.insert(key.hashValue)
    }
}

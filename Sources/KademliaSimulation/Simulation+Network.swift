// SPDX-License-Identifier: Apache-2.0

import KademliaDHT
import Multiformats

extension Simulation {
    /// Gives each peer up to k random peers per common prefix length.
    func fillTables() {
        let sorted = peers.indices.sorted { peers[$0].kad.key < peers[$1].kad.key }
        for (position, index) in sorted.enumerated() {
            var range = 0..<sorted.count
            var bit = 0
            while range.count > 1, bit < KadKey.bitCount {
                // Sorted keys with one prefix lie together; those with bit 0 come first.
                var middle = range.lowerBound
                var end = range.upperBound
                while middle < end {
                    let probe = (middle + end) / 2
                    if peers[sorted[probe]].kad.key.bit(at: bit) {
                        end = probe
                    } else {
                        middle = probe + 1
                    }
                }
                let isUpper = position >= middle
                let others = isUpper ? range.lowerBound..<middle : middle..<range.upperBound
                range = isUpper ? middle..<range.upperBound : range.lowerBound..<middle
                bit += 1
                for other in sample(others, count: 20) {
                    _ = peers[index].table.insert(
                        peers[sorted[other]].kad, addresses: [], now: now)
                }
            }
        }
    }

    /// Up to `count` different elements of `range`.
    private func sample(_ range: Range<Int>, count: Int) -> Set<Int> {
        guard range.count > count else { return Set(range) }
        var chosen: Set<Int> = []
        while chosen.count < count {
            chosen.insert(Int.random(in: range, using: &generator))
        }
        return chosen
    }

    /// A random peer that is online.
    func randomOnlinePeer() -> Int {
        while true {
            let index = Int.random(in: peers.indices, using: &generator)
            if peers[index].isOnline { return index }
        }
    }

    /// Lets a peer leave after a while, and another, or the same, take its place.
    func scheduleDeparture(of index: Int) {
        guard options.leavingPerHour > 0 else { return }
        let mean = Duration.seconds(3600) / options.leavingPerHour
        schedule(after: generator.interval(mean: mean)) { [unowned self] in
            peers[index].isOnline = false
            if Double.random(in: 0..<1, using: &generator) < options.returningShare {
                schedule(after: generator.interval(mean: options.meanAbsence)) { [unowned self] in
                    peers[index].isOnline = true
                    peers[index].session += 1
                    scheduleUpkeep(of: index)
                    scheduleDeparture(of: index)
                }
            } else {
                // Nobody will ask a dead identity's records any more.
                peers[index].records = ProviderTable()
                join(addPeer())
            }
        }
    }

    /// Lets a new peer find its place: from one peer that is online, as a bootstrap peer would be.
    func join(_ index: Int, departing: Bool = true) {
        let first = peers[randomOnlinePeer()].kad
        _ = peers[index].table.insert(first, addresses: [], now: now)
        lookUp(from: index, peers[index].kad.key, counting: \.upkeep) { [unowned self] _ in
            refreshAll(index, prefixLength: 0)
        }
        scheduleUpkeep(of: index)
        if departing { scheduleDeparture(of: index) }
    }

    /// Looks up a point of each prefix length that the peer knows anybody of, one after the other.
    private func refreshAll(_ index: Int, prefixLength: Int) {
        let longest = min(peers[index].table.longestPrefixLength ?? -1, 15)
        guard prefixLength <= longest else { return }
        lookUp(from: index, point(sharing: prefixLength, with: index), counting: \.upkeep) {
            [unowned self] _ in refreshAll(index, prefixLength: prefixLength + 1)
        }
    }

    private func point(sharing prefixLength: Int, with index: Int) -> KadKey {
        KadKey(
            hashing: PreimageTable.shared.key(
                sharing: prefixLength, with: peers[index].kad.key, using: &generator))
    }

    /// Lets a peer look up its own point and one of a random bucket once per interval.
    func scheduleUpkeep(of index: Int) {
        let delay =
            options.refreshInterval * Double.random(in: 0.5..<1.5, using: &generator)
        let session = peers[index].session
        schedule(after: delay) { [unowned self] in
            // Who left in between starts anew when back.
            guard peers[index].isOnline, peers[index].session == session else { return }
            lookUp(from: index, peers[index].kad.key, counting: \.upkeep) { _ in }
            let longest = min(peers[index].table.longestPrefixLength ?? 0, 15)
            let length = Int.random(in: 0...longest, using: &generator)
            lookUp(from: index, point(sharing: length, with: index), counting: \.upkeep) { _ in }
            scheduleUpkeep(of: index)
        }
    }
}

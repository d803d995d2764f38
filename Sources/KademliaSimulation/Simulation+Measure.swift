// SPDX-License-Identifier: Apache-2.0

import KademliaDHT
public import Multiformats

/// What look-ups at random points came to.
public struct LookupMeasure: Hashable, Sendable {
    /// Look-ups made.
    public var count = 0
    /// Of those, how many found the very nearest peer that was online.
    public var foundNearestCount = 0
    /// Of the 20 nearest peers that were online, how many were found, over all look-ups.
    public var foundShare = 0.0
    /// Peers asked one after the other, on average.
    public var meanHops = 0.0
    /// Requests of a look-up, on average.
    public var meanRequests = 0.0
    /// Requests that were not answered, on average.
    public var meanFailures = 0.0
    /// How long a look-up took, on average.
    public var meanDuration = Duration.zero

    /// Nothing measured.
    public init() {}
}

extension Simulation {
    /// Looks up `count` random points, each from a random peer, one after the other.
    public func measureLookups(_ count: Int) -> LookupMeasure {
        var measure = LookupMeasure()
        measure.count = count
        var found = 0
        var wanted = 0
        for _ in 0..<count {
            let target = KadKey(hashing: randomBytes())
            var finished: SimulatedLookup?
            lookUp(from: randomOnlinePeer(), target, counting: \.readerCounts) { finished = $0 }
            runUntil { finished != nil }
            guard let run = finished else { continue }
            let truth = nearestOnline(to: target, count: options.lookup.resultCount)
            // The origin never asks itself, but is one of the nearest now and then.
            let reached = Set(run.lookup.result + [peers[run.origin].kad])
            found += truth.count { reached.contains($0) }
            wanted += truth.count
            if let first = truth.first, reached.contains(first) { measure.foundNearestCount += 1 }
            measure.meanHops += Double(run.lookup.hopCount)
            measure.meanRequests += Double(run.lookup.requestCount)
            measure.meanFailures += Double(run.lookup.failureCount)
            measure.meanDuration += now - run.startedAt
        }
        measure.foundShare = Double(found) / Double(max(wanted, 1))
        measure.meanHops /= Double(max(count, 1))
        measure.meanRequests /= Double(max(count, 1))
        measure.meanFailures /= Double(max(count, 1))
        measure.meanDuration /= max(count, 1)
        return measure
    }

    /// How many of `keys` a random peer finds a provider of, each by one look-up; `width` at once.
    public func countFindable(_ keys: [Multihash], width: Int = 64) -> Int {
        var foundCount = 0
        var openCount = 0
        var rest = keys[...]
        while !rest.isEmpty || openCount > 0 {
            while openCount < width, let key = rest.popFirst() {
                openCount += 1
                lookUp(
                    from: randomOnlinePeer(), KadKey(key), providersOf: key,
                    counting: \.readerCounts
                ) { run in
                    openCount -= 1
                    if run.provider != nil { foundCount += 1 }
                }
            }
            let before = openCount
            runUntil { openCount < before || openCount == 0 }
        }
        return foundCount
    }

    /// Makes up blocks, the same for the same seed.
    public func makeKeys(_ count: Int) -> [Multihash] {
        (0..<count).map { _ in Multihash(code: .sha2_256, digest: randomBytes()) }
    }

    private func randomBytes() -> [UInt8] {
        (0..<32).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
    }

    private func runUntil(_ condition: () -> Bool) {
        while !condition(), let next = events.nextTime { run(until: next) }
    }
}

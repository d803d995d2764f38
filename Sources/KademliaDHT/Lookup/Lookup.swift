// SPDX-License-Identifier: Apache-2.0

import Multiformats

/// An iterative look-up of the peers nearest to a point, as a value that does no I/O.
///
/// Its driver asks the peers that ``nextRequests()`` names, tells what came of it by
/// ``answered(_:closer:)`` and ``failed(_:)``, and repeats until ``isFinished``.
///
/// Phases, forward only: *search*, until the β nearest peers that are not unreachable have answered
/// or nobody is left to ask; *follow-up*, until all of the k nearest have; *finished*. ``stop()``
/// finishes at once.
public struct Lookup: Sendable {
    /// What is known of a peer in a look-up: heard, then waiting, then queried or unreachable.
    public enum PeerState: Hashable, Sendable {
        /// Somebody named it.
        case heard
        /// It has been asked, and has not answered yet.
        case waiting
        /// It answered.
        case queried
        /// It could not be asked, or did not answer.
        case unreachable
    }

    /// Why a look-up ended.
    public enum Ending: Hashable, Sendable {
        /// The nearest peers have all answered.
        case converged
        /// Nobody was left to ask before that: a small or a broken network.
        case starved
        /// The driver had what it wanted.
        case stopped
        /// ``LookupOptions/maximumRequestCount`` requests were made.
        case exhausted
    }

    private enum Phase { case search, followUp, finished(Ending) }

    struct Candidate: Sendable {
        let peer: KadPeer
        let distance: KadKey
        /// How many peers were asked one after the other until this one was named; 0 for seeds.
        let depth: Int
        var state: PeerState
    }

    /// The point looked for.
    public let target: KadKey
    /// The constants.
    public let options: LookupOptions
    /// Requests so far.
    public private(set) var requestCount = 0
    /// Requests that failed.
    public private(set) var failureCount = 0

    /// Sorted by distance, each peer once.
    private var candidates: [Candidate] = []
    private var waitingCount = 0
    private var phase = Phase.search
    /// Never asked: this peer itself.
    private let local: KadPeer

    /// Begins a look-up at `target` with the nearest peers of the routing table; `local` is never
    /// asked.
    public init(
        target: KadKey, local: KadPeer, seeds: [KadPeer], options: LookupOptions = LookupOptions()
    ) {
        self.target = target
        self.local = local
        self.options = options
        candidates.reserveCapacity(min(options.maximumCandidateCount, 256))
        for seed in seeds { note(seed, depth: 0) }
    }

    /// Why it ended, nil while it goes on.
    public var ending: Ending? {
        if case .finished(let ending) = phase { ending } else { nil }
    }

    /// Whether it has ended; what is still in flight may be cancelled.
    public var isFinished: Bool { ending != nil }

    /// The k nearest peers that did not fail, nearest first.
    ///
    /// Once converged, all have answered.
    public var result: [KadPeer] {
        candidates.lazy.filter { $0.state != .unreachable }.prefix(options.resultCount)
            .map(\.peer)
    }

    /// The longest chain of peers, each named by the one before, that led to one of the result: 1
    /// when the routing table's peers named or were all of it.
    public var hopCount: Int {
        let depths = candidates.lazy.filter { $0.state != .unreachable }
            .prefix(options.resultCount).map(\.depth)
        return (depths.max() ?? 0) + 1
    }

    /// What is known of `peer`; nil if nobody named it.
    public func state(of peer: KadPeer) -> PeerState? {
        index(of: peer).map { candidates[$0].state }
    }
}

extension Lookup {
    /// The peers to ask now; they count as waiting from here on.
    ///
    /// Empty while there is nothing to do but wait, and when finished.
    ///
    /// - Complexity: O(n) in the peers known.
    public mutating func nextRequests() -> [KadPeer] {
        var requests: [KadPeer] = []
        while let index = nextIndex() {
            if requestCount == options.maximumRequestCount {
                // What is in flight may still answer.
                if waitingCount == 0 { phase = .finished(.exhausted) }
                break
            }
            candidates[index].state = .waiting
            waitingCount += 1
            requestCount += 1
            requests.append(candidates[index].peer)
        }
        return requests
    }

    /// Takes the answer of a peer that was asked: the peers that it named.
    ///
    /// Answers of peers that were not asked, and any after the end, change nothing.
    public mutating func answered(_ peer: KadPeer, closer: [KadPeer]) {
        guard let depth = settle(peer, as: .queried) else { return }
        for other in closer { note(other, depth: depth + 1) }
    }

    /// Notes that a peer that was asked did not answer.
    public mutating func failed(_ peer: KadPeer) {
        if settle(peer, as: .unreachable) != nil { failureCount += 1 }
    }

    /// Ends the look-up now: the driver has what it wanted.
    public mutating func stop() {
        if !isFinished { phase = .finished(.stopped) }
    }

    /// The next peer to ask, going from phase to phase as far as there is none.
    private mutating func nextIndex() -> Int? {
        if case .search = phase {
            switch nextInSearch() {
            case .ask(let index): return index
            case .wait: return nil
            case .done: phase = .followUp
            }
        }
        guard case .followUp = phase else { return nil }
        // Others than those of the result may be in flight; they are not waited for.
        var isWaiting = false
        var seen = 0
        for index in candidates.indices where candidates[index].state != .unreachable {
            if candidates[index].state == .heard { return index }
            if candidates[index].state == .waiting { isWaiting = true }
            seen += 1
            if seen == options.resultCount { break }
        }
        if !isWaiting {
            phase = .finished(seen < options.resultCount ? .starved : .converged)
        }
        return nil
    }

    private enum Step { case ask(Int), wait, done }

    private func nextInSearch() -> Step {
        var nearestHeard: Int?
        var live = 0
        var hasConverged = true
        for index in candidates.indices where candidates[index].state != .unreachable {
            if live < options.resiliency, candidates[index].state != .queried {
                hasConverged = false
            }
            live += 1
            if candidates[index].state == .heard, nearestHeard == nil { nearestHeard = index }
            if live >= options.resiliency, hasConverged || nearestHeard != nil { break }
        }
        if live >= options.resiliency && hasConverged { return .done }
        guard let nearestHeard else { return waitingCount == 0 ? .done : .wait }
        return waitingCount < options.concurrency ? .ask(nearestHeard) : .wait
    }

    /// Sets the state of a peer that is waited for; its depth, or nil if it is not.
    private mutating func settle(_ peer: KadPeer, as state: PeerState) -> Int? {
        guard !isFinished, let index = index(of: peer), candidates[index].state == .waiting else {
            return nil
        }
        candidates[index].state = state
        waitingCount -= 1
        return candidates[index].depth
    }

    /// Adds a peer that is not known yet, in its place.
    private mutating func note(_ peer: KadPeer, depth: Int) {
        guard peer != local else { return }
        let distance = peer.key ^ target
        let index = insertionIndex(of: distance)
        if index < candidates.count, candidates[index].distance == distance { return }
        if candidates.count == options.maximumCandidateCount {
            // The farthest goes, unless it is in flight or this one is farther.
            guard index < candidates.count, candidates[candidates.count - 1].state != .waiting
            else { return }
            candidates.removeLast()
        }
        candidates.insert(
            Candidate(peer: peer, distance: distance, depth: depth, state: .heard), at: index)
    }

    private func index(of peer: KadPeer) -> Int? {
        let distance = peer.key ^ target
        let index = insertionIndex(of: distance)
        guard index < candidates.count, candidates[index].distance == distance else { return nil }
        return index
    }

    /// Where a candidate at `distance` is, or would be.
    private func insertionIndex(of distance: KadKey) -> Int {
        var low = 0
        var high = candidates.count
        while low < high {
            let middle = (low + high) / 2
            if candidates[middle].distance < distance { low = middle + 1 } else { high = middle }
        }
        return low
    }
}

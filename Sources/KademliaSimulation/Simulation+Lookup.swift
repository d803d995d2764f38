// SPDX-License-Identifier: Apache-2.0

import KademliaDHT
import Libp2p
import Multiformats

/// A look-up on its way.
final class SimulatedLookup {
    var lookup: Lookup
    let origin: Int
    /// The block whose providers are looked for, if any.
    let multihash: Multihash?
    let counts: ReferenceWritableKeyPath<Simulation, MessageCounts>
    let startedAt: Duration
    var provider: PeerID?
    let completion: (SimulatedLookup) -> Void

    init(
        _ lookup: Lookup, origin: Int, multihash: Multihash?,
        counts: ReferenceWritableKeyPath<Simulation, MessageCounts>, startedAt: Duration,
        completion: @escaping (SimulatedLookup) -> Void
    ) {
        self.lookup = lookup
        self.origin = origin
        self.multihash = multihash
        self.counts = counts
        self.startedAt = startedAt
        self.completion = completion
    }
}

extension Simulation {
    /// Starts a look-up; `completion` is called when it has ended.
    ///
    /// With a `multihash` it asks for providers, and ends with the first.
    func lookUp(
        from origin: Int, _ target: KadKey, providersOf multihash: Multihash? = nil,
        counting counts: ReferenceWritableKeyPath<Simulation, MessageCounts>,
        _ completion: @escaping (SimulatedLookup) -> Void
    ) {
        let seeds = peers[origin].table.nearest(to: target, count: options.lookup.resultCount)
        let lookup = Lookup(
            target: target, local: peers[origin].kad, seeds: seeds, options: options.lookup)
        self[keyPath: counts].lookups += 1
        advance(
            SimulatedLookup(
                lookup, origin: origin, multihash: multihash, counts: counts, startedAt: now,
                completion: completion))
    }

    private func advance(_ run: SimulatedLookup) {
        for peer in run.lookup.nextRequests() {
            guard let index = indexes[peer.key] else { continue }
            self[keyPath: run.counts].lookup += 1
            let isThere = peers[index].isOnline
            let delay =
                isThere ? peers[index].latency + peers[run.origin].latency : options.timeout
            schedule(after: delay) { [unowned self] in settle(run, index) }
        }
        if run.lookup.isFinished { run.completion(run) }
    }

    /// The answer of a peer, or the time to give it up, has come.
    private func settle(_ run: SimulatedLookup, _ index: Int) {
        guard !run.lookup.isFinished else { return }
        let peer = peers[index].kad
        guard peers[index].isOnline else {
            self[keyPath: run.counts].unanswered += 1
            peers[run.origin].table.remove(peer)
            run.lookup.failed(peer)
            return advance(run)
        }
        // Both get to know each other: the asker is a server, too.
        _ = peers[run.origin].table.insert(peer, addresses: [], now: now)
        if peers[run.origin].isOnline {
            _ = peers[index].table.insert(peers[run.origin].kad, addresses: [], now: now)
        }
        if let multihash = run.multihash {
            let known = peers[index].records.providers(of: multihash, limit: 1, now: now)
            if let provider = known.first {
                run.provider = provider.id
                run.lookup.stop()
                return run.completion(run)
            }
        }
        let closer = peers[index].table.nearest(
            to: run.lookup.target, count: options.lookup.resultCount)
        run.lookup.answered(peer, closer: closer)
        advance(run)
    }

    /// Sends provider records to a peer; `completion` tells whether it took them.
    func store(
        _ keys: [Multihash], of provider: Int, at index: Int,
        counting counts: ReferenceWritableKeyPath<Simulation, MessageCounts>,
        _ completion: @escaping (Bool) -> Void
    ) {
        self[keyPath: counts].streams += 1
        let roundTrip = peers[index].latency + peers[provider].latency
        // A stream, the records, and the end that the peer confirms.
        let delay = peers[index].isOnline ? roundTrip * 2 : options.timeout
        schedule(after: delay) { [unowned self] in
            guard peers[index].isOnline else { return completion(false) }
            self[keyPath: counts].records += keys.count
            let info = PeerInfo(id: peers[provider].kad.id, addresses: [])
            for key in keys {
                // The limits of the table are far above what a simulation stores.
                do { try peers[index].records.add(key, provider: info, now: now) } catch {
                    return completion(false)
                }
            }
            completion(true)
        }
    }
}
